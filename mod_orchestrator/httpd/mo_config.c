/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_config.h"

#include <apr_dbd.h>
#include <apr_strings.h>
#include <mod_dbd.h>
#include <stdlib.h>

#include "mo_access.h"
#include "mo_files.h"
#include "mo_link.h"
#include "mo_page.h"
#include "mo_places.h"
#include "mo_surfaces.h"
#include "mo_tree.h"
#include "orc_db_check.h"
#include "orc_providers.h"

APLOG_USE_MODULE(orchestrator);

enum { DBD_MIN_DEFAULT = 1, DBD_KEEP_DEFAULT = 2, DBD_MAX_DEFAULT = 10 }; /* mod_dbd's own */

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

/* ---- what mod_dbd was told ---- */

/* The main server's argument, as mod_dbd reads it: the last one counts. A host's own is for another application. */
static const char *dbd_argument(const char **mistake, const char *name, const char *what, apr_pool_t *pool)
{
    const ap_directive_t *directive = mo_tree_last(ap_conftree, name, 0);
    const ap_directive_t *other = directive ? NULL : mo_tree_last(ap_conftree, name, 1);

    if (!directive && !*mistake)
        *mistake =
            apr_pstrcat(pool, name, " is missing", what, other ? "; " : "", other ? mo_tree_place(other, pool) : "",
                        other ? " is the database of that <VirtualHost> only" : "", NULL);
    return directive ? mo_tree_word(directive, pool) : NULL;
}

static apr_array_header_t *dbd_statements(apr_pool_t *pool)
{
    apr_array_header_t *statements = apr_array_make(pool, 2, sizeof(const char *));
    const ap_directive_t *node;

    for (node = ap_conftree; node; node = node->next) {
        if (mo_tree_is(node, "DBDInitSQL"))
            APR_ARRAY_PUSH(statements, const char *) = mo_tree_word(node, pool);
    }
    return statements;
}

static int dbd_number(const char *name, int otherwise, const ap_directive_t **last, apr_pool_t *pool)
{
    const ap_directive_t *directive = mo_tree_last(ap_conftree, name, 0);

    if (!directive)
        return otherwise;
    *last = directive;
    return atoi(mo_tree_word(directive, pool));
}

/* mod_dbd makes no pool of other numbers, and only each child's log says so: every request would be a 503. */
static const char *check_pool_size(mo_config_t *config, apr_pool_t *pool)
{
    const ap_directive_t *last = NULL, *persist = mo_tree_last(ap_conftree, "DBDPersist", 0);
    int min = dbd_number("DBDMin", DBD_MIN_DEFAULT, &last, pool);
    int keep = dbd_number("DBDKeep", DBD_KEEP_DEFAULT, &last, pool);
    int max = dbd_number("DBDMax", DBD_MAX_DEFAULT, &last, pool);

    config->db_max = max < 1 ? 1 : max;
    if (!last || (max >= 1 && min <= keep && keep <= max) ||
        (persist && ap_cstr_casecmp(mo_tree_word(persist, pool), "off") == 0))
        return NULL;
    return apr_psprintf(pool,
                        "%s: DBDMin, DBDKeep and DBDMax are %d, %d and %d: none may be more than the next one, and "
                        "DBDMax at least 1",
                        mo_tree_place(last, pool), min, keep, max);
}

static const char *check_database(mo_config_t *config, apr_pool_t *pool)
{
    const char *mistake = NULL;
    const char *driver = dbd_argument(&mistake, "DBDriver", ": the database is PostgreSQL, DBDriver pgsql", pool);
    const char *parameters = dbd_argument(&mistake, "DBDParams", ": it says where the database is", pool);

    if (!APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open))
        return "mod_dbd is not loaded: requests get their database connections from it";
    if (mistake)
        return mistake;
    if (ap_cstr_casecmp(driver, "pgsql") != 0)
        return apr_pstrcat(pool, mo_tree_place(mo_tree_last(ap_conftree, "DBDriver", 0), pool),
                           ": must be pgsql, the database is PostgreSQL", NULL);
    mistake = orc_db_conninfo_mistake(parameters, pool);
    if (mistake)
        return apr_pstrcat(pool, mo_tree_place(mo_tree_last(ap_conftree, "DBDParams", 0), pool), ": ", mistake, NULL);
    config->dbd_params = parameters;
    config->dbd_statements = dbd_statements(pool);
    if (!config->values->database_url)
        config->values->database_url = parameters;
    return check_pool_size(config, pool);
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

