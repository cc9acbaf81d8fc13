/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_STATUS_ENDPOINTS_H
#define MO_STATUS_ENDPOINTS_H

#include <httpd.h>

#include "orc_engine_status.h"
#include "orc_json.h"

/* The part of the status page that has a row for each endpoint that the daemon calls. */

/** As HTML: a table, also when it is empty. */
void mo_status_endpoints_table(request_rec *r, const orc_engine_status_t *engine);

/** As lines "EndpointBreaker URL: closed", each behind `prefix`. */
void mo_status_endpoints_lines(request_rec *r, const orc_engine_status_t *engine, const char *prefix);

/** As a JSON array of objects. */
json_t *mo_status_endpoints_json(const orc_engine_status_t *engine);

/** For Prometheus. */
void mo_status_endpoints_metrics(request_rec *r, const orc_engine_status_t *engine);

#endif
