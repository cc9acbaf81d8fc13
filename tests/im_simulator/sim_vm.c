/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_server.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define PRIVATE_IP "10.0.0.1" /* what IM's Dummy gives to every VM */

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text) {
        json_object_set_new(object, key, json_string(text));
    }
}

static void set_number(json_t *object, const char *key, json_int_t number)
{
    if (number) {
        json_object_set_new(object, key, json_integer(number));
    }
}

static json_t *system_of(const sim_server_t *server, const sim_infrastructure_t *infrastructure, const sim_vm_t *vm)
{
    const sim_compute_t *compute = sim_template_compute(infrastructure->tmpl, vm->node);
    json_t *system = json_pack("{s:s, s:s}", "class", "system", "id", compute ? compute->system : vm->node);
    char name[32];

    apr_snprintf(name, sizeof(name), "vnode-%d", vm->id);
    set_text(system, "instance_name", compute && compute->is_container ? NULL : vm->node);
    if (compute) {
        set_text(system, "disk.0.os.name", compute->os_type);
        set_text(system, "disk.0.os.flavour", compute->os_distribution);
        set_text(system, "disk.0.image.url", compute->image);
        set_number(system, "cpu.count_min", compute->cpus);
        set_number(system, "memory.size_min", compute->memory);
    }
    set_text(system, "net_interface.0.connection", "private_net");
    if (vm->public_ip) {
        set_text(system, "net_interface.1.connection", "public_net");
        set_text(system, "net_interface.1.ip", vm->public_ip);
    }
    set_text(system, "state", sim_vm_state(server->store, infrastructure, vm));
    set_text(system, "provider.type", infrastructure->cloud_type);
    set_text(system, "net_interface.0.ip", PRIVATE_IP);
    set_text(system, "disk.0.os.credentials.username", "username");
    set_text(system, "disk.0.os.credentials.password", "password");
    set_text(system, "disk.0.os.credentials.new.password", vm->password);
    set_text(system, "net_interface.0.dns_name", name);
    set_text(system, "net_interface.0.dns.0.name", name);
    return system;
}

static int has_public_network(const sim_template_t *tmpl)
{
    return tmpl->computes->nelts && APR_ARRAY_IDX(tmpl->computes, 0, sim_compute_t).is_public;
}

json_t *sim_vm_radl(const sim_server_t *server, const sim_infrastructure_t *infrastructure, const sim_vm_t *vm)
{
    json_t *radl = json_array();

    json_array_append_new(radl,
                          json_pack("{s:s, s:s, s:s}", "class", "network", "id", "private_net", "outbound", "no"));
    if (has_public_network(infrastructure->tmpl)) {
        json_array_append_new(radl,
                              json_pack("{s:s, s:s, s:s}", "class", "network", "id", "public_net", "outbound", "yes"));
    }
    json_array_append_new(radl, system_of(server, infrastructure, vm));
    return radl;
}

/* A key of the JSON form as a condition of the text form. */
static const char *condition(const char *key, json_t *value, apr_pool_t *pool)
{
    apr_size_t length = strlen(key);
    int is_minimum = length > 4 && !strcmp(key + length - 4, "_min");
    const char *name = is_minimum ? apr_pstrmemdup(pool, key, length - 4) : key;

    if (json_is_string(value)) {
        return apr_psprintf(pool, "%s = '%s'", name, json_string_value(value));
    }
    return apr_psprintf(pool, "%s %s %" APR_INT64_T_FMT "%s", name, is_minimum ? ">=" : "=",
                        (apr_int64_t)json_integer_value(value), strcmp(name, "memory.size") ? "" : "B");
}

static const char *block_text(json_t *block, apr_pool_t *pool)
{
    const char *class = json_string_value(json_object_get(block, "class"));
    const char *id = json_string_value(json_object_get(block, "id")), *key, *text = NULL;
    int is_network = !strcmp(class, "network");
    json_t *value;

    json_object_foreach(block, key, value)
    {
        if (strcmp(key, "class") && strcmp(key, "id")) {
            const char *more = condition(key, value, pool);
            text = text ? apr_pstrcat(pool, text, " and\n", more, NULL) : more;
        }
    }
    return apr_psprintf(pool, is_network ? "%s %s ( %s )\n" : "%s %s (\n%s\n)\n", class, id, text ? text : "");
}

const char *sim_vm_radl_text(json_t *radl, apr_pool_t *pool)
{
    const char *text = "";
    json_t *block;
    size_t i;

    json_array_foreach(radl, i, block)
    {
        text = apr_pstrcat(pool, text, block_text(block, pool), NULL);
    }
    return text;
}

