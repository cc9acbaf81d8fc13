/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_STATUS_TABLES_H
#define MO_STATUS_TABLES_H

#include <httpd.h>

#include "orc_engine_status.h"
#include "orc_json.h"

/* The parts of the status page that have a row for each of something: kinds of work, hosts that callbacks wait for, and
 * endpoints that the daemon calls. */

/** As HTML: tables, also when they are empty. What the database says of work and callbacks; what is called. */
void mo_status_counts_html(request_rec *r, const orc_engine_status_t *engine);
void mo_status_endpoints_html(request_rec *r, const orc_engine_status_t *engine);

/** All of them as lines "EndpointBreaker URL: closed", each behind `prefix`. */
void mo_status_tables_lines(request_rec *r, const orc_engine_status_t *engine, const char *prefix);

/** As JSON arrays of objects, members of `object`. */
void mo_status_tables_json(json_t *object, const orc_engine_status_t *engine);

/** For Prometheus. */
void mo_status_tables_metrics(request_rec *r, const orc_engine_status_t *engine);

/** For people: "350 ms", "12 s", "5 min 3 s", "2 h 10 min", "3 d 4 h". */
const char *mo_status_duration(apr_uint64_t microseconds, apr_pool_t *pool);

#endif
