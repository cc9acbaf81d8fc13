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
    int name_in_content; /* the name came from metadata.template_name */
    int is_fragment;
} orc_store_template_t;

/** The step that inserts a template. It touches no row when the caller is registered no more; breaks
 * templates_checksum_key (409) when the content is there already. */
void orc_store_templates_insert_step(orc_db_step_t *step, const char *id, const orc_store_template_t *row,
                                     const char *caller, apr_pool_t *pool);

/** The template with that checksum: its id, or NULL. */
orc_error_t *orc_store_templates_find_checksum(const char **id, const char *checksum, orc_db_source_t *source,
                                               apr_pool_t *pool);

/** A template locked for a change. */
typedef struct orc_store_locked_template_t {
    int is_caller_there; /* false: the caller is registered no more */
    const char *tag;     /* its version, NULL: there is no such template */
    int is_creator;      /* the caller made it */
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
