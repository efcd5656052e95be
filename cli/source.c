#include "source.h"

#include <stdlib.h>
#include <string.h>

#include "jsonx.h"
#include "mem.h"

void source_answer_release(struct source_answer *answer)
{
    free(TAKE(answer->error_text));
    free(TAKE(answer->body));
}

json_t *source_answer_json(const struct source_answer *answer)
{
    json_t *json = NULL;
    return jsonx_parse(answer->body, answer->body_bytes, &json) == 0 ? json : NULL;
}

const json_t *source_body_status(const json_t *body)
{
    const json_t *a = jsonx_object(body, "A");
    const json_t *b = jsonx_object(body, "B");
    if (*jsonx_str(body, "Status"))
        return body;
    return b && strcmp(jsonx_str(a, "Status"), "INSPECTED") == 0 ? b : a;
}

bool source_status_is_final(const json_t *status)
{
    const char *word = jsonx_str(status, "Status");
    if (strcmp(word, "INSPECTED") == 0)
        return strcmp(jsonx_str(status, "Stage"), "done") == 0;
    return strcmp(word, "MISSING") == 0 || strcmp(word, "FAILED_INSPECTION") == 0;
}
