/* The types of badges that a server draws. */
#ifndef MB_BADGE_TYPES_H
#define MB_BADGE_TYPES_H

/* Words with a blank between them. */
#define BADGE_TYPE_WORDS                                                                           \
    "image commit version license layers size pulls stars platforms updated base"

#endif
