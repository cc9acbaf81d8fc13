/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

/* Node templates to resources. */

/* What is worked out of one node template. Its instances are `count` per instance of its host, one after the other. */
typedef struct plan_t {
    int host;                       /* node template whose instances it comes once per, or -1 */
    int root;                       /* the last of the chain of hosts, itself when it has none */
    int count;                      /* of its own */
    const orc_yaml_node_t *written; /* where the count is from, or NULL */
    int is_machine;                 /* as is_machine() has it */
    int total;                      /* count by the host's total; -1: not known yet */
    int first;                      /* position of its first instance */
} plan_t;

typedef struct topology_t {
    const orc_tosca_template_t *tosca;
    const json_t *inputs;
    apr_pool_t *pool;
    plan_t *plans; /* per node template */
    int count;     /* of node templates */
} topology_t;

static const char *node_name(const topology_t *topology, int node)
{
    return topology->tosca->nodes->pairs[node].key->text;
}

/* A mistake of the inputs; where it came from is what the caller can change. */
static orc_error_t *mistake_at(const topology_t *topology, const char *pointer, const char *what)
{
    orc_error_t *error = NULL;

    orc_error_add_pointer(&error, topology->pool, pointer, "%s", what);
    error->code = "inputs";
    error->reason = ORC_REASON_INPUTS;
    error->detail = what;
    return error;
}

/* The input that a count came from, or the template. */
static const char *pointer_of(const topology_t *topology, const orc_yaml_node_t *written)
{
    const char *input = orc_tosca_input_name(written);

    return input ? orc_json_pointer(topology->pool, "/template_inputs", input) : "/template_id";
}

static orc_error_t *bad_count(const topology_t *topology, int node, const orc_yaml_node_t *written)
{
    return mistake_at(topology, pointer_of(topology, written),
                      apr_psprintf(topology->pool, "the count of node \"%.128s\" is no number from 0 to %d",
                                   node_name(topology, node), ORC_TOSCA_MAX_COUNT));
}

int orc_tosca_instances(orc_tosca_count_t *count, const orc_yaml_node_t *node, const char *name, const json_t *inputs,
                        apr_pool_t *pool)
{
    const orc_yaml_node_t *written = orc_yaml_path(node, "capabilities", "scalable", "properties", name, NULL);
    const json_t *value = orc_yaml_is_null(written) ? json_null() : orc_tosca_resolve(written, inputs, pool);

    if (value && json_is_null(value))
        return 0;
    *count = (orc_tosca_count_t){name, written, -1};
    if (json_is_integer(value))
        count->number = json_integer_value(value);
    else if (json_is_string(value))
        (void)orc_yaml_integer(&count->number, json_string_value(value));
    return 1;
}

void orc_tosca_count(orc_tosca_count_t *count, const orc_yaml_node_t *node, const json_t *inputs, apr_pool_t *pool)
{
    static const char *const names[] = {"count", "default_instances", "min_instances", NULL};
    int i;

    *count = (orc_tosca_count_t){.number = 1};
    for (i = 0; names[i]; i++)
        if (orc_tosca_instances(count, node, names[i], inputs, pool))
            return;
}

static const orc_yaml_node_t *removal_list(const orc_yaml_node_t *node)
{
    return orc_yaml_path(node, "capabilities", "scalable", "properties", "removal_list", NULL);
}

const char *orc_tosca_removal_input(const orc_tosca_template_t *tosca, const char *node)
{
    return orc_tosca_input_name(removal_list(orc_yaml_get(tosca->nodes, node)));
}

/* A list with something in it, rather than a function. */
static int is_written_list(const orc_yaml_node_t *list)
{
    return list && list->kind == ORC_YAML_SEQUENCE && list->count > 0;
}

const json_t *orc_tosca_removals(const orc_tosca_template_t *tosca, apr_pool_t *pool)
{
    json_t *removals = orc_json_own(json_object(), pool);
    int i;

    for (i = 0; tosca->nodes && i < tosca->nodes->count; i++) {
        const orc_yaml_node_t *list = removal_list(tosca->nodes->pairs[i].value);

        if (is_written_list(list))
            json_object_set_new(removals, tosca->nodes->pairs[i].key->text, orc_yaml_to_json(list));
    }
    return removals;
}

