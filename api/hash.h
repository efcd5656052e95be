/* Hash tables: uthash, with that of its hash functions that clang compiles without warnings (the
 * default falls through its switch). */
#ifndef MB_HASH_H
#define MB_HASH_H

#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash)
#include <uthash.h>

#endif
