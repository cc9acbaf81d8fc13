/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_child.h"

#include <curl/curl.h>

#include "mo_dbd.h"
#include "mo_log.h"
#include "orc_api.h"
#include "orc_error.h"

APLOG_USE_MODULE(orchestrator);

void mo_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    mo_config_t *config = mo_config_of(main_server);
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
    child = apr_pcalloc(pchild, sizeof *child);
    child->jwks = mo_jwks_make(config->values->jwks_file, pchild);
    child->slot = mo_shared_slot(config->shared, pchild);
    child->service.config = config->values;
    child->service.db = mo_dbd_source(config, child->slot, main_server, pchild);
    child->service.types = config->types;
    child->service.providers = config->providers;
    child->service.engine = &config->shared->engine;
    child->service.callers = orc_api_callers_make(pchild);
    config->child = child;
}
