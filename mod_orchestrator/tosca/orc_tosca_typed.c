/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <limits.h>
#include <string.h>

/*
 * A template's own tree with every value that has a declared type written as that type: strings quoted with the text
 * that was written, numbers and booleans in the form that every reader of YAML takes for them. IM reads the document
 * with rules of its own (PyYAML's) and knows nothing of declared types while it does: a plain 1.10 is the number 1.1 to
 * it. Nothing is changed in the tree; what is rewritten is copied.
 */

typedef struct typed_t {
    const orc_tosca_template_t *tosca;
    apr_pool_t *pool;
} typed_t;

static const orc_yaml_node_t *value_as(const typed_t *typed, const orc_yaml_node_t *node,
                                       const orc_tosca_schema_t *schema);

/* A scalar of a simple kind. What is no value of its kind stays as it is: IM has its own word on it. */
static const orc_yaml_node_t *scalar_as(const typed_t *typed, const orc_yaml_node_t *scalar, orc_tosca_kind_t kind)
{
    const orc_yaml_node_t *out = scalar;
    orc_tosca_value_t read;
    const char *problem;
    json_t *json;

    if (!orc_tosca_kind_is_scalar(kind) || orc_yaml_is_null(scalar))
        return scalar;
    json = orc_tosca_scalar_to_json(scalar, kind);
    if (json_is_string(json) ? scalar->style == ORC_YAML_PLAIN : !orc_tosca_value_read(&read, &problem, kind, json))
        out = orc_yaml_from_json(json, typed->pool);
    json_decref(json);
    return out;
}

static const orc_yaml_node_t *sequence_as(const typed_t *typed, const orc_yaml_node_t *node,
                                          const orc_tosca_schema_t *entry)
{
    orc_yaml_node_t *copy = orc_yaml_copy_sequence(node, 0, typed->pool);
    int i;

    for (i = 0; i < copy->count; i++)
        copy->items[i] = value_as(typed, copy->items[i], entry);
    return copy;
}

static const orc_yaml_node_t *mapping_as(const typed_t *typed, const orc_yaml_node_t *node,
                                         const orc_tosca_schema_t *schema)
{
    orc_yaml_node_t *copy = orc_yaml_copy_mapping(node, 0, typed->pool);
    orc_tosca_schema_t member;
    int i;

    for (i = 0; i < copy->count; i++) {
        orc_tosca_schema_of_member(&member, typed->tosca, schema, copy->pairs[i].key->text);
        copy->pairs[i].value = value_as(typed, copy->pairs[i].value, &member);
    }
    return copy;
}

static const orc_yaml_node_t *value_as(const typed_t *typed, const orc_yaml_node_t *node,
                                       const orc_tosca_schema_t *schema)
{
    orc_tosca_schema_t entry;

    if (node->kind == ORC_YAML_SCALAR)
        return scalar_as(typed, node, schema->kind);
    if (schema->kind == ORC_TOSCA_ANY || orc_tosca_function(node))
        return node;
    if (node->kind == ORC_YAML_MAPPING)
        return mapping_as(typed, node, schema);
    orc_tosca_schema_of_member(&entry, typed->tosca, schema, NULL);
    return sequence_as(typed, node, &entry);
}

/* ---- names ---- */

/* Names of nodes, groups and inputs are texts also where they are referred to: an input may be called NO, and a plain
 * NO is a boolean to IM's reader. */
static const orc_yaml_node_t *name_as(const typed_t *typed, const orc_yaml_node_t *name)
{
    const char *text = orc_yaml_text(name);

    return text && orc_yaml_type(name) != ORC_YAML_STRING ? orc_yaml_new_string(text, typed->pool) : name;
}

static const orc_yaml_node_t *names_as(const typed_t *typed, const orc_yaml_node_t *list)
{
    orc_yaml_node_t *copy;
    int i;

    if (list->kind != ORC_YAML_SEQUENCE)
        return name_as(typed, list);
    copy = orc_yaml_copy_sequence(list, 0, typed->pool);
    for (i = 0; i < copy->count; i++)
        copy->items[i] = name_as(typed, copy->items[i]);
    return copy;
}

/* ---- functions ---- */

/* A mapping with one key is a function where a value stands; a property, too, may be called "concat". */
typedef enum {
    AMONG_KEYNAMES,
    AMONG_NAMES, /* whose values these are */
    IN_A_VALUE,
} place_t;

static place_t place_of(place_t outer, const char *key)
{
    if (outer != AMONG_KEYNAMES)
        return IN_A_VALUE;
    return !strcmp(key, "properties") || !strcmp(key, "attributes") || !strcmp(key, "inputs") ? AMONG_NAMES
                                                                                              : AMONG_KEYNAMES;
}

