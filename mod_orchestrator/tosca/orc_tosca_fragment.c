/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_strings.h>
#include <string.h>

/* Is a document whole? A fragment names nodes or inputs of another file: IM's dashboard puts such files together. */

static void set_missing(orc_tosca_template_t *tosca, const orc_yaml_node_t *where, const char *what, const char *name)
{
    if (!tosca->missing)
        tosca->missing =
            apr_psprintf(tosca->pool, "%s: %s \"%.128s\"", orc_tosca_position(where, tosca->pool), what, name);
}

static int has_node(const orc_tosca_template_t *tosca, const char *name)
{
    return apr_hash_get(tosca->node_index, name, APR_HASH_KEY_STRING) != NULL;
}

/* A requirement may name a type instead of a node: the orchestrator then picks or makes one of it. */
static int is_type(const orc_tosca_template_t *tosca, const char *name)
{
    return !strncmp(name, "tosca.", 6) || !strncmp(name, "tosca:", 6) ||
           orc_tosca_type(tosca, "node_types", name) != NULL;
}

static void check_requirements(orc_tosca_template_t *tosca, const orc_yaml_node_t *node)
{
    const orc_yaml_node_t *list = orc_yaml_get(node, "requirements");
    int i;

    for (i = 0; list && list->kind == ORC_YAML_SEQUENCE && i < list->count; i++) {
        const orc_yaml_node_t *value = list->items[i]->pairs[0].value;
        const char *name = orc_yaml_text(value->kind == ORC_YAML_MAPPING ? orc_yaml_get(value, "node") : value);

        if (name && !has_node(tosca, name) && !is_type(tosca, name))
            set_missing(tosca, list->items[i], "a requirement names the missing node", name);
    }
}

/* The name that a function is about: its operand, or the first of a list. */
static const char *first_operand(const orc_yaml_node_t *operand)
{
    if (operand->kind == ORC_YAML_SEQUENCE && operand->count)
        operand = operand->items[0];
    return orc_yaml_text(operand);
}

static void check_function(orc_tosca_template_t *tosca, const char *function, const orc_yaml_node_t *operand)
{
    static const char *const keywords[] = {"SELF", "HOST", "SOURCE", "TARGET", NULL};
    const char *name = first_operand(operand);

    if (!name)
        return;
    if (!strcmp(function, "get_input") && !orc_yaml_get(tosca->inputs, name))
        set_missing(tosca, operand, "get_input names the missing input", name);
    if (strcmp(function, "get_attribute") && strcmp(function, "get_property"))
        return;
    if (orc_words_find(keywords, name))
        return;
    if (operand->kind == ORC_YAML_SEQUENCE && !has_node(tosca, name))
        set_missing(tosca, operand, "a function names the missing node", name);
}

/* Every mapping with one key may be a function. The tree is at most ORC_YAML_MAX_DEPTH deep. */
static void check_functions(orc_tosca_template_t *tosca, const orc_yaml_node_t *node)
{
    int i;

    if (node->kind == ORC_YAML_SCALAR || tosca->missing)
        return;
    if (node->kind == ORC_YAML_MAPPING && node->count == 1)
        check_function(tosca, node->pairs[0].key->text, node->pairs[0].value);
    for (i = 0; i < node->count; i++)
        check_functions(tosca, node->kind == ORC_YAML_MAPPING ? node->pairs[i].value : node->items[i]);
}

/* ---- names of nodes outside of the node templates ---- */

static void check_node_names(orc_tosca_template_t *tosca, const orc_yaml_node_t *names, const orc_yaml_node_t *groups,
                             const char *what)
{
    int i;

    for (i = 0; names && names->kind == ORC_YAML_SEQUENCE && i < names->count; i++) {
        const char *name = orc_yaml_text(names->items[i]);

        if (name && !has_node(tosca, name) && !orc_yaml_get(groups, name))
            set_missing(tosca, names->items[i], what, name);
    }
}

