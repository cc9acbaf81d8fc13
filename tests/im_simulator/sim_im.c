/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_auth.h"
#include "sim_server.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define NOT_FOUND  "Invalid infrastructure ID or access not granted."
#define MAX_OWNERS 64
#define FAILED_LAUNCH                                                                                                  \
    "Attempt 1: no host has room for this VM\nAttempt 2: no host has room for this VM\n"                               \
    "Attempt 3: no host has room for this VM\n\n"

/* A call on its way. */
typedef struct {
    const sim_server_t *server;
    const sim_request_t *request;
    const sim_route_t *route;
    apr_array_header_t *parameters;
    sim_reply_t *reply;
    apr_pool_t *pool;
    sim_media_t media;
    sim_auth_t *auth;
    sim_identity_t who;
    const apr_table_t *cloud; /* the first cloud line, or NULL */
    sim_infrastructure_t *infrastructure;
    sim_fault_t late_fault; /* strikes when the work is done; kind NONE: none */
} call_t;

static const char *parameter(const call_t *call, int i)
{
    return APR_ARRAY_IDX(call->parameters, i, char *);
}

/* ---- answers ---- */

static void reply_body(sim_reply_t *reply, int status, const char *media_type, const char *body)
{
    reply->status = status;
    reply->media_type = media_type;
    reply->body = body;
    reply->length = strlen(body);
}

void sim_reply_json(sim_reply_t *reply, const sim_server_t *server, apr_pool_t *pool, int status, json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | (server->generation == 1 ? JSON_ENSURE_ASCII : JSON_COMPACT));

    reply_body(reply, status, "application/json", text ? apr_pstrdup(pool, text) : "null");
    free(text);
    json_decref(value);
}

static void answer_json(call_t *call, json_t *value)
{
    sim_reply_json(call->reply, call->server, call->pool, 200, value);
}

static void answer_text(call_t *call, const char *text)
{
    int is_1 = call->server->generation == 1;
    const char *type = call->media == SIM_MEDIA_URIS && *text
                           ? (is_1 ? "text/uri-list" : "text/uri-list; charset=utf-8")
                           : (is_1 ? "text/plain" : "text/plain; charset=utf-8");
    reply_body(call->reply, 200, type, text);
}

/* {name: text} or the bare text, by what the client accepts. */
static void answer_named(call_t *call, const char *name, const char *text)
{
    if (call->media == SIM_MEDIA_JSON) {
        answer_json(call, json_pack("{s:s}", name, text));
    }
    else {
        answer_text(call, text);
    }
}

static void answer_empty(call_t *call)
{
    call->media = SIM_MEDIA_TEXT;
    answer_text(call, "");
}

/* Whether Accept names a type, parameters aside. */
static int accepts(const sim_request_t *request, const char *type)
{
    const char *at = request->accept ? request->accept : "";
    apr_size_t length = strlen(type);

    while (*at) {
        apr_size_t item = strcspn(at, ",;");
        while (item && apr_isspace(*at)) {
            at++;
            item--;
        }
        if (item >= length && !strncasecmp(at, type, length) && strspn(at + length, " ") == item - length) {
            return 1;
        }
        at += strcspn(at, ",");
        at += *at == ',';
    }
    return 0;
}

/* An error in the shape that Accept asks for. */
static void fail(call_t *call, int status, const char *message)
{
    if (accepts(call->request, "application/json")) {
        sim_reply_json(call->reply, call->server, call->pool, status,
                       json_pack("{s:s, s:i}", "message", message, "code", status));
    }
    else if (accepts(call->request, "text/html")) {
        reply_body(call->reply, status, "text/html; charset=utf-8",
                   apr_psprintf(call->pool,
                                "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html>\n    <head>\n"
                                "        <title>Error %d.</title>\n    </head>\n    <body>\n"
                                "        <h1>Code: %d.</h1>\n        <h1>Message: %s</h1>\n    </body>\n</html>\n",
                                status, status, message));
    }
    else {
        reply_body(call->reply, status, "text/plain; charset=utf-8", message);
    }
}

/* The same with what IM puts before the texts of this route. */
static void fail_route(call_t *call, int status, const char *message)
{
    fail(call, status, apr_pstrcat(call->pool, call->route->error, message, NULL));
}

/* Credentials have prefixes of their own on some routes. */
static void fail_credentials(call_t *call, int status, const char *message)
{
    const char *error = call->route->error;

    if (call->route->route_class == SIM_CLASS_CREATE && call->server->generation == 1) {
        error = "Error Creating Inf. info: ";
    }
    else if (call->route->route_class == SIM_CLASS_VM) {
        error = call->parameters->nelts == 2 ? "Error Getting VM info: " : "Error Getting VM property: ";
    }
    fail(call, status, apr_pstrcat(call->pool, error, message, NULL));
}

static const char *infrastructure_uri(const call_t *call, const char *id)
{
    return apr_pstrcat(call->pool, "http://", call->request->host, "/infrastructures/", id, NULL);
}

/* A list of URIs in either form. */
static void answer_uris(call_t *call, const apr_array_header_t *uris)
{
    json_t *list;

    if (call->media != SIM_MEDIA_JSON) {
        answer_text(call, apr_array_pstrcat(call->pool, uris, '\n'));
        return;
    }
    list = json_array();
    for (int i = 0; i < uris->nelts; i++) {
        json_array_append_new(list, json_pack("{s:s}", "uri", APR_ARRAY_IDX(uris, i, const char *)));
    }
    answer_json(call, json_pack("{s:o}", "uri-list", list));
}

/* ---- faults ---- */

