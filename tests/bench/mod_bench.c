/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The yardstick of ./dev bench: a handler that runs one prepared statement through mod_dbd's pool and sends the first
 * field, with nothing else. "BenchSQLFile FILE" in a location names the file that holds the statement; its parameters'
 * values are the query string ("a&b&c", "~" is NULL, not decoded). So the very statement of an API route can be
 * measured without the API. Without a file the handler answers a constant.
 */

#include <httpd.h>

#include <http_config.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>

#include <apr_dbd.h>
#include <apr_optional.h>
#include <apr_strings.h>

#include <libpq-fe.h>
#include <mod_dbd.h>

module AP_MODULE_DECLARE_DATA bench_module;

enum { MAX_PARAMETERS = 8 };

typedef struct bench_location_t {
    const char *sql;
} bench_location_t;

static const char statement_name[] = "bench";

static APR_OPTIONAL_FN_TYPE(ap_dbd_open) * dbd_open;
static APR_OPTIONAL_FN_TYPE(ap_dbd_close) * dbd_close;

static PGresult *run(PGconn *connection, const char *sql, int count, const char *const *values)
{
    PGresult *result = PQexecPrepared(connection, statement_name, count, values, NULL, NULL, 0);

    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        return result;
    PQclear(result);
    PQclear(PQprepare(connection, statement_name, sql, 0, NULL));
    return PQexecPrepared(connection, statement_name, count, values, NULL, NULL, 0);
}

static int split(char *query, const char **values)
{
    char *state = NULL, *value;
    int count = 0;

    for (value = apr_strtok(query, "&", &state); value && count < MAX_PARAMETERS; value = apr_strtok(NULL, "&", &state))
        values[count++] = *value == '~' ? NULL : value; /* "~": SQL's NULL */
    return count;
}

static int answer(request_rec *r)
{
    const char *values[MAX_PARAMETERS];
    const bench_location_t *location = ap_get_module_config(r->per_dir_config, &bench_module);
    ap_dbd_t *dbd;
    PGresult *result;
    int count;

    if (!r->handler || strcmp(r->handler, "bench") != 0)
        return DECLINED;
    if (!location->sql) {
        ap_set_content_type(r, "application/json");
        ap_rputs("{}", r);
        return OK;
    }
    count = split(apr_pstrdup(r->pool, r->args ? r->args : ""), values);
    dbd = dbd_open(r->pool, r->server);
    if (!dbd)
        return HTTP_SERVICE_UNAVAILABLE;
    result = run(apr_dbd_native_handle(dbd->driver, dbd->handle), location->sql, count, values);
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) == 0) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "bench: %s", PQresultErrorMessage(result));
        PQclear(result);
        dbd_close(r->server, dbd);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, PQgetlength(result, 0, 0));
    ap_rwrite(PQgetvalue(result, 0, 0), PQgetlength(result, 0, 0), r);
    PQclear(result);
    dbd_close(r->server, dbd);
    return OK;
}

static void find_dbd(apr_pool_t *pool, server_rec *server)
{
    dbd_open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    dbd_close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
}

static void *make_location(apr_pool_t *pool, char *directory)
{
    return apr_pcalloc(pool, sizeof(bench_location_t));
}

static const char *set_sql_file(cmd_parms *cmd, void *baton, const char *path)
{
    bench_location_t *location = baton;
    apr_file_t *file;
    apr_finfo_t info;
    char *text;

    if (apr_file_open(&file, path, APR_FOPEN_READ, 0, cmd->pool) != APR_SUCCESS ||
        apr_file_info_get(&info, APR_FINFO_SIZE, file) != APR_SUCCESS)
        return "BenchSQLFile can't be read";
    text = apr_pcalloc(cmd->pool, (apr_size_t)info.size + 1);
    if (apr_file_read_full(file, text, (apr_size_t)info.size, NULL) != APR_SUCCESS)
        return "BenchSQLFile can't be read";
    apr_file_close(file);
    location->sql = text;
    return NULL;
}

static const command_rec commands[] = {
    AP_INIT_TAKE1("BenchSQLFile", set_sql_file, NULL, ACCESS_CONF, "file that holds the statement to run"),
    {NULL},
};

static void register_hooks(apr_pool_t *pool)
{
    ap_hook_child_init(find_dbd, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(answer, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(bench) = {
    STANDARD20_MODULE_STUFF, make_location, NULL, NULL, NULL, commands, register_hooks, AP_MODULE_FLAG_NONE,
};
