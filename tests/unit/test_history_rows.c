/* One entry of a history and what is made of it, row by row. The files are arrays of
 * {"name", "entry": a history entry, "want": {"Command", "Certainty", and where there are any
 * "BuildArgs", "Note", "FlattenedFrom", "Layer"}} with, where it matters, "before": earlier entries
 * (texts or objects; else one ADD), "config" and "os" of the image and "layers", their number. */
#include "unit.h"

#include <string.h>

#include "history.h"
#include "jsonx.h"
#include "mem.h"

static const char *const files[] = {"history/shapes.json", "history/more.json"};

static json_t *entry_of(const json_t *item)
{
    return json_is_string(item) ? json_pack("{s:O}", "created_by", item) : json_deep_copy(item);
}

static json_t *config_of(const json_t *row)
{
    json_t *config = json_object();
    json_t *history = json_array();
    json_t *before = json_object_get(row, "before");
    size_t i;
    json_t *item;
    if (!before)
        json_array_append_new(history, unit_json("{'created_by':'ADD base.tar / # buildkit'}"));
    json_array_foreach(before, i, item) json_array_append_new(history, entry_of(item));
    json_array_append(history, json_object_get(row, "entry"));
    json_object_set_new(config, "history", history);
    json_object_set_new(config, "os", json_string(jsonx_str(row, "os")));
    if (json_object_get(row, "config"))
        json_object_set(config, "config", json_object_get(row, "config"));
    return config;
}

static void row_is_read(void **state)
{
    const json_t *row = *state;
    const json_t *want = json_object_get(row, "want");
    const json_t *layer = json_object_get(want, "Layer");
    JSON_AUTO
    json_t *config = config_of(row);
    struct history_step *steps;
    size_t count;
    history_steps(config, (size_t)jsonx_int(row, "layers"), &steps, &count);
    assert_int_equal(count, json_array_size(json_object_get(config, "history")));
    const struct history_step *last = &steps[count - 1];
    JSON_AUTO
    json_t *got = json_object();
    json_object_set_new(got, "Command", json_string(last->command));
    json_object_set_new(got, "Certainty", json_string(certainty_str(last->certainty)));
    history_step_details(last, got);
    if (layer)
        json_object_set_new(got, "Layer", json_integer(last->layer));
    AUTO(free) char *got_text = json_dumps(got, JSON_SORT_KEYS);
    AUTO(free) char *want_text = json_dumps(want, JSON_SORT_KEYS);
    assert_string_equal(got_text, want_text);
    assert_string_equal(last->created_by, jsonx_str(json_object_get(row, "entry"), "created_by"));
    history_steps_free(steps, count);
}

int main(void)
{
    JSON_AUTO
    json_t *rows = json_array();
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        JSON_AUTO
        json_t *file = unit_read_json(files[i]);
        json_array_extend(rows, file);
    }
    AUTO(free) struct CMUnitTest *tests = xcalloc(json_array_size(rows), sizeof(*tests));
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        tests[i].name = jsonx_str(row, "name");
        tests[i].test_func = row_is_read;
        tests[i].initial_state = row;
    }
    return _cmocka_run_group_tests("history rows", tests, json_array_size(rows), NULL, NULL);
}
