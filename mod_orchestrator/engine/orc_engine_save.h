/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_SAVE_H
#define ORC_ENGINE_SAVE_H

#include "orc_engine_state.h"

/* What a job brought, into the database. */

/** Makes of a task, whatever it brought, one that failed because its row is damaged; with a line for the administrator.
 * What it made goes when the deployment is deleted. */
void orc_task_give_up(orc_task_t *task, const char *what);

/** Stores what is known now, in the middle of a step. False: it is not stored, and the lease may be lost. */
int orc_save_note(orc_job_t *job);

/** Stores the steps that ended, as far as the database takes them. */
orc_error_t *orc_save_finished(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool);

#endif
