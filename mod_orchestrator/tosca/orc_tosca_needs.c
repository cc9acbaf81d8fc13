/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_strings.h>
#include <math.h>
#include <string.h>

/* What a template asks of the place where it is deployed. */

typedef struct reader_t {
    const orc_tosca_template_t *tosca;
    const json_t *inputs;
    apr_pool_t *pool;
} reader_t;

/* ---- values ---- */

/* What is written, with inputs in their places; a new reference. */
static json_t *value_of(const reader_t *reader, const orc_yaml_node_t *node)
{
    const char *input = orc_tosca_input_name(node);
    json_t *made;
    int i;

    if (!node || orc_yaml_is_null(node))
        return json_null();
    if (input)
        return json_incref(json_object_get(reader->inputs, input));
    if (node->kind == ORC_YAML_SCALAR)
        return orc_yaml_to_json(node);
    made = node->kind == ORC_YAML_SEQUENCE ? json_array() : json_object();
    for (i = 0; i < node->count; i++) {
        if (node->kind == ORC_YAML_SEQUENCE)
            json_array_append_new(made, value_of(reader, node->items[i]));
        else
            json_object_set_new(made, node->pairs[i].key->text, value_of(reader, node->pairs[i].value));
    }
    return made;
}

/* A size in bytes; -1: it is none. */
static double size_of(const json_t *value)
{
    orc_tosca_value_t size;
    const char *problem;
    double bytes;
    int i;

    if (orc_tosca_value_read(&size, &problem, ORC_TOSCA_SIZE, value))
        return -1;
    bytes = (double)size.as.unit.digits * (double)size.as.unit.factor;
    for (i = 0; i < size.as.unit.decimals; i++)
        bytes /= 10;
    return bytes;
}

/* A number, also as a text; -1: it is none. */
static double number_of(const json_t *value)
{
    json_int_t number;

    if (json_is_number(value))
        return json_number_value(value);
    return json_is_string(value) && !orc_yaml_integer(&number, json_string_value(value)) ? (double)number : -1;
}

typedef double measure_t(const json_t *value);

static void bound(double *limit, const json_t *value, measure_t *measure)
{
    double number = value ? measure(value) : -1;

    if (number >= 0)
        *limit = number;
}

static void range(orc_tosca_bounds_t *bounds, const json_t *value, measure_t *measure)
{
    bound(&bounds->least, json_array_get(value, 0), measure);
    bound(&bounds->most, json_array_get(value, 1), measure); /* UNBOUNDED is no number */
}

/* At least a value, from one to another, or what the clause of a constraint says. What can't be known here (a function)
 * asks for nothing. */
static orc_tosca_bounds_t bounds_of(const reader_t *reader, const orc_yaml_node_t *node, measure_t *measure)
{
    orc_tosca_bounds_t bounds = {0, INFINITY};
    json_t *value = orc_json_own(value_of(reader, node), reader->pool);

    if (json_is_array(value))
        range(&bounds, value, measure);
    else if (json_is_object(value)) {
        range(&bounds, json_object_get(value, "in_range"), measure);
        bound(&bounds.least, json_object_get(value, "greater_or_equal"), measure);
        bound(&bounds.most, json_object_get(value, "less_or_equal"), measure);
        bound(&bounds.least, json_object_get(value, "equal"), measure);
        bound(&bounds.most, json_object_get(value, "equal"), measure);
    }
    else
        bound(&bounds.least, value, measure);
    return bounds;
}

/* A word as it is written: 22.10 is no number here. NULL: nothing is asked for. */
static const char *word_of(const reader_t *reader, const orc_yaml_node_t *node)
{
    const json_t *value;

    if (!node || orc_yaml_is_null(node))
        return NULL;
    if (node->kind == ORC_YAML_SCALAR)
        return *node->text ? node->text : NULL;
    value = orc_tosca_resolve(node, reader->inputs, reader->pool);
    if (json_is_number(value))
        return orc_json_text(value, reader->pool);
    return json_is_string(value) && *json_string_value(value) ? json_string_value(value) : NULL;
}