const char *orc_tosca_without_removals(const orc_tosca_template_t *tosca, apr_pool_t *pool)
{
    const orc_yaml_node_t *root = tosca->root;
    int i, j;

    for (i = 0; tosca->nodes && i < tosca->nodes->count; i++) {
        const orc_yaml_pair_t *node = &tosca->nodes->pairs[i];
        const orc_yaml_node_t *properties = orc_yaml_path(node->value, "capabilities", "scalable", "properties", NULL);
        orc_yaml_node_t *copy;

        if (!is_written_list(removal_list(node->value)))
            continue;
        copy = orc_yaml_copy_mapping(NULL, properties->count, pool);
        for (j = 0; j < properties->count; j++)
            if (strcmp(properties->pairs[j].key->text, "removal_list") != 0)
                copy->pairs[copy->count++] = properties->pairs[j];
        root = orc_yaml_with(root, copy, pool, "topology_template", "node_templates", node->key->text, "capabilities",
                             "scalable", "properties", NULL);
    }
    return orc_yaml_write(root, pool);
}

static orc_error_t *own_count(plan_t *plan, const topology_t *topology, int node)
{
    orc_tosca_count_t count;

    orc_tosca_count(&count, topology->tosca->nodes->pairs[node].value, topology->inputs, topology->pool);
    if (count.number < 0 || count.number > ORC_TOSCA_MAX_COUNT)
        return bad_count(topology, node, count.written);
    plan->count = (int)count.number;
    plan->written = count.written;
    return NULL;
}

static int host_of(const orc_tosca_template_t *tosca, int node)
{
    const apr_array_header_t *list = tosca->requirements[node];
    int i;

    for (i = 0; i < list->nelts; i++)
        if (APR_ARRAY_IDX(list, i, orc_tosca_requirement_t).is_host)
            return APR_ARRAY_IDX(list, i, orc_tosca_requirement_t).target;
    return -1;
}

/*
 * What IM makes a machine of: a Compute, a container application, and a function without a host of its own. 1: yes, 0:
 * no, -1: that can't be known here, because nobody declares the type or one that it derives from.
 */
static int is_machine(const topology_t *topology, int node)
{
    const orc_tosca_template_t *tosca = topology->tosca;
    const char *type = orc_yaml_text(orc_yaml_get(tosca->nodes->pairs[node].value, "type"));
    int closed;

    if (orc_tosca_derives(tosca, "node_types", type, "tosca.nodes.Compute") ||
        orc_tosca_derives(tosca, "node_types", type, "tosca.nodes.Container.Application") ||
        (orc_tosca_derives(tosca, "node_types", type, "tosca.nodes.aisprint.FaaS.Function") &&
         host_of(tosca, node) < 0))
        return 1;
    (void)orc_tosca_type_property(tosca, "node_types", type, "", &closed);
    return closed ? 0 : -1;
}

static orc_error_t *too_many(const topology_t *topology, const char *what, int limit)
{
    return mistake_at(topology, "/template_inputs",
                      apr_psprintf(topology->pool, "the deployment would have more than %d %s", limit, what));
}

/* Totals along the chain of hosts, from its end. Chains have no cycles; `stack` has room for all nodes. */
static orc_error_t *work_out_total(topology_t *topology, int node, int *stack)
{
    plan_t *plans = topology->plans;
    int depth = 0;

    while (plans[node].total < 0 && plans[node].host >= 0) {
        stack[depth++] = node;
        node = plans[node].host;
    }
    if (plans[node].total < 0) {
        plans[node].total = plans[node].count;
        plans[node].root = node;
    }
    while (depth) {
        plan_t *plan = &plans[stack[--depth]];
        apr_int64_t total = (apr_int64_t)plan->count * plans[plan->host].total;

        if (total > ORC_TOSCA_MAX_RESOURCES)
            return too_many(topology, "resources", ORC_TOSCA_MAX_RESOURCES);
        plan->total = (int)total;
        plan->root = plans[plan->host].root;
    }
    return NULL;
}

