/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <string.h>

/*
 * IM merges the document of an update into the one that it has: mappings by their keys, lists by position, everything
 * else is replaced, and nothing is ever taken away. So a list that became shorter, a map that lost a key and an input
 * that has no value any more would keep what they were. Such an input is declared anew, under a name that IM does not
 * have yet ("ports__2"), and every get_input of it names that one; the former one stays behind, and nobody asks for it.
 * A value that IM made itself ("random(8)") would be made anew by each document that says so: it is given back as it
 * is. A node that another template had stays, too, with no
 * instance, and so does an output, with a value that says so.
 */

typedef struct merge_t {
    const orc_tosca_template_t *tosca;
    const orc_yaml_node_t *former; /* inputs of IM's document */
    apr_hash_t *names;             /* of an input, to what it is called at IM; those that are called otherwise */
    apr_pool_t *pool;
} merge_t;

/* True when nothing of the former value is left when it was merged with the value. */
static int covers(const orc_yaml_node_t *value, const orc_yaml_node_t *former)
{
    int i;

    if (orc_yaml_is_null(former))
        return 1;
    if (orc_yaml_is_null(value))
        return 0;
    if (value->kind != former->kind || value->kind == ORC_YAML_SCALAR)
        return 1;
    if (value->count < former->count)
        return 0;
    for (i = 0; i < former->count; i++) {
        const orc_yaml_node_t *left =
            value->kind == ORC_YAML_SEQUENCE ? value->items[i] : orc_yaml_get(value, former->pairs[i].key->text);
        const orc_yaml_node_t *right = value->kind == ORC_YAML_SEQUENCE ? former->items[i] : former->pairs[i].value;

        if (!left || !covers(left, right))
            return 0;
    }
    return 1;
}

/* ---- names ---- */

/* The n-th name of an input; n = 1: its own. */
static const char *name_of(const merge_t *merge, const char *input, int n)
{
    return n == 1 ? input : apr_psprintf(merge->pool, "%s__%d", input, n);
}

/* A name that the template declares is another input's. */
static int is_taken(const merge_t *merge, const char *name, int n)
{
    return n > 1 && orc_yaml_get(merge->tosca->inputs, name) != NULL;
}

/* What the input is called at IM by now; *last is NULL when IM doesn't have it. Returns a number that is free. */
static int find_last(const char **last, const merge_t *merge, const char *input)
{
    int n;

    *last = NULL;
    for (n = 1;; n++) {
        const char *name = name_of(merge, input, n);

        if (is_taken(merge, name, n))
            continue;
        if (!orc_yaml_get(merge->former, name))
            return n;
        *last = name;
    }
}

/* The declaration as it is to be sent; *name what it is called there. */
static const orc_yaml_node_t *merge_input(const char **name, const merge_t *merge, const char *input,
                                          const orc_yaml_node_t *declared)
{
    const orc_yaml_node_t *value = orc_yaml_get(declared, "default"), *former;
    const char *text = orc_yaml_text(value), *type = orc_yaml_text(orc_yaml_get(declared, "type")), *last;
    int n = find_last(&last, merge, input);

    *name = last ? last : input;
    former = orc_yaml_get(orc_yaml_get(merge->former, *name), "default");
    if (text && type && !strcmp(type, "string") && orc_tosca_is_random(text) && orc_yaml_text(former))
        return orc_yaml_with(declared, orc_yaml_new_string(orc_yaml_text(former), merge->pool), merge->pool, "default",
                             NULL);
    if (!covers(value, former))
        *name = name_of(merge, input, n);
    return declared;
}

static const orc_yaml_node_t *merge_inputs(const merge_t *merge, const orc_yaml_node_t *inputs)
{
    orc_yaml_node_t *copy = orc_yaml_copy_mapping(NULL, inputs->count, merge->pool);
    int i;

    for (i = 0; i < inputs->count; i++) {
        const char *input = inputs->pairs[i].key->text, *name;
        const orc_yaml_node_t *declared = merge_input(&name, merge, input, inputs->pairs[i].value);

        orc_yaml_set(copy, name, declared, merge->pool);
        if (strcmp(name, input) != 0)
            apr_hash_set(merge->names, input, APR_HASH_KEY_STRING, name);
    }
    return copy;
}

/* ---- where inputs are used ---- */

static const orc_yaml_node_t *renamed(const merge_t *merge, const orc_yaml_node_t *node);