/* ---- machines ---- */

/* Amounts of the capability `host`, and how they are measured and told to IM. */
static const struct {
    const char *name, *unit;
    measure_t *measure;
} amounts[] = {{"num_cpus", "", number_of},
               {"num_gpus", "", number_of},
               {"mem_size", " B", size_of},
               {"disk_size", " B", size_of}};

static const orc_yaml_node_t *property(const orc_yaml_node_t *node, const char *capability, const char *name)
{
    return orc_yaml_path(node, "capabilities", capability, "properties", name, NULL);
}

static void read_machine(orc_tosca_machine_t *machine, const reader_t *reader, const orc_yaml_node_t *node)
{
    machine->cpus = bounds_of(reader, property(node, "host", "num_cpus"), number_of);
    machine->gpus = bounds_of(reader, property(node, "host", "num_gpus"), number_of);
    machine->ram = bounds_of(reader, property(node, "host", "mem_size"), size_of);
    machine->disk = bounds_of(reader, property(node, "host", "disk_size"), size_of);
    machine->flavor = word_of(reader, property(node, "host", "instance_type"));
    machine->image = word_of(reader, property(node, "os", "image"));
    machine->type = word_of(reader, property(node, "os", "type"));
    machine->distribution = word_of(reader, property(node, "os", "distribution"));
    machine->version = word_of(reader, property(node, "os", "version"));
    machine->architecture = word_of(reader, property(node, "os", "architecture"));
}

static int is_there(const reader_t *reader, const orc_yaml_node_t *node)
{
    orc_tosca_count_t count;

    orc_tosca_count(&count, node, reader->inputs, reader->pool);
    return count.number > 0;
}

static apr_array_header_t *machines_of(const reader_t *reader)
{
    const orc_yaml_node_t *nodes = reader->tosca->nodes;
    apr_array_header_t *machines = apr_array_make(reader->pool, 4, sizeof(orc_tosca_machine_t));
    int i;

    for (i = 0; nodes && i < nodes->count; i++) {
        const char *type = orc_yaml_text(orc_yaml_get(nodes->pairs[i].value, "type"));
        orc_tosca_machine_t *machine;

        if (!orc_tosca_derives(reader->tosca, "node_types", type, "tosca.nodes.Compute") ||
            !is_there(reader, nodes->pairs[i].value))
            continue;
        machine = apr_array_push(machines);
        machine->name = nodes->pairs[i].key->text;
        read_machine(machine, reader, nodes->pairs[i].value);
    }
    return machines;
}

/* ---- for IM, which knows no ranges ---- */

static int is_range(const reader_t *reader, const orc_yaml_node_t *written)
{
    const char *input = orc_tosca_input_name(written);
    const json_t *value = input ? json_object_get(reader->inputs, input) : NULL;

    return input ? json_is_array(value) || json_is_object(value)
                 : written->kind != ORC_YAML_SCALAR && !orc_tosca_function(written);
}

#define MOST 9e18 /* that an integer holds, and far more than anybody has */

/* The least of a range; NULL: that is nothing. */
static const orc_yaml_node_t *least_of(const reader_t *reader, const orc_yaml_node_t *written, int i)
{
    double least = bounds_of(reader, written, amounts[i].measure).least;
    const char *digits = apr_psprintf(reader->pool, "%" APR_INT64_T_FMT "%s",
                                      (apr_int64_t)(least < MOST ? least : MOST), amounts[i].unit);

    return least >= 1 ? orc_yaml_new_plain(digits, reader->pool) : NULL;
}

static int amount_called(const char *name)
{
    int i, count = sizeof amounts / sizeof *amounts;

    for (i = 0; i < count; i++)
        if (!strcmp(amounts[i].name, name))
            return i;
    return -1;
}

