/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_child.h"

#include <curl/curl.h>

#include "mo_dbd.h"
#include "mo_log.h"
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

void mo_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    mo_config_t *config = mo_config_of(main_server);
    apr_pool_t *pool;
    mo_child_t *child;
    orc_error_t *error;

    if (!mo_config_is_used(config) || !config->shared)
        return;
    mo_log_to(main_server);
    error = orc_secret_init(pchild);
    if (error || curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, main_server, ORCLOGNO(1003) "a child can not be prepared: %s",
                     error ? orc_error_line(error, pchild) : "libcurl does not start");
        return;
    }
    pool = orc_pool_shared(); /* httpd's own pchild has no lock */
    apr_pool_cleanup_register(pchild, pool, destroy, apr_pool_cleanup_null);
    child = apr_pcalloc(pool, sizeof *child);
    child->jwks = mo_jwks_make(config->values->jwks_file, pool);
    child->signatures = mo_jws_memory_make(pool);
    child->groups = mo_groups_make(config->values, pool);
    child->slot = mo_shared_slot(config->shared, pool);
    child->service.config = config->values;
    child->service.db = mo_dbd_source(config, child->slot, main_server, pool);
    child->service.db_probe = orc_db_probe_make(config->values->database_url, &config->shared->database_ready, pool);
    child->service.types = config->types;
    child->service.providers = config->providers;
    child->service.engine = &config->shared->engine;
    child->service.rules = orc_rules_make(pool);
    child->api = orc_surface_process_make(&orc_api_surface, pool);
    config->child = child;
}
