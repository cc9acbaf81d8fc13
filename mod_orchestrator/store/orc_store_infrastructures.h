/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_INFRASTRUCTURES_H
#define ORC_STORE_INFRASTRUCTURES_H

#include "orc_db.h"

/* What is at IM because of us, or may be: rows that the engine's steps write (orc_store_work.h), and what is asked of
 * them beside that. */

/** Notes what IM made for a tag; not fenced, because it is true whoever has the lease. *is_noted: false when there is
 * no such tag any more; then nothing knows of the infrastructure. */
orc_error_t *orc_store_made(int *is_noted, orc_db_t *db, const char *tag, const char *infra_id, apr_pool_t *pool);

/** Notes that a creation with a tag certainly made nothing; not fenced either. */
orc_error_t *orc_store_unmade(orc_db_t *db, const char *tag, apr_pool_t *pool);

/* What is asked goes with other calls in one round trip: a call, and what its rows say. */

/** What was noted for a tag; NULL: nothing. */
orc_sql_call_t orc_store_answer_call(const char *tag, apr_pool_t *pool);
const char *orc_store_answer(const orc_rows_t *rows, apr_pool_t *pool);

/** Of infrastructures' ids those that belong to something we know: the first column. */
orc_sql_call_t orc_store_known_call(const apr_array_header_t *ids, apr_pool_t *pool);

/** Of tags those that are known, and not to be another infrastructure's than one of these `ids`: the first column. */
orc_sql_call_t orc_store_known_tags_call(const apr_array_header_t *tags, const apr_array_header_t *ids,
                                         apr_pool_t *pool);

/** How many infrastructures that are wanted a person has at an IM beside some; `but`: their ids, of const char *. */
orc_sql_call_t orc_store_living_call(const char *user_id, const char *endpoint, const apr_array_header_t *but,
                                     apr_pool_t *pool);
int orc_store_living(const orc_rows_t *rows);

#endif