static const char proxy_page[] =
    "<html><body><h1>%d</h1>\nNo server is available to handle this request.\n</body></html>\n";

/* Answers for a fault that strikes before the work. */
static void answer_fault(call_t *call, const sim_fault_t *fault)
{
    int auth_status = call->route->auth_status ? call->route->auth_status : 400;

    switch (fault->kind) {
    case SIM_FAULT_HTTP:
        if (fault->status == 500) {
            reply_body(call->reply, 500, "text/plain; charset=utf-8", "Internal Server Error");
        }
        else {
            reply_body(call->reply, fault->status, "text/html", apr_psprintf(call->pool, proxy_page, fault->status));
        }
        break;
    case SIM_FAULT_HANG:
        call->reply->ending = SIM_HANG;
        break;
    case SIM_FAULT_RESET_BEFORE:
        call->reply->ending = SIM_RESET;
        break;
    case SIM_FAULT_TOKEN_EXPIRED:
    case SIM_FAULT_TOKEN_401:
    case SIM_FAULT_TOKEN_400:
        fail_credentials(call,
                         fault->kind == SIM_FAULT_TOKEN_EXPIRED ? auth_status
                         : fault->kind == SIM_FAULT_TOKEN_401   ? 401
                                                                : 400,
                         "Invalid InfrastructureManager credentials. OIDC auth Token expired.");
        break;
    case SIM_FAULT_IAM_OUTAGE:
        fail_credentials(call, auth_status,
                         "Invalid InfrastructureManager credentials. Code: 503. Message: Service Unavailable.");
        break;
    case SIM_FAULT_READ_ONLY:
        fail_route(call, 403, "Function currently disabled.");
        break;
    case SIM_FAULT_BAD_TEMPLATE:
        fail_route(call, 400, "Error parsing TOSCA template: 'NoneType' object has no attribute 'keys'");
        break;
    default:
        fail_route(call, 409, "Invalid State to perform this operation.");
        break;
    }
}

static int is_late(sim_fault_kind_t kind)
{
    return kind == SIM_FAULT_HANG_AFTER || kind == SIM_FAULT_RESET_AFTER || kind == SIM_FAULT_SLOW ||
           kind == SIM_FAULT_BAD_JSON;
}

/* Lets the faults of a list strike. Returns 1 when the call is answered. With the lock. */
static int is_struck(call_t *call, sim_fault_t *faults, int count)
{
    const char *cloud = call->cloud ? apr_table_get(call->cloud, "id") : NULL;

    for (int i = 0; i < count; i++) {
        if (!sim_fault_strikes(&faults[i], call->route->route_class, cloud, sim_store_now(call->server->store))) {
            continue;
        }
        if (!is_late(faults[i].kind)) {
            answer_fault(call, &faults[i]);
            return 1;
        }
        call->late_fault = faults[i];
    }
    return 0;
}

/* The faults of a line or template that has no infrastructure yet: counted by what they say and whose they are. */
static int is_struck_by_settings(call_t *call, const sim_settings_t *settings)
{
    for (int i = 0; i < settings->fault_count; i++) {
        const sim_fault_t *fault = &settings->faults[i];
        const char *name = apr_psprintf(call->pool, "%s|%s|%x|%" APR_INT64_T_FMT "|%" APR_INT64_T_FMT "|%s|%s",
                                        fault->name, fault->key ? fault->key : "", fault->routes, fault->first,
                                        fault->after, call->who.username ? call->who.username : "",
                                        call->cloud ? apr_table_get(call->cloud, "id") : "");
        sim_fault_t *counter = sim_store_fault(call->server->store, name, fault);
        if (counter && is_struck(call, counter, 1)) {
            return 1;
        }
    }
    return 0;
}

static void apply_late_fault(call_t *call)
{
    sim_reply_t *reply = call->reply;

    switch (call->late_fault.kind) {
    case SIM_FAULT_HANG_AFTER:
        reply->ending = SIM_HANG;
        break;
    case SIM_FAULT_RESET_AFTER:
        reply->ending = SIM_RESET;
        break;
    case SIM_FAULT_SLOW:
        reply->wait_ms += call->late_fault.delay_ms;
        break;
    case SIM_FAULT_BAD_JSON:
        reply_body(reply, reply->status, "application/json", "{\"state\": {\"state\": \"configu");
        break;
    default:
        break;
    }
}

/* ---- credentials and owners ---- */

static int is_owner(const call_t *call, const sim_infrastructure_t *infrastructure)
{
    for (int i = 0; i < infrastructure->owners->nelts; i++) {
        const sim_owner_t *owner = &APR_ARRAY_IDX(infrastructure->owners, i, sim_owner_t);
        if (!strcmp(owner->username, call->who.username) && !strcmp(owner->password, call->who.password)) {
            return 1;
        }
    }
    return 0;
}

static void add_owner(sim_infrastructure_t *infrastructure, const sim_identity_t *who)
{
    sim_owner_t *owner;
    if (infrastructure->owners->nelts < MAX_OWNERS) {
        owner = apr_array_push(infrastructure->owners);
        owner->username = apr_pstrdup(infrastructure->pool, who->username);
        owner->password = apr_pstrdup(infrastructure->pool, who->password);
    }
}

/* ---- creation ---- */

