#include "lease_record.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "jsonx.h"

#define MAX_DURATION_SECONDS 3600
#define MAX_TRANSITIONS INT32_MAX /* the API server takes no more */

void micro_time_format(int64_t time_us, char ret_text[MICRO_TIME_BYTES])
{
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm tm = {0};
    gmtime_r(&seconds, &tm);
    size_t len = strftime(ret_text, MICRO_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(ret_text + len, MICRO_TIME_BYTES - len, ".%06dZ", (int)(time_us % 1000000));
}

static json_t *spec_of(const json_t *lease)
{
    return jsonx_object(lease, "spec");
}

const char *lease_record_holder(const json_t *lease)
{
    return jsonx_str(spec_of(lease), "holderIdentity");
}

int64_t lease_record_duration_ms(const json_t *lease)
{
    int64_t seconds = jsonx_int(spec_of(lease), "leaseDurationSeconds");
    return (seconds < 0                      ? 0
            : seconds > MAX_DURATION_SECONDS ? MAX_DURATION_SECONDS
                                             : seconds) *
           1000;
}

bool lease_record_is_same(const json_t *a, const json_t *b)
{
    return spec_of(a) && spec_of(b) && json_equal(spec_of(a), spec_of(b));
}

json_t *lease_record_new(const char *name)
{
    return json_pack("{s:s, s:s, s:{s:s}, s:{}}", "apiVersion", "coordination.k8s.io/v1", "kind",
                     "Lease", "metadata", "name", name, "spec");
}

static void set_time(json_t *spec, const char *key, int64_t time_us)
{
    char text[MICRO_TIME_BYTES];
    micro_time_format(time_us, text);
    json_object_set_new(spec, key, json_string(text));
}

/* The spec of a copy, which is made where there is none. */
static json_t *copy_with_spec(const json_t *lease, json_t **ret_spec)
{
    json_t *copy = json_deep_copy(lease);
    if (!spec_of(copy))
        json_object_set_new(copy, "spec", json_object());
    *ret_spec = spec_of(copy);
    return copy;
}

json_t *lease_record_held(const json_t *lease, const char *holder, int64_t duration_ms,
                          int64_t time_us)
{
    json_t *spec;
    json_t *copy = copy_with_spec(lease, &spec);
    if (strcmp(jsonx_str(spec, "holderIdentity"), holder) != 0) {
        int64_t transitions = jsonx_int(spec, "leaseTransitions");
        bool is_first = !json_object_get(spec, "holderIdentity");
        bool is_full = transitions < 0 || transitions >= MAX_TRANSITIONS;
        json_object_set_new(spec, "leaseTransitions",
                            json_integer(is_full ? 0 : transitions + !is_first));
        json_object_set_new(spec, "holderIdentity", json_string(holder));
        set_time(spec, "acquireTime", time_us);
    }
    json_object_set_new(spec, "leaseDurationSeconds", json_integer(duration_ms / 1000));
    set_time(spec, "renewTime", time_us);
    return copy;
}

json_t *lease_record_released(const json_t *lease, int64_t time_us)
{
    json_t *spec;
    json_t *copy = copy_with_spec(lease, &spec);
    json_object_set_new(spec, "holderIdentity", json_string(""));
    json_object_set_new(spec, "leaseDurationSeconds", json_integer(1));
    set_time(spec, "acquireTime", time_us);
    set_time(spec, "renewTime", time_us);
    return copy;
}
