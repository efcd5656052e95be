/* What an image config says of running the image (image-spec config.md, "config"): bounded, each
 * member of the type that it should have. */
#ifndef MB_IMAGE_CONFIG_H
#define MB_IMAGE_CONFIG_H

#include <jansson.h>

#define IMAGE_CONFIG_MAX_ITEMS 1000
#define IMAGE_CONFIG_MAX_BYTES 65536 /* of each member's texts together */

/* {"Env":[],"Entrypoint":[],"Cmd":[],"WorkingDir","User","ExposedPorts":[],"Volumes":[],
 *  "StopSignal","Healthcheck":{"Test":[],"Interval","Timeout","StartPeriod","StartInterval","Retries"}},
 * without what is not there; ports and volumes sorted, times in nanoseconds as in the config. What
 * is over a bound is left out from its end on. config is the whole image config or NULL. Caller
 * owns; NULL where there is nothing. */
json_t *image_config_facts(const json_t *config);

#endif
