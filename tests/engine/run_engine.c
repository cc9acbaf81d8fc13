/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_general.h>
#include <apr_strings.h>
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orc_callee.h"
#include "orc_db.h"
#include "orc_engine.h"
#include "orc_log.h"
#include "orc_maintenance.h"
#include "orc_providers.h"
#include "orc_tosca.h"

/*
 * An engine in a process of its own, for tests of several daemons at one database: run_engine CONFIG.json. Members:
 * database, im, providers, types, key, public_url, ca (texts); issuers (list of {url, client_id, client_secret});
 * windows (list of {pattern, days, begins, ends, zone}); callees (entries of OrchestratorCallbackHosts); times in
 * milliseconds and numbers by the names of orc_config_t. The log goes to stderr.
 */

static orc_engine_t *running;

static void stop(int signal_number)
{
    orc_engine_stop(running);
}

static void write_line(void *baton, orc_log_level_t level, const char *line)
{
    fprintf(stderr, "%d %s\n", (int)level, line);
}

static void fail(const orc_error_t *error, apr_pool_t *pool)
{
    fprintf(stderr, "run_engine: %s\n", orc_error_line(error, pool));
    exit(1);
}

static apr_interval_time_t time_of(const json_t *json, const char *name, apr_interval_time_t otherwise)
{
    json_int_t value = orc_json_integer(json, name, -1);

    return value < 0 ? otherwise : value * 1000;
}

static void read_issuers(orc_config_t *config, const json_t *list, apr_pool_t *pool)
{
    apr_array_header_t *issuers = apr_array_make(pool, 2, sizeof(orc_issuer_config_t *));
    size_t i;

    for (i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        orc_issuer_config_t *issuer = apr_pcalloc(pool, sizeof *issuer);

        issuer->url = orc_json_string(entry, "url");
        issuer->client_id = orc_json_string(entry, "client_id");
        issuer->client_secret = orc_json_string(entry, "client_secret");
        issuer->audiences = issuer->groups = apr_array_make(pool, 1, sizeof(const char *));
        APR_ARRAY_PUSH(issuers, orc_issuer_config_t *) = issuer;
    }
    config->issuers = issuers;
}

static void read_looks(orc_config_t *config, const json_t *list)
{
    const json_t *look;
    size_t i;

    json_array_foreach(list, i, look)
    {
        config->looks[i] = json_integer_value(look) * 1000;
        config->look_count = (int)i + 1;
    }
}

static void read_windows(orc_config_t *config, const json_t *list, apr_pool_t *pool)
{
    apr_array_header_t *windows = apr_array_make(pool, 2, sizeof(orc_maintenance_t));
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        APR_ARRAY_PUSH(windows, orc_maintenance_t) =
            (orc_maintenance_t){orc_json_string(one, "pattern"), (int)orc_json_integer(one, "days", 0),
                                (int)orc_json_integer(one, "begins", 0), (int)orc_json_integer(one, "ends", 0),
                                orc_json_string(one, "zone")};
    }
    config->windows = windows;
}

static void read_callees(orc_config_t *config, const json_t *list, apr_pool_t *pool)
{
    apr_array_header_t *callees = apr_array_make(pool, 2, sizeof(orc_callee_t));
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        if (orc_callee_read(apr_array_push(callees), json_string_value(one), pool))
            exit(2);
    }
    config->callees = callees;
}

static void read_config(orc_config_t *config, const json_t *json, apr_pool_t *pool)
{
    orc_error_t *error;

    config->public_url = orc_json_string(json, "public_url");
    config->database_url = orc_json_string(json, "database");
    config->im_url = orc_json_string(json, "im");
    config->ca_file = orc_json_string(json, "ca");
    config->poll_min = time_of(json, "poll_min", config->poll_min);
    config->poll_max = time_of(json, "poll_max", config->poll_max);
    config->lease = time_of(json, "lease", config->lease);
    config->im_timeout = time_of(json, "im_timeout", config->im_timeout);
    config->im_create_timeout = time_of(json, "im_create_timeout", config->im_create_timeout);
    read_looks(config, json_object_get(json, "looks"));
    config->sweep_interval = time_of(json, "sweep_interval", config->sweep_interval);
    config->watch_interval = time_of(json, "watch_interval", config->watch_interval);
    config->delete_repeat = time_of(json, "delete_repeat", config->delete_repeat);
    config->retention = time_of(json, "retention", config->retention);
    config->public_address_recheck = time_of(json, "public_address_recheck", config->public_address_recheck);
    config->max_operations = (int)orc_json_integer(json, "max_operations", config->max_operations);
    config->max_operations_per_group =
        (int)orc_json_integer(json, "max_operations_per_group", config->max_operations_per_group);
    config->im_max_in_flight = (int)orc_json_integer(json, "im_max_in_flight", config->im_max_in_flight);
    read_windows(config, json_object_get(json, "windows"), pool);
    read_issuers(config, json_object_get(json, "issuers"), pool);
    read_callees(config, json_object_get(json, "callees"), pool);
    error = orc_secret_keys_load(&config->secret_keys, orc_json_string(json, "key"), pool);
    if (error)
        fail(error, pool);
}

int main(int count, char **arguments)
{
    static orc_engine_status_t status;
    struct sigaction action = {.sa_handler = stop};
    orc_service_t service = {0};
    orc_providers_t *providers;
    orc_tosca_types_t *types;
    orc_config_t *config;
    orc_error_t *error;
    apr_pool_t *pool;
    json_t *json;

    if (count != 2) {
        fprintf(stderr, "usage: run_engine CONFIG.json\n");
        return 2;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    curl_global_init(CURL_GLOBAL_ALL);
    orc_log_set(write_line, NULL, ORC_LOG_DEBUG);
    json = json_load_file(arguments[1], 0, NULL);
    config = orc_config_make(pool);
    error = orc_secret_init(pool);
    if (!error && json) {
        read_config(config, json, pool);
        error = orc_providers_load(&providers, orc_json_string(json, "providers"), pool);
    }
    if (!error)
        error = orc_tosca_types_load(&types, orc_json_string(json, "types"), pool);
    service.config = config;
    if (!error) {
        service.providers = providers;
        service.types = types;
        service.engine = &status;
        error = orc_engine_make(&running, &service, &status, pool);
    }
    if (error)
        fail(error, pool);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    orc_engine_run(running);
    apr_pool_destroy(pool);
    json_decref(json);
    return 0;
}
