#include "unit.h"

#include <string.h>

#include "chain.h"
#include "jsonx.h"
#include "mem.h"

#define HEX(c) "sha256:" c c c c c c c c c c c c c c c c
#define A HEX("aaaa")
#define B HEX("bbbb")
#define C HEX("cccc")
/* printf '%s %s' A B | sha256sum, and so on up. */
#define AB "sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c"
#define ABC "sha256:c1377126441fb2f5ec2c21ae2a60255331d639e830f0ee1b40a36e52d4c40588"

#define LAYER(diff_id) "{'Empty':false,'DiffID':'" diff_id "'}"
#define STEP "{'Empty':true,'DiffID':''}"

static struct chain chain_of(const char *layers)
{
    struct chain chain;
    JSON_AUTO
    json_t *facts = json_pack("{s:o}", "Layers", unit_json(layers));
    chain_of_facts(facts, &chain);
    return chain;
}

static void ids_are_those_of_the_specification(void **state)
{
    (void)state;
    struct chain chain = chain_of("[" LAYER(A) "," STEP "," LAYER(B) "," LAYER(C) "]");
    assert_int_equal(chain.count, 3);
    assert_int_equal(chain.first_telling, 1);
    assert_string_equal(chain.ids[0], A);
    assert_string_equal(chain.ids[1], AB);
    assert_string_equal(chain.ids[2], ABC);
    chain_release(&chain);
}

static void an_image_without_all_diff_ids_has_no_chain(void **state)
{
    (void)state;
    const char *const lists[] = {"[]", "[" LAYER(A) "," LAYER("") "]", "[" LAYER("d0") "]"};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct chain chain = chain_of(lists[i]);
        assert_int_equal(chain.count, 0);
        chain_release(&chain);
    }
}

static void empty_layers_alone_tell_nothing(void **state)
{
    (void)state;
    struct chain empty =
        chain_of("[" LAYER(CHAIN_EMPTY_DIFF_ID) "," LAYER(CHAIN_EMPTY_DIFF_ID) "]");
    struct chain more =
        chain_of("[" LAYER(CHAIN_EMPTY_DIFF_ID) "," LAYER(CHAIN_EMPTY_DIFF_ID) "," LAYER(A) "]");
    assert_int_equal(empty.first_telling, 3);
    assert_int_equal(more.first_telling, 3);
    assert_false(chain_is_prefix(&empty, &more));
    assert_true(chain_is_prefix(&more, &more));
    chain_release(&empty);
    chain_release(&more);
}

static void a_prefix_is_of_all_layers(void **state)
{
    (void)state;
    struct chain a = chain_of("[" LAYER(A) "]");
    struct chain ab = chain_of("[" LAYER(A) "," LAYER(B) "]");
    struct chain ac = chain_of("[" LAYER(A) "," LAYER(C) "]");
    struct chain none = chain_of("[]");
    assert_true(chain_is_prefix(&a, &ab));
    assert_false(chain_is_prefix(&ab, &a));
    assert_false(chain_is_prefix(&ab, &ac));
    assert_false(chain_is_prefix(&none, &a));
    chain_release(&a);
    chain_release(&ab);
    chain_release(&ac);
    chain_release(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_those_of_the_specification),
        cmocka_unit_test(an_image_without_all_diff_ids_has_no_chain),
        cmocka_unit_test(empty_layers_alone_tell_nothing),
        cmocka_unit_test(a_prefix_is_of_all_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
