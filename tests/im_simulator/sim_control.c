/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_server.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX        "/_simulator/"
#define FOR_EVER      APR_INT64_C(1000000000000)
#define DEFAULT_CALLS 100
#define TAG           "PAAS_ATTEMPT" /* the entry of the metadata that a creation is told apart by */

typedef struct {
    const sim_server_t *server;
    const sim_request_t *request;
    sim_reply_t *reply;
    json_t *body; /* an empty object when there was none */
} control_t;

static void answer(control_t *control, int status, json_t *value)
{
    sim_reply_json(control->reply, control->server, control->request->pool, status, value);
}

static void refuse(control_t *control, int status, const char *message)
{
    answer(control, status, json_pack("{s:s}", "message", message));
}

static void answer_done(control_t *control)
{
    const sim_server_t *server = control->server;
    answer(control, 200,
           json_pack("{s:I, s:b}", "now", (json_int_t)sim_store_now(server->store), "verifies",
                     sim_store_verifies(server->store)));
}

/* ---- the ledger ---- */

static json_t *ledger_entry(const sim_server_t *server, sim_infrastructure_t *infrastructure)
{
    int is_visible =
        !infrastructure->is_over && !infrastructure->gone_at && sim_store_knows(server->store, infrastructure);
    json_t *entry, *vm_states = NULL;
    const char *tag = json_string_value(json_object_get(infrastructure->metadata, TAG));
    const char *state = is_visible ? sim_infrastructure_state(server->store, infrastructure, &vm_states) : NULL;

    entry =
        json_pack("{s:s, s:s?, s:I, s:s?, s:s, s:s?, s:s?, s:s?, s:O?, s:i, s:i, s:b, s:b, s:b, s:s?}", "id",
                  infrastructure->id, "tag", tag, "created_at", (json_int_t)infrastructure->created_at, "owner",
                  infrastructure->owner, "behaviour", infrastructure->behaviour, "cloud_id", infrastructure->cloud_id,
                  "cloud_type", infrastructure->cloud_type, "request_id", infrastructure->request_id, "metadata",
                  infrastructure->metadata, "vms_made", infrastructure->vms_made, "deletes", infrastructure->deletes,
                  "alive", sim_infrastructure_is_alive(infrastructure), "visible", is_visible, "orphaned",
                  infrastructure->orphaned, "state", state);
    json_object_set_new(entry, "deleted_at",
                        infrastructure->deleted_at ? json_integer(infrastructure->deleted_at) : json_null());
    json_object_set_new(entry, "power",
                        json_pack("{s:i, s:i, s:i}", "start", infrastructure->starts, "stop", infrastructure->stops,
                                  "reboot", infrastructure->reboots));
    json_object_set_new(entry, "vm_states", vm_states ? vm_states : json_object());
    return entry;
}

static void ledger(control_t *control)
{
    const char *alive = apr_table_get(control->request->query, "alive");
    const apr_array_header_t *all;
    json_t *result = json_array();

    sim_store_lock(control->server->store);
    all = sim_store_all(control->server->store);
    for (int i = 0; i < all->nelts; i++) {
        sim_infrastructure_t *infrastructure = APR_ARRAY_IDX(all, i, sim_infrastructure_t *);
        if (!alive || sim_infrastructure_is_alive(infrastructure) == !strcmp(alive, "true")) {
            json_array_append_new(result, ledger_entry(control->server, infrastructure));
        }
    }
    sim_store_unlock(control->server->store);
    answer(control, 200, result);
}

static void calls(control_t *control)
{
    const char *last = apr_table_get(control->request->query, "last");
    answer(control, 200, sim_calls_json(control->server->calls, last ? atoi(last) : DEFAULT_CALLS));
}

/* ---- what tests set ---- */

