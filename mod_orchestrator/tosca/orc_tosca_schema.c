/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <string.h>

/* A declaration (of an input, a property, an entry) and the values that it allows. */

static int is_over(const orc_tosca_check_t *check)
{
    return check->steps > ORC_TOSCA_MAX_STEPS;
}

static int has_mistakes_enough(const orc_tosca_check_t *check)
{
    return check->error && check->error->fields && check->error->fields->nelts >= ORC_TOSCA_MAX_MISTAKES;
}

void orc_tosca_mistake(orc_tosca_check_t *check, const orc_json_path_t *at, const char *format, ...)
{
    const char *pointer;
    va_list args;

    if (is_over(check) || has_mistakes_enough(check))
        return;
    pointer = orc_json_path_text(at, check->pool);
    if (check->is_of_values && orc_error_has_pointer(check->error, pointer))
        return;
    va_start(args, format);
    orc_error_add_pointer(&check->error, check->pool, pointer, "%s", apr_pvsprintf(check->pool, format, args));
    va_end(args);
}

int orc_tosca_spend(orc_tosca_check_t *check, const orc_json_path_t *at, apr_size_t steps)
{
    if (is_over(check) || has_mistakes_enough(check))
        return -1;
    if (check->steps + steps > ORC_TOSCA_MAX_STEPS)
        orc_tosca_mistake(check, at, "and what comes before it take more work to check than is allowed");
    check->steps += steps;
    return is_over(check) ? -1 : 0;
}

/* A data type may derive from a simple one: then its values are of that kind. */
static orc_tosca_kind_t kind_of_data_type(const orc_tosca_template_t *tosca, const char *name)
{
    int i;

    for (i = 0; name && i < ORC_TOSCA_MAX_ANCESTORS; i++) {
        orc_tosca_kind_t kind = orc_tosca_kind(name);

        if (kind != ORC_TOSCA_ANY)
            return kind;
        name = orc_yaml_text(orc_yaml_get(orc_tosca_type(tosca, "data_types", name), "derived_from"));
    }
    return ORC_TOSCA_DATA;
}

void orc_tosca_schema(orc_tosca_schema_t *schema, const orc_tosca_template_t *tosca, const orc_yaml_node_t *declared)
{
    int is_mapping = declared && declared->kind == ORC_YAML_MAPPING;
    const char *type = orc_yaml_text(is_mapping ? orc_yaml_get(declared, "type") : declared);

    memset(schema, 0, sizeof(*schema));
    schema->type = type ? type : "any";
    schema->kind = type ? orc_tosca_kind(type) : ORC_TOSCA_ANY;
    if (type && schema->kind == ORC_TOSCA_ANY && (schema->data_type = orc_tosca_data_type(tosca, type)))
        schema->kind = kind_of_data_type(tosca, schema->data_type);
    if (is_mapping) {
        schema->entry = orc_yaml_get(declared, "entry_schema");
        schema->constraints = orc_yaml_get(declared, "constraints");
    }
}

/* The document's own values as JSON. */

static const orc_yaml_node_t *property_of(const orc_tosca_template_t *tosca, const orc_tosca_schema_t *schema,
                                          const char *name, int *closed)
{
    if (closed)
        *closed = 0;
    return schema->data_type ? orc_tosca_type_property(tosca, "data_types", schema->data_type, name, closed) : NULL;
}

void orc_tosca_schema_of_member(orc_tosca_schema_t *out, const orc_tosca_template_t *tosca,
                                const orc_tosca_schema_t *schema, const char *name)
{
    if (schema->kind == ORC_TOSCA_RANGE)
        *out = (orc_tosca_schema_t){.kind = ORC_TOSCA_INTEGER, .type = "integer"};
    else
        orc_tosca_schema(out, tosca,
                         schema->kind == ORC_TOSCA_DATA && name ? property_of(tosca, schema, name, NULL)
                                                                : schema->entry);
}