/* A boolean of the query; 0 when it is answered with an error. */
static int query_flag(call_t *call, int *flag, const char *name, int fallback)
{
    const char *value = apr_table_get(call->request->query, name);
    static const char *const yes[] = {"yes", "true", "1", "on", "t", "y", NULL};
    static const char *const no[] = {"no", "false", "0", "off", "f", "n", NULL};
    int words = call->server->generation == 1 ? 3 : 6;

    *flag = fallback;
    if (!value) {
        return 1;
    }
    for (int i = 0; i < words; i++) {
        if (!strcasecmp(value, yes[i]) || !strcasecmp(value, no[i])) {
            *flag = !strcasecmp(value, yes[i]);
            return 1;
        }
    }
    if (call->server->generation == 1) {
        fail(call, 400, apr_psprintf(call->pool, "Incorrect value in %s parameter", name));
    }
    else {
        sim_reply_json(call->reply, call->server, call->pool, 422,
                       json_pack("{s:[{s:[s,s], s:s, s:s}]}", "detail", "loc", "query", name, "msg",
                                 "value could not be parsed to a boolean", "type", "type_error.bool"));
    }
    return 0;
}

typedef enum { BODY_TOSCA, BODY_RADL, BODY_UNKNOWN } body_kind_t;

static body_kind_t body_kind(const call_t *call)
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

/* Reads the body as a template; NULL when it is answered with an error. */
static sim_template_t *read_template(call_t *call, apr_pool_t *pool)
{
    const char *problem, *error = call->server->generation == 1 ? call->route->error : "Error parsing request body: ";
    sim_template_t *tmpl;

    switch (body_kind(call)) {
    case BODY_UNKNOWN:
        fail(call, 415, apr_psprintf(call->pool, "Unsupported Media Type ['%s']", call->request->content_type));
        return NULL;
    case BODY_RADL:
        fail_route(call, 400, "No VMI obtained from Sites to system 'simple_node'");
        return NULL;
    default:
        tmpl = sim_template_read(&problem, call->request->body, call->request->length, pool);
        if (!tmpl) {
            fail(call, 400, apr_pstrcat(call->pool, error, "Error parsing TOSCA template: ", problem, NULL));
        }
        return tmpl;
    }
}

/* The behaviour from the cloud line and the template's metadata. 0 when it is answered with an error. */
static int read_settings(call_t *call, sim_infrastructure_t *made)
{
    json_t *behaviour = json_object_get(made->metadata, "im_simulator");
    const char *problem = call->cloud ? sim_settings_line(&made->settings, call->cloud, made->pool) : NULL;

    if (!problem && behaviour) {
        problem = sim_settings_metadata(&made->settings, behaviour, made->pool);
    }
    if (problem) {
        fail_route(call, 400, problem);
        return 0;
    }
    sim_settings_finish(&made->settings);
    return 1;
}

static void answer_dry_run(call_t *call, const sim_infrastructure_t *made)
{
    json_t *compute = json_array();
    const char *id = apr_table_get(call->cloud, "id"), *type = apr_table_get(call->cloud, "type");

    for (int i = 0; i < made->tmpl->computes->nelts; i++) {
        const sim_compute_t *node = &APR_ARRAY_IDX(made->tmpl->computes, i, sim_compute_t);
        for (int vm = 0; vm < node->count; vm++) {
            json_t *element =
                json_pack("{s:I, s:I}", "cpuCores", node->cpus, "memoryInMegabytes", node->memory / 1000000);
            if (node->is_public) {
                json_object_set_new(element, "publicIP", json_integer(1));
            }
            json_array_append_new(compute, element);
        }
    }
    answer_json(call, json_pack("{s:{s:s, s:s, s:o, s:[]}}", id ? id : "cloud0", "cloudType", type, "cloudEndpoint",
                                "http://:80", "compute", compute, "storage"));
}

static const char *first_node(const sim_infrastructure_t *infrastructure)
{
    const sim_template_t *tmpl = infrastructure->tmpl;
    return tmpl && tmpl->computes->nelts ? APR_ARRAY_IDX(tmpl->computes, 0, sim_compute_t).name : "simple_node";
}

static const char *launch_error(const call_t *call, const sim_infrastructure_t *infrastructure)
{
    return apr_psprintf(call->pool, "Error launching the VMs of type %s to cloud ID %s of type %s. " FAILED_LAUNCH,
                        first_node(infrastructure), infrastructure->cloud_id ? infrastructure->cloud_id : "None",
                        infrastructure->cloud_type ? infrastructure->cloud_type : "None");
}

/* Whether the clouds of the header can be used; 0 when it is answered with an error. */
static int check_clouds(call_t *call, sim_infrastructure_t *made, int is_async)
{
    const char *type = call->cloud ? apr_table_get(call->cloud, "type") : NULL;

    if (!type) {
        made->failure = apr_psprintf(made->pool, "No VMI obtained from Sites to system '%s'", first_node(made));
        if (!is_async) {
            fail_route(call, 400, made->failure);
        }
        return is_async;
    }
    if (!sim_auth_is_cloud_type(type)) {
        fail_route(call, 400,
                   apr_psprintf(call->pool,
                                "Cloud provider not supported: %s (error: No module named "
                                "'IM.connectors.%s')",
                                type, type));
        return 0;
    }
    return 1;
}

static void answer_created(call_t *call, const char *id)
{
    const char *uri = infrastructure_uri(call, id);

    call->reply->infrastructure_id = apr_pstrdup(call->pool, id);
    if (call->media == SIM_MEDIA_JSON) {
        answer_json(call, json_pack("{s:s}", "uri", uri));
    }
    else {
        answer_text(call, uri);
    }
}

