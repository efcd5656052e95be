/* `microbadger dockerfile`: the Dockerfile put together from an image config alone. */
#ifndef MB_CMD_DOCKERFILE_H
#define MB_CMD_DOCKERFILE_H

#include "command.h"

extern const struct command cmd_dockerfile;

#endif