const orc_yaml_node_t *orc_tosca_without_ranges(const orc_tosca_template_t *tosca, const orc_yaml_node_t *node,
                                                const json_t *complete, apr_pool_t *pool)
{
    const orc_yaml_node_t *properties = orc_yaml_path(node, "capabilities", "host", "properties", NULL);
    const reader_t reader = {tosca, complete, pool};
    orc_yaml_node_t *copy;
    int i, has_ranges = 0;

    if (!properties || properties->kind != ORC_YAML_MAPPING)
        return node;
    copy = orc_yaml_copy_mapping(NULL, properties->count, pool);
    for (i = 0; i < properties->count; i++) {
        orc_yaml_pair_t pair = properties->pairs[i];
        int amount = amount_called(pair.key->text);

        if (amount >= 0 && is_range(&reader, pair.value)) {
            has_ranges = 1;
            pair.value = least_of(&reader, pair.value, amount);
        }
        if (pair.value)
            copy->pairs[copy->count++] = pair;
    }
    return has_ranges ? orc_yaml_with(node, copy, pool, "capabilities", "host", "properties", NULL) : node;
}

/* ---- policies ---- */

static int is_other(const char *word, const char *former)
{
    return word && former && strcmp(word, former);
}

static int is_placement(const orc_tosca_template_t *tosca, const orc_yaml_node_t *policy)
{
    const char *type = orc_yaml_text(orc_yaml_get(policy, "type"));

    return type && orc_tosca_derives(tosca, "policy_types", type, "tosca.policies.indigo.SlaPlacement");
}

static void read_policy(orc_tosca_needs_t *needs, const reader_t *reader, const orc_yaml_node_t *policy)
{
    const char *sla, *region;

    if (!is_placement(reader->tosca, policy))
        return;
    sla = word_of(reader, orc_yaml_path(policy, "properties", "sla_id", NULL));
    region = word_of(reader, orc_yaml_path(policy, "properties", "region", NULL));
    needs->is_torn |= is_other(sla, needs->sla) || is_other(region, needs->region);
    needs->sla = sla ? sla : needs->sla;
    needs->region = region ? region : needs->region;
}

/* A mapping, or a list of such. */
static void read_policies(orc_tosca_needs_t *needs, const reader_t *reader, const orc_yaml_node_t *policies)
{
    int i;

    if (!policies || policies->kind == ORC_YAML_SCALAR)
        return;
    for (i = 0; i < policies->count; i++) {
        if (policies->kind == ORC_YAML_MAPPING)
            read_policy(needs, reader, policies->pairs[i].value);
        else
            read_policies(needs, reader, policies->items[i]);
    }
}

const orc_yaml_node_t *orc_tosca_without_placements(const orc_tosca_template_t *tosca, const orc_yaml_node_t *policies,
                                                    apr_pool_t *pool)
{
    orc_yaml_node_t *copy;
    int i;

    if (policies->kind == ORC_YAML_SCALAR)
        return policies;
    copy = policies->kind == ORC_YAML_MAPPING ? orc_yaml_copy_mapping(NULL, policies->count, pool)
                                              : orc_yaml_copy_sequence(policies, 0, pool);
    copy->count = 0;
    for (i = 0; i < policies->count; i++) {
        if (policies->kind == ORC_YAML_SEQUENCE) {
            const orc_yaml_node_t *item = orc_tosca_without_placements(tosca, policies->items[i], pool);

            if (item->kind == ORC_YAML_SCALAR || item->count || !policies->items[i]->count)
                copy->items[copy->count++] = item;
        }
        else if (!is_placement(tosca, policies->pairs[i].value))
            copy->pairs[copy->count++] = policies->pairs[i];
    }
    return copy;
}

orc_tosca_needs_t *orc_tosca_needs(const orc_tosca_template_t *tosca, const json_t *complete, apr_pool_t *pool)
{
    const reader_t reader = {tosca, complete, pool};
    orc_tosca_needs_t *needs = apr_pcalloc(pool, sizeof *needs);

    needs->machines = machines_of(&reader);
    read_policies(needs, &reader, orc_yaml_get(tosca->topology, "policies"));
    return needs;
}