static const char *compute_text(const sim_compute_t *compute, apr_pool_t *pool)
{
    json_t *system = json_pack("{s:s, s:s}", "class", "system", "id", compute->system);
    const char *text;

    set_text(system, "instance_name", compute->is_container ? NULL : compute->name);
    set_text(system, "disk.0.os.name", compute->os_type);
    set_text(system, "disk.0.os.flavour", compute->os_distribution);
    set_text(system, "disk.0.image.url", compute->image);
    set_number(system, "cpu.count_min", compute->cpus);
    set_number(system, "memory.size_min", compute->memory);
    set_text(system, "net_interface.0.connection", "private_net");
    if (compute->is_public) {
        set_text(system, "net_interface.1.connection", "public_net");
    }
    text = block_text(system, pool);
    json_decref(system);
    return text;
}

const char *sim_infrastructure_radl(const sim_infrastructure_t *infrastructure, apr_pool_t *pool)
{
    const char *name = json_string_value(json_object_get(infrastructure->metadata, "infra_name"));
    const char *text =
        name && !infrastructure->settings.nameless ? apr_psprintf(pool, "description desc (name = '%s')\n", name) : "";
    const apr_array_header_t *computes = infrastructure->tmpl->computes;

    text =
        apr_pstrcat(pool, text, "network private_net ( outbound = 'no' )\n",
                    has_public_network(infrastructure->tmpl) ? "network public_net ( outbound = 'yes' )\n" : "", NULL);
    for (int i = 0; i < computes->nelts; i++) {
        text = apr_pstrcat(pool, text, compute_text(&APR_ARRAY_IDX(computes, i, sim_compute_t), pool), "\n", NULL);
    }
    text = apr_pstrcat(pool, text, "contextualize ()", NULL);
    for (int i = 0; i < computes->nelts; i++) {
        const sim_compute_t *compute = &APR_ARRAY_IDX(computes, i, sim_compute_t);
        text = apr_psprintf(pool, "%s\ndeploy %s %d", text, compute->system, compute->count);
    }
    return text;
}

/* ---- outputs ---- */

/* The n-th VM of a node that IM would ask, NULL when there are fewer. */
static const sim_vm_t *nth_vm(const sim_outputs_t *outputs, const char *node, int n)
{
    for (int i = 0; i < outputs->infrastructure->vms->nelts; i++) {
        int was_there;
        const sim_vm_t *vm = sim_infrastructure_vm(outputs->server->store, outputs->infrastructure, i, &was_there);
        if (vm && !strcmp(vm->node, node) && n-- == 0) {
            return vm;
        }
    }
    return NULL;
}

int sim_vm_count(void *baton, const char *node)
{
    const sim_outputs_t *outputs = baton;
    const sim_infrastructure_t *infrastructure = outputs->infrastructure;
    int count = 0;

    if (sim_store_now(outputs->server->store) < infrastructure->launched_at + infrastructure->settings.outputs_ms) {
        return 0;
    }
    while (nth_vm(outputs, node, count)) {
        count++;
    }
    return count;
}

static json_t *address(const sim_vm_t *vm, int is_public)
{
    const char *ip = vm->failed ? NULL : is_public ? vm->public_ip : PRIVATE_IP;
    return ip ? json_string(ip) : json_null();
}

json_t *sim_vm_attribute(void *baton, const char *node, int n, const char *attribute)
{
    const sim_outputs_t *outputs = baton;
    const sim_infrastructure_t *infrastructure = outputs->infrastructure;
    const sim_compute_t *compute = sim_template_compute(infrastructure->tmpl, node);
    const sim_vm_t *vm = nth_vm(outputs, node, n);

    if (!strcmp(attribute, "private_address") || !strcmp(attribute, "public_address")) {
        return address(vm, attribute[1] == 'u');
    }
    if (!strcmp(attribute, "credential")) {
        return json_pack("{s:s, s:s, s:s}", "user", "username", "token", "password", "token_type", "password");
    }
    if (!strcmp(attribute, "tosca_id")) {
        return json_string(vm->cloud_id);
    }
    if (!strcmp(attribute, "system")) {
        return json_string(compute ? compute->system : node);
    }
    if (!strcmp(attribute, "dns_name")) {
        return json_sprintf("vnode-%d", vm->id);
    }
    if (!strcmp(attribute, "ansible_output")) {
        return strcmp(sim_vm_state(outputs->server->store, infrastructure, vm), "configured")
                   ? NULL
                   : json_string("output of a task");
    }
    return strcmp(attribute, "ctxt_log") ? NULL : json_string("");
}
