/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_IMPORT_SOURCE_H
#define ORC_IMPORT_SOURCE_H

#include <apr_tables.h>

#include "orc_error.h"

/* The former orchestrator's database, as it was at one moment: it is read in one snapshot, a deployment at a time,
 * however many there are. */

typedef struct orc_import_source_t orc_import_source_t;

/**
 * Connects, and begins the snapshot.
 * @param option_file of MariaDB's clients: its group [client] says socket or host, user, password and database
 * @return 500 "import.source" with what the server said
 */
orc_error_t *orc_import_source_open(orc_import_source_t **source, const char *option_file, apr_pool_t *pool);

/** Values of a row in the order of their columns, NULL for SQL's NULL. */
typedef const char *const *orc_import_row_t;

/** A deployment as its row says it. Times are RFC 3339; one that is none, as 0000-00-00, is NULL. */
typedef struct orc_import_old_t {
    const char *id, *created_at, *updated_at;
    const char *infra_id; /* the column `endpoint` */
    const char *status, *status_reason;
    const char *template_text;
    const char *deployment_provider;     /* IM, CHRONOS, ...; or NULL: none was chosen */
    const char *cloud_provider_name;     /* or NULL */
    const char *cloud_provider_endpoint; /* JSON text, or NULL */
    const char *user_group;              /* or NULL */
    const char *callback;                /* or NULL */
    const char *issuer, *subject;        /* of its owner, or NULL */
} orc_import_old_t;

/** The next ids of a table, behind `after` ("": from the first one on); of const char *, none at the end. */
orc_error_t *orc_import_source_ids(apr_array_header_t **ids, orc_import_source_t *source, const char *table,
                                   const char *after, apr_pool_t *pool);

/** What there is of an id: 422 "adoption" when a text of it is none, or when it went meanwhile. A person: issuer,
 * subject. */
orc_error_t *orc_import_source_person(orc_import_row_t *row, orc_import_source_t *source, const char *id,
                                      apr_pool_t *pool);

orc_error_t *orc_import_source_deployment(orc_import_old_t *old, orc_import_source_t *source, const char *id,
                                          apr_pool_t *pool);

/** What belongs to one, of orc_import_row_t. Parameters, outputs: name, JSON text. */
orc_error_t *orc_import_source_parameters(apr_array_header_t **rows, orc_import_source_t *source, const char *id,
                                          apr_pool_t *pool);
orc_error_t *orc_import_source_outputs(apr_array_header_t **rows, orc_import_source_t *source, const char *id,
                                       apr_pool_t *pool);
/** In the order of their creation: id, name, type, state, number of the machine, metadata, created, updated. */
orc_error_t *orc_import_source_resources(apr_array_header_t **rows, orc_import_source_t *source, const char *id,
                                         apr_pool_t *pool);
/** Id of a resource, id of one that requires it. */
orc_error_t *orc_import_source_relations(apr_array_header_t **rows, orc_import_source_t *source, const char *id,
                                         apr_pool_t *pool);

#endif
