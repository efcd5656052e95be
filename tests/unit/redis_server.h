/* A private redis-server for unit tests, on a socket of its own in a temporary directory. */
#ifndef TEST_REDIS_SERVER_H
#define TEST_REDIS_SERVER_H

#include <sys/types.h>

struct redis_server {
    pid_t pid;
    char directory[64];
    char url[128];
};

void redis_server_start(struct redis_server *server);
void redis_server_kill(struct redis_server *server);
/* The same socket again. */
void redis_server_restart(struct redis_server *server);
void redis_server_stop(struct redis_server *server);

#endif