/* The rest of a creation, with the lock. Returns 1 when the store took `made`. */
static int create_locked(call_t *call, sim_infrastructure_t *made, int is_async, int is_dry_run)
{
    sim_store_t *store = call->server->store;
    sim_infrastructure_t *stored;
    const char *problem;

    if (is_struck_by_settings(call, &made->settings) || !check_clouds(call, made, is_async)) {
        return 0;
    }
    if (is_dry_run && call->cloud && made->tmpl) {
        answer_dry_run(call, made);
        return 0;
    }
    if ((problem = sim_store_add(store, made))) {
        fail_route(call, 400, problem);
        return 0;
    }
    answer_created(call, made->id);
    stored = sim_store_find(store, made->id);
    if (!is_async) {
        call->reply->wait_ms = stored->settings.stuck ? 0 : stored->settings.launch_ms;
    }
    if (!is_async && stored->all_failed) {
        fail_route(call, 400, apr_pstrcat(call->pool, "Error adding VMs: ", launch_error(call, stored), NULL));
        sim_infrastructure_vanish(store, stored);
    }
    return 1;
}

/* The template, owner and settings of a creation. 0 when it is answered with an error. */
static int prepare_creation(call_t *call, sim_infrastructure_t *made)
{
    if (call->server->generation == 2 && !call->request->length && body_kind(call) == BODY_TOSCA) {
        made->failure = "No TOSCA template"; /* IM 2.0 takes an empty body */
        made->metadata = json_object();
    }
    else {
        if (!(made->tmpl = read_template(call, made->pool))) {
            return 0;
        }
        made->metadata = sim_node_json(sim_node_get(made->tmpl->document, "metadata"));
    }
    if (call->who.problem) {
        fail_credentials(call, call->who.malformed ? 400 : 401, call->who.problem);
        return 0;
    }
    add_owner(made, &call->who);
    made->owner = call->who.username;
    made->cloud_id = call->cloud ? apr_table_get(call->cloud, "id") : NULL;
    made->cloud_type = call->cloud ? apr_table_get(call->cloud, "type") : NULL;
    made->request_id = call->request->request_id;
    made->source = apr_pstrmemdup(made->pool, call->request->body, call->request->length);
    return read_settings(call, made);
}