json_t *orc_tosca_to_json_as(const orc_tosca_template_t *tosca, const orc_yaml_node_t *node,
                             const orc_tosca_schema_t *schema, orc_tosca_work_out_t *work_out, void *baton)
{
    const char *function = work_out ? orc_tosca_function(node) : NULL;
    orc_tosca_schema_t child;
    json_t *out;
    int i;

    if (function)
        return work_out(baton, function, node->pairs[0].value);
    if (node->kind == ORC_YAML_SCALAR)
        return orc_tosca_scalar_to_json(node, schema->kind);
    out = node->kind == ORC_YAML_SEQUENCE ? json_array() : json_object();
    orc_tosca_schema_of_member(&child, tosca, schema, NULL);
    for (i = 0; i < node->count; i++)
        if (node->kind == ORC_YAML_SEQUENCE)
            json_array_append_new(out, orc_tosca_to_json_as(tosca, node->items[i], &child, work_out, baton));
        else {
            const char *key = node->pairs[i].key->text;

            if (schema->kind == ORC_TOSCA_DATA)
                orc_tosca_schema_of_member(&child, tosca, schema, key);
            json_object_set_new(out, key, orc_tosca_to_json_as(tosca, node->pairs[i].value, &child, work_out, baton));
        }
    return out;
}

/* Checking. */

static void check_as(orc_tosca_check_t *check, const orc_tosca_schema_t *schema, const json_t *value,
                     const orc_json_path_t *at);

/* A value of a type that nobody declares may be anything that can be told. */
static void check_any(orc_tosca_check_t *check, const json_t *value, const orc_json_path_t *at)
{
    const char *key;
    json_t *child;
    size_t i;

    if (orc_tosca_spend(check, at, 1))
        return;
    if (orc_json_is_out_of_range(value))
        orc_tosca_mistake(check, at, "is a number out of range");
    json_array_foreach((json_t *)value, i, child) check_any(check, child, &(orc_json_path_t){at, NULL, i});
    json_object_foreach((json_t *)value, key, child) check_any(check, child, &(orc_json_path_t){at, key, 0});
}

static int check_list(orc_tosca_check_t *check, const orc_tosca_schema_t *schema, const json_t *value,
                      const orc_json_path_t *at)
{
    orc_tosca_schema_t entry;
    json_t *child;
    size_t i;

    if (!json_is_array(value)) {
        orc_tosca_mistake(check, at, "is no list");
        return -1;
    }
    orc_tosca_schema(&entry, check->tosca, schema->entry);
    json_array_foreach((json_t *)value, i, child) check_as(check, &entry, child, &(orc_json_path_t){at, NULL, i});
    return 0;
}

static int check_map(orc_tosca_check_t *check, const orc_tosca_schema_t *schema, const json_t *value,
                     const orc_json_path_t *at)
{
    orc_tosca_schema_t entry;
    const char *key;
    json_t *child;

    if (!json_is_object(value)) {
        orc_tosca_mistake(check, at, "is no map");
        return -1;
    }
    orc_tosca_schema(&entry, check->tosca, schema->entry);
    json_object_foreach((json_t *)value, key, child) check_as(check, &entry, child, &(orc_json_path_t){at, key, 0});
    return 0;
}

int orc_tosca_is_required(const orc_yaml_node_t *declared)
{
    const char *text = orc_yaml_text(orc_yaml_get(declared, "required"));
    int required = 1;

    if (text)
        orc_yaml_boolean(&required, text);
    return required;
}

static int needs_a_value(const orc_yaml_node_t *property)
{
    return orc_tosca_is_required(property) && orc_yaml_is_null(orc_yaml_get(property, "default"));
}

