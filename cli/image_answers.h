/* The answers about one image that commands are made of. */
#ifndef MB_IMAGE_ANSWERS_H
#define MB_IMAGE_ANSWERS_H

#include <jansson.h>

#include "session.h"
#include "target.h"

/* An answer and what is in it. */
struct image_answer {
    struct source_answer raw;
    json_t *json;
};

/* GET /v1/images/{ref}; `wait` is SOURCE_NOW instead with --no-wait. EXIT_OK, or an exit status
 * after a complaint. Caller releases, as below. */
int image_answer(struct session *session, const struct target *target, enum source_wait wait,
                 struct image_answer *ret_answer);
/* GET /v1/images/{name}/version/{digest} of the version that an image answer shows. */
int image_version_answer(struct session *session, const struct target *target, const json_t *image,
                         struct image_answer *ret_answer);

/* A path with --platform in its query. Caller frees. */
char *image_path(const struct session *session, const char *path);
enum source_wait image_wait(const struct session *session, enum source_wait wanted);

/* The body as it came; with a line end where more may follow, or on a terminal. */
int image_print_json(const struct session *session, const struct target *target,
                     const struct source_answer *answer);

void image_answer_release(struct image_answer *answer);
static inline void image_answer_cleanup(struct image_answer *answer)
{
    image_answer_release(answer);
}

#endif
