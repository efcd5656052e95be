#include "provenance.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "digest.h"
#include "jsonx.h"
#include "mem.h"

#define MAX_MATERIALS 1000
#define MAX_DOCKERFILE_BYTES (1u << 20)
#define BUILDKIT_METADATA "https://mobyproject.org/buildkit@v1#metadata"

/* Where the two versions of the predicate keep the same things. */
struct predicate {
    const json_t *build_type; /* a text */
    const json_t *builder;    /* {"id"} */
    const json_t *materials;  /* [{"uri","digest":{"sha256"}}] */
    const json_t *source;     /* {"uri"?,"path" or "entryPoint"}: the Dockerfile's place */
    const json_t *metadata;   /* BuildKit's own: {"vcs","source":{"infos"}} */
};

static struct predicate read_v02(const json_t *predicate)
{
    const json_t *metadata = jsonx_object(predicate, "metadata");
    return (struct predicate){
        .build_type = json_object_get(predicate, "buildType"),
        .builder = jsonx_object(predicate, "builder"),
        .materials = jsonx_array(predicate, "materials"),
        .source = jsonx_object(jsonx_object(predicate, "invocation"), "configSource"),
        .metadata = jsonx_object(metadata, BUILDKIT_METADATA),
    };
}

static struct predicate read_v1(const json_t *predicate)
{
    const json_t *definition = jsonx_object(predicate, "buildDefinition");
    const json_t *details = jsonx_object(predicate, "runDetails");
    const json_t *metadata = jsonx_object(details, "metadata");
    const json_t *parameters = jsonx_object(definition, "externalParameters");
    const json_t *own = jsonx_object(metadata, "buildkit_metadata");
    return (struct predicate){
        .build_type = json_object_get(definition, "buildType"),
        .builder = jsonx_object(details, "builder"),
        .materials = jsonx_array(definition, "resolvedDependencies"),
        .source = jsonx_object(parameters, "configSource"),
        .metadata = own ? own : jsonx_object(metadata, BUILDKIT_METADATA),
    };
}

static void set_text(json_t *facts, const char *key, const char *text)
{
    if (*text)
        json_object_set_new(facts, key, json_string(text));
}

/* {"sha256":"ab.."} to "sha256:ab.."; of several sha256 before the first that is told. */
static json_t *digest_of(const json_t *material)
{
    const char *algorithm;
    json_t *hex;
    AUTO(free) char *found = NULL;
    json_object_foreach(jsonx_object(material, "digest"), algorithm, hex)
    {
        if (!json_is_string(hex))
            continue;
        AUTO(free) char *digest = xasprintf("%s:%s", algorithm, json_string_value(hex));
        bool counts = digest_is_valid(digest) && (!found || strcmp(algorithm, "sha256") == 0);
        if (counts) {
            free(found);
            found = TAKE(digest);
        }
    }
    return json_string(found ? found : "");
}

static json_t *materials_of(const json_t *materials)
{
    json_t *list = json_array();
    size_t i;
    json_t *material;
    json_array_foreach(materials, i, material)
    {
        const char *uri = jsonx_str(material, "uri");
        if (!*uri || json_array_size(list) == MAX_MATERIALS)
            continue;
        json_t *object = json_object();
        json_object_set_new(object, "URI", json_string(uri));
        json_object_set_new(object, "Digest", digest_of(material));
        json_array_append_new(list, object);
    }
    return list;
}

/* "" where there is none. */
static const char *dockerfile_path(const struct predicate *predicate)
{
    const char *path = jsonx_str(predicate->source, "path");
    return *path ? path : jsonx_str(predicate->source, "entryPoint");
}

/* Which of the recorded source files is the Dockerfile: the one that the build names, else the
 * first of its language (others come with `# syntax` forwarding and named contexts). */
static const json_t *dockerfile_info(const struct predicate *predicate)
{
    const json_t *infos = jsonx_array(jsonx_object(predicate->metadata, "source"), "infos");
    const json_t *found = NULL;
    size_t i;
    json_t *info;
    json_array_foreach(infos, i, info)
    {
        const char *name = jsonx_str(info, "filename");
        const char *language = jsonx_str(info, "language");
        if (!*jsonx_str(info, "data"))
            continue;
        if (*name && strcmp(name, dockerfile_path(predicate)) == 0)
            return info;
        if (!found && (!*language || strcmp(language, "Dockerfile") == 0))
            found = info;
    }
    return found;
}

static void add_dockerfile(const struct predicate *predicate, json_t *facts)
{
    const json_t *info = dockerfile_info(predicate);
    AUTO(free) char *data = NULL;
    size_t len;
    const char *encoded = jsonx_str(info, "data");
    if (!info || base64_decode(encoded, &data, &len) != 0 || len > MAX_DOCKERFILE_BYTES)
        return;
    AUTO(free) char *text = jsonx_repair_utf8(data, len);
    set_text(facts, "Dockerfile", text);
}

static void add_source(const struct predicate *predicate, json_t *facts)
{
    const json_t *vcs = jsonx_object(predicate->metadata, "vcs");
    const char *source = jsonx_str(vcs, "source");
    set_text(facts, "Source", *source ? source : jsonx_str(predicate->source, "uri"));
    set_text(facts, "Revision", jsonx_str(vcs, "revision"));
}

json_t *provenance_facts(const void *statement, size_t len)
{
    JSON_AUTO
    json_t *json = NULL;
    if (len > PROVENANCE_MAX_BYTES || jsonx_parse(statement, len, &json) != 0)
        return NULL;
    const char *type = jsonx_str(json, "predicateType");
    bool is_v02 = strcmp(type, "https://slsa.dev/provenance/v0.2") == 0;
    const json_t *body = jsonx_object(json, "predicate");
    if (!body || (!is_v02 && strcmp(type, "https://slsa.dev/provenance/v1") != 0))
        return NULL;
    struct predicate predicate = is_v02 ? read_v02(body) : read_v1(body);
    const char *build_type = json_string_value(predicate.build_type);
    json_t *facts = json_object();
    set_text(facts, "BuildType", build_type ? build_type : "");
    set_text(facts, "Builder", jsonx_str(predicate.builder, "id"));
    json_object_set_new(facts, "Materials", materials_of(predicate.materials));
    add_dockerfile(&predicate, facts);
    set_text(facts, "DockerfileName", dockerfile_path(&predicate));
    add_source(&predicate, facts);
    return facts;
}
