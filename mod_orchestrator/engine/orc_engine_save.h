/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_SAVE_H
#define ORC_ENGINE_SAVE_H

#include "orc_engine_state.h"

/* What a job brought, into the database. */

/** The row can't be worked on, or the database does not take what a step brought: an error in the log, and the kind
 * says what becomes of it. */
void orc_save_give_up(orc_job_t *job, const char *what);

/** Stores what is known now, in the middle of a step, on disk. False: it is not stored, and the lease may be lost. */
int orc_save_note(orc_job_t *job);

/** Stores the steps that ended, as far as the database takes them. */
orc_error_t *orc_save_finished(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool);

#endif
