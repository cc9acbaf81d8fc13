/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_child.h"

#include <curl/curl.h>

#include "ap_mpm.h"
#include "mo_dbd.h"
#include "mo_log.h"
#include "mo_stream.h"
#include "mo_surfaces.h"
#include "orc_db_probe.h"
#include "orc_error.h"
#include "orc_pool.h"
#include "orc_rules.h"

APLOG_USE_MODULE(orchestrator);

static apr_status_t destroy(void *pool)
{
    apr_pool_destroy(pool);
    return APR_SUCCESS;
}

/* A pool that threads may make subpools of at the same time; httpd's own pchild has no lock. */
static apr_pool_t *make_shared_pool(apr_pool_t *pchild)
{
    apr_pool_t *pool = orc_pool_shared();

    apr_pool_cleanup_register(pchild, pool, destroy, apr_pool_cleanup_null);
    return pool;
}

static orc_surface_process_t **make_processes(apr_pool_t *pool)
{
    orc_surface_process_t **processes;
    int i, count = 0;

    while (mo_surfaces[count])
        count++;
    processes = apr_palloc(pool, count * sizeof *processes);
    for (i = 0; i < count; i++)
        processes[i] = orc_surface_process_make(mo_surfaces[i], pool);
    return processes;
}

static orc_rules_t *make_rules(const mo_config_t *config, apr_pool_t *pool)
{
    const orc_rules_host_t host = {.here = config->shared->here,
                                   .costly = config->shared->costly,
                                   .following = config->shared->following,
                                   .looks = config->shared->looks,
                                   .workers = mo_mpm_number(AP_MPMQ_MAX_THREADS) * mo_mpm_number(AP_MPMQ_MAX_DAEMONS),
                                   .connections = config->db_max,
                                   .followers = mo_stream_share()};

    return orc_rules_make(&host, pool);
}

/* A child of one thread leaves nobody a thread while it asks: there, the children share who asks. */
static orc_userinfo_host_t userinfo_host(const mo_shared_t *shared)
{
    orc_userinfo_host_t host = {.threads = mo_mpm_number(AP_MPMQ_MAX_THREADS)};

    if (host.threads == 1)
        host = (orc_userinfo_host_t){shared->of_issuer, shared->of_person, mo_mpm_number(AP_MPMQ_MAX_DAEMONS)};
    return host;
}

/* Makes what the threads of this child share. */
static orc_error_t *make(mo_child_t **out, mo_config_t *config, server_rec *main_server, apr_pool_t *pool)
{
    mo_child_t *child = apr_pcalloc(pool, sizeof *child);
    orc_service_t *service = &child->service;
    const orc_userinfo_host_t host = userinfo_host(config->shared);
    orc_oidc_t *oidc;

    ORC_TRY(orc_oidc_make(&oidc, config->values, pool));
    ORC_TRY(orc_userinfo_make(&service->userinfo, config->values, oidc, &host, pool));
    child->identities = mo_identities_make(config->values, service->userinfo, &config->shared->keys_wanted, pool);
    child->slot = mo_shared_slot(config->shared, pool);
    service->config = config->values;
    service->db = mo_dbd_source(config, child->slot, main_server, pool);
    service->db_probe = orc_db_probe_make(config->values->database_url, &config->shared->database, pool);
    service->types = config->types;
    service->providers = config->providers;
    service->engine = &config->shared->engine;
    service->rules = make_rules(config, pool);
    child->processes = make_processes(pool);
    if (!child->identities || !service->db || !service->rules)
        return orc_error(pool, 500, "child", "a mutex can't be made");
    *out = child;
    return NULL;
}

orc_surface_process_t *mo_child_process(const mo_child_t *child, const orc_surface_t *surface)
{
    int i = 0;

    while (mo_surfaces[i] != surface)
        i++;
    return child->processes[i];
}

void mo_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    mo_config_t *config = mo_config_of(main_server);
    orc_error_t *error;

    if (!mo_config_is_used(config) || !config->shared)
        return;
    mo_log_to(main_server);
    error = orc_secret_init(pchild);
    if (!error && curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
        error = orc_error(pchild, 500, "child", "libcurl does not start");
    if (!error)
        error = make(&config->child, config, main_server, make_shared_pool(pchild));
    if (error)
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, main_server, ORCLOGNO(1003) "a child can not be prepared: %s",
                     orc_error_line(error, pchild));
}
