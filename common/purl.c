#include "purl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "mem.h"
#include "reference.h"

#define TYPE "pkg:docker/"
#define MAX_BYTES 1024

/* In place; a broken escape stays as it is. */
static void percent_decode(char *text)
{
    char *out = text;
    for (const char *at = text; *at; at++) {
        int high = *at == '%' ? hex_digit(at[1]) : -1;
        int low = high >= 0 ? hex_digit(at[2]) : -1;
        if (low >= 0 && (high || low)) {
            *out++ = (char)(high * 16 + low);
            at += 2;
        } else {
            *out++ = *at;
        }
    }
    *out = '\0';
}

static bool is_frontend(const struct reference *reference)
{
    return strcmp(reference->registry, "docker.io") == 0 &&
           (strcmp(reference->path, "docker/dockerfile") == 0 ||
            strcmp(reference->path, "docker/dockerfile-upstream") == 0);
}

char *purl_docker_image(const char *purl)
{
    if (strncmp(purl, TYPE, strlen(TYPE)) != 0 || strlen(purl) > MAX_BYTES)
        return NULL;
    const char *rest = purl + strlen(TYPE);
    AUTO(free) char *name = xstrndup(rest, strcspn(rest, "?#"));
    char *version = strchr(name, '@');
    if (version)
        *version++ = '\0';
    percent_decode(name);
    if (version)
        percent_decode(version);
    char *image = !version || !*version  ? xstrdup(name)
                  : strchr(version, ':') ? xasprintf("%s@%s", name, version)
                                         : xasprintf("%s:%s", name, version);
    struct reference reference = {0};
    bool is_image = reference_parse(image, &reference, NULL) == 0 && !is_frontend(&reference);
    reference_release(&reference);
    if (is_image)
        return image;
    free(image);
    return NULL;
}
