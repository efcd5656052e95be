#include "command.h"

#include <string.h>

#include "mem.h"

const struct command *const commands[] = {
    &cmd_inspect, &cmd_layers, &cmd_labels, &cmd_tags,   &cmd_dockerfile, &cmd_compare,
    &cmd_search,  &cmd_badge,  &cmd_watch,  &cmd_status, &cmd_completion, &cmd_help,
};
const int command_count = (int)ARRAY_LEN(commands);

const struct command *command_find(const char *name)
{
    for (int i = 0; i < command_count; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}
