#include "clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "err.h"

#define LAST_MS 253402300799999 /* RFC 3339 has four digits for a year */

int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void clock_format(int64_t time_ms, char ret_text[CLOCK_TEXT_BYTES])
{
    if (time_ms <= 0) {
        (void)snprintf(ret_text, CLOCK_TEXT_BYTES, "0001-01-01T00:00:00Z");
        return;
    }
    if (time_ms > LAST_MS)
        time_ms = LAST_MS;
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char text[24];
    (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    if (time_ms % 1000)
        (void)snprintf(ret_text, CLOCK_TEXT_BYTES, "%s.%03dZ", text, (int)(time_ms % 1000));
    else
        (void)snprintf(ret_text, CLOCK_TEXT_BYTES, "%sZ", text);
}

/* "+02:00", "-0530", "Z" or nothing; true and minutes east of UTC. */
static bool zone_parse(const char *text, int *ret_minutes)
{
    *ret_minutes = 0;
    if (*text == '\0' || ((*text == 'Z' || *text == 'z') && text[1] == '\0'))
        return true;
    int hours = 0;
    int minutes = 0;
    int used = 0;
    if (*text != '+' && *text != '-')
        return false;
    if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 &&
        sscanf(text + 1, "%2d%2d%n", &hours, &minutes, &used) != 2)
        return false;
    if (text[1 + used] != '\0' || hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *ret_minutes = (hours * 60 + minutes) * (*text == '-' ? -1 : 1);
    return true;
}

int clock_parse(const char *text, int64_t *ret_time_ms)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!rest)
        rest = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
    if (!rest)
        return ERR_INVALID;
    int millis = 0;
    if (*rest == '.') {
        int scale = 100;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
            millis += (*rest - '0') * scale;
    }
    int zone_minutes;
    if (!zone_parse(rest, &zone_minutes))
        return ERR_INVALID;
    int64_t seconds = (int64_t)timegm(&tm) - (int64_t)zone_minutes * 60;
    *ret_time_ms = seconds > 0 ? seconds * 1000 + millis : 0;
    return 0;
}

int64_t clock_backoff_ms(int attempt, int64_t base_ms, int64_t cap_ms)
{
    int64_t limit = base_ms;
    for (int i = 0; i < attempt && limit < cap_ms; i++)
        limit *= 2;
    if (limit > cap_ms)
        limit = cap_ms;
    uint32_t random = 0;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return limit;
    return (int64_t)(random % (uint64_t)(limit + 1));
}
