#include "version.h"

#ifndef MB_VERSION
#define MB_VERSION "0"
#define MB_REVISION "unknown"
#endif

const char version_number[] = MB_VERSION;
const char version_revision[] = MB_REVISION;
