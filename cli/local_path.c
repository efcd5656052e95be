#include "local_path.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "mem.h"
#include "url.h"

#define VERSION_PART "/version/"
#define SEARCH "search/"

struct path_row {
    const char *prefix; /* a name follows */
    bool is_status;
    enum document_answer answer;
};

static const struct path_row rows[] = {
    {"/v1/images/", false, DOCUMENT_IMAGE},
    {"/v1/dockerfile/", false, DOCUMENT_DOCKERFILE},
    {"/v1/status/", true, DOCUMENT_IMAGE},
};

/* "NAME/version/SHA": cuts the name there. */
static char *cut_version(char *name)
{
    char *found = NULL;
    for (char *at = strstr(name, VERSION_PART); at; at = strstr(at + 1, VERSION_PART))
        found = at;
    if (!found)
        return NULL;
    *found = '\0';
    return found + strlen(VERSION_PART);
}

static int read_image(struct local_path *path, char *name, const char **ret_why)
{
    char digest[DIGEST_BYTES];
    const char *sha = path->answer == DOCUMENT_IMAGE ? cut_version(name) : NULL;
    if (sha && digest_from_user(sha, digest) != 0) {
        *ret_why = "A version is 64 lower-case hex digits, or a digest like sha256:<hex>.";
        return ERR_INVALID;
    }
    int err = reference_parse(name, &path->image, ret_why);
    if (err || !sha)
        return err;
    path->answer = DOCUMENT_VERSION;
    free(path->image.digest);
    path->image.digest = xstrdup(digest);
    return 0;
}

static int read_name(struct local_path *path, char *rest, const char **ret_why)
{
    bool is_search = path->answer == DOCUMENT_IMAGE && !path->is_status &&
                     strncmp(rest, SEARCH, strlen(SEARCH)) == 0 && !strpbrk(rest, ":@");
    return is_search ? ERR_UNSUPPORTED : read_image(path, rest, ret_why);
}

static int parse(const char *path, struct url *ret_url, const char **ret_why)
{
    AUTO(free) char *text = xasprintf("http://localhost%s", path);
    *ret_why = "This is no path.";
    return url_parse(text, ret_url);
}

int local_path_parse(const char *path, struct local_path *ret_path, const char **ret_why)
{
    AUTO(url) struct url url = {0};
    if (parse(path, &url, ret_why) != 0)
        return ERR_INVALID;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t len = strlen(rows[i].prefix);
        if (strncmp(url.path, rows[i].prefix, len) != 0)
            continue;
        struct local_path found = {.is_status = rows[i].is_status, .answer = rows[i].answer};
        int err = read_name(&found, url.path + len, ret_why);
        if (err)
            return err;
        found.platform = url_query_get(&url, "platform");
        *ret_path = found;
        return 0;
    }
    return ERR_UNSUPPORTED;
}

static int read_side(const struct url *url, const char *side, struct local_path *ret_path,
                     const char **ret_why)
{
    AUTO(free) char *name = url_query_get(url, side);
    AUTO(free) char *own = xasprintf("platform_%s", side);
    *ret_why = "Two images are compared, a and b.";
    if (!name || reference_parse(name, &ret_path->image, ret_why) != 0)
        return ERR_INVALID;
    ret_path->answer = DOCUMENT_VERSION;
    ret_path->platform = url_query_get(url, own);
    if (!ret_path->platform)
        ret_path->platform = url_query_get(url, "platform");
    return 0;
}

int local_path_parse_compare(const char *path, struct local_path ret_sides[2], const char **ret_why)
{
    AUTO(url) struct url url = {0};
    AUTO(local_path) struct local_path a = {0};
    AUTO(local_path) struct local_path b = {0};
    if (parse(path, &url, ret_why) != 0)
        return ERR_INVALID;
    if (strcmp(url.path, "/v1/compare") != 0)
        return ERR_UNSUPPORTED;
    int err = read_side(&url, "a", &a, ret_why);
    if (err == 0)
        err = read_side(&url, "b", &b, ret_why);
    if (err)
        return err;
    ret_sides[0] = a;
    ret_sides[1] = b;
    a = b = (struct local_path){0};
    return 0;
}

void local_path_release(struct local_path *path)
{
    reference_release(&path->image);
    free(TAKE(path->platform));
}
