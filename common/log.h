/* One line an event on stderr: a JSON object, or plain text on a terminal.
 * Values are escaped; a field's text may come from anywhere, the message is ours.
 * Secrets have no log path: nothing here takes a token, a key or a full URL with a query. */
#ifndef MB_LOG_H
#define MB_LOG_H

#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log_field {
    const char *key;
    const char *text; /* NULL: the number counts */
    int64_t number;
};

static inline const char *log_text(const char *text)
{
    return text ? text : "";
}

#define LOG_STR(k, v) ((struct log_field){.key = (k), .text = log_text(v)})
#define LOG_INT(k, v) ((struct log_field){.key = (k), .number = (int64_t)(v)})

/* component is the program's name and is borrowed for the process's life. */
void log_init(const char *component, enum log_level level, enum log_format format);

/* fields ends with a key of NULL. */
void log_write(enum log_level level, const char *message, const struct log_field *fields);

#define LOG_EVENT(level, message, ...)                                                             \
    log_write(level, message, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})
#define log_debug(...) LOG_EVENT(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) LOG_EVENT(LOG_INFO, __VA_ARGS__)
#define log_warn(...) LOG_EVENT(LOG_WARN, __VA_ARGS__)
#define log_error(...) LOG_EVENT(LOG_ERROR, __VA_ARGS__)

#endif
