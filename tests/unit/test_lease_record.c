#include "unit.h"

#include <string.h>

#include "jsonx.h"
#include "lease_record.h"
#include "mem.h"

#define AT_US 1795554600123456 /* 2026-11-24T21:10:00.123456Z */

static void times_have_six_decimals(void **state)
{
    (void)state;
    static const struct {
        int64_t time_us;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {1, "1970-01-01T00:00:00.000001Z"},
        {AT_US, "2026-11-24T21:10:00.123456Z"},
        {1767225599999999, "2025-12-31T23:59:59.999999Z"},
        {253402300799999999, "9999-12-31T23:59:59.999999Z"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[MICRO_TIME_BYTES];
        micro_time_format(cases[i].time_us, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void assert_json(const json_t *json, const char *expected)
{
    JSON_AUTO
    json_t *wanted = unit_json(expected);
    if (json_equal(json, wanted))
        return;
    char *text = jsonx_dump(json);
    fail_msg("%s is not %s", text, expected);
}

static void the_first_holder_makes_it(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *fresh = lease_record_new("scaler");
    JSON_AUTO
    json_t *held = lease_record_held(fresh, "a", 15000, AT_US);
    assert_json(held, "{'apiVersion':'coordination.k8s.io/v1','kind':'Lease',"
                      "'metadata':{'name':'scaler'},'spec':{'holderIdentity':'a',"
                      "'leaseDurationSeconds':15,'acquireTime':'2026-11-24T21:10:00.123456Z',"
                      "'renewTime':'2026-11-24T21:10:00.123456Z','leaseTransitions':0}}");
    assert_string_equal(lease_record_holder(held), "a");
    assert_int_equal(lease_record_duration_ms(held), 15000);
    assert_json(jsonx_object(fresh, "spec"), "{}");
}

static void a_renewal_changes_one_time(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *lease =
        unit_json("{'metadata':{'name':'scaler','resourceVersion':'7','labels':{'x':'y'}},'spec':{"
                  "'holderIdentity':'a','leaseDurationSeconds':15,'acquireTime':'then',"
                  "'renewTime':'then','leaseTransitions':4,'strategy':'S'}}");
    JSON_AUTO
    json_t *renewed = lease_record_held(lease, "a", 15000, AT_US);
    assert_json(renewed,
                "{'metadata':{'name':'scaler','resourceVersion':'7','labels':{'x':'y'}},'spec':{"
                "'holderIdentity':'a','leaseDurationSeconds':15,'acquireTime':'then',"
                "'renewTime':'2026-11-24T21:10:00.123456Z','leaseTransitions':4,'strategy':'S'}}");
    assert_false(lease_record_is_same(lease, renewed));
    JSON_AUTO
    json_t *labelled = json_deep_copy(lease);
    json_object_set_new(jsonx_object(labelled, "metadata"), "resourceVersion", json_string("8"));
    assert_true(lease_record_is_same(lease, labelled));
}

static void a_take_over_is_counted(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *lease = unit_json("{'metadata':{'resourceVersion':'7'},'spec':{"
                              "'holderIdentity':'a','leaseDurationSeconds':60,"
                              "'acquireTime':'then','leaseTransitions':4}}");
    JSON_AUTO
    json_t *taken = lease_record_held(lease, "b", 15000, AT_US);
    assert_json(jsonx_object(taken, "spec"),
                "{'holderIdentity':'b','leaseDurationSeconds':15,"
                "'acquireTime':'2026-11-24T21:10:00.123456Z',"
                "'renewTime':'2026-11-24T21:10:00.123456Z','leaseTransitions':5}");
    JSON_AUTO
    json_t *released = lease_record_released(taken, AT_US + 1000000);
    assert_json(jsonx_object(released, "spec"),
                "{'holderIdentity':'','leaseDurationSeconds':1,"
                "'acquireTime':'2026-11-24T21:10:01.123456Z',"
                "'renewTime':'2026-11-24T21:10:01.123456Z','leaseTransitions':5}");
    JSON_AUTO
    json_t *again = lease_record_held(released, "b", 15000, AT_US);
    assert_int_equal(jsonx_int(jsonx_object(again, "spec"), "leaseTransitions"), 6);
}

static void a_count_that_is_full_begins_anew(void **state)
{
    (void)state;
    static const char *const full[] = {"2147483647", "9223372036854775807", "-1"};
    for (size_t i = 0; i < sizeof(full) / sizeof(*full); i++) {
        AUTO(free)
        char *text = xasprintf("{'spec':{'holderIdentity':'a','leaseTransitions':%s}}", full[i]);
        JSON_AUTO
        json_t *lease = unit_json(text);
        JSON_AUTO
        json_t *taken = lease_record_held(lease, "b", 15000, AT_US);
        assert_int_equal(jsonx_int(jsonx_object(taken, "spec"), "leaseTransitions"), 0);
    }
}

static void odd_records_are_read(void **state)
{
    (void)state;
    assert_string_equal(lease_record_holder(NULL), "");
    assert_int_equal(lease_record_duration_ms(NULL), 0);
    assert_false(lease_record_is_same(NULL, NULL));
    JSON_AUTO
    json_t *odd = unit_json("{'metadata':{},'spec':{'holderIdentity':7,"
                            "'leaseDurationSeconds':-5}}");
    assert_string_equal(lease_record_holder(odd), "");
    assert_int_equal(lease_record_duration_ms(odd), 0);
    JSON_AUTO
    json_t *endless = unit_json("{'spec':{'leaseDurationSeconds':9999999999}}");
    assert_int_equal(lease_record_duration_ms(endless), 3600000);
    JSON_AUTO
    json_t *empty = unit_json("{'metadata':{'name':'x'}}");
    JSON_AUTO
    json_t *held = lease_record_held(empty, "a", 1000, AT_US);
    assert_string_equal(lease_record_holder(held), "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_have_six_decimals),
        cmocka_unit_test(the_first_holder_makes_it),
        cmocka_unit_test(a_renewal_changes_one_time),
        cmocka_unit_test(a_take_over_is_counted),
        cmocka_unit_test(a_count_that_is_full_begins_anew),
        cmocka_unit_test(odd_records_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
