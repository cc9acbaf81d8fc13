/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_import_source.h"

#include <apr_strings.h>
#include <mysql.h>
#include <string.h>

#define PAGE         "500" /* ids that are read at once */
#define TIME(column) "IF(DAY(" column ") * MONTH(" column "), DATE_FORMAT(" column ", '%Y-%m-%dT%H:%i:%s.%fZ'), NULL)"

struct orc_import_source_t {
    MYSQL *connection;
};

static orc_error_t *failed(const orc_import_source_t *source, const char *what, apr_pool_t *pool)
{
    return orc_error(pool, 500, "import.source", "%s: %s", what, mysql_error(source->connection));
}

static apr_status_t hang_up(void *data)
{
    mysql_close(((orc_import_source_t *)data)->connection);
    mysql_library_end();
    return APR_SUCCESS;
}

/* ---- asking ---- */

/* A PostgreSQL text holds no NUL, and nothing of the former orchestrator's should. */
static orc_error_t *copy_row(apr_array_header_t *rows, MYSQL_ROW row, const unsigned long *lengths, unsigned count,
                             apr_pool_t *pool)
{
    const char **copy = apr_palloc(pool, sizeof(*copy) * count);
    unsigned i;

    for (i = 0; i < count; i++) {
        if (row[i] && memchr(row[i], '\0', lengths[i]))
            return orc_error(pool, 422, "adoption", "a text of it has a NUL");
        copy[i] = row[i] ? apr_pstrmemdup(pool, row[i], lengths[i]) : NULL;
    }
    APR_ARRAY_PUSH(rows, orc_import_row_t) = copy;
    return NULL;
}

static orc_error_t *copy_rows(apr_array_header_t **rows, MYSQL_RES *result, apr_pool_t *pool)
{
    orc_error_t *error = NULL;
    MYSQL_ROW row;

    *rows = apr_array_make(pool, 8, sizeof(orc_import_row_t));
    while (!error && (row = mysql_fetch_row(result)))
        error = copy_row(*rows, row, mysql_fetch_lengths(result), mysql_num_fields(result), pool);
    return error;
}

static orc_error_t *ask(apr_array_header_t **rows, orc_import_source_t *source, const char *sql, apr_pool_t *pool)
{
    orc_error_t *error;
    MYSQL_RES *result;

    if (mysql_real_query(source->connection, sql, strlen(sql)))
        return failed(source, "The old database can't be read", pool);
    result = mysql_store_result(source->connection);
    if (!result)
        return mysql_errno(source->connection) ? failed(source, "The old database can't be read", pool) : NULL;
    error = copy_rows(rows, result, pool);
    mysql_free_result(result);
    return error;
}

/* A statement with an id between its two parts. */
static orc_error_t *ask_of(apr_array_header_t **rows, orc_import_source_t *source, const char *before, const char *id,
                           const char *behind, apr_pool_t *pool)
{
    apr_size_t length = strlen(id);
    char *escaped = apr_palloc(pool, 2 * length + 1);

    mysql_real_escape_string(source->connection, escaped, id, length);
    return ask(rows, source, apr_pstrcat(pool, before, "'", escaped, "'", behind, NULL), pool);
}

/* ---- connecting ---- */

