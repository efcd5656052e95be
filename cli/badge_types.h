/* The types of badges that a server draws. */
#ifndef MB_BADGE_TYPES_H
#define MB_BADGE_TYPES_H

extern const char badge_types[]; /* words with a blank between them */

#endif
