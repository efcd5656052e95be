/* What the api serves: an image's answer in ready pieces, written by the workers.
 *
 *   mb:1:doc:<name>    hash, replaced as a whole:
 *     meta             revision, time of inspection in ms and the digest of the latest version,
 *                      lines
 *     head             fragment: members shared by all tags: "LatestSHA" ... "ImageURL"
 *     versions         fragment: the Versions array
 *     page-versions    fragment: its first DOCUMENT_PAGE_VERSIONS, for people
 *     t:<tag>          the digest of its version, "" while that is not known yet
 *     v:<digest>       lines "platform digest" of the version's images, the default first; an image
 *                      manifest has one line with its own digest
 *     p:<digest>       fragment: members of the version that hold for all its platforms: "SHA",
 *                      "Digest", "MediaType", "Platforms", "Attachments", "LatestVersion"
 *     g:<digest>       fragment: members "Tags" and "ImageName" for the version answer
 *     m:<digest> <child digest>
 *                      fragment: members that depend on both, or on what else is known:
 *                      "Metadata" (sheet.h), "License" and "VersionControl" where only the index's
 *                      annotations tell them; may be absent
 *     d:<digest> <child digest>
 *                      fragment: the Dockerfile that the version's provenance carries for this
 *                      image, text; stands in for the reconstructed one; may be absent
 *     c:<child digest> the digest of the version (index) that it belongs to
 *     badge            lines (badge_facts.h) of the repository
 *     b:<digest>       lines of the version
 *   mb:1:ver:<digest>  hash, never changes: the facts of one image manifest
 *     facts            JSON of image_facts(), for workers
 *     top              fragment: members lifted to an image's top level: "Author", "LayerCount",
 *                      "DownloadSize", "Labels", "Platform", "Created", "Annotations",
 *                      "License", "VersionControl"
 *     version          fragment: members for the version answer: as above
 *     layers           fragment: the member "Layers"
 *     dockerfile       fragment: the reconstructed Dockerfile, text
 *     badge            lines (badge_facts.h)
 *   mb:1:rel:<digest>  hash: what relates this image manifest to others, written anew as more is
 *                      known; any field may be absent:
 *     top, version     fragments: members added to those answers: "Base", "Parents"
 *     identical        fragment, for the version answer: the member "Identical"
 *     layers, dockerfile
 *                      fragments that stand in for those of mb:1:ver
 *     badge            lines (badge_facts.h), beside those of mb:1:ver
 *     base             digest of the base's image manifest, where its layers are there; for workers
 *     <field> <name> <version digest>
 *                      stands in for any of these where the image is shown as a part of that
 *                      version of that repository: what an index claims of an image (annotations,
 *                      provenance) counts nowhere else, and `identical` is without that place
 *
 * Fragments (fragment.h) are texts of JSON members without braces around them. */
#ifndef MB_DOCUMENT_H
#define MB_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "fragment.h"
#include "redis.h"
#include "status.h"

#define DOCUMENT_PAGE_VERSIONS 100

enum document_answer {
    DOCUMENT_IMAGE,      /* head, versions, shared, facts (top), relations, sheet */
    DOCUMENT_VERSION,    /* shared, tags, facts (version), layers, relations, sheet */
    DOCUMENT_DOCKERFILE, /* facts: the text */
    DOCUMENT_BADGE,      /* badge, no fragments */
    DOCUMENT_PAGE,       /* DOCUMENT_IMAGE and DOCUMENT_VERSION in one; versions: the page's */
};

struct document_query {
    const char *name;     /* canonical */
    const char *tag;      /* NULL: the latest version */
    const char *digest;   /* NULL, or the full digest of a version or of one of its images; wins */
    const char *platform; /* NULL: the default */
    enum document_answer answer;
    int64_t keep_seconds; /* what is read lives on for this long */
};

enum document_find {
    DOCUMENT_NONE,        /* nothing stored under this name */
    DOCUMENT_NO_TAG,      /* the tag or digest is not in the document */
    DOCUMENT_NO_PLATFORM, /* the version has no such platform */
    DOCUMENT_PENDING,     /* known by name, its facts are not there yet */
    DOCUMENT_FOUND,
};

/* Lines of badge_facts.h, each "" where there are none. */
struct document_badge {
    const char *repository; /* from DOCUMENT_NO_TAG on */
    const char *version;    /* where the version is known */
    const char *image;      /* with DOCUMENT_FOUND, as relations */
    const char *relations;
};

/* Everything is borrowed for the done call (fragments point into the reply). */
struct document_view {
    enum document_find find;
    struct status status; /* STATUS_UNKNOWN if there is none */
    int64_t revision;
    int64_t inspected_ms;
    const char *digest; /* the version, "" unless PENDING or FOUND; "" if a tag's is unknown */
    const char *child_digest; /* the image of the platform asked for, "" unless PENDING or FOUND */
    const char *platforms;    /* lines "platform digest", "" unless the version is known */
    struct fragment head;     /* from DOCUMENT_NO_TAG on, IMAGE and PAGE */
    struct fragment versions; /* as head */
    struct fragment shared;   /* p:, where the version is known */
    struct fragment tags;     /* g:, VERSION and PAGE */
    /* Only with DOCUMENT_FOUND */
    struct fragment facts;       /* top, version or dockerfile */
    struct fragment layers;      /* VERSION and PAGE */
    struct fragment relations;   /* top or version of mb:1:rel; may be empty, as sheet */
    struct fragment identical;   /* VERSION and PAGE; may be empty */
    struct fragment sheet;       /* m: */
    struct document_badge badge; /* DOCUMENT_BADGE */
};

/* view is NULL when err is not 0. One round trip. */
typedef void document_read_done(void *arg, int err, const struct document_view *view);
void document_read(struct redis *redis, const struct document_query *query,
                   document_read_done *done, void *arg);

/* Key texts; caller frees. */
char *document_key(const char *name);
char *version_key(const char *digest);

#endif
