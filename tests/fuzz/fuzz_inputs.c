/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "fuzz.h"

#include "orc_tosca.h"
#include "orc_yaml.h"

/* Any JSON as the inputs of a template that declares one of every type and constraint, or of a template that the fuzzer
 * writes itself before a line with "%%". Refused with pointers, or checked again they are still right. */

static const char all_types[] =
    "tosca_definitions_version: tosca_simple_yaml_1_0\n"
    "data_types:\n"
    "  Account:\n"
    "    properties:\n"
    "      name: {type: string, constraints: [{min_length: 2}]}\n"
    "      age: {type: integer, required: false}\n"
    "  Admin: {derived_from: Account, properties: {rights: {type: list, default: [], entry_schema: string}}}\n"
    "  Port: {derived_from: integer, constraints: [{in_range: [1, 65535]}]}\n"
    "topology_template:\n"
    "  inputs:\n"
    "    s: {type: string, default: a, constraints: [{pattern: '[a-z]+(-[a-z]+)*'}, {max_length: 9}, {length: 3}]}\n"
    "    i: {type: integer, default: 1, constraints: [{in_range: [1, UNBOUNDED]}, {valid_values: [1, 0x10]}]}\n"
    "    f: {type: float, default: 1.5, constraints: [{greater_than: 0}, {less_than: 10.0}]}\n"
    "    b: {type: boolean, default: yes, constraints: [{equal: true}]}\n"
    "    t: {type: timestamp, default: 2024-01-31, constraints: [{less_or_equal: 2030-01-01}]}\n"
    "    r: {type: range, default: [1, 2], constraints: [{in_range: [0, 9]}]}\n"
    "    v: {type: version, default: 1.2.3.a-4, constraints: [{greater_or_equal: 1.0}]}\n"
    "    z: {type: scalar-unit.size, default: 1 GB, constraints: [{valid_values: [1 GB, 2000 MB]}]}\n"
    "    d: {type: scalar-unit.time, default: 1 h, constraints: [{less_than: 1 d}]}\n"
    "    q: {type: scalar-unit.frequency, default: 1 GHz, constraints: [{greater_than: 1 MHz}]}\n"
    "    l: {type: list, default: [], entry_schema: {type: list, entry_schema: integer}}\n"
    "    m: {type: map, default: {}, entry_schema: {type: Admin}, constraints: [{max_length: 2}]}\n"
    "    p: {type: Port, default: 80}\n"
    "    n: {type: Nobody.knows, required: false}\n"
    "  node_templates:\n"
    "    vm: {type: tosca.nodes.Compute, capabilities: {scalable: {properties: {count: {get_input: i}}}}}\n";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    apr_initialize();
    return 0;
}

static const char *find_separator(const char *text, size_t size)
{
    return memmem(text, size, "\n%%\n", 4);
}

static void check_complete(const orc_tosca_template_t *tosca, const json_t *given, const json_t *complete,
                           apr_pool_t *pool)
{
    apr_array_header_t *nodes;
    orc_tosca_demand_t demand;
    orc_tosca_rendering_t rendering = {.inputs = given};
    const orc_yaml_node_t *root;
    orc_yaml_mistake_t mistake;
    orc_tosca_template_t *again;
    const char *text;
    json_t *twice;

    HOLDS(!orc_tosca_inputs(&twice, tosca, given, "/template_inputs", pool));
    HOLDS(json_equal(twice, complete));
    orc_tosca_topology(&nodes, &demand, tosca, complete, pool);
    HOLDS(!orc_tosca_render(&text, tosca, &rendering, pool));
    if (strlen(text) >= 500000)
        return;
    /* What defaults put into one another may be deeper than a template, and than anything that IM reads. */
    if (orc_yaml_read(&root, &mistake, text, strlen(text), ORC_YAML_LAST_KEY, pool))
        HOLDS(strstr(mistake.what, "too deep"));
    else if (root->height <= ORC_YAML_MAX_DEPTH)
        HOLDS(!orc_tosca_parse(&again, text, strlen(text), NULL, "/content", pool));
}

static void check_inputs(const orc_tosca_template_t *tosca, const char *text, size_t size, apr_pool_t *pool)
{
    json_t *given, *complete, *coerced, *again;
    orc_error_t *error;

    if (orc_json_parse(&given, text, size, pool))
        return;
    error = orc_tosca_inputs(&complete, tosca, given, "/template_inputs", pool);
    if (!error)
        check_complete(tosca, given, complete, pool);
    else
        HOLDS(error->status == 422 && error->fields && error->fields->nelts > 0);
    coerced = orc_tosca_inputs_coerce(apr_array_make(pool, 1, sizeof(const char *)), tosca, given, pool);
    again = orc_tosca_inputs_coerce(apr_array_make(pool, 1, sizeof(const char *)), tosca, coerced, pool);
    HOLDS(json_equal(again, coerced));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *separator = find_separator(text, size);
    const char *template = separator ? text : all_types;
    size_t length = separator ? (size_t)(separator - text) : strlen(all_types);
    orc_tosca_template_t *tosca;
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL);
    if (!orc_tosca_parse(&tosca, template, length, NULL, "/content", pool)) {
        const char *inputs = separator ? separator + 4 : text;

        check_inputs(tosca, inputs, size - (size_t)(inputs - text), pool);
    }
    else {
        HOLDS(separator);
    }
    apr_pool_destroy(pool);
    return 0;
}
