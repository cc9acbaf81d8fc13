/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_config.h"

#include "orc_callee.h"
#include "orc_maintenance.h"
#include "orc_url.h"

orc_config_t *orc_config_make(apr_pool_t *pool)
{
    orc_config_t *config = apr_pcalloc(pool, sizeof *config);

    config->secret_keys = orc_secret_keys_make(pool);
    config->issuers = apr_array_make(pool, 2, sizeof(orc_issuer_config_t *));
    config->callees = apr_array_make(pool, 2, sizeof(orc_callee_t));
    config->windows = apr_array_make(pool, 2, sizeof(orc_maintenance_t));
    config->users_input = "users";
    config->im_auth = "type = InfrastructureManager; token = {access_token}";
    config->im_max_in_flight = 4;
    config->im_timeout = apr_time_from_sec(60);
    config->im_create_timeout = apr_time_from_sec(60);
    config->poll_min = apr_time_from_sec(5);
    config->poll_max = apr_time_from_sec(30);
    config->public_address_recheck = apr_time_from_sec(100);
    config->looks[0] = apr_time_from_sec(30);
    config->looks[1] = apr_time_from_sec(600);
    config->looks[2] = apr_time_from_sec(3600);
    config->looks[3] = apr_time_from_sec(86400);
    config->look_count = 4;
    config->sweep_interval = apr_time_from_sec(86400);
    config->watch_interval = apr_time_from_sec(300);
    config->retention = apr_time_from_sec(90 * 86400);
    config->follow_heartbeat = apr_time_from_sec(15);
    config->delete_repeat = apr_time_from_sec(20);
    config->max_queued_per_group = 20;
    config->max_templates = 1000;
    config->max_template_bytes = 64 * 1024 * 1024;
    config->max_orchestrations = 100;
    config->max_operations = 1000;
    config->max_operations_per_group = 500;
    config->lease = apr_time_from_sec(60);
    config->max_body = 8 * 1024 * 1024;
    config->health_timeout_ms = 2000;
    config->database_timeout = apr_time_from_sec(8);
    return config;
}

const orc_issuer_config_t *orc_config_issuer(const orc_config_t *config, const char *issuer)
{
    int i;

    for (i = 0; i < config->issuers->nelts; i++) {
        const orc_issuer_config_t *candidate = APR_ARRAY_IDX(config->issuers, i, const orc_issuer_config_t *);

        if (orc_url_is(issuer, candidate->url))
            return candidate;
    }
    return NULL;
}