static orc_error_t *make_plans(topology_t *topology)
{
    int *stack = apr_palloc(topology->pool, sizeof(int) * (apr_size_t)topology->count);
    int i, first = 0;

    topology->plans = apr_pcalloc(topology->pool, sizeof(plan_t) * (apr_size_t)topology->count);
    for (i = 0; i < topology->count; i++) {
        topology->plans[i].total = -1;
        topology->plans[i].is_machine = is_machine(topology, i);
        /* IM counts what it makes a machine of by its own count, wherever it is hosted. */
        topology->plans[i].host = topology->plans[i].is_machine == 1 ? -1 : host_of(topology->tosca, i);
        ORC_TRY(own_count(&topology->plans[i], topology, i));
    }
    for (i = 0; i < topology->count; i++) {
        ORC_TRY(work_out_total(topology, i, stack));
        topology->plans[i].first = first;
        if ((first += topology->plans[i].total) > ORC_TOSCA_MAX_RESOURCES)
            return too_many(topology, "resources", ORC_TOSCA_MAX_RESOURCES);
    }
    return NULL;
}

static void make_instances(apr_array_header_t *nodes, const topology_t *topology, int node)
{
    const char *type = orc_yaml_text(orc_yaml_get(topology->tosca->nodes->pairs[node].value, "type"));
    int is_compute = topology->plans[node].is_machine == 1;
    int i;

    for (i = 0; i < topology->plans[node].total; i++) {
        orc_tosca_node_t *instance = apr_array_push(nodes);

        instance->name = node_name(topology, node);
        instance->type = type;
        instance->index = i;
        instance->is_compute = is_compute;
        instance->required_by = apr_array_make(topology->pool, 0, sizeof(int));
    }
}

/* IM refuses a deployment without a machine, and nobody else would tell so soon. */
static orc_error_t *refuse_without_machines(const topology_t *topology)
{
    orc_error_t *error;
    int i, idle = -1;

    for (i = 0; i < topology->count; i++)
        if (topology->plans[i].is_machine && topology->plans[i].total)
            return NULL;
        else if (topology->plans[i].is_machine && idle < 0)
            idle = i;
    if (idle >= 0)
        return mistake_at(topology, pointer_of(topology, topology->plans[topology->plans[idle].root].written),
                          "no machine would be made: all counts are 0");
    error = orc_error(topology->pool, 422, "template.machines",
                      "The template makes no machine: none of its nodes is a Compute or a container application.");
    orc_error_add_pointer(&error, topology->pool, "/template_id", "%s", error->detail);
    return error;
}

/*
 * Two nodes on the same scaled machine belong together instance by instance: the software on worker 2 requires what is
 * on worker 2. Otherwise every instance requires every instance.
 */
static int belong(const topology_t *topology, int source, int source_index, int target, int target_index)
{
    const plan_t *plans = topology->plans;
    int machines = plans[plans[source].root].total;

    if (plans[source].root != plans[target].root)
        return 1;
    return source_index / (plans[source].total / machines) == target_index / (plans[target].total / machines);
}

/* Hosted directly: instance i is on the host's instance i / count. */
static int relate(const topology_t *topology, int source, int i, const orc_tosca_requirement_t *requirement, int j)
{
    if (requirement->is_host && requirement->target == topology->plans[source].host)
        return i / topology->plans[source].count == j;
    return belong(topology, source, i, requirement->target, j);
}

static void add_once(apr_array_header_t *list, int position)
{
    if (!list->nelts || APR_ARRAY_IDX(list, list->nelts - 1, int) != position)
        APR_ARRAY_PUSH(list, int) = position;
}