static orc_error_t *begin(orc_import_source_t *source, apr_pool_t *pool)
{
    apr_array_header_t *none;

    ORC_TRY(ask(&none, source, "SET time_zone = '+00:00'", pool));
    ORC_TRY(ask(&none, source, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", pool));
    return ask(&none, source, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", pool);
}

orc_error_t *orc_import_source_open(orc_import_source_t **out, const char *option_file, apr_pool_t *pool)
{
    orc_import_source_t *source = apr_pcalloc(pool, sizeof *source);

    source->connection = mysql_init(NULL);
    if (!source->connection)
        return orc_error(pool, 500, "import.source", "There is no memory for a connection.");
    apr_pool_cleanup_register(pool, source, hang_up, apr_pool_cleanup_null);
    mysql_options(source->connection, MYSQL_READ_DEFAULT_FILE, option_file);
    mysql_options(source->connection, MYSQL_READ_DEFAULT_GROUP, "client");
    mysql_options(source->connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (!mysql_real_connect(source->connection, NULL, NULL, NULL, NULL, 0, NULL, 0))
        return failed(source, "The old database can't be reached", pool);
    *out = source;
    return begin(source, pool);
}

/* ---- what there is ---- */

orc_error_t *orc_import_source_ids(apr_array_header_t **ids, orc_import_source_t *source, const char *table,
                                   const char *after, apr_pool_t *pool)
{
    apr_array_header_t *rows;
    int i;

    ORC_TRY(ask_of(&rows, source, apr_pstrcat(pool, "SELECT id FROM ", table, " WHERE id > ", NULL), after,
                   " ORDER BY id LIMIT " PAGE, pool));
    *ids = apr_array_make(pool, rows->nelts + 1, sizeof(const char *));
    for (i = 0; i < rows->nelts; i++)
        APR_ARRAY_PUSH(*ids, const char *) = APR_ARRAY_IDX(rows, i, orc_import_row_t)[0];
    return NULL;
}

/* A table without transactions is not as it was when its ids were read. */
static orc_error_t *ask_of_one(orc_import_row_t *row, orc_import_source_t *source, const char *before, const char *id,
                               apr_pool_t *pool)
{
    apr_array_header_t *rows;

    ORC_TRY(ask_of(&rows, source, before, id, "", pool));
    if (!rows->nelts)
        return orc_error(pool, 422, "adoption", "it went while it was looked at");
    *row = APR_ARRAY_IDX(rows, 0, orc_import_row_t);
    return NULL;
}

orc_error_t *orc_import_source_person(orc_import_row_t *row, orc_import_source_t *source, const char *id,
                                      apr_pool_t *pool)
{
    return ask_of_one(row, source, "SELECT issuer, subject FROM oidc_entity WHERE id = ", id, pool);
}

orc_error_t *orc_import_source_deployment(orc_import_old_t *old, orc_import_source_t *source, const char *id,
                                          apr_pool_t *pool)
{
    static const char statement[] = "SELECT d.id, " TIME("d.created_at") ", " TIME(
        "d.updated_at") ", d.endpoint, d.status, d.status_reason, "
                        "d.template, d.deployment_provider, d.cloud_provider_name, d.cloud_provider_endpoint, "
                        "d.user_group, "
                        "d.callback, o.issuer, o.subject FROM deployment d LEFT JOIN oidc_entity o ON o.id = "
                        "d.owner_id WHERE d.id = ";
    orc_import_row_t row = NULL;

    ORC_TRY(ask_of_one(&row, source, statement, id, pool));
    *old = (orc_import_old_t){row[0], row[1], row[2], row[3],  row[4],  row[5],  row[6],
                              row[7], row[8], row[9], row[10], row[11], row[12], row[13]};
    return NULL;
}

orc_error_t *orc_import_source_parameters(apr_array_header_t **rows, orc_import_source_t *source, const char *id,
                                          apr_pool_t *pool)
{
    return ask_of(rows, source, "SELECT name, value FROM deployment_parameters WHERE deployment_id = ", id,
                  " ORDER BY name", pool);
}

orc_error_t *orc_import_source_outputs(apr_array_header_t **rows, orc_import_source_t *source, const char *id,
                                       apr_pool_t *pool)
{
    return ask_of(rows, source, "SELECT name, value FROM deployment_outputs WHERE deployment_id = ", id,
                  " ORDER BY name", pool);
}

orc_error_t *orc_import_source_resources(apr_array_header_t **rows, orc_import_source_t *source, const char *id,
                                         apr_pool_t *pool)
{
    return ask_of(rows, source,
                  "SELECT id, tosca_node_name, tosca_node_type, state, iaas_id, metadata, " TIME(
                      "created_at") ", " TIME("updated_at") " FROM resource WHERE deployment_id = ",
                  id, " ORDER BY created_at, id", pool);
}

orc_error_t *orc_import_source_relations(apr_array_header_t **rows, orc_import_source_t *source, const char *id,
                                         apr_pool_t *pool)
{
    return ask_of(rows, source,
                  "SELECT b.resource_id, b.required_by FROM resource_required_by b JOIN resource r "
                  "ON r.id = b.resource_id JOIN resource q ON q.id = b.required_by "
                  "AND q.deployment_id = r.deployment_id WHERE r.deployment_id = ",
                  id, " ORDER BY 1, 2", pool);
}