static const orc_yaml_node_t *functions_in(const typed_t *typed, const orc_yaml_node_t *node, place_t place);

/* What the operands of a function are, the first of them: names, then texts, then an index. */
typedef struct operands_t {
    const char *function;
    int names, texts, indexes;
} operands_t;

static const operands_t *operands_of(const orc_yaml_node_t *node, place_t place)
{
    static const operands_t known[] = {{"get_input", 1, 0, 0},
                                       {"get_property", 2, 0, 0},
                                       {"get_attribute", 2, 0, 0},
                                       {"concat", 0, INT_MAX, 0},
                                       {"token", 0, 2, 1}};
    const char *function = place == AMONG_NAMES ? NULL : orc_tosca_function(node);
    size_t i;

    if (!function || node->pairs[0].value->kind == ORC_YAML_MAPPING)
        return NULL;
    for (i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (!strcmp(known[i].function, function))
            return &known[i];
    return NULL;
}

static const orc_yaml_node_t *one_operand_as(const typed_t *typed, const orc_yaml_node_t *operand,
                                             const operands_t *operands, int place)
{
    if (operand->kind != ORC_YAML_SCALAR)
        return functions_in(typed, operand, IN_A_VALUE);
    if (place < operands->names)
        return name_as(typed, operand);
    place -= operands->names;
    if (place < operands->texts)
        return scalar_as(typed, operand, ORC_TOSCA_STRING);
    return place - operands->texts < operands->indexes ? scalar_as(typed, operand, ORC_TOSCA_INTEGER) : operand;
}

/* A list of them, or one name alone. */
static const orc_yaml_node_t *operands_as(const typed_t *typed, const orc_yaml_node_t *node, const operands_t *operands)
{
    orc_yaml_node_t *copy;
    int i;

    if (node->kind == ORC_YAML_SCALAR)
        return operands->names ? name_as(typed, node) : node;
    copy = orc_yaml_copy_sequence(node, 0, typed->pool);
    for (i = 0; i < copy->count; i++)
        copy->items[i] = one_operand_as(typed, copy->items[i], operands, i);
    return copy;
}

static const orc_yaml_node_t *functions_in(const typed_t *typed, const orc_yaml_node_t *node, place_t place)
{
    const operands_t *operands = operands_of(node, place);
    orc_yaml_node_t *copy;
    int i;

    if (node->kind == ORC_YAML_SCALAR)
        return node;
    if (node->kind == ORC_YAML_SEQUENCE) {
        copy = orc_yaml_copy_sequence(node, 0, typed->pool);
        for (i = 0; i < copy->count; i++)
            copy->items[i] = functions_in(typed, copy->items[i], place);
        return copy;
    }
    copy = orc_yaml_copy_mapping(node, 0, typed->pool);
    for (i = 0; i < copy->count; i++)
        copy->pairs[i].value =
            operands ? operands_as(typed, copy->pairs[i].value, operands)
                     : functions_in(typed, copy->pairs[i].value, place_of(place, copy->pairs[i].key->text));
    return copy;
}

const orc_yaml_node_t *orc_tosca_typed_functions(const orc_tosca_template_t *tosca, const orc_yaml_node_t *node,
                                                 apr_pool_t *pool)
{
    return functions_in(&(typed_t){tosca, pool}, node, AMONG_KEYNAMES);
}

/* ---- declarations: of inputs, and of properties and parameters in the document's own types ---- */

/* The operand of a constraint: a value of the declared type, or a list of them. */
static const orc_yaml_node_t *operand_as(const typed_t *typed, const char *constraint, const orc_yaml_node_t *operand,
                                         const orc_tosca_schema_t *schema)
{
    static const orc_tosca_schema_t integer = {.kind = ORC_TOSCA_INTEGER}, string = {.kind = ORC_TOSCA_STRING};

    if (!strcmp(constraint, "pattern"))
        return value_as(typed, operand, &string);
    if (strstr(constraint, "length"))
        return value_as(typed, operand, &integer);
    if (operand->kind == ORC_YAML_SEQUENCE && strcmp(constraint, "equal"))
        return sequence_as(typed, operand, schema);
    return value_as(typed, operand, schema);
}

static const orc_yaml_node_t *constraints_as(const typed_t *typed, const orc_yaml_node_t *constraints,
                                             const orc_tosca_schema_t *schema)
{
    orc_yaml_node_t *copy = orc_yaml_copy_sequence(constraints, 0, typed->pool);
    int i;

    for (i = 0; i < copy->count; i++) {
        orc_yaml_node_t *clause = orc_yaml_copy_mapping(copy->items[i], 0, typed->pool);

        if (clause->count == 1) {
            clause->pairs[0].value = operand_as(typed, clause->pairs[0].key->text, clause->pairs[0].value, schema);
            copy->items[i] = clause;
        }
    }
    return copy;
}

static const orc_yaml_node_t *declaration_as(const typed_t *typed, const orc_yaml_node_t *node);

/*
 * Any mapping with a `type` (a data type: `derived_from`) may be a declaration; its `default` and its `constraints` are
 * values of that type, `required` is a boolean. A property that is called "type" is no such key: its value is a
 * mapping.
 */
static const orc_yaml_node_t *declared_mapping_as(const typed_t *typed, const orc_yaml_node_t *node)
{
    orc_yaml_node_t *copy = orc_yaml_copy_mapping(node, 0, typed->pool);
    const char *type = orc_yaml_text(orc_yaml_get(node, "type"));
    static const orc_tosca_schema_t boolean = {.kind = ORC_TOSCA_BOOLEAN};
    orc_tosca_schema_t schema = {.kind = ORC_TOSCA_ANY};
    int i;

    if (type)
        orc_tosca_schema(&schema, typed->tosca, node);
    else if ((type = orc_yaml_text(orc_yaml_get(node, "derived_from"))))
        orc_tosca_schema(&schema, typed->tosca, orc_yaml_get(node, "derived_from"));
    for (i = 0; i < copy->count; i++) {
        const char *key = copy->pairs[i].key->text;
        const orc_yaml_node_t *value = copy->pairs[i].value;

        if (type && !strcmp(key, "default"))
            copy->pairs[i].value = value_as(typed, value, &schema);
        else if (type && !strcmp(key, "required"))
            copy->pairs[i].value = value_as(typed, value, &boolean);
        else if (type && !strcmp(key, "constraints") && value->kind == ORC_YAML_SEQUENCE)
            copy->pairs[i].value = constraints_as(typed, value, &schema);
        else
            copy->pairs[i].value = declaration_as(typed, value);
    }
    return copy;
}

static const orc_yaml_node_t *declaration_as(const typed_t *typed, const orc_yaml_node_t *node)
{
    orc_yaml_node_t *copy;
    int i;

    if (node->kind == ORC_YAML_SCALAR)
        return node;
    if (node->kind == ORC_YAML_MAPPING)
        return declared_mapping_as(typed, node);
    copy = orc_yaml_copy_sequence(node, 0, typed->pool);
    for (i = 0; i < copy->count; i++)
        copy->items[i] = declaration_as(typed, copy->items[i]);
    return copy;
}

const orc_yaml_node_t *orc_tosca_typed_declarations(const orc_tosca_template_t *tosca, const orc_yaml_node_t *node,
                                                    apr_pool_t *pool)
{
    return declaration_as(&(typed_t){tosca, pool}, node);
}

/* ---- templates: of nodes, relationships, groups, policies ---- */

const orc_yaml_node_t *orc_tosca_capability_property(const orc_tosca_template_t *tosca,
                                                     const orc_yaml_node_t *capability, const char *name)
{
    const orc_yaml_node_t *own = orc_yaml_path(capability, "properties", name, NULL);
    const char *type = orc_yaml_text(
        capability && capability->kind == ORC_YAML_MAPPING ? orc_yaml_get(capability, "type") : capability);

    return own || !type ? own : orc_tosca_type_property(tosca, "capability_types", type, name, NULL);
}

static void set_typed(const typed_t *typed, orc_yaml_pair_t *property, const orc_yaml_node_t *declared)
{
    orc_tosca_schema_t schema;

    if (!declared)
        return;
    orc_tosca_schema(&schema, typed->tosca, declared);
    property->value = value_as(typed, property->value, &schema);
}

static const orc_yaml_node_t *capability_as(const typed_t *typed, const orc_yaml_node_t *capability,
                                            const orc_yaml_node_t *declared)
{
    const orc_yaml_node_t *properties = orc_yaml_get(capability, "properties");
    orc_yaml_node_t *copy;
    int i;

    if (!properties || properties->kind != ORC_YAML_MAPPING)
        return capability;
    copy = orc_yaml_copy_mapping(properties, 0, typed->pool);
    for (i = 0; i < copy->count; i++)
        set_typed(typed, &copy->pairs[i],
                  orc_tosca_capability_property(typed->tosca, declared, copy->pairs[i].key->text));
    return orc_yaml_with(capability, copy, typed->pool, "properties", NULL);
}

static const orc_yaml_node_t *capabilities_as(const typed_t *typed, const orc_yaml_node_t *capabilities,
                                              const char *node_type)
{
    orc_yaml_node_t *copy = orc_yaml_copy_mapping(capabilities, 0, typed->pool);
    int i;

    for (i = 0; i < copy->count; i++)
        copy->pairs[i].value = capability_as(typed, copy->pairs[i].value,
                                             orc_tosca_type_member(typed->tosca, "node_types", node_type,
                                                                   "capabilities", copy->pairs[i].key->text, NULL));
    return copy;
}

/* A requirement is a mapping with one key; its value names a node, or is a mapping that may, and in which the
 * relationship may be written down in place, with its type. */
static const orc_yaml_node_t *requirement_as(const typed_t *typed, const orc_yaml_node_t *requirement)
{
    const orc_yaml_node_t *value, *relationship, *node;
    orc_yaml_node_t *copy;

    if (requirement->kind != ORC_YAML_MAPPING || requirement->count != 1)
        return requirement;
    value = requirement->pairs[0].value;
    relationship = orc_yaml_get(value, "relationship");
    node = orc_yaml_get(value, "node");
    if (relationship && relationship->kind == ORC_YAML_MAPPING) {
        relationship = orc_tosca_typed_template(typed->tosca, "relationship_types", relationship, typed->pool);
        value = orc_yaml_with(value, relationship, typed->pool, "relationship", NULL);
    }
    if (node && node->kind == ORC_YAML_SCALAR)
        value = orc_yaml_with(value, name_as(typed, node), typed->pool, "node", NULL);
    copy = orc_yaml_copy_mapping(requirement, 0, typed->pool);
    copy->pairs[0].value = value->kind == ORC_YAML_SCALAR ? name_as(typed, value) : value;
    return copy;
}

static const orc_yaml_node_t *requirements_as(const typed_t *typed, const orc_yaml_node_t *requirements)
{
    orc_yaml_node_t *copy = orc_yaml_copy_sequence(requirements, 0, typed->pool);
    int i;

    for (i = 0; i < copy->count; i++)
        copy->items[i] = requirement_as(typed, copy->items[i]);
    return copy;
}

/* Properties or attributes, as their type declares them. */
static const orc_yaml_node_t *members_as(const typed_t *typed, const orc_yaml_node_t *members, const char *section,
                                         const char *type, const char *key)
{
    orc_yaml_node_t *copy = orc_yaml_copy_mapping(members, 0, typed->pool);
    int i;

    for (i = 0; i < copy->count; i++)
        set_typed(typed, &copy->pairs[i],
                  orc_tosca_type_member(typed->tosca, section, type, key, copy->pairs[i].key->text, NULL));
    return copy;
}

/* An operation of an interface of a type, whose inputs are looked for. */
typedef struct operation_t {
    const char *section, *type;
    const char *interface;
    const char *name; /* NULL: inputs of all operations of the interface */
} operation_t;

/* Mappings in which inputs of one operation may be declared, the nearest first. */
typedef struct places_t {
    int count;
    const orc_yaml_node_t *of[2 * 3 * ORC_TOSCA_MAX_ANCESTORS];
} places_t;

/* Where an interface declares inputs: of the operation, then of all. TOSCA 1.3 has operations under a key of their own.
 */
static void add_places(places_t *places, const orc_yaml_node_t *interface, const char *operation)
{
    const orc_yaml_node_t *operations = orc_yaml_get(interface, "operations");
    const orc_yaml_node_t *found[] = {operation ? orc_yaml_path(operations, operation, "inputs", NULL) : NULL,
                                      operation ? orc_yaml_path(interface, operation, "inputs", NULL) : NULL,
                                      orc_yaml_get(interface, "inputs")};
    int i;

    for (i = 0; i < 3; i++)
        if (found[i])
            places->of[places->count++] = found[i];
}

/* The places of a type and its ancestors; then those of the interface's own type, which is the one that the nearest of
 * them names. */
static void find_places(places_t *places, const typed_t *typed, const operation_t *operation)
{
    const char *type = operation->type, *interface_type = NULL;
    const orc_yaml_node_t *declared, *interface;
    int i;

    places->count = 0;
    for (i = 0; type && i < ORC_TOSCA_MAX_ANCESTORS; i++) {
        declared = orc_tosca_type(typed->tosca, operation->section, type);
        interface = orc_yaml_path(declared, "interfaces", operation->interface, NULL);
        add_places(places, interface, operation->name);
        if (!interface_type)
            interface_type = orc_yaml_text(orc_yaml_get(interface, "type"));
        type = orc_yaml_text(orc_yaml_get(declared, "derived_from"));
    }
    for (i = 0; interface_type && i < ORC_TOSCA_MAX_ANCESTORS; i++) {
        declared = orc_tosca_type(typed->tosca, "interface_types", interface_type);
        add_places(places, declared, operation->name);
        interface_type = orc_yaml_text(orc_yaml_get(declared, "derived_from"));
    }
}

/* An input without a type is no declaration: a type may give an operation's input a value. */
static const orc_yaml_node_t *declared_input(const places_t *places, const char *name)
{
    int i;

    for (i = 0; i < places->count; i++) {
        const orc_yaml_node_t *found = orc_yaml_get(places->of[i], name);

        if (orc_yaml_text(orc_yaml_get(found, "type")))
            return found;
    }
    return NULL;
}

static const orc_yaml_node_t *inputs_as(const typed_t *typed, const orc_yaml_node_t *inputs,
                                        const operation_t *operation)
{
    orc_yaml_node_t *copy;
    places_t places;
    int i;

    if (inputs->kind != ORC_YAML_MAPPING)
        return inputs;
    find_places(&places, typed, operation);
    copy = orc_yaml_copy_mapping(inputs, 0, typed->pool);
    for (i = 0; i < copy->count; i++)
        set_typed(typed, &copy->pairs[i], declared_input(&places, copy->pairs[i].key->text));
    return copy;
}

static const orc_yaml_node_t *operation_as(const typed_t *typed, const orc_yaml_node_t *node,
                                           const operation_t *operation)
{
    const orc_yaml_node_t *inputs = orc_yaml_get(node, "inputs");

    return inputs ? orc_yaml_with(node, inputs_as(typed, inputs, operation), typed->pool, "inputs", NULL) : node;
}

/* An interface's keynames, or its operations alone. */
static const orc_yaml_node_t *interface_as(const typed_t *typed, const orc_yaml_node_t *node,
                                           const operation_t *interface, int has_keynames)
{
    orc_yaml_node_t *copy;
    int i;

    if (node->kind != ORC_YAML_MAPPING)
        return node;
    copy = orc_yaml_copy_mapping(node, 0, typed->pool);
    for (i = 0; i < copy->count; i++) {
        const orc_yaml_node_t *value = copy->pairs[i].value;
        operation_t operation = *interface;

        operation.name = copy->pairs[i].key->text;
        if (has_keynames && !strcmp(operation.name, "operations"))
            copy->pairs[i].value = interface_as(typed, value, interface, 0);
        else if (has_keynames && !strcmp(operation.name, "inputs"))
            copy->pairs[i].value = inputs_as(typed, value, interface);
        else
            copy->pairs[i].value = operation_as(typed, value, &operation);
    }
    return copy;
}

static const orc_yaml_node_t *interfaces_as(const typed_t *typed, const orc_yaml_node_t *interfaces,
                                            const char *section, const char *type)
{
    orc_yaml_node_t *copy = orc_yaml_copy_mapping(interfaces, 0, typed->pool);
    int i;

    for (i = 0; i < copy->count; i++)
        copy->pairs[i].value =
            interface_as(typed, copy->pairs[i].value, &(operation_t){section, type, copy->pairs[i].key->text, NULL}, 1);
    return copy;
}

const orc_yaml_node_t *orc_tosca_typed_template(const orc_tosca_template_t *tosca, const char *section,
                                                const orc_yaml_node_t *node, apr_pool_t *pool)
{
    const char *type = orc_yaml_text(orc_yaml_get(node, "type"));
    const typed_t typed = {tosca, pool};
    orc_yaml_node_t *copy;
    int i;

    if (!type)
        return node;
    copy = orc_yaml_copy_mapping(node, 0, pool);
    for (i = 0; i < copy->count; i++) {
        const char *key = copy->pairs[i].key->text;
        const orc_yaml_node_t **value = &copy->pairs[i].value;

        if (!strcmp(key, "members") || !strcmp(key, "targets"))
            *value = names_as(&typed, *value);
        else if ((*value)->kind == ORC_YAML_SEQUENCE && !strcmp(key, "requirements"))
            *value = requirements_as(&typed, *value);
        else if ((*value)->kind != ORC_YAML_MAPPING)
            continue;
        else if (!strcmp(key, "properties") || !strcmp(key, "attributes"))
            *value = members_as(&typed, *value, section, type, key);
        else if (!strcmp(key, "capabilities"))
            *value = capabilities_as(&typed, *value, type);
        else if (!strcmp(key, "interfaces"))
            *value = interfaces_as(&typed, *value, section, type);
    }
    return copy;
}
