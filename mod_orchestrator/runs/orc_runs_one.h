/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RUNS_ONE_H
#define ORC_RUNS_ONE_H

#include "orc_surface_handler.h"

/* Runs are looked for in one namespace, the user group that nsfilter names. */

/**
 * The namespace of a request, for reading: a group of the caller's, or to an administrator any.
 * @return 403
 */
orc_error_t *orc_runs_namespace(const char **group, const orc_request_t *request);

/**
 * The run of the path: it is there, and the caller may see it.
 * @param deployment_id whose creation it is
 * @return 403, 404
 */
orc_error_t *orc_runs_find(const char **deployment_id, const orc_request_t *request);

/**
 * A run as clients see it, JSON text in the request's pool.
 * @param said the status that it is told to have; NULL: the one that it has
 * @param tag  the version of what is shown
 * @return 403, 404
 */
orc_error_t *orc_runs_read(const char **run, const char **tag, const orc_request_t *request, const char *id,
                           const char *said);

#endif
