/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_strings.h>
#include <string.h>

/* The shape of a document: which parts are mappings, which are lists, what has to be there. */

typedef struct shape_t {
    orc_tosca_template_t *tosca;
    orc_tosca_check_t check;
    orc_json_path_t at;
} shape_t;

const char *orc_tosca_position(const orc_yaml_node_t *node, apr_pool_t *pool)
{
    return apr_psprintf(pool, "line %d, column %d", node->line, node->column);
}

static void mistake(shape_t *shape, const orc_yaml_node_t *where, const char *what)
{
    orc_tosca_mistake(&shape->check, &shape->at, "%s: %s", orc_tosca_position(where, shape->check.pool), what);
}

/* The node when it is a mapping with something in it; NULL when it is absent, null or empty, or a mistake. */
static const orc_yaml_node_t *mapping(shape_t *shape, const orc_yaml_node_t *node, const char *name)
{
    if (orc_yaml_is_null(node))
        return NULL;
    if (node->kind != ORC_YAML_MAPPING) {
        mistake(shape, node, apr_psprintf(shape->check.pool, "%.128s must be a mapping", name));
        return NULL;
    }
    return node->count ? node : NULL;
}

static void check_scalar(shape_t *shape, const orc_yaml_node_t *parent, const char *key, int is_needed)
{
    const orc_yaml_node_t *node = orc_yaml_get(parent, key);

    if (orc_yaml_is_null(node) && is_needed)
        mistake(shape, parent, apr_psprintf(shape->check.pool, "%s is missing", key));
    else if (!orc_yaml_is_null(node) && node->kind != ORC_YAML_SCALAR)
        mistake(shape, node, apr_psprintf(shape->check.pool, "%s must be one value", key));
}

static void check_boolean(shape_t *shape, const orc_yaml_node_t *parent, const char *key)
{
    const orc_yaml_node_t *node = orc_yaml_get(parent, key);
    const char *text = orc_yaml_text(node);
    int value;

    if (!orc_yaml_is_null(node) && (!text || orc_yaml_boolean(&value, text)))
        mistake(shape, node, apr_psprintf(shape->check.pool, "%s must be true or false", key));
}

/* An input, a property or the long form of an entry_schema. */
static void check_declaration(shape_t *shape, const orc_yaml_node_t *declared, const char *name)
{
    const orc_yaml_node_t *entry = orc_yaml_get(declared, "entry_schema"), *where;
    const char *what;

    if (declared->kind != ORC_YAML_MAPPING) {
        mistake(shape, declared, apr_psprintf(shape->check.pool, "%.128s must be a mapping", name));
        return;
    }
    check_scalar(shape, declared, "type", 1);
    check_boolean(shape, declared, "required");
    if ((what = orc_tosca_constraints_mistake(&where, &shape->check, orc_yaml_get(declared, "constraints"))))
        mistake(shape, where, what);
    if (!orc_yaml_is_null(entry) && entry->kind != ORC_YAML_SCALAR)
        check_declaration(shape, entry, "entry_schema");
}

/* TOSCA's long names of its simple types are none that IM knows as the type of an input: its parser ends there. */
static void check_type_of_input(shape_t *shape, const orc_yaml_node_t *declared)
{
    const orc_yaml_node_t *node = orc_yaml_get(declared, "type");
    const char *type = orc_yaml_text(node);

    if (type && !strncmp(type, "tosca:", 6) && orc_tosca_kind(type) != ORC_TOSCA_ANY)
        mistake(shape, node, apr_psprintf(shape->check.pool, "the type must be written as \"%s\"", type + 6));
}

static void check_inputs(shape_t *shape)
{
    const orc_yaml_node_t *inputs = mapping(shape, orc_yaml_get(shape->tosca->topology, "inputs"), "inputs");
    int i;

    for (i = 0; inputs && i < inputs->count; i++) {
        check_declaration(shape, inputs->pairs[i].value, inputs->pairs[i].key->text);
        check_type_of_input(shape, inputs->pairs[i].value);
    }
    shape->tosca->inputs = inputs;
}

static void check_outputs(shape_t *shape)
{
    const orc_yaml_node_t *outputs = mapping(shape, orc_yaml_get(shape->tosca->topology, "outputs"), "outputs");
    int i;

    for (i = 0; outputs && i < outputs->count; i++) {
        const orc_yaml_pair_t *pair = &outputs->pairs[i];

        if (!orc_yaml_get(pair->value, "value"))
            mistake(shape, pair->value, apr_psprintf(shape->check.pool, "%.128s has no value", pair->key->text));
    }
    shape->tosca->outputs = outputs;
}

static void check_capabilities(shape_t *shape, const orc_yaml_node_t *node)
{
    const orc_yaml_node_t *capabilities = mapping(shape, orc_yaml_get(node, "capabilities"), "capabilities");
    int i;

    for (i = 0; capabilities && i < capabilities->count; i++) {
        const orc_yaml_pair_t *pair = &capabilities->pairs[i];

        mapping(shape, orc_yaml_get(mapping(shape, pair->value, pair->key->text), "properties"), "properties");
    }
}