static void set_faults(control_t *control)
{
    sim_fault_t faults[SIM_MAX_FAULTS];
    json_t *list = json_is_array(control->body) ? control->body : NULL;
    size_t count = list ? json_array_size(list) : 1;

    if (count > SIM_MAX_FAULTS) {
        refuse(control, 400, "im_simulator: too many faults");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const char *problem =
            sim_fault_read(&faults[i], list ? json_array_get(list, i) : control->body, control->request->pool);
        if (problem) {
            refuse(control, 400, problem);
            return;
        }
    }
    sim_store_lock(control->server->store);
    sim_store_set_faults(control->server->store, faults, (int)count);
    sim_store_unlock(control->server->store);
    answer_done(control);
}

static void show_faults(control_t *control)
{
    json_t *result = json_array();
    sim_fault_t *faults;
    int count;

    sim_store_lock(control->server->store);
    faults = sim_store_faults(&count, control->server->store);
    for (int i = 0; i < count; i++) {
        json_array_append_new(result, sim_fault_json(&faults[i]));
    }
    sim_store_unlock(control->server->store);
    answer(control, 200, result);
}

static void clear_faults(control_t *control)
{
    sim_store_lock(control->server->store);
    sim_store_set_faults(control->server->store, NULL, 0);
    sim_store_unlock(control->server->store);
    answer_done(control);
}

static void advance(control_t *control)
{
    json_t *ms = json_object_get(control->body, "ms");

    if (!json_is_integer(ms) || json_integer_value(ms) < 0) {
        refuse(control, 400, "ms is a number of milliseconds, 0 or more");
        return;
    }
    sim_store_advance(control->server->store, json_integer_value(ms));
    answer_done(control);
}

/* As after a restart; {"read_back": true} does at once what the next calls about the infrastructures would do. */
static void forget(control_t *control)
{
    sim_store_t *store = control->server->store;
    sim_infrastructure_t *infrastructure = NULL;

    sim_store_lock(store);
    sim_store_forget(store);
    while (json_is_true(json_object_get(control->body, "read_back")) &&
           (infrastructure = sim_store_next(store, infrastructure))) {
        sim_store_read_back(store, infrastructure);
    }
    sim_store_unlock(store);
    answer_done(control);
}

/* The database is away until it is said to be there, or for so long; with "forget" nothing is in IM's memory. */
static void database(control_t *control)
{
    json_t *away = json_object_get(control->body, "away"), *ms = json_object_get(control->body, "for_ms");
    sim_store_t *store = control->server->store;

    if (!json_is_boolean(away) || (ms && (!json_is_integer(ms) || json_integer_value(ms) <= 0))) {
        refuse(control, 400, "away is true or false, for_ms a number of milliseconds");
        return;
    }
    sim_store_lock(store);
    if (json_is_true(json_object_get(control->body, "forget"))) {
        sim_store_forget(store);
    }
    sim_store_take_database_away(store, !json_is_true(away) ? 0 : ms ? json_integer_value(ms) : FOR_EVER);
    sim_store_unlock(store);
    answer_done(control);
}

static void reset(control_t *control)
{
    sim_store_reset(control->server->store);
    sim_calls_reset(control->server->calls);
    answer_done(control);
}

static const char *known_state(const char *state)
{
    static const char *const states[] = {"pending", "running", "configured", "unconfigured", "stopped",
                                         "off",     "failed",  "unknown",    "deleting",     NULL};
    for (const char *const *known = states; state && *known; known++) {
        if (!strcmp(*known, state)) {
            return *known;
        }
    }
    return NULL;
}

/* vm_states as given; or all VMs in the state of the whole. */
static const char *force_vms(sim_infrastructure_t *infrastructure, const char *state, json_t *vm_states)
{
    char id[16];

    for (int i = 0; infrastructure->vms && i < infrastructure->vms->nelts; i++) {
        sim_vm_t *vm = &APR_ARRAY_IDX(infrastructure->vms, i, sim_vm_t);
        const char *wanted;
        apr_snprintf(id, sizeof(id), "%d", i);
        wanted = json_string_value(json_object_get(vm_states, id));
        if (wanted && !known_state(wanted)) {
            return "unknown state of a VM";
        }
        vm->forced = json_is_object(vm_states) ? (wanted ? known_state(wanted) : vm->forced) : state;
    }
    return NULL;
}

