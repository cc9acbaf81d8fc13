/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_config.h"

#include <apr_dbd.h>
#include <apr_fnmatch.h>
#include <apr_strings.h>
#include <http_core.h>
#include <mod_dbd.h>
#include <stdlib.h>
#include <unixd.h>

#include "orc_db_check.h"
#include "orc_providers.h"
#include "orc_url.h"

APLOG_USE_MODULE(orchestrator);

enum { DBD_MAX_DEFAULT = 10 }; /* mod_dbd's own */

void *mo_config_create(apr_pool_t *pool, server_rec *server)
{
    mo_config_t *config = apr_pcalloc(pool, sizeof *config);

    config->values = orc_config_make(pool);
    config->trusted_proxies = apr_array_make(pool, 2, sizeof(apr_ipsubnet_t *));
    config->bases = apr_array_make(pool, 2, sizeof(mo_base_t));
    config->secret_files = apr_array_make(pool, 2, sizeof(mo_secret_file_t));
    config->runs_engine = 1;
    return config;
}

/* Every directive is global, so a virtual host has nothing of its own. */
void *mo_config_merge(apr_pool_t *pool, void *base, void *overrides)
{
    return base;
}

mo_config_t *mo_config_of(const server_rec *server)
{
    return ap_get_module_config(server->module_config, &orchestrator_module);
}

int mo_config_is_used(const mo_config_t *config)
{
    return config->has_directives || config->bases->nelts > 0;
}

/* ---- where the handler is bound ---- */

/* SetHandler's argument is an expression, so its text is to be had from the configuration tree only, and its compiled
 * form from the sections of a server. The compiled form is what a request finds again, whatever else was merged
 * meanwhile. */

typedef struct place_t {
    const ap_directive_t *host; /* <VirtualHost>, or NULL */
    const char *path;
} place_t;

static const char *first_word(const ap_directive_t *directive, apr_pool_t *pool)
{
    const char *arguments = directive ? directive->args : NULL;

    return arguments ? ap_getword_conf(pool, &arguments) : NULL;
}

/* Path of the <Location> around a directive; NULL when there is none, or one with a pattern. */
static const char *location_path(const ap_directive_t *node, apr_pool_t *pool)
{
    char *path;
    apr_size_t length;

    while (node && ap_cstr_casecmp(node->directive, "<Location") != 0)
        node = node->parent;
    if (!node)
        return NULL;
    path = apr_pstrdup(pool, node->args);
    length = strlen(path);
    if (length > 0 && path[length - 1] == '>')
        path[length - 1] = '\0';
    path = ap_getword_conf(pool, (const char **)&path);
    return *path == '/' && !apr_fnmatch_test(path) ? path : NULL;
}

static const ap_directive_t *host_of(const ap_directive_t *node)
{
    while (node && ap_cstr_casecmp(node->directive, "<VirtualHost") != 0)
        node = node->parent;
    return node;
}

/* Collects every "SetHandler orchestrator"; the first one in a wrong place is returned. */
static const ap_directive_t *find_places(apr_array_header_t *places, const ap_directive_t *node, apr_pool_t *pool)
{
    for (; node; node = node->next) {
        const ap_directive_t *wrong = node->first_child ? find_places(places, node->first_child, pool) : NULL;
        place_t place;

        if (wrong)
            return wrong;
        if (ap_cstr_casecmp(node->directive, "SetHandler") != 0 || strcmp(first_word(node, pool), MO_HANDLER) != 0)
            continue;
        place.host = host_of(node);
        place.path = location_path(node, pool);
        if (!place.path)
            return node;
        APR_ARRAY_PUSH(places, place_t) = place;
    }
    return NULL;
}

static int is_place_of(const place_t *place, const server_rec *server, const char *path)
{
    if (strcmp(place->path, path) != 0)
        return 0;
    return !place->host || (server->defn_name && strcmp(server->defn_name, place->host->filename) == 0 &&
                            (int)server->defn_line_number == place->host->line_num);
}