static void check_groups(orc_tosca_template_t *tosca, const orc_yaml_node_t *groups)
{
    int i;

    for (i = 0; groups && groups->kind == ORC_YAML_MAPPING && i < groups->count; i++)
        check_node_names(tosca, orc_yaml_get(groups->pairs[i].value, "members"), NULL, "a group has the missing node");
}

/* A list of mappings with one key each, as TOSCA writes it, or one mapping. A target is a node or a group. */
static void check_policies(orc_tosca_template_t *tosca, const orc_yaml_node_t *policies, const orc_yaml_node_t *groups)
{
    int i;

    for (i = 0; policies && policies->kind != ORC_YAML_SCALAR && i < policies->count; i++)
        if (policies->kind == ORC_YAML_SEQUENCE)
            check_policies(tosca, policies->items[i], groups);
        else
            check_node_names(tosca, orc_yaml_get(policies->pairs[i].value, "targets"), groups,
                             "a policy has the missing target");
}

/* Of capabilities and requirements: name to [node, its name of it]; of properties: name to [input]. */
static void check_substitution(orc_tosca_template_t *tosca, const orc_yaml_node_t *mappings)
{
    static const char *const sections[] = {"capabilities", "requirements", "properties", NULL};
    int section, i;

    for (section = 0; sections[section]; section++) {
        const orc_yaml_node_t *list = orc_yaml_get(mappings, sections[section]);

        for (i = 0; list && list->kind == ORC_YAML_MAPPING && i < list->count; i++) {
            const orc_yaml_node_t *target = list->pairs[i].value;
            const char *name = target->kind == ORC_YAML_SEQUENCE ? first_operand(target) : NULL;

            if (!name)
                continue;
            if (target->count == 1 && !orc_yaml_get(tosca->inputs, name))
                set_missing(tosca, target, "substitution_mappings names the missing input", name);
            else if (target->count == 2 && !has_node(tosca, name))
                set_missing(tosca, target, "substitution_mappings names the missing node", name);
        }
    }
}

static void check_workflows(orc_tosca_template_t *tosca, const orc_yaml_node_t *workflows,
                            const orc_yaml_node_t *groups)
{
    int i, j;

    for (i = 0; workflows && workflows->kind == ORC_YAML_MAPPING && i < workflows->count; i++) {
        const orc_yaml_node_t *steps = orc_yaml_get(workflows->pairs[i].value, "steps");

        for (j = 0; steps && steps->kind == ORC_YAML_MAPPING && j < steps->count; j++) {
            const orc_yaml_node_t *target = orc_yaml_get(steps->pairs[j].value, "target");
            const char *name = orc_yaml_text(target);

            if (name && !has_node(tosca, name) && !orc_yaml_get(groups, name))
                set_missing(tosca, target, "a workflow has the missing target", name);
        }
    }
}

void orc_tosca_find_missing(orc_tosca_template_t *tosca)
{
    static const char *const with_functions[] = {
        "inputs", "node_templates", "relationship_templates", "groups", "policies", "substitution_mappings", "outputs",
        NULL};
    const orc_yaml_node_t *groups = orc_yaml_get(tosca->topology, "groups");
    int i;

    if (!tosca->nodes) {
        tosca->missing = apr_psprintf(tosca->pool, "%s: there is no node template",
                                      orc_tosca_position(tosca->topology, tosca->pool));
        return;
    }
    for (i = 0; i < tosca->nodes->count; i++)
        check_requirements(tosca, tosca->nodes->pairs[i].value);
    check_groups(tosca, groups);
    check_policies(tosca, orc_yaml_get(tosca->topology, "policies"), groups);
    check_substitution(tosca, orc_yaml_get(tosca->topology, "substitution_mappings"));
    check_workflows(tosca, orc_yaml_get(tosca->topology, "workflows"), groups);
    for (i = 0; with_functions[i]; i++) {
        const orc_yaml_node_t *section = orc_yaml_get(tosca->topology, with_functions[i]);

        if (section)
            check_functions(tosca, section);
    }
}
