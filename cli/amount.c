#include "amount.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "clock.h"
#include "err.h"
#include "mem.h"

#define MAX_NUMBER 1e15
#define MAX_TIME_MS (INT64_C(7) * 86400 * 1000)

struct unit {
    const char *name;
    double factor;
};

void amount_size_text(int64_t size_bytes, char ret_text[AMOUNT_BYTES])
{
    static const char *const units[] = {"KB", "MB", "GB", "TB"};
    double value = (double)size_bytes / 1024;
    size_t unit = 0;
    if (size_bytes < 1024) {
        (void)snprintf(ret_text, AMOUNT_BYTES, "%lld B", (long long)size_bytes);
        return;
    }
    /* 1023.95 would be shown as 1024.0 */
    for (; value >= 1023.95 && unit + 1 < ARRAY_LEN(units); unit++)
        value /= 1024;
    (void)snprintf(ret_text, AMOUNT_BYTES, "%.1f %s", value, units[unit]);
}

void amount_count_text(int64_t count, char ret_text[AMOUNT_BYTES])
{
    char digits[AMOUNT_BYTES];
    size_t at = 0;
    int len = snprintf(digits, sizeof(digits), "%lld", (long long)count);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0 && digits[i - 1] != '-')
            ret_text[at++] = ',';
        ret_text[at++] = digits[i];
    }
    ret_text[at] = '\0';
}

void amount_time_text(const char *time, char ret_text[AMOUNT_BYTES])
{
    int64_t time_ms;
    struct tm parts;
    ret_text[0] = '\0';
    if (clock_parse(time, &time_ms) != 0 || time_ms == 0)
        return;
    time_t seconds = (time_t)(time_ms / 1000);
    if (gmtime_r(&seconds, &parts))
        (void)strftime(ret_text, AMOUNT_BYTES, "%Y-%m-%d %H:%M UTC", &parts);
}

/* A decimal number and one of the units; "" is the first unit's. */
static int parse(const char *text, const struct unit *units, size_t count, double *ret_value)
{
    char *end;
    if (*text < '0' || *text > '9' ||
        strspn(text, "0123456789.") != strcspn(text, " kKmMgGtTbBsShH"))
        return ERR_INVALID;
    double number = strtod(text, &end);
    end += strspn(end, " ");
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(end, units[i].name) != 0)
            continue;
        *ret_value = number * units[i].factor;
        return isfinite(*ret_value) && *ret_value <= MAX_NUMBER ? 0 : ERR_INVALID;
    }
    return ERR_INVALID;
}

int amount_parse_size(const char *text, int64_t *ret_size_bytes)
{
    static const struct unit units[] = {
        {"", 1},           {"B", 1},           {"K", 1024},         {"KB", 1024},
        {"KiB", 1024},     {"M", 1048576},     {"MB", 1048576},     {"MiB", 1048576},
        {"G", 1073741824}, {"GB", 1073741824}, {"GiB", 1073741824},
    };
    double value;
    if (parse(text, units, ARRAY_LEN(units), &value) != 0)
        return ERR_INVALID;
    *ret_size_bytes = (int64_t)value;
    return 0;
}

int amount_parse_time(const char *text, int64_t *ret_time_ms)
{
    static const struct unit units[] = {{"", 1000},   {"ms", 1},      {"s", 1000},
                                        {"m", 60000}, {"min", 60000}, {"h", 3600000}};
    double value;
    if (parse(text, units, ARRAY_LEN(units), &value) != 0 || value > MAX_TIME_MS)
        return ERR_INVALID;
    *ret_time_ms = (int64_t)value;
    return 0;
}

int amount_parse_count(const char *text, int64_t *ret_count)
{
    char *end;
    long long count = strtoll(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || count > 1000000)
        return ERR_INVALID;
    *ret_count = count;
    return 0;
}