static void add_base(mo_config_t *config, const core_dir_config *section, apr_pool_t *pool)
{
    mo_base_t *base;

    base = apr_array_push(config->bases);
    base->handler = section->expr_handler;
    base->length = orc_url_length(section->d);
    base->path = apr_pstrmemdup(pool, section->d, base->length);
}

static void find_bases(mo_config_t *config, const server_rec *server, const apr_array_header_t *places,
                       apr_pool_t *pool)
{
    const core_server_config *core = ap_get_core_module_config(server->module_config);
    int i, j;

    for (i = 0; core->sec_url && i < core->sec_url->nelts; i++) {
        const core_dir_config *section = ap_get_core_module_config(APR_ARRAY_IDX(core->sec_url, i, ap_conf_vector_t *));

        if (!section->expr_handler || section->r || section->d_is_fnmatch ||
            mo_config_base(config, section->expr_handler))
            continue;
        for (j = 0; j < places->nelts; j++) {
            if (is_place_of(&APR_ARRAY_IDX(places, j, place_t), server, section->d)) {
                add_base(config, section, pool);
                config->first_server = config->first_server ? config->first_server : server;
                break;
            }
        }
    }
}

const mo_base_t *mo_config_base(const mo_config_t *config, const void *handler)
{
    int i;

    for (i = 0; handler && i < config->bases->nelts; i++) {
        const mo_base_t *base = &APR_ARRAY_IDX(config->bases, i, mo_base_t);

        if (base->handler == handler)
            return base;
    }
    return NULL;
}

int mo_config_is_place(const mo_config_t *config, const char *path)
{
    int i;

    for (i = 0; i < config->bases->nelts; i++) {
        const mo_base_t *base = &APR_ARRAY_IDX(config->bases, i, mo_base_t);

        if (strncmp(path, base->path, base->length) == 0 && (!path[base->length] || path[base->length] == '/'))
            return 1;
    }
    return 0;
}

/* ---- what mod_dbd was told ---- */

/* The main server's directive of that name: the last one counts, and those of a <VirtualHost> are other databases'. */
static const ap_directive_t *find_directive(const ap_directive_t *node, const char *name)
{
    const ap_directive_t *found = NULL;

    for (; node; node = node->next) {
        if (ap_cstr_casecmp(node->directive, name) == 0)
            found = node;
    }
    return found;
}

static const char *check_database(mo_config_t *config, apr_pool_t *pool)
{
    const char *driver = first_word(find_directive(ap_conftree, "DBDriver"), pool);
    const char *maximum = first_word(find_directive(ap_conftree, "DBDMax"), pool);
    const char *parameters = first_word(find_directive(ap_conftree, "DBDParams"), pool);

    if (!APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open))
        return "mod_dbd is not loaded: requests get their database connections from it";
    if (!driver || ap_cstr_casecmp(driver, "pgsql") != 0)
        return "DBDriver pgsql is missing: the database is PostgreSQL";
    if (!parameters)
        return "DBDParams is missing: it says where the database is";
    config->dbd_params = parameters;
    if (!config->values->database_url)
        config->values->database_url = parameters;
    config->db_max = maximum ? atoi(maximum) : DBD_MAX_DEFAULT;
    if (config->db_max < 1)
        config->db_max = 1;
    return NULL;
}

/* ---- files with secrets ---- */

/* A group of administrators may read such a file, but not the one of httpd's children, which serve files: one that is
 * tricked into giving any file away must not have this one to give. */
