/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_strings.h>
#include <string.h>

/* Which keynames and which version of TOSCA a document uses. */

/* TOSCA 1.0 to 1.3 (their "service template" and "topology template" definitions), and what 2.0 added to the root. */
static const char *const root_keys[] = {"tosca_definitions_version",
                                        "tosca_default_namespace",
                                        "namespace",
                                        "metadata",
                                        "template_name",
                                        "template_author",
                                        "template_version",
                                        "description",
                                        "dsl_definitions",
                                        "repositories",
                                        "imports",
                                        "artifact_types",
                                        "data_types",
                                        "capability_types",
                                        "interface_types",
                                        "relationship_types",
                                        "node_types",
                                        "group_types",
                                        "policy_types",
                                        "topology_template",
                                        NULL};
static const char *const root_keys_of_2_0[] = {"profile", "service_template", NULL};
static const char *const topology_keys[] = {
    "description", "inputs",   "node_templates",        "relationship_templates",
    "groups",      "policies", "substitution_mappings", "outputs",
    "workflows",   NULL};

static int is_2_0(const orc_tosca_template_t *tosca)
{
    return tosca->summary.definitions_version && !strcmp(tosca->summary.definitions_version, "tosca_2_0");
}

static void refuse_unknown_keys(orc_tosca_check_t *check, const orc_yaml_node_t *mapping, const char *const *known,
                                const char *const *also, const char *where, const orc_json_path_t *at)
{
    int i;

    for (i = 0; mapping && mapping->kind == ORC_YAML_MAPPING && i < mapping->count; i++) {
        const orc_yaml_node_t *key = mapping->pairs[i].key;

        if (!orc_words_find(known, key->text) && !(also && orc_words_find(also, key->text)))
            orc_tosca_mistake(check, at, "%s: TOSCA has no \"%.64s\" %s", orc_tosca_position(key, check->pool),
                              key->text, where);
    }
}

/* ---- what is beyond 1.3 ---- */

static void set_unsupported(orc_tosca_template_t *tosca, const orc_yaml_node_t *where, const char *what)
{
    if (!tosca->unsupported)
        tosca->unsupported = apr_psprintf(tosca->pool, "%s: %s", orc_tosca_position(where, tosca->pool), what);
}

/* Functions and operators begin with "$" since 2.0. */
static void find_dollars(orc_tosca_template_t *tosca, const orc_yaml_node_t *node)
{
    int i;

    if (node->kind == ORC_YAML_SCALAR || tosca->unsupported)
        return;
    for (i = 0; i < node->count; i++) {
        if (node->kind == ORC_YAML_MAPPING && *node->pairs[i].key->text == '$')
            set_unsupported(tosca, node->pairs[i].key,
                            apr_psprintf(tosca->pool, "the function \"%.64s\"", node->pairs[i].key->text));
        find_dollars(tosca, node->kind == ORC_YAML_MAPPING ? node->pairs[i].value : node->items[i]);
    }
}

static void find_key(orc_tosca_template_t *tosca, const orc_yaml_node_t *mapping, const char *key, const char *of)
{
    const orc_yaml_node_t *found = orc_yaml_get(mapping, key);

    if (found)
        set_unsupported(tosca, found, apr_psprintf(tosca->pool, "\"%s\" of %s", key, of));
}

static void find_in_node(orc_tosca_template_t *tosca, const orc_yaml_node_t *node)
{
    const orc_yaml_node_t *requirements = orc_yaml_get(node, "requirements");
    int i;

    find_key(tosca, node, "count", "a node template");
    for (i = 0; requirements && requirements->kind == ORC_YAML_SEQUENCE && i < requirements->count; i++) {
        const orc_yaml_node_t *requirement = requirements->items[i]->pairs[0].value;

        find_key(tosca, requirement, "allocation", "a requirement");
        find_key(tosca, requirement, "count", "a requirement");
        find_key(tosca, requirement, "directives", "a requirement");
        find_key(tosca, requirement, "optional", "a requirement");
    }
}

/* 2.0 replaced constraints by a validation clause, and the scalar-units by a type of its own. */
static void find_in_declaration(orc_tosca_template_t *tosca, const orc_yaml_node_t *declared, const char *of)
{
    const char *type = orc_yaml_text(orc_yaml_get(declared, "type"));

    find_key(tosca, declared, "validation", of);
    if (type && (!strcmp(type, "scalar") || !strcmp(type, "bytes")))
        set_unsupported(tosca, orc_yaml_get(declared, "type"),
                        apr_psprintf(tosca->pool, "the type \"%s\" of %s", type, of));
}

static void find_in_types(orc_tosca_template_t *tosca, const char *section)
{
    const orc_yaml_node_t *types = orc_yaml_get(tosca->root, section);
    int i, j;

    for (i = 0; types && types->kind == ORC_YAML_MAPPING && i < types->count; i++) {
        const orc_yaml_node_t *properties = orc_yaml_get(types->pairs[i].value, "properties");

        find_key(tosca, types->pairs[i].value, "validation", "a type");
        for (j = 0; properties && properties->kind == ORC_YAML_MAPPING && j < properties->count; j++)
            find_in_declaration(tosca, properties->pairs[j].value, "a property");
    }
}

/* Of a document whose shape is right. */
static void find_unsupported(orc_tosca_template_t *tosca)
{
    const orc_yaml_node_t *inputs = tosca->inputs, *nodes = tosca->nodes;
    int i;

    for (i = 0; root_keys_of_2_0[i]; i++)
        find_key(tosca, tosca->root, root_keys_of_2_0[i], "the document");
    for (i = 0; orc_tosca_type_sections[i]; i++)
        find_in_types(tosca, orc_tosca_type_sections[i]);
    for (i = 0; inputs && i < inputs->count; i++)
        find_in_declaration(tosca, inputs->pairs[i].value, "an input");
    for (i = 0; nodes && i < nodes->count; i++)
        find_in_node(tosca, nodes->pairs[i].value);
    find_dollars(tosca, tosca->topology);
}

void orc_tosca_check_grammar(orc_tosca_check_t *check, orc_tosca_template_t *tosca, const orc_json_path_t *at)
{
    refuse_unknown_keys(check, tosca->root, root_keys, is_2_0(tosca) ? root_keys_of_2_0 : NULL, "at the root", at);
    refuse_unknown_keys(check, tosca->topology, topology_keys, NULL, "in topology_template", at);
    if (!check->error && is_2_0(tosca))
        find_unsupported(tosca);
}

const char *orc_tosca_version_for_im(const orc_tosca_template_t *tosca)
{
    const char *version = tosca->summary.definitions_version;

    if (is_2_0(tosca))
        return "tosca_simple_yaml_1_3";
    return strcmp(version, "tosca_simple_yaml_1_1") ? version : "tosca_simple_yaml_1_2";
}
