#include "assets.h"

#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "fragment.h"
#include "mem.h"
#include "page_answer.h"

#define PATH_BYTES 64
#define HASH_DIGITS 12
#define ASSET_MAX_BYTES (1u << 20)
#define FOLDER "/assets/"

/* The Makefile writes the bytes of api/web. */
static const unsigned char style[] = {
#include "api/web/page.css.inc"
};
static const unsigned char script[] = {
#include "api/web/page.js.inc"
};
static const unsigned char icon[] = {
#include "api/web/icon.svg.inc"
};

struct file {
    const char *name;
    const char *extension;
    const char *type;
    const unsigned char *bytes;
    size_t byte_count;
    char path[PATH_BYTES]; /* "" until it is asked for */
    struct answer *answer;
};

static struct file files[ASSET_COUNT] = {
    [ASSET_STYLE] = {"page", "css", "text/css; charset=utf-8", style, sizeof(style), "", NULL},
    [ASSET_SCRIPT] = {"page", "js", "text/javascript; charset=utf-8", script, sizeof(script), "",
                      NULL},
    [ASSET_ICON] = {"icon", "svg", "image/svg+xml; charset=utf-8", icon, sizeof(icon), "", NULL},
};

const char *asset_path(enum asset asset)
{
    struct file *file = &files[asset];
    if (*file->path)
        return file->path;
    char digest[DIGEST_BYTES];
    digest_sha256(file->bytes, file->byte_count, digest);
    (void)snprintf(file->path, PATH_BYTES, FOLDER "%s-%.*s.%s", file->name, HASH_DIGITS,
                   digest_hex(digest), file->extension);
    return file->path;
}

static struct answer *answer_of(struct file *file)
{
    if (!file->answer) {
        struct strbuf gzip = STRBUF_INIT(ASSET_MAX_BYTES);
        fragment_gzip((const char *)file->bytes, file->byte_count, &gzip);
        file->answer = page_answer_file(file->type, xmemdup(file->bytes, file->byte_count),
                                        file->byte_count, &gzip);
    }
    return file->answer;
}

struct answer *asset_find(const char *name)
{
    for (size_t i = 0; i < ASSET_COUNT; i++)
        if (strcmp(asset_path((enum asset)i) + strlen(FOLDER), name) == 0)
            return answer_of(&files[i]);
    return NULL;
}