static void create(call_t *call)
{
    int is_async, is_dry_run, is_taken = 0;
    sim_infrastructure_t *made;

    if (!query_flag(call, &is_async, "async", 0) || !query_flag(call, &is_dry_run, "dry_run", 0)) {
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

/* ---- one infrastructure ---- */

static void list(call_t *call)
{
    const char *filter = call->server->generation == 1 ? apr_table_get(call->request->query, "filter") : NULL;
    apr_array_header_t *uris = apr_array_make(call->pool, 64, sizeof(char *));
    sim_infrastructure_t *infrastructure = NULL;
    regex_t regex;

    if (filter && regcomp(&regex, filter, REG_EXTENDED | REG_NOSUB)) {
        fail_route(call, 400, "Invalid filter.");
        return;
    }
    while ((infrastructure = sim_store_next(call->server->store, infrastructure))) {
        if (is_owner(call, infrastructure) && (!filter || !regexec(&regex, infrastructure->source, 0, NULL, 0))) {
            APR_ARRAY_PUSH(uris, const char *) = infrastructure_uri(call, infrastructure->id);
        }
    }
    if (filter) {
        regfree(&regex);
    }
    answer_uris(call, uris);
}

static const char *vm_uri(const call_t *call, int id)
{
    return apr_psprintf(call->pool, "%s/vms/%d", infrastructure_uri(call, call->infrastructure->id), id);
}

/* VMs whose launch failed are not among them. */
static void info(call_t *call)
{
    apr_array_header_t *uris = apr_array_make(call->pool, 8, sizeof(char *));
    const sim_infrastructure_t *infrastructure = call->infrastructure;

    for (int i = 0; i < infrastructure->vms->nelts; i++) {
        int was_there;
        const sim_vm_t *vm = sim_infrastructure_vm(call->server->store, infrastructure, i, &was_there);
        if (vm && !vm->failed) {
            APR_ARRAY_PUSH(uris, const char *) = vm_uri(call, i);
        }
    }
    answer_uris(call, uris);
}

static void state(call_t *call)
{
    json_t *vm_states;
    const char *name = sim_infrastructure_state(call->server->store, call->infrastructure, &vm_states);
    answer_json(call, json_pack("{s:{s:s, s:o}}", "state", "state", name, "vm_states", vm_states));
}

static void delete_infrastructure(call_t *call)
{
    apr_int64_t wait_ms;
    int is_async, force;

    if (!query_flag(call, &is_async, "async", 0) || !query_flag(call, &force, "force", 0)) {
        return;
    }
    switch (sim_infrastructure_delete(call->server->store, call->infrastructure, is_async, force, &wait_ms)) {
    case SIM_DELETE_BUSY:
        fail_route(call, 409, "Invalid State to perform this operation.");
        break;
    case SIM_DELETE_REFUSED:
        fail_route(call, 400, "Error destroying the infrastructure: \nthe cloud refuses to delete the VM\n");
        break;
    default:
        answer_empty(call);
        call->reply->wait_ms = is_async ? 0 : wait_ms;
    }
}

static void update(call_t *call)
{
    sim_infrastructure_t *infrastructure = call->infrastructure;
    apr_array_header_t *added = apr_array_make(call->pool, 4, sizeof(int)), *uris;
    sim_template_t *tmpl = read_template(call, call->pool), *before = infrastructure->tmpl;
    sim_node_t *merged;
    const char *problem;
    int context;

    if (!tmpl || !query_flag(call, &context, "context", 1)) {
        return;
    }
    if (!before) {
        fail_route(call, 400, "'TOSCA'");
        return;
    }
    merged = sim_node_merge(sim_node_merge(NULL, before->document, infrastructure->pool), tmpl->document,
                            infrastructure->pool);
    infrastructure->tmpl = sim_template_of(&problem, merged, infrastructure->pool);
    if (!infrastructure->tmpl || (problem = sim_infrastructure_scale(call->server->store, infrastructure, added))) {
        infrastructure->tmpl = before;
        fail_route(call, 400, problem);
        return;
    }
    infrastructure->configure_from = sim_store_now(call->server->store);
    uris = apr_array_make(call->pool, 4, sizeof(char *));
    for (int i = 0; i < added->nelts; i++) {
        APR_ARRAY_PUSH(uris, const char *) = vm_uri(call, APR_ARRAY_IDX(added, i, int));
    }
    answer_uris(call, uris);
    call->reply->infrastructure_id = context ? apr_pstrdup(call->pool, infrastructure->id) : NULL;
    call->reply->wait_ms = added->nelts ? infrastructure->settings.launch_ms : 0;
}

/* A line of IM's log with its time. */
static const char *log_line(const call_t *call, apr_int64_t ms, const char *text)
{
    apr_time_exp_t time;
    apr_time_exp_gmt(&time, apr_time_from_msec(ms));
    return apr_psprintf(call->pool, "%04d-%02d-%02d %02d:%02d:%02d.%06d: %s\n", time.tm_year + 1900, time.tm_mon + 1,
                        time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec, time.tm_usec, text);
}

static const char *contextualization_log(const call_t *call, const char *current)
{
    const sim_infrastructure_t *infrastructure = call->infrastructure;
    const sim_settings_t *settings = &infrastructure->settings;
    apr_int64_t at = infrastructure->launched_at;

    if (!infrastructure->tmpl->configures) {
        return apr_pstrcat(call->pool, "Contextualization disabled by the RADL/TOSCA template.\n\n",
                           strcmp(current, "unconfigured")
                               ? NULL
                               : log_line(call, at + (settings->unconfigured_ms > 0 ? settings->unconfigured_ms : 0),
                                          "Error waiting all the VMs to have all the requested IPs"),
                           NULL);
    }
    return apr_pstrcat(
        call->pool, log_line(call, at, "Select master VM"), log_line(call, at, "Wait master VM to boot"),
        log_line(call, at + settings->boot_ms, "Wait master VM to have the SSH active."),
        log_line(call, at + settings->boot_ms, "Copying YAML, hosts and inventory files."),
        strcmp(current, "unconfigured")
            ? NULL
            : log_line(
                  call, at + settings->boot_ms + settings->config_ms,
                  "Contextualization Error: a task of the playbook failed: No package matching 'nosuch' is available"),
        NULL);
}

static void contmsg(call_t *call)
{
    sim_infrastructure_t *infrastructure = call->infrastructure;
    const char *current = sim_infrastructure_state(call->server->store, infrastructure, NULL), *text = "";
    int header_only;

    if (!query_flag(call, &header_only, "headeronly", 0)) {
        return;
    }
    if (infrastructure->failure) {
        text = log_line(call, infrastructure->created_at,
                        apr_pstrcat(call->pool, "Error getting VM images: ", infrastructure->failure, "\n", NULL));
    }
    else if (sim_store_now(call->server->store) < infrastructure->launched_at || infrastructure->settings.stuck) {
        text = "";
    }
    else if (infrastructure->all_failed) {
        text = apr_pstrcat(call->pool, log_line(call, infrastructure->launched_at, "All VMs failed. No contextualize."),
                           log_line(call, infrastructure->launched_at, launch_error(call, infrastructure)), NULL);
    }
    else if (infrastructure->settings.failed_vms && !infrastructure->tmpl->configures) {
        text = "";
    }
    else {
        text = contextualization_log(call, current);
    }
    for (int i = 0; !header_only && infrastructure->tmpl && infrastructure->tmpl->configures && *text &&
                    i < infrastructure->vms->nelts;
         i++) {
        const sim_vm_t *vm = &APR_ARRAY_IDX(infrastructure->vms, i, sim_vm_t);
        if (!vm->destroyed) {
            text = apr_psprintf(call->pool, "%sVM %d:\n%s\n%s\n", text, vm->id,
                                vm->failed ? launch_error(call, infrastructure) : "Contextualization agent output",
                                "****************************************");
        }
    }
    answer_named(call, "contmsg", text);
}

/* 403 in 2.0, 400 in 1.19 for what was not made from TOSCA. 0 when it is answered with this error. */
static int has_template(call_t *call, const char *what)
{
    const char *text =
        apr_psprintf(call->pool, "'%s' infrastructure property is not valid in this infrastructure", what);

    if (call->infrastructure->tmpl) {
        return 1;
    }
    if (call->server->generation == 1) {
        fail_route(call, 400, apr_pstrcat(call->pool, "403 Forbidden: ", text, NULL));
    }
    else {
        fail(call, 403, text);
    }
    return 0;
}

static void outputs(call_t *call)
{
    sim_outputs_t baton = {call->server, call->infrastructure};

    if (has_template(call, "outputs")) {
        answer_json(call, json_pack("{s:o}", "outputs",
                                    sim_template_outputs(call->infrastructure->tmpl, sim_vm_attribute, &baton)));
    }
}

static void tosca(call_t *call)
{
    const char *text;

    if (has_template(call, "tosca")) {
        text = sim_yaml_write(call->infrastructure->tmpl->document, call->pool);
        if (text) {
            answer_named(call, "tosca", text);
        }
        else {
            fail_route(call, 400, "the template can not be written");
        }
    }
}

static void radl(call_t *call)
{
    if (has_template(call, "radl")) {
        answer_named(call, "radl", sim_infrastructure_radl(call->infrastructure, call->pool));
    }
}

static void show_owners(call_t *call)
{
    const apr_array_header_t *owners = call->infrastructure->owners;
    json_t *names = json_array();
    const char *text = "";

    for (int i = 0; i < owners->nelts; i++) {
        const char *name = APR_ARRAY_IDX(owners, i, sim_owner_t).username;
        json_array_append_new(names, json_string(name));
        text = apr_pstrcat(call->pool, text, *text ? "\n" : "", name, NULL);
    }
    if (call->media == SIM_MEDIA_JSON) {
        answer_json(call, json_pack("{s:o}", "authorization", names));
    }
    else {
        json_decref(names);
        answer_text(call, text);
    }
}

static void change_owners(call_t *call)
{
    json_t *body = json_loadb(call->request->body, call->request->length, 0, NULL);
    sim_auth_t auth = {apr_array_make(call->pool, 1, sizeof(apr_table_t *)), NULL};
    apr_table_t *line = apr_table_make(call->pool, 4);
    static const char *const keys[] = {"username", "password", "token"};
    sim_identity_t who;
    int overwrite;

    apr_table_setn(line, "type", "InfrastructureManager");
    for (int i = 0; i < 3; i++) {
        const char *value = json_string_value(json_object_get(body, keys[i]));
        if (value) {
            apr_table_set(line, keys[i], value);
        }
    }
    json_decref(body);
    APR_ARRAY_PUSH(auth.lines, apr_table_t *) = line;
    who = sim_auth_identity(&auth, call->server->issuers, call->pool);
    if (who.problem) {
        fail_route(call, 400, who.problem);
    }
    else if (query_flag(call, &overwrite, "overwrite", 0)) {
        if (overwrite) {
            apr_array_clear(call->infrastructure->owners);
        }
        add_owner(call->infrastructure, &who);
        answer_empty(call);
    }
}

static void authorization(call_t *call)
{
    if (strcmp(call->route->method, "GET")) {
        change_owners(call);
    }
    else {
        show_owners(call);
    }
}

static void reconfigure(call_t *call)
{
    const char *vms = apr_table_get(call->request->query, "vm_list");

    if (vms && (!*vms || vms[strspn(vms, "0123456789,")])) {
        fail(call, 400, "Incorrect vm_list format.");
        return;
    }
    call->infrastructure->configure_from = sim_store_now(call->server->store);
    call->infrastructure->forced_state = NULL;
    answer_empty(call);
    call->reply->infrastructure_id = apr_pstrdup(call->pool, call->infrastructure->id);
}

/* ---- VMs ---- */

/* The VM of a text; NULL when it is answered with 404. */
static sim_vm_t *find_vm(call_t *call, const char *text)
{
    int was_there, id = *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 9 ? atoi(text) : -1;
    sim_vm_t *vm = sim_infrastructure_vm(call->server->store, call->infrastructure, id, &was_there);

    if (!vm) {
        fail_route(call, 404, was_there ? "Deleted VM." : "Invalid VM ID");
    }
    return vm;
}

/* IM finds cpu.count as well where the RADL says cpu.count_min. */
static json_t *find_property(const call_t *call, json_t *radl_list, const char *name)
{
    json_t *system = json_array_get(radl_list, json_array_size(radl_list) - 1), *value = json_object_get(system, name);
    return value ? value : json_object_get(system, apr_pstrcat(call->pool, name, "_min", NULL));
}

static void show_property(call_t *call, json_t *radl_list, const char *name)
{
    json_t *value = find_property(call, radl_list, name);

    if (!strcmp(name, "contmsg")) {
        answer_named(call, name, "");
    }
    else if (!value) {
        fail(call, 404, apr_psprintf(call->pool, "Incorrect property %s for VM ID %s", name, parameter(call, 1)));
    }
    else if (call->media == SIM_MEDIA_JSON) {
        answer_json(call, json_pack("{s:O}", name, value));
    }
    else {
        char *text = json_is_string(value) ? strdup(json_string_value(value)) : json_dumps(value, JSON_ENCODE_ANY);
        answer_text(call, apr_pstrdup(call->pool, text ? text : ""));
        free(text);
    }
}

static void show_vm(call_t *call)
{
    const sim_vm_t *vm = find_vm(call, parameter(call, 1));
    json_t *radl_list;

    if (!vm) {
        return;
    }
    radl_list = sim_vm_radl(call->server, call->infrastructure, vm);
    if (call->parameters->nelts > 2) {
        show_property(call, radl_list, parameter(call, 2));
        json_decref(radl_list);
    }
    else if (call->media == SIM_MEDIA_JSON) {
        answer_json(call, json_pack("{s:o}", "radl", radl_list));
    }
    else {
        answer_text(call, sim_vm_radl_text(radl_list, call->pool));
        json_decref(radl_list);
    }
}

/* All are looked at before any is destroyed. */
static void delete_vms(call_t *call)
{
    apr_array_header_t *vms = apr_array_make(call->pool, 4, sizeof(sim_vm_t *));
    char *last, *ids = apr_pstrdup(call->pool, parameter(call, 1));

    for (char *id = apr_strtok(ids, ",", &last); id; id = apr_strtok(NULL, ",", &last)) {
        sim_vm_t *vm = find_vm(call, id);
        if (!vm) {
            return;
        }
        APR_ARRAY_PUSH(vms, sim_vm_t *) = vm;
    }
    for (int i = 0; i < vms->nelts; i++) {
        APR_ARRAY_IDX(vms, i, sim_vm_t *)->destroyed = 1;
    }
    call->infrastructure->configure_from = sim_store_now(call->server->store);
    answer_empty(call);
}

/* start, stop and reboot, of one VM or of all. */
static void power(call_t *call)
{
    const char *operation = strrchr(call->route->path, '/') + 1;
    const char *forced = !strcmp(operation, "stop") ? "stopped" : NULL;
    sim_vm_t *one = NULL;

    if (call->parameters->nelts > 1 && !(one = find_vm(call, parameter(call, 1)))) {
        return;
    }
    for (int i = 0; i < call->infrastructure->vms->nelts; i++) {
        sim_vm_t *vm = &APR_ARRAY_IDX(call->infrastructure->vms, i, sim_vm_t);
        if ((!one || vm == one) && !vm->destroyed && !vm->failed) {
            vm->forced = strcmp(operation, "reboot") ? forced : vm->forced;
        }
    }
    call->infrastructure->forced_state = NULL;
    answer_empty(call);
}

/* ---- clouds and statistics ---- */

static void cloud(call_t *call)
{
    static const char *const quotas[] = {"cores", "ram", "instances", "floating_ips", "security_groups"};
    json_t *result;

    if (!sim_auth_cloud_by_id(call->auth, parameter(call, 0))) {
        fail_route(call, 400, apr_psprintf(call->pool, "Cloud ID %s not found.", parameter(call, 0)));
        return;
    }
    if (!strcmp(strrchr(call->route->path, '/'), "/images")) {
        answer_json(call,
                    json_pack("{s:[{s:s, s:s}, {s:s, s:s}]}", "images", "uri", "mock0://linux.for.ev.er/image1", "name",
                              "Image Name1", "uri", "mock0://linux.for.ev.er/image2", "name", "Image Name2"));
        return;
    }
    result = json_object();
    for (size_t i = 0; i < sizeof(quotas) / sizeof(*quotas); i++) {
        json_object_set_new(result, quotas[i], json_pack("{s:i, s:i}", "used", 1, "limit", 10));
    }
    answer_json(call, json_pack("{s:o}", "quotas", result));
}

static json_t *statistics_of(const sim_infrastructure_t *infrastructure)
{
    char date[32];
    apr_time_exp_t time;

    apr_time_exp_gmt(&time, apr_time_from_msec(infrastructure->created_at));
    apr_snprintf(date, sizeof(date), "%04d-%02d-%02d %02d:%02d:%02d", time.tm_year + 1900, time.tm_mon + 1,
                 time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec);
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:s, s:s, s:b, s:b, s:s, s:s, s:s}", "creation_date", date,
                     "tosca_name", "", "vm_count", infrastructure->vms_made, "cpu_count", infrastructure->vms_made,
                     "memory_size", 1000 * infrastructure->vms_made, "cloud_type",
                     infrastructure->cloud_type ? infrastructure->cloud_type : "", "cloud_host", "", "hybrid", 0,
                     "deleted", infrastructure->is_over || infrastructure->gone_at, "im_user", infrastructure->owner,
                     "inf_id", infrastructure->id, "last_date", date);
}

