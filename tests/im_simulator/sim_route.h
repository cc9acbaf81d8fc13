/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_ROUTE_H
#define SIM_ROUTE_H

/* IM's REST routes as one table. */

#include <apr_pools.h>
#include <apr_tables.h>

/* What faults and counters go by. */
typedef enum {
    SIM_CLASS_VERSION,
    SIM_CLASS_LIST,
    SIM_CLASS_CREATE,
    SIM_CLASS_INFO,
    SIM_CLASS_UPDATE,
    SIM_CLASS_DELETE,
    SIM_CLASS_STATE,
    SIM_CLASS_CONTMSG,
    SIM_CLASS_OUTPUTS,
    SIM_CLASS_TOSCA,
    SIM_CLASS_RADL,
    SIM_CLASS_AUTHORIZATION,
    SIM_CLASS_POWER,
    SIM_CLASS_RECONFIGURE,
    SIM_CLASS_VM,
    SIM_CLASS_VM_DELETE,
    SIM_CLASS_CLOUD,
    SIM_CLASS_STATS,
    SIM_CLASS_OTHER,
    SIM_CLASS_COUNT
} sim_route_class_t;

typedef enum { SIM_MEDIA_TEXT, SIM_MEDIA_URIS, SIM_MEDIA_JSON } sim_media_t;

typedef struct {
    const char *method;
    const char *path; /* segments; {} is any one */
    sim_route_class_t route_class;
    sim_media_t media; /* of the answer when any is accepted */
    int auth_status;   /* of bad credentials: 401 or 400 */
    const char *error; /* what IM puts before its error texts */
} sim_route_t;

/* The route of a request, NULL when IM has none. *parameters gets the segments that matched {} (char *, in pool);
 * *allowed says whether the path exists with another method. */
const sim_route_t *sim_route_find(apr_array_header_t **parameters, int *allowed, const char *method, const char *path,
                                  apr_pool_t *pool);

/* Whether a path fits a pattern; parameters gets what stands for {}. */
int sim_route_matches(apr_array_header_t *parameters, const char *pattern, const char *path, apr_pool_t *pool);

const char *sim_route_class_name(sim_route_class_t route_class);

/* The bits (1 << class) of a list of names with commas, "all" for every one; 0 when a name is unknown. */
apr_uint32_t sim_route_classes(const char *names);

#endif
