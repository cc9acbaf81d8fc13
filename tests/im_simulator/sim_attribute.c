/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_evaluate.h"

#include "sim_python.h"
#include "sim_topology.h"
#include "sim_types.h"

#include <apr_strings.h>
#include <string.h>

#define LISTS     "tosca.nodes.indigo.Compute" /* only of this very type are addresses lists, and is there a login */
#define CONTAINER "tosca.nodes.Container.Application.Docker"

/* A get_attribute on its way. */
typedef struct {
    sim_evaluation_t *evaluation;
    const sim_node_t *node;
    const char *name, *type; /* of the node */
    const char *host;        /* the node of which there are VMs */
    const char *attribute;
    int is_of_endpoint; /* it was asked for as [node, endpoint, attribute] */
    const sim_node_t *arguments;
    int at; /* the first argument that is not looked at yet */
    int has_index;
    json_int_t index;
    int vms;
} request_t;

static sim_node_t *fail(sim_evaluation_t *evaluation, const char *error)
{
    evaluation->error = error;
    return sim_node_new(SIM_NULL, "", evaluation->pool);
}

static sim_node_t *none(const request_t *request)
{
    return sim_node_new(SIM_NULL, "", request->evaluation->pool);
}

static sim_node_t *of_vm(const request_t *request, int n, const char *attribute)
{
    const sim_vms_t *vms = request->evaluation->vms;
    json_t *value = vms->attribute(vms->baton, request->host, n, attribute);
    sim_node_t *node = value ? sim_node_of_json(value, request->evaluation->pool) : none(request);

    json_decref(value);
    return node;
}

/* What is below a value by the rest of the arguments. */
static sim_node_t *below(const request_t *request, sim_node_t *value)
{
    for (int i = request->at; i < request->arguments->count; i++) {
        const sim_node_t *argument = request->arguments->values[i];
        value = argument->text ? sim_node_get(value, argument->text) : NULL;
        if (!value) {
            return none(request);
        }
    }
    return value;
}

/* An attribute of every VM, or of the one that an index asks for. */
static sim_node_t *of_every_vm(const request_t *request, const char *attribute)
{
    sim_node_t *list = sim_node_new(SIM_LIST, NULL, request->evaluation->pool);
    json_int_t index = request->index < 0 ? request->index + request->vms : request->index;

    for (int n = 0; n < request->vms; n++) {
        sim_node_add(list, NULL, below(request, of_vm(request, n, attribute)), request->evaluation->pool);
    }
    if (!request->has_index) {
        return list;
    }
    return index < 0 || index >= request->vms ? fail(request->evaluation, "list index out of range")
                                              : list->values[index];
}

static sim_node_t *address(const request_t *request)
{
    sim_node_t *ip;

    if (strcmp(request->attribute, "ip_address")) {
        return strcmp(request->type, LISTS) ? of_vm(request, 0, request->attribute)
                                            : of_every_vm(request, request->attribute);
    }
    ip = of_vm(request, 0, "public_address");
    return ip->kind == SIM_NULL ? of_vm(request, 0, "private_address") : ip;
}

/* Adds the places where the ports of a container's runtime are reached; the first public one has a name. */
static void add_endpoints(const request_t *request, sim_node_t *list, const char *ports, const char *end)
{
    const sim_node_t *document = request->evaluation->document;
    const char *runtime = sim_node_requirement(request->node, "host");
    const sim_node_t *all =
        runtime ? sim_node_path(sim_node_template(document, runtime), "capabilities", "host", "properties", ports, NULL)
                : NULL;
    int is_public = !strcmp(end, "source");
    apr_pool_t *pool = request->evaluation->pool;

    for (int i = 0; sim_node_is(all, SIM_LIST) && i < all->count; i++) {
        const sim_node_t *port = sim_node_get(all->values[i], end);
        const char *where =
            sim_python_str(of_vm(request, 0, is_public ? list->count ? "public_address" : "dns_name" : "system"), pool);
        port = port ? port : sim_node_get(all->values[i], is_public ? "target" : "source");
        if (!is_public || list->count) {
            where = apr_psprintf(pool, "%s:%s", where, sim_python_str(port, pool));
        }
        sim_node_add(list, NULL, sim_node_new(SIM_STRING, where, pool), pool);
    }
}

static sim_node_t *endpoints(const request_t *request)
{
    sim_node_t *list = sim_node_new(SIM_LIST, NULL, request->evaluation->pool);
    json_int_t index;

    add_endpoints(request, list, "publish_ports", "source");
    add_endpoints(request, list, "expose_ports", "target");
    if (!request->has_index) {
        return list;
    }
    index = request->index < 0 ? request->index + list->count : request->index;
    return index < 0 || index >= list->count ? fail(request->evaluation, "list index out of range")
                                             : list->values[index];
}

