#include "facts_view.h"

#include <string.h>

#include "amount.h"
#include "jsonx.h"
#include "layers_view.h"
#include "mem.h"

#define MAX_SHOWN_TAGS 12

static void text_fact(const struct view *view, const char *name, const json_t *object,
                      const char *key)
{
    AUTO(free) char *text = view_text(view, object, key);
    view_fact(view, name, text);
}

static void joined_fact(const struct view *view, const char *name, const json_t *object,
                        const char *key, const char *separator)
{
    AUTO(free) char *text = view_join(view, jsonx_array(object, key), separator);
    view_fact(view, name, text);
}

/* ["nginx", "-g", "daemon off;"] as it stands in a Dockerfile. */
static void command_fact(const struct view *view, const char *name, const json_t *config,
                         const char *key)
{
    const json_t *words = jsonx_array(config, key);
    if (json_array_size(words) == 0)
        return;
    AUTO(free) char *json = json_dumps(words, JSON_COMPACT);
    AUTO(free) char *text = view_escape(view, json ? json : "");
    view_fact(view, name, text);
}

static void time_fact(const struct view *view, const char *name, const json_t *object,
                      const char *key)
{
    char time[AMOUNT_BYTES];
    amount_time_text(jsonx_str(object, key), time);
    view_fact(view, name, time);
}

static void count_fact(const struct view *view, const char *name, const json_t *object,
                       const char *key)
{
    char count[AMOUNT_BYTES];
    amount_count_text(jsonx_int(object, key), count);
    if (jsonx_int(object, key) > 0)
        view_fact(view, name, count);
}

/* Those of the version that is shown. */
static void tags_fact(const struct view *view, const json_t *version)
{
    const json_t *tags = jsonx_array(version, "Tags");
    size_t count = json_array_size(tags);
    JSON_AUTO
    json_t *first = json_array();
    for (size_t i = 0; i < count && i < MAX_SHOWN_TAGS; i++)
        json_array_append(first, json_array_get(tags, i));
    AUTO(free) char *names = view_tags(view, first);
    AUTO(free)
    char *text = count > MAX_SHOWN_TAGS
                     ? xasprintf("%s and %zu more", names, count - MAX_SHOWN_TAGS)
                     : xstrdup(names);
    view_fact(view, "Tags", text);
}

static void size_fact(const struct view *view, const json_t *version)
{
    char size[AMOUNT_BYTES];
    size_t layers = layers_count(version);
    size_t steps = json_array_size(jsonx_array(version, "Layers")) - layers;
    amount_size_text(jsonx_int(version, "DownloadSize"), size);
    AUTO(free)
    char *empty = xasprintf(", and %zu step%s without one", steps, steps == 1 ? "" : "s");
    AUTO(free)
    char *text = xasprintf("%s to download, in %zu layer%s%s", size, layers, layers == 1 ? "" : "s",
                           steps ? empty : "");
    view_fact(view, "Size", text);
}

static void platforms_fact(const struct view *view, const json_t *image)
{
    JSON_AUTO
    json_t *others = json_array();
    const char *shown = jsonx_str(image, "Platform");
    size_t i;
    json_t *platform;
    json_array_foreach(jsonx_array(image, "Platforms"), i, platform)
    {
        if (strcmp(jsonx_str(platform, "Platform"), shown) != 0)
            json_array_append_new(others, json_string(jsonx_str(platform, "Platform")));
    }
    AUTO(free) char *name = view_escape(view, shown);
    AUTO(free) char *rest = view_join(view, others, ", ");
    AUTO(free) char *text = xasprintf("%s; also %s", name, rest);
    view_fact(view, "Platform", *rest ? text : name);
}

static void base_fact(const struct view *view, const json_t *version)
{
    const json_t *base = jsonx_object(version, "Base");
    const char *certainty_word = jsonx_str(base, "Certainty");
    AUTO(free) char *name = view_text(view, base, "Name");
    AUTO(free) char *tag = view_text(view, base, "Tag");
    AUTO(free) char *certainty = view_escape(view, certainty_word);
    bool is_exact = strcmp(certainty_word, "exact") == 0;
    AUTO(free)
    char *text = xasprintf("%s%s%s%s%s%s", name, *tag ? ":" : "", tag, is_exact ? "" : " (",
                           is_exact ? "" : certainty, is_exact ? "" : ")");
    if (*name)
        view_fact(view, "Base image", text);
}

/* "2 signatures, 1 sbom": rows of one type in a row of the array need not stand together. */
static void attachments_fact(const struct view *view, const json_t *image)
{
    JSON_AUTO
    json_t *counts = json_object();
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(VIEW_MAX_BYTES);
    size_t i;
    json_t *attachment, *count;
    const char *type;
    json_array_foreach(jsonx_array(image, "Attachments"), i, attachment)
    {
        type = jsonx_str(attachment, "Type");
        json_int_t so_far = jsonx_int(counts, type);
        json_object_set_new(counts, type, json_integer(so_far + 1));
    }
    json_object_foreach(counts, type, count)
    {
        AUTO(free) char *name = view_escape(view, type);
        strbuf_addf(&text, "%s%lld %s", text.len ? ", " : "", (long long)json_integer_value(count),
                    name);
    }
    view_fact(view, "Attached", strbuf_str(&text));
}

static void run_facts(const struct view *view, const json_t *version)
{
    const json_t *config = jsonx_object(version, "Config");
    command_fact(view, "Entrypoint", config, "Entrypoint");
    command_fact(view, "Command", config, "Cmd");
    text_fact(view, "User", config, "User");
    text_fact(view, "Directory", config, "WorkingDir");
    joined_fact(view, "Ports", config, "ExposedPorts", ", ");
    joined_fact(view, "Volumes", config, "Volumes", ", ");
}

static void state_fact(const struct view *view, const json_t *image)
{
    const char *status = jsonx_str(image, "Status");
    const json_t *progress = jsonx_object(image, "Progress");
    if (strcmp(status, "INSPECTED") == 0 || !*status)
        return;
    AUTO(free) char *word = view_escape(view, status);
    AUTO(free)
    char *text =
        xasprintf("%s, %lld of %lld versions", word, (long long)jsonx_int(progress, "Done"),
                  (long long)jsonx_int(progress, "Total"));
    view_fact(view, "Status", text);
}

void facts_view(const struct view *view, const char *shown, const json_t *image,
                const json_t *version)
{
    view_heading(view, shown);
    text_fact(view, "About", image, "Description");
    text_fact(view, "Digest", image, "Digest");
    tags_fact(view, version);
    platforms_fact(view, image);
    size_fact(view, version);
    time_fact(view, "Created", image, "Created");
    text_fact(view, "Author", image, "Author");
    text_fact(view, "Licence", jsonx_object(image, "License"), "Code");
    text_fact(view, "Source", jsonx_object(image, "VersionControl"), "URL");
    base_fact(view, version);
    run_facts(view, version);
    attachments_fact(view, image);
    count_fact(view, "Pulls", image, "PullCount");
    count_fact(view, "Stars", image, "StarCount");
    state_fact(view, image);
}