static void stats(call_t *call)
{
    const apr_array_header_t *all = sim_store_all(call->server->store);
    const char *date = apr_table_get(call->request->query, "init_date");
    json_t *result;

    if (date && (strlen(date) < 8 || date[strspn(date, "0123456789-/")])) {
        fail(call, 400, "Incorrect format in init_date parameter: YYYY/MM/dd");
        return;
    }
    result = json_array();
    for (int i = all->nelts - 1; i >= 0; i--) {
        const sim_infrastructure_t *infrastructure = APR_ARRAY_IDX(all, i, sim_infrastructure_t *);
        if (!strcmp(infrastructure->owner, call->who.username)) {
            json_array_append_new(result, statistics_of(infrastructure));
        }
    }
    answer_json(call, json_pack("{s:o}", "stats", result));
}

/* ---- the way of a call ---- */

typedef void route_fn(call_t *call);

static route_fn *const functions[SIM_CLASS_COUNT] = {
    [SIM_CLASS_LIST] = list,       [SIM_CLASS_INFO] = info,
    [SIM_CLASS_UPDATE] = update,   [SIM_CLASS_DELETE] = delete_infrastructure,
    [SIM_CLASS_STATE] = state,     [SIM_CLASS_CONTMSG] = contmsg,
    [SIM_CLASS_OUTPUTS] = outputs, [SIM_CLASS_TOSCA] = tosca,
    [SIM_CLASS_RADL] = radl,       [SIM_CLASS_AUTHORIZATION] = authorization,
    [SIM_CLASS_POWER] = power,     [SIM_CLASS_RECONFIGURE] = reconfigure,
    [SIM_CLASS_VM] = show_vm,      [SIM_CLASS_VM_DELETE] = delete_vms,
    [SIM_CLASS_CLOUD] = cloud,     [SIM_CLASS_STATS] = stats,
};

