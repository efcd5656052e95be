/* Sizes and spans of time as people write and read them. Pure. */
#ifndef MB_AMOUNT_H
#define MB_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

#define AMOUNT_BYTES 32

/* 1024-based, as badges have it: "0 B", "999 B", "32.5 KB", "1.2 GB". */
void amount_size_text(int64_t size_bytes, char ret_text[AMOUNT_BYTES]);
/* "1,234,567" */
void amount_count_text(int64_t count, char ret_text[AMOUNT_BYTES]);
/* "2026-01-20 10:15 UTC" of an RFC 3339 time, "" for none. */
void amount_time_text(const char *time, char ret_text[AMOUNT_BYTES]);

/* "50MB", "1.5 GiB", "800k", "1000": 1024-based. 0 or ERR_INVALID. */
int amount_parse_size(const char *text, int64_t *ret_size_bytes);
/* "60s", "2m", "1h", "500ms", "60" (seconds). 0 or ERR_INVALID. */
int amount_parse_time(const char *text, int64_t *ret_time_ms);
int amount_parse_count(const char *text, int64_t *ret_count);

#endif