static orc_error_t *add_relations(apr_array_header_t *nodes, const topology_t *topology, int source, int *spent)
{
    const apr_array_header_t *list = topology->tosca->requirements[source];
    int i, j, k;

    for (i = 0; i < topology->plans[source].total; i++)
        for (k = 0; k < list->nelts; k++) {
            const orc_tosca_requirement_t *requirement = &APR_ARRAY_IDX(list, k, orc_tosca_requirement_t);
            const plan_t *target = &topology->plans[requirement->target];

            if ((*spent += target->total) > ORC_TOSCA_MAX_RELATIONS)
                return too_many(topology, "relations between resources", ORC_TOSCA_MAX_RELATIONS);
            for (j = 0; j < target->total; j++)
                if (relate(topology, source, i, requirement, j))
                    add_once(APR_ARRAY_IDX(nodes, target->first + j, orc_tosca_node_t).required_by,
                             topology->plans[source].first + i);
        }
    return NULL;
}

/* What IM takes for a public network, written down or from an input: "PUBLIC", "a network's id.PUBLIC", "a network, a
 * pool of floating addresses". */
static int is_public(const topology_t *topology, const orc_yaml_node_t *written)
{
    const json_t *value = orc_tosca_resolve(written, topology->inputs, topology->pool);
    const char *name = json_string_value(value), *dot = name ? strrchr(name, '.') : NULL;

    return name && (!strcasecmp(dot ? dot + 1 : name, "PUBLIC") || strchr(name, ','));
}

/* The endpoint of a node, or another capability that is one. */
static int has_public_endpoint(const topology_t *topology, const orc_yaml_node_t *template)
{
    const orc_yaml_node_t *capabilities = orc_yaml_get(template, "capabilities");
    int i;

    for (i = 0; capabilities && capabilities->kind == ORC_YAML_MAPPING && i < capabilities->count; i++)
        if (is_public(topology, orc_yaml_path(capabilities->pairs[i].value, "properties", "network_name", NULL)))
            return 1;
    return 0;
}

static int wants_public(const topology_t *topology, int node)
{
    const orc_yaml_node_t *template = topology->tosca->nodes->pairs[node].value;
    const orc_yaml_node_t *properties = orc_yaml_get(template, "properties");
    const char *type = orc_yaml_text(orc_yaml_get(template, "type"));

    if (!topology->plans[node].total)
        return 0;
    if (has_public_endpoint(topology, template))
        return 1;
    return orc_tosca_derives(topology->tosca, "node_types", type, "tosca.nodes.network.Network") &&
           (is_public(topology, orc_yaml_get(properties, "network_name")) ||
            is_public(topology, orc_yaml_get(properties, "network_type")));
}

orc_error_t *orc_tosca_topology(apr_array_header_t **nodes, orc_tosca_demand_t *demand,
                                const orc_tosca_template_t *tosca, const json_t *complete, apr_pool_t *pool)
{
    topology_t topology = {tosca, complete, pool, NULL, tosca->nodes ? tosca->nodes->count : 0};
    int i, spent = 0;

    memset(demand, 0, sizeof(*demand));
    if (tosca->missing)
        return orc_error(pool, 422, "template.fragment", "The template is a part of another one (%s).", tosca->missing);
    if (tosca->unsupported)
        return orc_error(pool, 422, "template.version",
                         "The template uses what the Infrastructure Manager does not know of TOSCA 2.0 (%s).",
                         tosca->unsupported);
    ORC_TRY(make_plans(&topology));
    ORC_TRY(refuse_without_machines(&topology));
    *nodes = apr_array_make(pool, topology.count, sizeof(orc_tosca_node_t));
    for (i = 0; i < topology.count; i++) {
        make_instances(*nodes, &topology, i);
        demand->wants_public |= wants_public(&topology, i);
    }
    for (i = 0; i < topology.count; i++)
        ORC_TRY(add_relations(*nodes, &topology, i, &spent));
    for (i = 0; i < (*nodes)->nelts; i++)
        demand->machines += APR_ARRAY_IDX(*nodes, i, orc_tosca_node_t).is_compute;
    return NULL;
}