static void check_requirement(shape_t *shape, const orc_yaml_node_t *requirement)
{
    const orc_yaml_node_t *value;

    if (requirement->kind != ORC_YAML_MAPPING || requirement->count != 1) {
        mistake(shape, requirement, "a requirement is a mapping with one key");
        return;
    }
    value = requirement->pairs[0].value;
    if (value->kind == ORC_YAML_SEQUENCE || orc_yaml_is_null(value))
        mistake(shape, requirement, "a requirement names a node, or is a mapping with one");
    else if (value->kind == ORC_YAML_MAPPING)
        check_scalar(shape, value, "node", 0);
}

static void check_node(shape_t *shape, const orc_yaml_pair_t *pair)
{
    const orc_yaml_node_t *requirements;
    int i;

    if (pair->value->kind != ORC_YAML_MAPPING) {
        mistake(shape, pair->value, apr_psprintf(shape->check.pool, "%.128s must be a mapping", pair->key->text));
        return;
    }
    check_scalar(shape, pair->value, "type", 1);
    mapping(shape, orc_yaml_get(pair->value, "properties"), "properties");
    check_capabilities(shape, pair->value);
    requirements = orc_yaml_get(pair->value, "requirements");
    if (orc_yaml_is_null(requirements))
        return;
    if (requirements->kind != ORC_YAML_SEQUENCE) {
        mistake(shape, requirements, "requirements must be a list");
        return;
    }
    for (i = 0; i < requirements->count; i++)
        check_requirement(shape, requirements->items[i]);
}

static void check_nodes(shape_t *shape)
{
    const orc_yaml_node_t *nodes =
        mapping(shape, orc_yaml_get(shape->tosca->topology, "node_templates"), "node_templates");
    int i;

    for (i = 0; nodes && i < nodes->count; i++)
        check_node(shape, &nodes->pairs[i]);
    shape->tosca->nodes = nodes;
}

static void check_version(shape_t *shape)
{
    static const char *const known[] = {"tosca_simple_yaml_1_0",
                                        "tosca_simple_yaml_1_1",
                                        "tosca_simple_yaml_1_2",
                                        "tosca_simple_yaml_1_3",
                                        "tosca_2_0",
                                        NULL};
    const orc_yaml_node_t *node = orc_yaml_get(shape->tosca->root, "tosca_definitions_version");
    const char *version = orc_yaml_text(node);

    if (!version) {
        mistake(shape, node ? node : shape->tosca->root, "tosca_definitions_version is missing");
        return;
    }
    if (!orc_words_find(known, version))
        mistake(shape, node, "tosca_definitions_version is none of tosca_simple_yaml_1_0, 1_1, 1_2, 1_3 and tosca_2_0");
    shape->tosca->summary.definitions_version = version;
}

static void check_types(shape_t *shape)
{
    static const char *const sections[] = {"node_types", "data_types", "capability_types", "relationship_types", NULL};
    int i, j;

    for (i = 0; sections[i]; i++) {
        const orc_yaml_node_t *types = mapping(shape, orc_yaml_get(shape->tosca->root, sections[i]), sections[i]);

        for (j = 0; types && j < types->count; j++)
            mapping(shape, types->pairs[j].value, types->pairs[j].key->text);
    }
}

static void check_topology(shape_t *shape)
{
    orc_tosca_template_t *tosca = shape->tosca;
    const orc_yaml_node_t *service = orc_yaml_get(tosca->root, "service_template");

    tosca->topology = orc_yaml_get(tosca->root, "topology_template");
    if (service && !tosca->topology)
        mistake(
            shape, service,
            "the document has a service_template (TOSCA 2.0); the Infrastructure Manager needs a topology_template");
    else if (!tosca->topology)
        mistake(shape, tosca->root, "topology_template is missing");
    else if (tosca->topology->kind != ORC_YAML_MAPPING)
        mistake(shape, tosca->topology, "topology_template must be a mapping");
}

orc_error_t *orc_tosca_check_shape(orc_tosca_template_t *tosca, const char *pointer)
{
    shape_t shape = {tosca, {.tosca = tosca, .pool = tosca->pool}, {NULL, pointer, 0}};
    const orc_yaml_node_t *metadata;

    if (tosca->root->kind != ORC_YAML_MAPPING) {
        mistake(&shape, tosca->root, "a TOSCA document is a mapping");
        return shape.check.error;
    }
    check_version(&shape);
    metadata = mapping(&shape, orc_yaml_get(tosca->root, "metadata"), "metadata");
    check_types(&shape);
    tosca->summary.template_name = orc_yaml_text(orc_yaml_get(metadata, "template_name"));
    tosca->summary.template_version = orc_yaml_text(orc_yaml_get(metadata, "template_version"));
    check_topology(&shape);
    check_inputs(&shape);
    check_nodes(&shape);
    check_outputs(&shape);
    orc_tosca_check_grammar(&shape.check, tosca, &shape.at);
    return shape.check.error;
}
