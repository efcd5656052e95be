#include "target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "err.h"
#include "input.h"
#include "mem.h"
#include "reference.h"
#include "text.h"

#define MAX_NAMES_BYTES (4u << 20)
#define WORDS_OF_ROUTES "search/" /* where a name would be taken for a search */

int target_parse(const struct session *session, const char *ref, struct target *ret_target)
{
    AUTO(reference) struct reference reference = {0};
    const char *why = "";
    if (reference_parse(ref, &reference, &why) != 0) {
        AUTO(free) char *escaped = text_escape(ref, "", session->err.is_utf8);
        session_complain(session, "'%s' is no image's name: %s", escaped, why);
        return EXIT_USAGE;
    }
    char *name = reference_shown(&reference);
    if (strncmp(name, WORDS_OF_ROUTES, strlen(WORDS_OF_ROUTES)) == 0) {
        free(name);
        name = reference_canonical(&reference);
    }
    *ret_target = (struct target){.ref = ref, .name = name};
    return EXIT_OK;
}

void target_release(struct target *target)
{
    free(TAKE(target->name));
}

static int visit_one(struct session *session, const char *ref, bool is_one_of_many,
                     target_visit *visit)
{
    AUTO(target) struct target target = {0};
    int status = target_parse(session, ref, &target);
    target.is_one_of_many = is_one_of_many;
    return status ? status : visit(session, &target);
}

/* Names by lines; an array of texts within *text, ends with NULL. Caller frees it. */
static char **split_lines(char *text, int *ret_count)
{
    char **names = xcalloc(strlen(text) / 2 + 2, sizeof(*names));
    char *rest = NULL;
    int count = 0;
    for (char *name = strtok_r(text, " \t\r\n", &rest); name;
         name = strtok_r(NULL, " \t\r\n", &rest))
        names[count++] = name;
    *ret_count = count;
    return names;
}

static int visit_all(struct session *session, char **refs, int count, bool are_many,
                     target_visit *visit)
{
    int first_failure = EXIT_OK;
    for (int i = 0; i < count; i++) {
        int status = visit_one(session, refs[i], are_many, visit);
        if (first_failure == EXIT_OK)
            first_failure = status;
        if (status == EXIT_INTERRUPTED || session->is_unreachable)
            return status;
    }
    return first_failure;
}

static int visit_input(struct session *session, target_visit *visit)
{
    AUTO(free) char *text = NULL;
    size_t len;
    int count;
    int err = input_read("-", MAX_NAMES_BYTES, &text, &len);
    if (err) {
        session_complain(session, "standard input: %s",
                         err == ERR_TOOBIG ? "larger than 4 MiB" : strerror(errno));
        return EXIT_TROUBLE;
    }
    AUTO(free) char **names = split_lines(text, &count);
    return visit_all(session, names, count, true, visit);
}

int target_each(struct session *session, char **words, int count, target_visit *visit)
{
    if (count == 1 && strcmp(words[0], "-") == 0)
        return visit_input(session, visit);
    return visit_all(session, words, count, count > 1, visit);
}
