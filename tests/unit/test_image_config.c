#include "unit.h"

#include <string.h>

#include "image_config.h"
#include "jsonx.h"
#include "mem.h"

static json_t *facts_of(const char *text)
{
    JSON_AUTO
    json_t *config = unit_json(text);
    return image_config_facts(config);
}

static void expect(const char *config, const char *expected)
{
    JSON_AUTO
    json_t *facts = facts_of(config);
    JSON_AUTO
    json_t *wanted = unit_json(expected);
    if (!json_equal(facts, wanted)) {
        AUTO(free) char *text = facts ? jsonx_dump(facts) : xstrdup("nothing");
        fail_msg("%s instead of %s", text, expected);
    }
}

static void all_members(void **state)
{
    (void)state;
    expect("{'config':{'Env':['A=b','P=1'],'Entrypoint':['/e','x'],'Cmd':['c'],'WorkingDir':'/w',"
           "'User':'app','ExposedPorts':{'80/tcp':{},'443/tcp':{}},'Volumes':{'/v':{},'/a':{}},"
           "'StopSignal':'SIGTERM','Healthcheck':{'Test':['CMD','curl'],'Interval':30000000000,"
           "'Timeout':3000000000,'StartPeriod':1,'Retries':4},'Labels':{'a':'b'}}}",
           "{'Env':['A=b','P=1'],'Entrypoint':['/e','x'],'Cmd':['c'],'WorkingDir':'/w',"
           "'User':'app','ExposedPorts':['443/tcp','80/tcp'],'Volumes':['/a','/v'],"
           "'StopSignal':'SIGTERM','Healthcheck':{'Test':['CMD','curl'],'Interval':30000000000,"
           "'Timeout':3000000000,'StartPeriod':1,'Retries':4}}");
}

static void nothing_is_nothing(void **state)
{
    (void)state;
    static const char *const configs[] = {
        "{}",
        "{'config':null}",
        "{'config':[]}",
        "{'config':{'Env':null,'Cmd':null,'Healthcheck':null,'ExposedPorts':null,'User':''}}",
        "{'config':{'Env':{},'Cmd':7,'Healthcheck':[],'Volumes':['/v'],'WorkingDir':1}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(configs); i++)
        assert_null(facts_of(configs[i]));
    assert_null(image_config_facts(NULL));
}

static void other_types_are_left_out(void **state)
{
    (void)state;
    expect("{'config':{'Env':['A=1',7,null,'B=2'],'Entrypoint':'/run me'}}",
           "{'Env':['A=1','B=2'],'Entrypoint':['/run me']}");
}

static void all_is_bounded(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *config = unit_json("{'config':{'Env':[],'Cmd':[],'User':''}}");
    json_t *run = json_object_get(config, "config");
    AUTO(free) char *large = xcalloc(1, 40001);
    memset(large, 'x', 40000);
    for (int i = 0; i < IMAGE_CONFIG_MAX_ITEMS + 5; i++)
        json_array_append_new(json_object_get(run, "Env"), json_sprintf("K%d=v", i));
    json_array_append_new(json_object_get(run, "Cmd"), json_string(large));
    json_array_append_new(json_object_get(run, "Cmd"), json_string(large));
    json_object_set_new(run, "User", json_sprintf("%s%s", large, large));
    JSON_AUTO
    json_t *facts = image_config_facts(config);
    assert_int_equal(json_array_size(json_object_get(facts, "Env")), IMAGE_CONFIG_MAX_ITEMS);
    assert_int_equal(json_array_size(json_object_get(facts, "Cmd")), 1);
    assert_null(json_object_get(facts, "User"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_members),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(other_types_are_left_out),
        cmocka_unit_test(all_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