static void answer_unknown_route(call_t *call, int is_known_path)
{
    static const char *const properties[] = {"contmsg", "radl", "tosca", "state", "outputs", "data", "authorization"};
    const char *path = call->request->path, *prop = strrchr(path, '/');
    int is_property =
        !strncmp(path, "/infrastructures/", 17) && prop > path + 17 && !strcmp(call->request->method, "GET");
    json_t *permitted;

    if (call->server->generation == 1) {
        fail(call, is_property ? 404 : 405,
             is_property ? "Incorrect infrastructure property" : "The method is not allowed for the requested URL.");
    }
    else if (is_property) {
        permitted = json_array();
        for (size_t i = 0; i < sizeof(properties) / sizeof(*properties); i++) {
            json_array_append_new(permitted, json_string(properties[i]));
        }
        sim_reply_json(call->reply, call->server, call->pool, 422,
                       json_pack("{s:[{s:[s,s], s:s, s:s, s:{s:s, s:o}}]}", "detail", "loc", "path", "prop", "msg",
                                 "unexpected value; permitted: 'contmsg', 'radl', 'tosca', 'state', 'outputs', "
                                 "'data', 'authorization'",
                                 "type", "value_error.const", "ctx", "given", prop + 1, "permitted", permitted));
    }
    else {
        sim_reply_json(call->reply, call->server, call->pool, is_known_path ? 405 : 404,
                       json_pack("{s:s}", "detail", is_known_path ? "Method Not Allowed" : "Not Found"));
    }
}

