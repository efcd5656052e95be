/* Every key of the suite in Redis, but for the queues' own. 1 is the schema's number: programs of
 * another schema use other keys. */
#ifndef MB_REDIS_KEYS_H
#define MB_REDIS_KEYS_H

#define KEY_IMAGE "mb:1:img:"         /* string: what the inspector found, for workers */
#define KEY_GROUPS "mb:1:grp:"        /* string: store.h */
#define KEY_ATTACHMENTS "mb:1:att:"   /* string: store.h */
#define KEY_DOCUMENT "mb:1:doc:"      /* hash: document.h */
#define KEY_VERSION "mb:1:ver:"       /* hash: document.h */
#define KEY_RELATIONS "mb:1:rel:"     /* hash: document.h */
#define KEY_STATUS "mb:1:status:"     /* hash: status.h */
#define KEY_JOB "mb:1:job:"           /* string with a short life: status.h */
#define KEY_FRONTIER "mb:1:frontier:" /* string: status.h */
#define KEY_HOOK "mb:1:hook:"         /* string with a short life: status.h */
#define KEY_RATE "mb:1:rate:"         /* string with a short life: status.h */
#define KEY_CATALOG "mb:1:cat:"       /* catalog.h */
#define KEY_BUDGET "mb:1:budget"      /* hash: budget.h; lives as long as what it tells */
#define KEY_NOTICE "mb:1:notice:"     /* channel */

/* flow.h: a hash for each stage, without a lifetime, and a channel. */
#define KEY_FLOW "mb:1:flow:"
#define KEY_FLOW_NOTICE "mb:1:flow-notice:"

/* The reverse index (relations_index.h): sorted sets of images, then where an image is found. */
#define KEY_INDEX_LAYER "mb:1:idx:layer:"   /* by layer digest */
#define KEY_INDEX_DIFF "mb:1:idx:diff:"     /* by diff ID */
#define KEY_INDEX_CHAIN "mb:1:idx:chain:"   /* by the ChainID of all layers */
#define KEY_INDEX_CONFIG "mb:1:idx:config:" /* by config digest */
#define KEY_INDEX_IMAGE "mb:1:idx:image:"   /* hash, by image manifest digest */

/* Longer than Redis itself pauses now and then (a fork for its snapshot, a slow disk): beyond it
 * the api gives the connection up and says 503. */
#define REDIS_API_TIMEOUT_MS 2000
#define REDIS_WORKER_TIMEOUT_MS 5000

#define JOB_SHORT_LEASE_MS 15000 /* between the marker and the send */
#define JOB_LEASE_MS 60000       /* after the send; workers renew it to this */

#endif