static const char *check_secret_files(const mo_config_t *config, apr_pool_t *pool)
{
    apr_finfo_t info;
    int i;

    for (i = 0; i < config->secret_files->nelts; i++) {
        const mo_secret_file_t *file = &APR_ARRAY_IDX(config->secret_files, i, mo_secret_file_t);
        apr_status_t status = apr_stat(&info, file->path, APR_FINFO_GPROT | APR_FINFO_GROUP, pool);

        if (status == APR_SUCCESS && (info.protection & APR_FPROT_GREAD) && info.group == ap_unixd_config.group_id)
            return apr_psprintf(pool, "%s on line %d of %s: the Group of httpd may read %s: chmod 600 it",
                                file->directive->directive, file->directive->line_num, file->directive->filename,
                                file->path);
    }
    return NULL;
}

/* ---- the whole ---- */

static int needs_default_im(const mo_config_t *config)
{
    int i;

    for (i = 0; i < config->providers->list->nelts; i++) {
        if (!APR_ARRAY_IDX(config->providers->list, i, const orc_provider_t *)->im_url)
            return 1;
    }
    return 0;
}

static const char *find_mistake(mo_config_t *config, apr_pool_t *pool)
{
    const orc_config_t *values = config->values;
    const char *mistake = check_secret_files(config, pool);

    if (mistake)
        return mistake;
    if (!config->has_secret_key)
        return "OrchestratorSecretKeyFile is missing: tokens are stored sealed with its key";
    if (!config->providers)
        return "OrchestratorProviders is missing: it names the file of resource providers";
    if (!values->im_url && needs_default_im(config))
        return "OrchestratorIM is missing: a provider of OrchestratorProviders has no \"im\" of its own";
    if (!config->types)
        return "OrchestratorToscaTypes is missing: it names the folder of TOSCA type files";
    if (!values->jwks_file)
        return "OrchestratorJwksFile is missing: the issuers' keys are kept in it";
    if (values->issuers->nelts == 0)
        return "<OrchestratorIssuer> is missing: without one nobody can sign in";
    if (values->poll_min > values->poll_max)
        return "OrchestratorPollInterval: the first interval must not be longer than the second";
    return check_database(config, pool);
}

/* The daemon has no request to derive links from: the canonical name of the first place's server. */
static const char *derive_public_url(const mo_config_t *config, const server_rec *main_server, apr_pool_t *pool)
{
    const mo_base_t *base = config->bases->nelts > 0 ? &APR_ARRAY_IDX(config->bases, 0, const mo_base_t) : NULL;
    const server_rec *server = config->first_server ? config->first_server : main_server;
    const char *scheme = server->server_scheme ? server->server_scheme : "http";
    const char *port = "";

    if (server->port && server->port != (strcmp(scheme, "https") == 0 ? 443 : 80))
        port = apr_psprintf(pool, ":%d", (int)server->port);
    return apr_pstrcat(pool, scheme, "://", server->server_hostname ? server->server_hostname : "localhost", port,
                       base ? base->path : "", NULL);
}

int mo_config_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    mo_config_t *config = mo_config_of(main_server);
    apr_array_header_t *places = apr_array_make(ptemp, 2, sizeof(place_t));
    const ap_directive_t *wrong = find_places(places, ap_conftree, ptemp);
    const char *mistake;
    server_rec *server;

    if (wrong) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, main_server,
                     ORCLOGNO(1001) "SetHandler " MO_HANDLER
                                    " on line %d of %s must be in a <Location> whose path has no "
                                    "pattern: links begin with it",
                     wrong->line_num, wrong->filename);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    for (server = main_server; server; server = server->next)
        find_bases(config, server, places, pconf);
    if (!mo_config_is_used(config))
        return OK;
    mistake = find_mistake(config, pconf);
    if (mistake) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, main_server, ORCLOGNO(1002) "%s", mistake);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!orc_db_has_connect_timeout(config->dbd_params))
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_WARNING, 0, main_server,
                     ORCLOGNO(1004) "DBDParams has no connect_timeout: a request would wait without end for a database "
                                    "that takes its connection and does not answer");
    if (!config->values->public_url)
        config->values->public_url = derive_public_url(config, main_server, pconf);
    return OK;
}
