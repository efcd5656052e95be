/* The images that a command is about: its words, or names from standard input. */
#ifndef MB_TARGET_H
#define MB_TARGET_H

#include <stdbool.h>

struct session;

struct target {
    const char *ref; /* as it was written, safe in a path: nothing in it needs encoding */
    char *name;      /* the repository as paths take it: "nginx", "docker.io/search/x" */
    bool is_one_of_many;
};

/* Returns an exit status. */
typedef int target_visit(struct session *session, const struct target *target);

/* Calls visit for each word, and for "-" for each line of standard input, all read before. Goes on
 * after a failure unless the source cannot be reached; returns the first failure's exit status. */
int target_each(struct session *session, char **words, int count, target_visit *visit);

/* 0, or EXIT_USAGE after a complaint. Caller releases. */
int target_parse(const struct session *session, const char *ref, struct target *ret_target);
void target_release(struct target *target);

static inline void target_cleanup(struct target *target)
{
    target_release(target);
}

#endif
