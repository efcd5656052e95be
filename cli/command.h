/* The terminal client's commands: `microbadger NAME ...`. */
#ifndef MB_COMMAND_H
#define MB_COMMAND_H

#include "session.h"

enum exit_status {
    EXIT_OK = 0,
    EXIT_TROUBLE = 1, /* network, server, an input that cannot be read, an output not written */
    EXIT_USAGE = 2,
    EXIT_NOT_FOUND = 3,
    EXIT_FAILED = 4,  /* the inspection */
    EXIT_PENDING = 5, /* still, at the end of --timeout or with --no-wait */
    EXIT_THRESHOLD = 6,
    EXIT_INTERRUPTED = 130,
};

struct command {
    const char *name;
    const char *arguments; /* "REF..." */
    const char *summary;   /* one line of the list of commands */
    const char *details;   /* more for its help, "" if there is no more */
    unsigned flags;        /* enum flag: what it takes beside FLAGS_EVERYWHERE */
    int min_words;
    int max_words; /* -1: any number */
    /* words ends with NULL. Returns the program's exit status. */
    int (*run)(struct session *session, int count, char **words);
};

extern const struct command *const commands[];
extern const int command_count;

/* NULL if there is none of this name. */
const struct command *command_find(const char *name);

extern const struct command cmd_inspect, cmd_layers, cmd_labels, cmd_tags, cmd_dockerfile,
    cmd_compare, cmd_search, cmd_badge, cmd_watch, cmd_status, cmd_completion, cmd_help;

#endif
