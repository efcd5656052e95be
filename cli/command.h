/* The terminal client's commands: `microbadger NAME ...`. */
#ifndef MB_COMMAND_H
#define MB_COMMAND_H

enum exit_status {
    EXIT_OK = 0,
    EXIT_BAD_INPUT = 1, /* what was to be read cannot be, or what was to be written */
    EXIT_USAGE = 2,
};

struct command {
    const char *name;
    const char *summary; /* one line of the list of commands */
    /* argv[0] is the command's name. Returns the program's exit status. */
    int (*run)(int argc, char **argv);
};

#endif