/* The media type of the answer; 0 when it is answered with 415. */
static int negotiate(call_t *call)
{
    const sim_request_t *request = call->request;
    const char *accept = request->accept;

    call->media = call->route->media;
    if (!accept || !*accept || accepts(request, "*/*")) {
        return 1;
    }
    if (accepts(request, "application/json") || accepts(request, "application/*")) {
        call->media = SIM_MEDIA_JSON;
        return 1;
    }
    if (call->media != SIM_MEDIA_JSON &&
        (accepts(request, "text/*") ||
         accepts(request, call->media == SIM_MEDIA_URIS ? "text/uri-list" : "text/plain"))) {
        return 1;
    }
    if (call->route->route_class == SIM_CLASS_VERSION && call->server->generation == 2) {
        fail(call, 400, "Error getting IM version: ");
    }
    else {
        fail(call, 415,
             apr_psprintf(call->pool,
                          call->media == SIM_MEDIA_JSON ? "Unsupported Accept Media Types: ['%s']"
                                                        : "Unsupported Accept Media Types: %s",
                          accept));
    }
    return 0;
}

/* Reads the header's lines and who calls; 0 when it is answered with an error. Wrong credentials come later. */
static int authenticate(call_t *call)
{
    const char *header = call->request->authorization;

    if (!header || !*header) {
        fail(call, 401, "No authentication data provided");
        return 0;
    }
    if (!strncasecmp(header, "Bearer ", 7) || !strncasecmp(header, "Basic ", 6)) {
        fail(call, 401, "No credentials provided");
        return 0;
    }
    call->who = sim_auth_identity(call->auth, call->server->issuers, call->pool);
    if (call->auth->bad_id && call->server->generation == 2) {
        reply_body(call->reply, 500, "text/plain; charset=utf-8", "Internal Server Error");
        return 0;
    }
    if (call->auth->bad_id) {
        fail(call, 401, "No authentication data provided");
        return 0;
    }
    return 1;
}

/* Faults that wait for calls without an infrastructure, from the line alone. */
static int is_struck_by_line(call_t *call)
{
    sim_settings_t settings;

    sim_settings_init(&settings);
    return call->cloud && !sim_settings_line(&settings, call->cloud, call->pool) &&
           is_struck_by_settings(call, &settings);
}

/* Everything but version and creation, with the lock. */
static void run(call_t *call)
{
    int is_about_one = !strncmp(call->route->path, "/infrastructures/", 17);

    if (is_about_one) {
        call->infrastructure = sim_store_find(call->server->store, parameter(call, 0));
    }
    if (call->infrastructure
            ? is_struck(call, call->infrastructure->settings.faults, call->infrastructure->settings.fault_count)
            : is_struck_by_line(call)) {
        return;
    }
    if (call->who.problem) {
        fail_credentials(call, call->who.malformed ? 400 : call->route->auth_status, call->who.problem);
    }
    else if (is_about_one && !call->infrastructure) {
        fail_route(call, 404, NOT_FOUND);
    }
    else if (is_about_one && !is_owner(call, call->infrastructure)) {
        fail_route(call, 403, "Access to this infrastructure not granted.");
    }
    else {
        functions[call->route->route_class](call);
    }
}

static int is_struck_by_server(call_t *call)
{
    int count, is_answered;
    sim_fault_t *faults;

    sim_store_lock(call->server->store);
    faults = sim_store_faults(&count, call->server->store);
    is_answered = is_struck(call, faults, count);
    sim_store_unlock(call->server->store);
    return is_answered;
}

/* The call's lines are read before the faults of the server strike, which may ask for a cloud. */
static void answer_route(call_t *call)
{
    int is_open = call->route->route_class == SIM_CLASS_VERSION;

    if (call->request->authorization) {
        call->auth = sim_auth_read(call->request->authorization, call->pool);
        call->cloud = sim_auth_cloud(call->auth);
    }
    if (is_struck_by_server(call) || (!is_open && !authenticate(call)) || !negotiate(call)) {
        return;
    }
    if (is_open) {
        answer_named(call, "version", call->server->version);
    }
    else if (call->route->route_class == SIM_CLASS_CREATE) {
        create(call);
    }
    else {
        sim_store_lock(call->server->store);
        run(call);
        sim_store_unlock(call->server->store);
    }
}

void sim_im_answer(sim_reply_t *reply, const sim_server_t *server, const sim_request_t *request)
{
    call_t call = {.server = server, .request = request, .reply = reply, .pool = request->pool};
    int is_known_path;

    call.route = sim_route_find(&call.parameters, &is_known_path, request->method, request->path, request->pool);
    reply->route_class = call.route ? call.route->route_class : SIM_CLASS_OTHER;
    if (!call.route) {
        answer_unknown_route(&call, is_known_path);
        return;
    }
    answer_route(&call);
    apply_late_fault(&call);
}
