#include "jsonx.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "mem.h"
#include "strbuf.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* Bytes of the sequence that begins so, 0 where none does. */
static size_t utf8_need(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead >= 0xf5)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Bytes of the well-formed UTF-8 sequence at data (RFC 3629), 0 if there is none. */
static size_t utf8_sequence(const unsigned char *data, size_t len)
{
    unsigned char lead = data[0];
    size_t need = utf8_need(lead);
    if (need == 0 || need > len)
        return 0;
    for (size_t i = 1; i < need; i++)
        if ((data[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (lead == 0xe0 && data[1] < 0xa0) || (lead == 0xf0 && data[1] < 0x90);
    bool out_of_range = (lead == 0xed && data[1] >= 0xa0) || (lead == 0xf4 && data[1] >= 0x90);
    return overlong || out_of_range ? 0 : need;
}

static void repair_utf8(const char *data, size_t len, struct strbuf *out)
{
    size_t good_from = 0;
    size_t i = 0;
    while (i < len) {
        size_t step = utf8_sequence((const unsigned char *)data + i, len - i);
        if (step) {
            i += step;
            continue;
        }
        strbuf_add(out, data + good_from, i - good_from);
        strbuf_adds(out, replacement);
        good_from = ++i;
    }
    strbuf_add(out, data + good_from, len - good_from);
}

char *jsonx_repair_utf8(const char *data, size_t len)
{
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(len * 3 + 1);
    repair_utf8(data, len, &text);
    size_t kept = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.buf[i])
            text.buf[kept++] = text.buf[i];
    if (text.buf)
        text.buf[kept] = '\0';
    return strbuf_detach(&text);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The value of the four hex digits behind "\u", -1 if they are not. */
static int escape_value(const char *data, size_t len)
{
    if (len < 6 || data[0] != '\\' || data[1] != 'u')
        return -1;
    int value = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value(data[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Lone surrogates become U+FFFD, \u0000 is dropped; everything else passes. */
static void repair_escapes(const char *data, size_t len, struct strbuf *out)
{
    for (size_t i = 0; i < len;) {
        if (data[i] != '\\') {
            const char *next = memchr(data + i, '\\', len - i);
            size_t run = next ? (size_t)(next - data) - i : len - i;
            strbuf_add(out, data + i, run);
            i += run;
            continue;
        }
        int value = escape_value(data + i, len - i);
        if (value < 0) {
            size_t pair = len - i < 2 ? 1 : 2;
            strbuf_add(out, data + i, pair);
            i += pair;
            continue;
        }
        int low = value >= 0xd800 && value < 0xdc00 ? escape_value(data + i + 6, len - i - 6) : -1;
        if (low >= 0xdc00 && low < 0xe000) {
            strbuf_add(out, data + i, 12);
            i += 12;
            continue;
        }
        if (value >= 0xd800 && value < 0xe000)
            strbuf_adds(out, replacement);
        else if (value != 0)
            strbuf_add(out, data + i, 6);
        i += 6;
    }
}

static json_t *load(const char *data, size_t len, size_t flags)
{
    json_error_t error;
    return json_loadb(data, len, flags, &error);
}

/* jansson refuses a whole document for one bad byte or one integer over 63 bits. */
static json_t *load_repaired(const char *data, size_t len)
{
    AUTO(strbuf) struct strbuf valid = STRBUF_INIT(len * 3 + 1);
    AUTO(strbuf) struct strbuf repaired = STRBUF_INIT(len * 3 + 1);
    repair_utf8(data, len, &valid);
    repair_escapes(strbuf_str(&valid), valid.len, &repaired);
    json_t *json = load(strbuf_str(&repaired), repaired.len, 0);
    return json ? json : load(strbuf_str(&repaired), repaired.len, JSON_DECODE_INT_AS_REAL);
}

int jsonx_parse(const void *data, size_t len, json_t **ret_json)
{
    const char *text = data;
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len -= 3;
    }
    json_t *json = load(text, len, 0);
    if (!json)
        json = load_repaired(text, len);
    if (!json)
        return ERR_PROTO;
    *ret_json = json;
    return 0;
}

const char *jsonx_str(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

int64_t jsonx_int(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_real(value)) {
        double real = json_real_value(value);
        return real > -9e18 && real < 9e18 ? (int64_t)real : 0;
    }
    return json_integer_value(value);
}

json_t *jsonx_object(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return json_is_object(value) ? value : NULL;
}

json_t *jsonx_array(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return json_is_array(value) ? value : NULL;
}

char *jsonx_dump(const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    return text ? text : xstrdup("null");
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **jsonx_sorted_keys(const json_t *object, size_t *ret_count)
{
    size_t count = 0;
    const char **keys = xcalloc(json_object_size(object) + 1, sizeof(*keys));
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) keys[count++] = key;
    qsort(keys, count, sizeof(*keys), compare_keys);
    *ret_count = count;
    return keys;
}
