/* Hash tables: uthash, with that of its hash functions that clang compiles without warnings (the
 * default falls through its switch). */
#ifndef MB_HASH_H
#define MB_HASH_H

#include <stdlib.h>

#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash)
#define uthash_fatal(message) abort() /* as xmalloc: out of memory ends the process */
#include <uthash.h>

#endif