static const char *find_mistake(mo_config_t *config, server_rec *main_server, apr_pool_t *pool)
{
    const orc_config_t *values = config->values;
    const char *mistake = mo_files_check(config, main_server, pool);

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
    return check_database(config, pool);
}

/* ---- what may be meant, but looks like a mistake ---- */

static void warn_of_any_audience(const server_rec *main_server, apr_pool_t *pool)
{
    const ap_directive_t *node;

    for (node = ap_conftree; node; node = node->next) {
        if (mo_tree_is(node, "<OrchestratorIssuer") && !mo_tree_last(node->first_child, "OrchestratorAudience", 0))
            ap_log_error(
                APLOG_MARK, APLOG_STARTUP | APLOG_WARNING, 0, main_server,
                ORCLOGNO(1005) "%s: has no OrchestratorAudience: every token of the issuer is taken, also one that "
                               "was made for another service, and ID tokens",
                mo_tree_place(node, pool));
    }
}

static const char *check_access(const mo_config_t *config, const server_rec *main_server, apr_pool_t *pool)
{
    apr_array_header_t *warnings = apr_array_make(pool, 4, sizeof(const char *));
    const char *mistake = NULL;
    int i;

    for (i = 0; !mistake && i < config->bases->nelts; i++)
        mistake = mo_access_check(warnings, &APR_ARRAY_IDX(config->bases, i, const mo_base_t), pool);
    mo_page_check(warnings, pool);
    for (i = 0; i < warnings->nelts; i++)
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_WARNING, 0, main_server, ORCLOGNO(1001) "%s",
                     APR_ARRAY_IDX(warnings, i, const char *));
    return mistake;
}

static void warn_of_unknown_issuers(const mo_config_t *config, const server_rec *main_server, apr_pool_t *pool)
{
    const apr_array_header_t *providers = config->providers->list;
    int i, j;

    for (i = 0; i < providers->nelts; i++) {
        const orc_provider_t *provider = APR_ARRAY_IDX(providers, i, const orc_provider_t *);

        for (j = 0; j < provider->issuers->nelts; j++) {
            const char *issuer = APR_ARRAY_IDX(provider->issuers, j, const char *);

            if (!orc_config_issuer(config->values, issuer))
                ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_WARNING, 0, main_server,
                             ORCLOGNO(1006) "%s: the provider \"%s\" serves the issuer %s, which has no "
                                            "<OrchestratorIssuer>",
                             mo_tree_place(mo_tree_last(ap_conftree, "OrchestratorProviders", 0), pool), provider->name,
                             issuer);
        }
    }
}

static void warn(const mo_config_t *config, const server_rec *main_server, apr_pool_t *pool)
{
    warn_of_any_audience(main_server, pool);
    warn_of_unknown_issuers(config, main_server, pool);
    if (!orc_db_has_connect_timeout(config->dbd_params))
        ap_log_error(
            APLOG_MARK, APLOG_STARTUP | APLOG_WARNING, 0, main_server,
            ORCLOGNO(1004) "%s: has no connect_timeout: a request would wait without end for a database that takes "
                           "its connection and does not answer",
            mo_tree_place(mo_tree_last(ap_conftree, "DBDParams", 0), pool));
}

/* The daemon has no request to derive links from: the first place of the API, else of what is bound; where nothing is,
 * the main server. */
static const char *derive_public_url(const mo_config_t *config, const server_rec *main_server, apr_pool_t *pool)
{
    const mo_base_t *base = mo_places_first(config, mo_surfaces[0]);
    mo_base_t nowhere = {.server = main_server, .url = ""};

    if (!base)
        base = config->bases->nelts > 0 ? &APR_ARRAY_IDX(config->bases, 0, mo_base_t) : &nowhere;
    return mo_link_own_url(base, pool);
}

int mo_config_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    mo_config_t *config = mo_config_of(main_server);
    const char *mistake = mo_places_find(config, main_server, pconf);

    if (!mistake && !mo_config_is_used(config))
        return OK;
    if (!mistake)
        mistake = find_mistake(config, main_server, pconf);
    if (!mistake)
        mistake = check_access(config, main_server, ptemp);
    if (mistake) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, main_server, ORCLOGNO(1002) "%s", mistake);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    warn(config, main_server, ptemp);
    if (!config->values->public_url)
        config->values->public_url = derive_public_url(config, main_server, pconf);
    return OK;
}
