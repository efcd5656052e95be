#include "unit.h"

#include <limits.h>
#include <string.h>

#include "deployment_view.h"
#include "jsonx.h"
#include "mem.h"

static struct deployment_view view;

static int release_view(void **state)
{
    (void)state;
    deployment_view_release(&view);
    return 0;
}

static bool apply(const char *text, bool is_newest)
{
    JSON_AUTO
    json_t *object = unit_json(text);
    return deployment_view_apply(&view, object, is_newest);
}

static void assert_view(const char *version, int replicas, int available)
{
    assert_true(view.is_seen);
    assert_string_equal(view.version, version);
    assert_int_equal(view.replicas, replicas);
    assert_int_equal(view.available, available);
}

static void a_deployment_tells_both(void **state)
{
    (void)state;
    assert_true(apply("{'kind':'Deployment','metadata':{'resourceVersion':'9','generation':2},"
                      "'spec':{'replicas':3},"
                      "'status':{'observedGeneration':2,'replicas':3,'availableReplicas':2}}",
                      false));
    assert_view("9", 3, 2);
    assert_false(apply("{'metadata':{'resourceVersion':'10','generation':2},'spec':{'replicas':3},"
                       "'status':{'observedGeneration':2,'readyReplicas':3,'availableReplicas':2}}",
                       false));
    assert_view("10", 3, 2);
}

static void absent_integers_are_zero(void **state)
{
    (void)state;
    apply("{'metadata':{'resourceVersion':'1'},'spec':{'replicas':3},"
          "'status':{'availableReplicas':3}}",
          false);
    assert_true(apply("{'metadata':{'resourceVersion':'2'},'spec':{},'status':{}}", false));
    assert_view("2", 0, 0);
}

static void a_status_of_before_its_spec_is_passed_over(void **state)
{
    (void)state;
    apply("{'metadata':{'resourceVersion':'1','generation':1},'spec':{'replicas':3},"
          "'status':{'observedGeneration':1,'availableReplicas':3}}",
          false);
    assert_true(apply("{'metadata':{'resourceVersion':'2','generation':2},'spec':{'replicas':5},"
                      "'status':{'observedGeneration':1,'availableReplicas':1}}",
                      false));
    assert_view("2", 5, 3);
    assert_true(apply("{'metadata':{'resourceVersion':'3','generation':2},'spec':{'replicas':5},"
                      "'status':{'observedGeneration':2,'availableReplicas':4}}",
                      false));
    assert_view("3", 5, 4);
}

static void a_scale_tells_no_availability(void **state)
{
    (void)state;
    apply("{'metadata':{'resourceVersion':'1'},'spec':{'replicas':3},"
          "'status':{'availableReplicas':3}}",
          false);
    assert_true(apply("{'kind':'Scale','metadata':{'resourceVersion':'2'},'spec':{'replicas':4},"
                      "'status':{'replicas':3,'selector':'app=x'}}",
                      false));
    assert_view("2", 4, 3);
    assert_true(apply("{'kind':'Scale','metadata':{'resourceVersion':'3'},'spec':{},"
                      "'status':{'replicas':0}}",
                      false));
    assert_view("3", 0, 3);
}

static void what_is_older_changes_nothing(void **state)
{
    (void)state;
    apply("{'metadata':{'resourceVersion':'100'},'spec':{'replicas':5}}", false);
    assert_false(apply("{'metadata':{'resourceVersion':'99'},'spec':{'replicas':1}}", false));
    assert_view("100", 5, 0);
    assert_true(apply("{'metadata':{'resourceVersion':'1000'},'spec':{'replicas':6}}", false));
    /* A list from a restored store. */
    assert_true(apply("{'metadata':{'resourceVersion':'7'},'spec':{'replicas':1}}", true));
    assert_view("7", 1, 0);
    /* Versions that are no numbers cannot be compared. */
    assert_true(apply("{'metadata':{'resourceVersion':'a'},'spec':{'replicas':2}}", false));
    assert_true(apply("{'metadata':{'resourceVersion':'6'},'spec':{'replicas':3}}", false));
}

static void what_makes_no_sense_does_no_harm(void **state)
{
    (void)state;
    assert_false(deployment_view_apply(&view, NULL, true));
    assert_false(apply("{}", true));
    assert_false(apply("{'metadata':{'resourceVersion':7},'spec':{'replicas':1}}", true));
    assert_false(view.is_seen);
    assert_true(apply("{'metadata':{'resourceVersion':'1'},'spec':{'replicas':-3},"
                      "'status':{'availableReplicas':99999999999}}",
                      true));
    assert_view("1", 0, INT_MAX);
    assert_false(apply("{'metadata':{'resourceVersion':'2'},'spec':[],'status':'x'}", true));
    assert_view("2", 0, INT_MAX);
}

static void it_is_forgotten_when_deleted(void **state)
{
    (void)state;
    assert_false(deployment_view_forget(&view));
    apply("{'metadata':{'resourceVersion':'100'},'spec':{'replicas':5}}", false);
    assert_true(deployment_view_forget(&view));
    assert_false(view.is_seen);
    assert_int_equal(view.replicas, 0);
    assert_true(apply("{'metadata':{'resourceVersion':'9'},'spec':{'replicas':5}}", false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_deployment_tells_both, release_view),
        cmocka_unit_test_teardown(absent_integers_are_zero, release_view),
        cmocka_unit_test_teardown(a_status_of_before_its_spec_is_passed_over, release_view),
        cmocka_unit_test_teardown(a_scale_tells_no_availability, release_view),
        cmocka_unit_test_teardown(what_is_older_changes_nothing, release_view),
        cmocka_unit_test_teardown(what_makes_no_sense_does_no_harm, release_view),
        cmocka_unit_test_teardown(it_is_forgotten_when_deleted, release_view),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