/* The operand of get_input: a name, or a list that begins with one. */
static const orc_yaml_node_t *rename_operand(const merge_t *merge, const orc_yaml_node_t *operand)
{
    const orc_yaml_node_t *first = operand->kind == ORC_YAML_SEQUENCE && operand->count ? operand->items[0] : operand;
    const char *text = orc_yaml_text(first),
               *name = text ? apr_hash_get(merge->names, text, APR_HASH_KEY_STRING) : NULL;
    orc_yaml_node_t *copy;

    if (!name)
        return operand;
    if (first == operand)
        return orc_yaml_new_string(name, merge->pool);
    copy = orc_yaml_copy_sequence(operand, 0, merge->pool);
    copy->items[0] = orc_yaml_new_string(name, merge->pool);
    return copy;
}

static const orc_yaml_node_t *rename_pairs(const merge_t *merge, const orc_yaml_node_t *node)
{
    const char *function = orc_tosca_function(node);
    int i, is_input = function && !strcmp(function, "get_input");
    orc_yaml_node_t *copy = NULL;

    for (i = 0; i < node->count; i++) {
        const orc_yaml_node_t *value = node->pairs[i].value;
        const orc_yaml_node_t *fresh = is_input ? rename_operand(merge, value) : renamed(merge, value);

        if (fresh == value)
            continue;
        copy = copy ? copy : orc_yaml_copy_mapping(node, 0, merge->pool);
        copy->pairs[i].value = fresh;
    }
    return copy ? copy : node;
}

static const orc_yaml_node_t *rename_items(const merge_t *merge, const orc_yaml_node_t *node)
{
    orc_yaml_node_t *copy = NULL;
    int i;

    for (i = 0; i < node->count; i++) {
        const orc_yaml_node_t *fresh = renamed(merge, node->items[i]);

        if (fresh == node->items[i])
            continue;
        copy = copy ? copy : orc_yaml_copy_sequence(node, 0, merge->pool);
        copy->items[i] = fresh;
    }
    return copy ? copy : node;
}

/* The same part of the document, shared where nothing is renamed. */
static const orc_yaml_node_t *renamed(const merge_t *merge, const orc_yaml_node_t *node)
{
    switch (node->kind) {
    case ORC_YAML_MAPPING:
        return rename_pairs(merge, node);
    case ORC_YAML_SEQUENCE:
        return rename_items(merge, node);
    default:
        return node;
    }
}

/* ---- nodes and outputs that are no more ---- */

/* How often a node is there by IM's document; the first of these that it has counts. */
static const char *const counts[] = {"count", "default_instances", "min_instances", NULL};

static const orc_yaml_node_t *properties_of(const orc_yaml_node_t *node)
{
    return orc_yaml_path(node, "capabilities", "scalable", "properties", NULL);
}

/* Whether IM makes machines of it, as far as its document tells. */
static int is_counted(const merge_t *merge, const orc_yaml_node_t *node)
{
    int i;

    for (i = 0; counts[i]; i++)
        if (orc_yaml_get(properties_of(node), counts[i]))
            return 1;
    return orc_tosca_derives(merge->tosca, "node_types", orc_yaml_text(orc_yaml_get(node, "type")),
                             "tosca.nodes.Compute");
}

/* The least that IM takes for a node, with no instance of it. It compares default_instances with the two beside it, and
 * dies of one that is not there. */
static const orc_yaml_node_t *none_of(const merge_t *merge, const orc_yaml_node_t *node)
{
    static const char *const beside_default[] = {"min_instances", "max_instances", NULL};
    const orc_yaml_node_t *type = orc_yaml_get(node, "type"), *zero = orc_yaml_new_plain("0", merge->pool);
    const orc_yaml_node_t *declared =
        orc_tosca_type_member(merge->tosca, "node_types", orc_yaml_text(type), "capabilities", "scalable", NULL);
    orc_yaml_node_t *none = orc_yaml_copy_mapping(NULL, 4, merge->pool), *copy;
    int i;

    for (i = 0; counts[i]; i++)
        if (orc_yaml_get(properties_of(node), counts[i]))
            orc_yaml_set(none, counts[i], zero, merge->pool);
    if (!none->count)
        orc_yaml_set(none, orc_tosca_capability_property(merge->tosca, declared, "count") ? "count" : "min_instances",
                     zero, merge->pool);
    for (i = 0; beside_default[i] && orc_yaml_get(none, "default_instances"); i++)
        orc_yaml_set(none, beside_default[i], zero, merge->pool);
    copy = orc_yaml_copy_mapping(NULL, 1, merge->pool);
    orc_yaml_set(copy, "type", type, merge->pool);
    return orc_yaml_with(copy, none, merge->pool, "capabilities", "scalable", "properties", NULL);
}