static sim_node_t *answer(const request_t *request)
{
    static const char *const addresses[] = {"private_address", "public_address", "ip_address"};
    const char *attribute = request->attribute;
    int is_indigo = !strcmp(request->type, LISTS);

    if (!strcmp(attribute, "tosca_id")) {
        return of_vm(request, 0, attribute);
    }
    if (!strcmp(attribute, "tosca_name")) {
        return sim_node_new(SIM_STRING, request->name, request->evaluation->pool);
    }
    for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
        if (!strcmp(attribute, addresses[i])) {
            return address(request);
        }
    }
    if (is_indigo && (!strcmp(attribute, "ctxt_log") || !strcmp(attribute, "ansible_output"))) {
        return of_vm(request, 0, attribute);
    }
    if (is_indigo && request->is_of_endpoint && !strcmp(attribute, "credential")) {
        return of_every_vm(request, attribute);
    }
    return !strcmp(request->type, CONTAINER) && !strcmp(attribute, "endpoints") ? endpoints(request) : none(request);
}

/* Whether a word is the name of a capability or a requirement of the node. */
static int is_part(const request_t *request, const char *word)
{
    static const char *const capabilities[] = {"endpoint", "host", "os", "scalable", "binding"};
    int is_compute = sim_type_is_compute(request->evaluation->document, request->type);

    for (size_t i = 0; is_compute && i < sizeof(capabilities) / sizeof(*capabilities); i++) {
        if (!strcmp(capabilities[i], word)) {
            return 1;
        }
    }
    return sim_node_path(request->node, "capabilities", word, NULL) || sim_node_requirement(request->node, word);
}

/* Makes a node the one that is asked; 0 when there is none of that name. */
static int ask(request_t *request, const char *name)
{
    request->node = name ? sim_node_template(request->evaluation->document, name) : NULL;
    request->name = name;
    request->type = sim_node_string(sim_node_get(request->node, "type"));
    return request->type != NULL;
}

static const char *first_name(const sim_evaluation_t *evaluation, const sim_node_t *argument, const char *context)
{
    const char *name = argument->kind == SIM_MAP ? NULL : argument->text;

    if (name && !strcmp(name, "HOST")) {
        return context ? sim_node_host(evaluation->document, context) : NULL;
    }
    return name && !strcmp(name, "SELF") ? context : name;
}

/* Which attribute of which node; 0 when IM answers None. */
static int read_arguments(request_t *request, const char *context)
{
    const sim_node_t *arguments = request->arguments;
    const char *word;

    if (arguments->count < 2 || !ask(request, first_name(request->evaluation, arguments->values[0], context)) ||
        !(word = arguments->values[1]->text)) {
        return 0;
    }
    request->at = 1;
    if (is_part(request, word)) {
        request->is_of_endpoint = !strcmp(word, "endpoint");
        request->at = 2;
        if (sim_node_requirement(request->node, word) && !ask(request, sim_node_requirement(request->node, word))) {
            return 0;
        }
    }
    if (request->at >= arguments->count || !(request->attribute = arguments->values[request->at++]->text)) {
        return 0;
    }
    if (request->at < arguments->count) {
        json_int_t index = sim_node_integer(arguments->values[request->at], INT32_MAX);
        request->has_index = index != INT32_MAX;
        request->index = index;
        request->at += request->has_index;
    }
    return 1;
}

sim_node_t *sim_attribute(sim_evaluation_t *evaluation, const sim_node_t *arguments, const char *context)
{
    request_t request = {.evaluation = evaluation, .arguments = arguments};
    const sim_vms_t *vms = evaluation->vms;

    if (!read_arguments(&request, context)) {
        return none(&request);
    }
    if (!vms) {
        return sim_node_new(SIM_STRING, apr_psprintf(evaluation->pool, "{{ %s }}", request.attribute),
                            evaluation->pool);
    }
    request.host = strcmp(request.type, CONTAINER) ? sim_node_host(evaluation->document, request.name) : request.name;
    if (!request.host) {
        return fail(evaluation, "'NoneType' object has no attribute 'name'");
    }
    request.vms = vms->count(vms->baton, request.host);
    if (request.has_index && request.vms < request.index) {
        request.index = request.vms - 1;
    }
    return request.vms ? answer(&request) : none(&request);
}
