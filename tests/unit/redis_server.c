#include "redis_server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int socket_answers(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int ok = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return ok;
}

void redis_server_restart(struct redis_server *server)
{
    char path[96];
    (void)snprintf(path, sizeof(path), "%s/redis.sock", server->directory);
    server->pid = fork();
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDOUT_FILENO);
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", path, "--save", "",
               "--dir", server->directory, (char *)NULL);
        _exit(127);
    }
    for (int tries = 0; tries < 1000 && !socket_answers(path); tries++)
        usleep(10000);
    if (!socket_answers(path)) {
        (void)fprintf(stderr, "redis-server did not start\n");
        abort();
    }
}

void redis_server_start(struct redis_server *server)
{
    (void)snprintf(server->directory, sizeof(server->directory), "/tmp/mb-redis-XXXXXX");
    if (!mkdtemp(server->directory))
        abort();
    (void)snprintf(server->url, sizeof(server->url), "unix:%s/redis.sock?db=1", server->directory);
    redis_server_restart(server);
}

void redis_server_kill(struct redis_server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
}

void redis_server_stop(struct redis_server *server)
{
    redis_server_kill(server);
    char path[96];
    (void)snprintf(path, sizeof(path), "%s/redis.sock", server->directory);
    unlink(path);
    rmdir(server->directory);
}
