/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_call.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <stdlib.h>
#include <string.h>

/* The VM of a text; NULL when it is answered with 404. */
static sim_vm_t *find_vm(sim_call_t *call, const char *text)
{
    int was_there, id = *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 9 ? atoi(text) : -1;
    sim_vm_t *vm = sim_infrastructure_vm(call->server->store, call->infrastructure, id, &was_there);

    if (!vm) {
        sim_fail_route(call, 404, was_there ? "Deleted VM." : "Invalid VM ID");
    }
    return vm;
}

/* IM finds cpu.count as well where the RADL says cpu.count_min. */
static json_t *find_property(const sim_call_t *call, json_t *radl_list, const char *name)
{
    json_t *system = json_array_get(radl_list, json_array_size(radl_list) - 1), *value = json_object_get(system, name);
    return value ? value : json_object_get(system, apr_pstrcat(call->pool, name, "_min", NULL));
}

static void show_property(sim_call_t *call, json_t *radl_list, const char *name)
{
    json_t *value = find_property(call, radl_list, name);

    if (!strcmp(name, "contmsg")) {
        sim_answer_named(call, name, "");
    }
    else if (!value) {
        sim_fail(call, 404,
                 apr_psprintf(call->pool, "Incorrect property %s for VM ID %s", name, sim_parameter(call, 1)));
    }
    else if (call->media == SIM_MEDIA_JSON) {
        sim_answer_json(call, json_pack("{s:O}", name, value));
    }
    else {
        char *text = json_is_string(value) ? strdup(json_string_value(value)) : json_dumps(value, JSON_ENCODE_ANY);
        sim_answer_text(call, apr_pstrdup(call->pool, text ? text : ""));
        free(text);
    }
}

void sim_route_vm(sim_call_t *call)
{
    const sim_vm_t *vm = find_vm(call, sim_parameter(call, 1));
    json_t *radl_list;

    if (!vm) {
        return;
    }
    radl_list = sim_vm_radl(call->server, call->infrastructure, vm);
    if (call->parameters->nelts > 2) {
        show_property(call, radl_list, sim_parameter(call, 2));
        json_decref(radl_list);
    }
    else if (call->media == SIM_MEDIA_JSON) {
        sim_answer_json(call, json_pack("{s:o}", "radl", radl_list));
    }
    else {
        sim_answer_text(call, sim_vm_radl_text(radl_list, call->pool));
        json_decref(radl_list);
    }
}

/* All are looked at before any is destroyed. */
void sim_route_vm_delete(sim_call_t *call)
{
    apr_array_header_t *vms = apr_array_make(call->pool, 4, sizeof(sim_vm_t *));
    char *last, *ids = apr_pstrdup(call->pool, sim_parameter(call, 1));

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
    sim_answer_empty(call);
}

static void set_power(sim_call_t *call, sim_vm_t *vm, const char *operation)
{
    sim_infrastructure_t *infrastructure = call->infrastructure;
    sim_store_t *store = call->server->store;

    vm->before = sim_vm_state(store, infrastructure, vm);
    vm->settles_at = sim_store_now(store) + infrastructure->settings.power_ms;
    if (!strcmp(operation, "stop")) {
        infrastructure->stops++;
        vm->forced = "stopped";
        return;
    }
    if (!strcmp(operation, "start")) {
        infrastructure->starts++;
        vm->forced = NULL;
    }
    else {
        infrastructure->reboots++;
    }
    if (infrastructure->settings.new_ip) {
        sim_vm_move(store, infrastructure, vm);
    }
}

/* start, stop and reboot, of one VM or of all. */
void sim_route_power(sim_call_t *call)
{
    const char *operation = strrchr(call->route->path, '/') + 1;
    sim_infrastructure_t *infrastructure = call->infrastructure;
    sim_vm_t *one = NULL;

    if (call->parameters->nelts > 1 && !(one = find_vm(call, sim_parameter(call, 1)))) {
        return;
    }
    if (infrastructure->settings.power_refused > 0) {
        infrastructure->settings.power_refused--;
        sim_fail_route(call, 400, "the cloud refuses it");
        return;
    }
    for (int i = 0; i < infrastructure->vms->nelts; i++) {
        sim_vm_t *vm = &APR_ARRAY_IDX(infrastructure->vms, i, sim_vm_t);
        if ((!one || vm == one) && !vm->destroyed && !vm->failed) {
            set_power(call, vm, operation);
        }
    }
    infrastructure->forced_state = NULL;
    sim_answer_empty(call);
}
