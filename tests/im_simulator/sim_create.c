/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_call.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <stdlib.h>
#include <string.h>

#define FAILED_LAUNCH                                                                                                  \
    "Attempt 1: no host has room for this VM\nAttempt 2: no host has room for this VM\n"                               \
    "Attempt 3: no host has room for this VM\n\n"
#define MAX_OWNERS 64

int sim_is_owner(const sim_call_t *call, const sim_infrastructure_t *infrastructure)
{
    for (int i = 0; i < infrastructure->owners->nelts; i++) {
        const sim_owner_t *owner = &APR_ARRAY_IDX(infrastructure->owners, i, sim_owner_t);
        if (!strcmp(owner->username, call->who.username) && !strcmp(owner->password, call->who.password)) {
            return 1;
        }
    }
    return 0;
}

void sim_add_owner(sim_infrastructure_t *infrastructure, const sim_identity_t *who)
{
    sim_owner_t *owner;
    if (infrastructure->owners->nelts < MAX_OWNERS) {
        owner = apr_array_push(infrastructure->owners);
        owner->username = apr_pstrdup(infrastructure->pool, who->username);
        owner->password = apr_pstrdup(infrastructure->pool, who->password);
    }
}

typedef enum { BODY_TOSCA, BODY_RADL, BODY_UNKNOWN } body_kind_t;

static body_kind_t body_kind(const sim_call_t *call)
{
    const char *type = call->request->content_type;
    apr_size_t length = type ? strcspn(type, "; ") : 0;
    static const char *const tosca[] = {"text/yaml", "text/x-yaml", "application/yaml", NULL};

    for (const char *const *known = tosca; length && *known; known++) {
        if (strlen(*known) == length && !strncasecmp(*known, type, length)) {
            return BODY_TOSCA;
        }
    }
    if (!length || !strncasecmp(type, "text/", 5) || !strncmp(type, "*/*", 3) ||
        (length == 16 && !strncasecmp(type, "application/json", 16))) {
        return BODY_RADL;
    }
    return BODY_UNKNOWN;
}

sim_reader_t sim_reader(const sim_call_t *call)
{
    return (sim_reader_t){call->server->generation, sim_store_verifies(call->server->store),
                          call->route->route_class == SIM_CLASS_UPDATE};
}

/* Reads the body as a template; NULL when it is answered with an error. */
sim_template_t *sim_read_template(sim_call_t *call, apr_pool_t *pool)
{
    sim_reader_t reader = sim_reader(call);
    const char *problem, *error = call->server->generation == 1 ? call->route->error : "Error parsing request body: ";
    sim_template_t *tmpl;

    switch (body_kind(call)) {
    case BODY_UNKNOWN:
        sim_fail(call, 415, apr_psprintf(call->pool, "Unsupported Media Type ['%s']", call->request->content_type));
        return NULL;
    case BODY_RADL:
        sim_fail_route(call, 400, "No VMI obtained from Sites to system 'simple_node'");
        return NULL;
    default:
        tmpl = sim_template_read(&problem, call->request->body, call->request->length, &reader, pool);
        if (!tmpl) {
            sim_fail(call, 400, apr_pstrcat(call->pool, error, problem, NULL));
        }
        return tmpl;
    }
}

/* The behaviour from the cloud line and the template's metadata. 0 when it is answered with an error. */
static int read_settings(sim_call_t *call, sim_infrastructure_t *made)
{
    json_t *behaviour = json_object_get(made->metadata, "im_simulator");
    const char *problem = call->cloud ? sim_settings_line(&made->settings, call->cloud, made->pool) : NULL;

    if (!problem && behaviour) {
        problem = sim_settings_metadata(&made->settings, behaviour, made->pool);
    }
    if (problem) {
        sim_fail_route(call, 400, problem);
        return 0;
    }
    sim_settings_finish(&made->settings);
    return 1;
}

static void answer_dry_run(sim_call_t *call, const sim_infrastructure_t *made)
{
    json_t *compute = json_array();
    const char *id = apr_table_get(call->cloud, "id"), *type = apr_table_get(call->cloud, "type");

    for (int i = 0; i < made->tmpl->computes->nelts; i++) {
        const sim_compute_t *node = &APR_ARRAY_IDX(made->tmpl->computes, i, sim_compute_t);
        for (int vm = 0; vm < node->count; vm++) {
            json_t *element =
                json_pack("{s:I, s:I}", "cpuCores", node->cpus, "memoryInMegabytes", (node->memory + 500000) / 1000000);
            if (node->is_public) {
                json_object_set_new(element, "publicIP", json_integer(1));
            }
            json_array_append_new(compute, element);
        }
    }
    sim_answer_json(call, json_pack("{s:{s:s, s:s, s:o, s:[]}}", id ? id : "cloud0", "cloudType", type, "cloudEndpoint",
                                    "http://:80", "compute", compute, "storage"));
}