/* Entries of IM's document that ours lacks, made by `make`, added to ours. */
static const orc_yaml_node_t *
add_missing(const merge_t *merge, const orc_yaml_node_t *ours, const orc_yaml_node_t *former,
            const orc_yaml_node_t *(*make)(const merge_t *merge, const orc_yaml_node_t *node))
{
    orc_yaml_node_t *copy = orc_yaml_copy_mapping(ours, former->count, merge->pool);
    int i;

    for (i = 0; i < former->count; i++) {
        const char *name = former->pairs[i].key->text;
        const orc_yaml_node_t *made = orc_yaml_get(ours, name) ? NULL : make(merge, former->pairs[i].value);

        if (made)
            orc_yaml_set(copy, name, made, merge->pool);
    }
    return copy;
}

static const orc_yaml_node_t *as_none(const merge_t *merge, const orc_yaml_node_t *node)
{
    return is_counted(merge, node) ? none_of(merge, node) : NULL;
}

static const orc_yaml_node_t *as_dropped(const merge_t *merge, const orc_yaml_node_t *output)
{
    return orc_yaml_with(NULL, orc_yaml_new_string(ORC_TOSCA_DROPPED, merge->pool), merge->pool, "value", NULL);
}

static const orc_yaml_node_t *as_it_is(const merge_t *merge, const orc_yaml_node_t *type)
{
    return type;
}

static int is_any_missing(const orc_yaml_node_t *ours, const orc_yaml_node_t *former)
{
    int i;

    for (i = 0; former && former->kind == ORC_YAML_MAPPING && i < former->count; i++)
        if (!orc_yaml_get(ours, former->pairs[i].key->text))
            return 1;
    return 0;
}

/* What another template had, IM goes on having: of its machines there are none now, or IM would make them again. Their
 * types may be declared in that template. */
static const orc_yaml_node_t *drop_former(const merge_t *merge, const orc_yaml_node_t *root,
                                          const orc_yaml_node_t *former)
{
    const orc_yaml_node_t *nodes = orc_yaml_path(root, "topology_template", "node_templates", NULL);
    const orc_yaml_node_t *former_nodes = orc_yaml_path(former, "topology_template", "node_templates", NULL);
    const orc_yaml_node_t *outputs = orc_yaml_path(root, "topology_template", "outputs", NULL);
    const orc_yaml_node_t *former_outputs = orc_yaml_path(former, "topology_template", "outputs", NULL);
    const orc_yaml_node_t *types = orc_yaml_get(root, "node_types"), *former_types = orc_yaml_get(former, "node_types");

    if (is_any_missing(outputs, former_outputs))
        root = orc_yaml_with(root, add_missing(merge, outputs, former_outputs, as_dropped), merge->pool,
                             "topology_template", "outputs", NULL);
    if (!is_any_missing(nodes, former_nodes))
        return root;
    root = orc_yaml_with(root, add_missing(merge, nodes, former_nodes, as_none), merge->pool, "topology_template",
                         "node_templates", NULL);
    return is_any_missing(types, former_types)
               ? orc_yaml_with(root, add_missing(merge, types, former_types, as_it_is), merge->pool, "node_types", NULL)
               : root;
}

/* ---- the document ---- */

const orc_yaml_node_t *orc_tosca_merging(const orc_tosca_template_t *tosca, const orc_yaml_node_t *root,
                                         const char *into, apr_pool_t *pool)
{
    merge_t merge = {tosca, NULL, apr_hash_make(pool), pool};
    const orc_yaml_node_t *former, *inputs = orc_yaml_path(root, "topology_template", "inputs", NULL), *merged;
    orc_yaml_mistake_t mistake;

    if (orc_yaml_read(&former, &mistake, into, strlen(into), ORC_YAML_LAST_KEY, pool))
        return root;
    if (inputs && inputs->kind == ORC_YAML_MAPPING) {
        merge.former = orc_yaml_path(former, "topology_template", "inputs", NULL);
        merged = merge_inputs(&merge, inputs);
        if (apr_hash_count(merge.names))
            root = renamed(&merge, root);
        root = orc_yaml_with(root, merged, pool, "topology_template", "inputs", NULL);
    }
    return drop_former(&merge, root, former);
}
