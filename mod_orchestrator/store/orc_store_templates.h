/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_TEMPLATES_H
#define ORC_STORE_TEMPLATES_H

#include "orc_db.h"

/** A template's row; what PostgreSQL keeps of it. */
typedef struct orc_store_template_t {
    const char *content, *checksum;
    const char *name;
    const char *version; /* or NULL */
    const char *target_provider_type, *tosca_definition_version;
} orc_store_template_t;

/** What one person may keep. */
typedef struct orc_store_template_limit_t {
    const char *creator; /* the person's id */
    apr_int64_t count;   /* templates */
    apr_int64_t bytes;   /* of their contents together */
} orc_store_template_limit_t;

/**
 * Inserts a template of the limit's person, in one round trip. The limit holds exactly, however many come at once.
 * @param is_caller_there false: the person is registered no more, and nothing was stored
 * @param first           a statement to run before in the same transaction, or NULL
 * @return what orc_db_is_past_limit knows; 409 of templates_checksum_key when the content is there already
 */
orc_error_t *orc_store_templates_insert(int *is_caller_there, orc_db_source_t *source, const char *id,
                                        const orc_store_template_t *row, const orc_store_template_limit_t *limit,
                                        const orc_db_step_t *first, apr_pool_t *pool);

/** Behind a change, in its transaction: an error that orc_db_is_past_limit knows when the person keeps too much now. */
orc_error_t *orc_store_templates_check_limit(orc_db_t *db, const orc_store_template_limit_t *limit, apr_pool_t *pool);

/** The template with that checksum: its id and version, or NULL. There may be one that was stored and one that came
 * with a deployment: then it is the one with the id `former`, else (or where this is NULL) the stored one. */
orc_error_t *orc_store_templates_find_checksum(const char **id, const char **version, const char *checksum,
                                               const char *former, orc_db_source_t *source, apr_pool_t *pool);

/** Stores one that comes with a deployment, under a new id, unless such a one is there by now. It counts for no limit,
 * and goes with the last deployment that uses it. */
orc_sql_call_t orc_store_template_bring(const char *id, const orc_store_template_t *row, const char *caller,
                                        apr_pool_t *pool);

/** Keeps one from going away or changing until the transaction's end; false: it has gone, or changed, since it was
 * read in that version. */
orc_error_t *orc_store_template_hold(int *is_held, orc_db_t *db, const char *id, const char *version, apr_pool_t *pool);

/** A template locked for a change. */
typedef struct orc_store_locked_template_t {
    int is_caller_there; /* false: the caller is registered no more */
    const char *tag;     /* its version, NULL: there is no such template */
    const char *creator; /* id of who made it */
    orc_store_template_t row;
} orc_store_locked_template_t;

/** Locks a template until the transaction's end. */
orc_error_t *orc_store_templates_lock(orc_store_locked_template_t *locked, orc_db_t *db, const char *id,
                                      const char *caller, apr_pool_t *pool);

/** Whether a deployment refers to a locked template. */
orc_error_t *orc_store_templates_is_used(int *is_used, orc_db_t *db, const char *id, apr_pool_t *pool);

/** Changes a locked template; the same values as before change nothing, not even its version. */
orc_error_t *orc_store_templates_update(orc_db_t *db, const char *id, const orc_store_template_t *row,
                                        const char *caller, apr_pool_t *pool);

/** Removes a template. 409 "conflict.reference" while a deployment refers to it. */
orc_error_t *orc_store_templates_delete(orc_db_t *db, const char *id, apr_pool_t *pool);

#endif