static void force_locked(control_t *control, const char *id)
{
    sim_infrastructure_t *infrastructure = sim_store_find(control->server->store, id);
    json_t *state = json_object_get(control->body, "state");
    const char *name = json_string_value(state), *problem;

    if (!infrastructure) {
        refuse(control, 404, "no such infrastructure");
    }
    else if (name && !strcmp(name, "gone")) {
        sim_infrastructure_vanish(control->server->store, infrastructure);
        answer_done(control);
    }
    else if (!json_is_null(state) && !known_state(name)) {
        refuse(control, 400, "state is one of IM's states, gone, or null to let the clock decide again");
    }
    else if ((problem = force_vms(infrastructure, known_state(name), json_object_get(control->body, "vm_states")))) {
        refuse(control, 400, problem);
    }
    else {
        infrastructure->forced_state = known_state(name);
        answer_done(control);
    }
}

static void bring_back_locked(control_t *control, const char *id)
{
    json_t *ms = json_object_get(control->body, "ms");

    if (!json_is_integer(ms) || json_integer_value(ms) < 0) {
        refuse(control, 400, "ms is a number of milliseconds, 0 or more");
    }
    else if (!sim_store_bring_back(control->server->store, id, json_integer_value(ms))) {
        refuse(control, 404, "no such infrastructure");
    }
    else {
        answer_done(control);
    }
}

static void move_locked(control_t *control, const char *id)
{
    sim_infrastructure_t *infrastructure = sim_store_find(control->server->store, id);

    if (!infrastructure) {
        refuse(control, 404, "no such infrastructure");
        return;
    }
    for (int i = 0; infrastructure->vms && i < infrastructure->vms->nelts; i++) {
        sim_vm_move(control->server->store, infrastructure, &APR_ARRAY_IDX(infrastructure->vms, i, sim_vm_t));
    }
    answer_done(control);
}

static void change_one(control_t *control, const char *path)
{
    apr_size_t length = strcspn(path, "/");
    const char *id = apr_pstrmemdup(control->request->pool, path, length);

    sim_store_lock(control->server->store);
    if (!strcmp(path + length, "/state")) {
        force_locked(control, id);
    }
    else if (!strcmp(path + length, "/back")) {
        bring_back_locked(control, id);
    }
    else if (!strcmp(path + length, "/move")) {
        move_locked(control, id);
    }
    else {
        refuse(control, 404, "no such control");
    }
    sim_store_unlock(control->server->store);
}

static void dispatch(control_t *control)
{
    static const struct {
        const char *method, *name;
        void (*function)(control_t *control);
    } controls[] = {{"GET", "ledger", ledger},         {"GET", "calls", calls},       {"POST", "fault", set_faults},
                    {"DELETE", "fault", clear_faults}, {"POST", "advance", advance},  {"POST", "reset", reset},
                    {"POST", "forget", forget},        {"GET", "fault", show_faults}, {"POST", "database", database}};
    const char *name = control->request->path + strlen(PREFIX);

    for (size_t i = 0; i < sizeof(controls) / sizeof(*controls); i++) {
        if (!strcmp(controls[i].name, name) && !strcmp(controls[i].method, control->request->method)) {
            controls[i].function(control);
            return;
        }
    }
    if (!strcmp(control->request->method, "POST") && !strncmp(name, "infrastructures/", 16)) {
        change_one(control, name + 16);
    }
    else {
        refuse(control, 404, "no such control");
    }
}

void sim_control_answer(sim_reply_t *reply, const sim_server_t *server, const sim_request_t *request)
{
    control_t control = {server, request, reply, NULL};

    control.body = request->length ? json_loadb(request->body, request->length, 0, NULL) : json_object();
    if (control.body) {
        dispatch(&control);
    }
    else {
        refuse(&control, 400, "the body is no JSON");
    }
    json_decref(control.body);
}