/* Properties of a type and its ancestors that must be there and aren't; what a type declares once more counts. */
static void check_required(orc_tosca_check_t *check, const orc_tosca_schema_t *schema, const json_t *value,
                           const orc_json_path_t *at)
{
    const char *type = schema->data_type;
    int step, i;

    for (step = 0; type && step < ORC_TOSCA_MAX_ANCESTORS; step++) {
        const orc_yaml_node_t *declared = orc_tosca_type(check->tosca, "data_types", type);
        const orc_yaml_node_t *properties = orc_yaml_get(declared, "properties");

        if (orc_tosca_spend(check, at, properties ? properties->weight : 1))
            return;
        for (i = 0; properties && properties->kind == ORC_YAML_MAPPING && i < properties->count; i++) {
            const char *name = properties->pairs[i].key->text;
            const orc_yaml_node_t *property = properties->pairs[i].value;

            if (needs_a_value(property) && !json_object_get(value, name) &&
                property_of(check->tosca, schema, name, NULL) == property)
                orc_tosca_mistake(check, &(orc_json_path_t){at, name, 0}, "is missing");
        }
        type = orc_yaml_text(orc_yaml_get(declared, "derived_from"));
    }
}

static void check_property(orc_tosca_check_t *check, const orc_tosca_schema_t *schema, const char *name,
                           const json_t *value, const orc_json_path_t *at)
{
    int closed;
    const orc_yaml_node_t *declared = property_of(check->tosca, schema, name, &closed);

    if (!declared && closed)
        orc_tosca_mistake(check, at, "is no property of %.128s", schema->data_type);
    else if (json_is_null(value) && declared && !needs_a_value(declared))
        return;
    else
        orc_tosca_check_value(check, declared, value, at);
}

static int check_data(orc_tosca_check_t *check, const orc_tosca_schema_t *schema, const json_t *value,
                      const orc_json_path_t *at)
{
    const char *key;
    json_t *child;

    if (!json_is_object(value)) {
        orc_tosca_mistake(check, at, "is no map of the properties of %.128s", schema->data_type);
        return -1;
    }
    json_object_foreach((json_t *)value, key, child)
        check_property(check, schema, key, child, &(orc_json_path_t){at, key, 0});
    check_required(check, schema, value, at);
    return 0;
}

static int check_kind(orc_tosca_check_t *check, const orc_tosca_schema_t *schema, const json_t *value,
                      const orc_json_path_t *at)
{
    orc_tosca_value_t read;
    const char *problem;

    switch (schema->kind) {
    case ORC_TOSCA_ANY:
        check_any(check, value, at);
        return 0;
    case ORC_TOSCA_LIST:
        return check_list(check, schema, value, at);
    case ORC_TOSCA_MAP:
        return check_map(check, schema, value, at);
    case ORC_TOSCA_DATA:
        return check_data(check, schema, value, at);
    default:
        if (!orc_tosca_value_read(&read, &problem, schema->kind, value))
            return 0;
        orc_tosca_mistake(check, at, "%s", problem);
        return -1;
    }
}

static void check_as(orc_tosca_check_t *check, const orc_tosca_schema_t *schema, const json_t *value,
                     const orc_json_path_t *at)
{
    const char *type;
    int i;

    if (orc_tosca_spend(check, at, 1) || check_kind(check, schema, value, at))
        return;
    orc_tosca_check_constraints(check, schema, schema->constraints, value, at);
    for (i = 0, type = schema->data_type; type && i < ORC_TOSCA_MAX_ANCESTORS && !orc_tosca_spend(check, at, 1); i++) {
        const orc_yaml_node_t *data_type = orc_tosca_type(check->tosca, "data_types", type);

        orc_tosca_check_constraints(check, schema, orc_yaml_get(data_type, "constraints"), value, at);
        type = orc_yaml_text(orc_yaml_get(data_type, "derived_from"));
    }
}

void orc_tosca_check_value(orc_tosca_check_t *check, const orc_yaml_node_t *declared, const json_t *value,
                           const orc_json_path_t *at)
{
    orc_tosca_schema_t schema;

    orc_tosca_schema(&schema, check->tosca, declared);
    check_as(check, &schema, value, at);
}