static const char *first_node(const sim_infrastructure_t *infrastructure)
{
    const sim_template_t *tmpl = infrastructure->tmpl;
    return tmpl && tmpl->computes->nelts ? APR_ARRAY_IDX(tmpl->computes, 0, sim_compute_t).name : "simple_node";
}

const char *sim_launch_error(const sim_call_t *call, const sim_infrastructure_t *infrastructure)
{
    return apr_psprintf(call->pool, "Error launching the VMs of type %s to cloud ID %s of type %s. " FAILED_LAUNCH,
                        first_node(infrastructure), infrastructure->cloud_id ? infrastructure->cloud_id : "None",
                        infrastructure->cloud_type ? infrastructure->cloud_type : "None");
}

/* Whether the clouds of the header can be used; 0 when it is answered with an error. */
static int check_clouds(sim_call_t *call, sim_infrastructure_t *made, int is_async)
{
    const char *type = call->cloud ? apr_table_get(call->cloud, "type") : NULL, *problem;

    if (type && sim_auth_is_cloud_type(type)) {
        return 1;
    }
    problem =
        type ? apr_psprintf(made->pool, "Cloud provider not supported: %s (error: No module named 'IM.connectors.%s')",
                            type, type)
             : apr_psprintf(made->pool, "No VMI obtained from Sites to system '%s'", first_node(made));
    if (!is_async) {
        sim_fail_route(call, 400, problem);
        return 0;
    }
    made->failure = apr_pstrcat(made->pool, "Error getting VM images: ", problem, "\n", NULL);
    return 1;
}

static void answer_created(sim_call_t *call, const char *id)
{
    const char *uri = sim_infrastructure_uri(call, id);

    call->reply->infrastructure_id = apr_pstrdup(call->pool, id);
    if (call->media == SIM_MEDIA_JSON) {
        sim_answer_json(call, json_pack("{s:s}", "uri", uri));
    }
    else {
        sim_answer_text(call, uri);
    }
}

/* The rest of a creation, with the lock. Returns 1 when the store took `made`. */
static int create_locked(sim_call_t *call, sim_infrastructure_t *made, int is_async, int is_dry_run)
{
    sim_store_t *store = call->server->store;
    sim_infrastructure_t *stored;
    const char *problem, *fatal = made->tmpl ? made->tmpl->fatal : NULL;

    if (sim_is_struck_by_settings(call, &made->settings) || !check_clouds(call, made, is_async)) {
        return 0;
    }
    if (is_dry_run && call->cloud && made->tmpl) {
        answer_dry_run(call, made);
        return 0;
    }
    if (call->late_fault.kind == SIM_FAULT_LAUNCHER_DIES) {
        made->settings.undocumented = 1;
    }
    if ((problem = sim_store_add(store, made))) {
        sim_fail_route(call, 400, problem);
        return 0;
    }
    answer_created(call, made->id);
    stored = sim_store_find(store, made->id);
    if (!is_async) {
        call->reply->wait_ms = stored->settings.stuck ? 0 : stored->settings.launch_ms;
    }
    if (!is_async && (stored->all_failed || fatal)) {
        sim_fail_route(call, 400,
                       fatal ? fatal
                             : apr_pstrcat(call->pool, "Error adding VMs: ", sim_launch_error(call, stored), NULL));
        sim_infrastructure_vanish(store, stored);
    }
    return 1;
}

/* The template, owner and settings of a creation. 0 when it is answered with an error. */
static int prepare_creation(sim_call_t *call, sim_infrastructure_t *made)
{
    if (call->server->generation == 2 && !call->request->length && body_kind(call) == BODY_TOSCA) {
        made->failure = "No TOSCA template"; /* IM 2.0 takes an empty body */
        made->metadata = json_object();
    }
    else {
        if (!(made->tmpl = sim_read_template(call, made->pool))) {
            return 0;
        }
        made->metadata = sim_node_json(sim_node_get(made->tmpl->document, "metadata"));
    }
    if (call->who.problem) {
        sim_fail_credentials(call, call->who.malformed ? 400 : 401, call->who.problem);
        return 0;
    }
    sim_add_owner(made, &call->who);
    made->owner = call->who.username;
    made->cloud_id = call->cloud ? apr_table_get(call->cloud, "id") : NULL;
    made->cloud_type = call->cloud ? apr_table_get(call->cloud, "type") : NULL;
    made->request_id = call->request->request_id;
    made->source = apr_pstrmemdup(made->pool, call->request->body, call->request->length);
    return read_settings(call, made);
}

void sim_create(sim_call_t *call)
{
    int is_async, is_dry_run, is_taken = 0;
    sim_infrastructure_t *made;

    if (!sim_query_flag(call, &is_async, "async", 0) || !sim_query_flag(call, &is_dry_run, "dry_run", 0)) {
        return;
    }
    made = sim_infrastructure_new();
    if (prepare_creation(call, made)) {
        sim_store_lock(call->server->store);
        is_taken = create_locked(call, made, is_async, is_dry_run);
        sim_store_unlock(call->server->store);
    }
    if (!is_taken) {
        json_decref(made->metadata);
        apr_pool_destroy(made->pool);
    }
}
