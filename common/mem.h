/* Allocation that cannot fail (running out of memory ends the process: the queue redelivers),
 * and cleanup of locals by attribute. */
#ifndef MB_MEM_H
#define MB_MEM_H

#include <stddef.h>
#include <stdlib.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *ptr, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *text, size_t len) __attribute__((malloc, returns_nonnull));
char *xmemdup(const void *data, size_t len) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *format, ...)
    __attribute__((format(printf, 1, 2), malloc, returns_nonnull));

/* Gives what was freed back to the system: after large work, before a rest. */
void mem_trim(void);

/* AUTO(foo) on a local pointer or value calls foo_cleanup(&local) when it leaves scope. */
#define AUTO(kind) __attribute__((cleanup(kind##_cleanup)))

/* Moves a pointer out of a local that would be freed. */
#define TAKE(ptr)                                                                                  \
    __extension__({                                                                                \
        __typeof__(ptr) taken_ = (ptr);                                                            \
        (ptr) = NULL;                                                                              \
        taken_;                                                                                    \
    })

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* For AUTO(free): a char * or any pointer local. */
static inline void free_cleanup(void *ptr_to_ptr)
{
    free(*(void **)ptr_to_ptr);
}

#endif
