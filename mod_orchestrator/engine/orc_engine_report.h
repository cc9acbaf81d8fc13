/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_REPORT_H
#define ORC_ENGINE_REPORT_H

#include "orc_engine_state.h"

/** Begins with nothing to tell: the counters may be a former daemon's. */
void orc_report_begin(orc_engine_t *engine);

/** Tells in the engine's status what it is at. */
void orc_report(orc_engine_t *engine);

/** Tells what there is to do, of all hosts, as the database counts it: once in some seconds, and the less often the
 * longer that takes. For the housekeeping thread. */
orc_error_t *orc_report_load(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool);

#endif
