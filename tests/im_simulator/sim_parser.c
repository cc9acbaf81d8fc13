/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_parser.h"

#include "sim_function.h"
#include "sim_python.h"
#include "sim_value.h"

#include <apr_strings.h>
#include <string.h>

#define VERSION "tosca_definitions_version"

void sim_parse_keys(sim_problems_t *problems, const sim_node_t *map, const char *const *names, int with_metadata,
                    const char *what)
{
    for (int i = 0; i < map->count; i++) {
        const char *const *name = names;
        const char *key = sim_node_string(map->keys[i]);
        while (*name && !(key && !strcmp(key, *name))) {
            name++;
        }
        if (*name || (with_metadata && key && strstr("metadata", key))) {
            continue;
        }
        if (with_metadata && !key) {
            sim_crash(problems, "'in <string>' requires string as left operand, not %s", sim_python_type(map->keys[i]));
            continue;
        }
        sim_collect_unknown(problems, what, map->keys[i]);
    }
}

const sim_node_t *sim_parse_section(sim_problems_t *problems, const sim_node_t *document, const char *name)
{
    const sim_node_t *section = sim_node_path(document, "topology_template", name, NULL);

    if (!sim_python_is_true(section)) {
        return NULL;
    }
    if (section->kind != SIM_MAP) {
        sim_crash_without(problems, section, "items");
        return NULL;
    }
    return section;
}

/* A text that nobody strips crashes: 5 has no rstrip(). */
static void check_description(sim_problems_t *problems, const sim_node_t *map)
{
    const sim_node_t *description = sim_node_get(map, "description");
    if (sim_python_is_true(description) && description->kind != SIM_STRING) {
        sim_crash_without(problems, description, "rstrip");
    }
}

/* ---- the root ---- */

static const char *const versions[] = {"tosca_simple_yaml_1_0",
                                       "tosca_simple_yaml_1_2",
                                       "tosca_simple_yaml_1_3",
                                       "tosca_simple_profile_for_mec_1_0_0",
                                       "tosca_simple_profile_for_nfv_1_0_0",
                                       NULL};

static const char *version_names(apr_pool_t *pool)
{
    const char *names = versions[0];
    for (int i = 1; versions[i]; i++) {
        names = apr_pstrcat(pool, names, "\", \"", versions[i], NULL);
    }
    return names;
}

/* Whether tosca-parser knows the version. */
static int check_version(sim_problems_t *problems, const sim_node_t *document)
{
    const sim_node_t *version = sim_node_get(document, VERSION);

    if (!sim_python_is_true(version)) {
        sim_collect(problems, "MissingRequiredFieldError: Template is missing required field \"" VERSION "\".");
        return 0;
    }
    for (const char *const *known = versions; *known; known++) {
        if (version->kind == SIM_STRING && !strcmp(version->text, *known)) {
            return 1;
        }
    }
    sim_collect(problems, "InvalidTemplateVersion: The template version \"%s\" is invalid. Valid versions are \"%s\".",
                sim_python_str(version, problems->pool), version_names(problems->pool));
    return 0;
}

static void check_root(sim_problems_t *problems, const sim_node_t *document)
{
    static const char *const keys[] = {VERSION,
                                       "tosca_default_namespace",
                                       "template_name",
                                       "topology_template",
                                       "template_author",
                                       "template_version",
                                       "description",
                                       "imports",
                                       "dsl_definitions",
                                       "node_types",
                                       "relationship_types",
                                       "relationship_templates",
                                       "capability_types",
                                       "artifact_types",
                                       "data_types",
                                       "interface_types",
                                       "policy_types",
                                       "group_types",
                                       "repositories",
                                       NULL};
    const sim_node_t *version = sim_node_get(document, VERSION);
    int is_known = check_version(problems, document);

    if (sim_node_get(document, "metadata") && (sim_node_is(version, SIM_LIST) || sim_node_is(version, SIM_MAP))) {
        sim_crash(problems, "unhashable type: '%s'", sim_python_type(version));
    }
    sim_parse_keys(problems, document, keys, is_known, "Template");
    check_description(problems, document);
}

/* ---- inputs and outputs ---- */

/* A declaration that is no map crashes on its `type`. */
static void crash_on_type(sim_problems_t *problems, const sim_node_t *declaration)
{
    if (declaration->kind == SIM_STRING) {
        sim_crash(problems, "string indices must be integers, not 'str'");
    }
    else if (declaration->kind == SIM_LIST) {
        sim_crash(problems, "list indices must be integers or slices, not str");
    }
    else {
        sim_crash(problems, "'%s' object is not subscriptable", sim_python_type(declaration));
    }
}

static void check_input(sim_problems_t *problems, const char *name, const sim_node_t *declaration)
{
    static const char *const keys[] = {"type",   "description", "default",      "constraints", "required",
                                       "status", "key_schema",  "entry_schema", NULL};
    const sim_node_t *type = sim_node_get(declaration, "type"), *value = sim_node_get(declaration, "default");

    if (declaration->kind != SIM_MAP || !type) {
        if (declaration->kind == SIM_MAP) {
            sim_crash(problems, "'type'");
        }
        else {
            crash_on_type(problems, declaration);
        }
        return;
    }
    sim_parse_keys(problems, declaration, keys, 0, apr_psprintf(problems->pool, "Input \"%s\"", name));
    if (!sim_node_string(type) || !sim_value_is_type(type->text)) {
        sim_collect(problems, "ValueError: Invalid type \"<class 'type'>\".");
    }
    if (sim_python_is_true(value) && !(sim_node_string(type) && sim_function_is(value))) {
        sim_value_check(problems, type, value);
    }
}

static void check_inputs(sim_problems_t *problems, const sim_node_t *document)
{
    const sim_node_t *inputs = sim_parse_section(problems, document, "inputs");

    for (int i = 0; inputs && i < inputs->count; i++) {
        check_input(problems, sim_python_str(inputs->keys[i], problems->pool), inputs->values[i]);
    }
}

static void check_outputs(sim_problems_t *problems, const sim_node_t *document)
{
    static const char *const keys[] = {"description", "value", NULL};
    const sim_node_t *outputs = sim_parse_section(problems, document, "outputs"), *value;

    for (int i = 0; outputs && i < outputs->count; i++) {
        const sim_node_t *output = outputs->values[i];
        const char *what =
            apr_psprintf(problems->pool, "Output \"%s\"", sim_python_str(outputs->keys[i], problems->pool));
        if (output->kind != SIM_MAP) {
            sim_crash_without(problems, output, "get");
            return;
        }
        value = sim_node_get(output, "value");
        if (!value || value->kind == SIM_NULL) {
            sim_collect(problems, "MissingRequiredFieldError: %s is missing required field \"value\".", what);
        }
        sim_parse_keys(problems, output, keys, 0, what);
    }
}

static void check_calls_of_outputs(sim_problems_t *problems, const sim_node_t *document)
{
    const sim_node_t *outputs = sim_node_path(document, "topology_template", "outputs", NULL), *value;

    for (int i = 0; sim_node_is(outputs, SIM_MAP) && i < outputs->count; i++) {
        if ((value = sim_node_get(outputs->values[i], "value"))) {
            sim_function_check(problems, document, value, NULL);
        }
    }
}

/* ---- the whole ---- */

static void check_repositories(sim_problems_t *problems, const sim_node_t *document)
{
    static const char *const keys[] = {"description", "url", "credential", NULL};
    const sim_node_t *repositories = sim_node_get(document, "repositories");

    if (sim_python_is_true(repositories) && repositories->kind != SIM_MAP) {
        sim_crash_without(problems, repositories, "items");
        return;
    }
    for (int i = 0; sim_python_is_true(repositories) && i < repositories->count; i++) {
        const sim_node_t *one = repositories->values[i];
        const char *name = sim_python_str(repositories->keys[i], problems->pool);
        const char *url = sim_node_string(sim_node_get(one, "url"));
        if (one->kind != SIM_MAP) {
            continue;
        }
        if (!sim_node_get(one, "url")) {
            sim_crash(problems, "'url'");
        }
        sim_parse_keys(problems, one, keys, 0, apr_psprintf(problems->pool, "repositories \"%s\"", name));
        if (!url || !strstr(url, "://")) {
            sim_collect(problems, "URLException: repsositories \"%s\" Invalid Url", name);
        }
    }
}

static void check_substitution(sim_problems_t *problems, const sim_node_t *document)
{
    const sim_node_t *mappings = sim_node_path(document, "topology_template", "substitution_mappings", NULL);
    const sim_node_t *type = sim_node_get(mappings, "node_type");

    if (sim_python_is_true(mappings) && mappings->kind != SIM_MAP) {
        sim_crash_without(problems, mappings, "keys");
    }
    else if (sim_python_is_true(mappings) && !sim_python_is_true(type)) {
        sim_collect(problems, "MissingRequiredFieldError: SubstitutionMappings used in topology_template is missing "
                              "required field \"node_type\".");
    }
    else if (sim_node_string(type) && !sim_node_get(document, "imports") &&
             !sim_node_path(document, "node_types", type->text, NULL)) {
        sim_collect(problems, "InvalidNodeTypeError: Node type \"%s\" is not a valid type.", type->text);
    }
}

static void check_topology(sim_problems_t *problems, const sim_node_t *document)
{
    static const char *const keys[] = {"description", "inputs", "node_templates",        "relationship_templates",
                                       "outputs",     "groups", "substitution_mappings", "policies",
                                       NULL};
    const sim_node_t *topology = sim_node_get(document, "topology_template");

    if (!sim_python_is_true(topology)) {
        return;
    }
    if (topology->kind != SIM_MAP) {
        if (topology->kind == SIM_LIST || topology->kind == SIM_STRING) {
            sim_crash_without(problems, topology, "get");
        }
        sim_crash(problems, "'%s' object is not iterable", sim_python_type(topology));
        return;
    }
    sim_parse_keys(problems, topology, keys, 0, "Template");
    check_description(problems, topology);
    check_inputs(problems, document);
    sim_parse_relationships(problems, document);
    sim_parse_nodes(problems, document);
    check_outputs(problems, document);
    sim_parse_requirements(problems, document);
    sim_parse_groups(problems, document);
    sim_parse_policies(problems, document);
    sim_parse_calls(problems, document);
    check_calls_of_outputs(problems, document);
    check_substitution(problems, document);
}

void sim_parse(sim_problems_t *problems, const sim_node_t *document)
{
    if (!sim_python_is_true(document)) {
        sim_collect(problems, "ValueError: No path or yaml_dict_tpl was provided. There is nothing to parse.");
        return;
    }
    if (document->kind != SIM_MAP) {
        sim_crash_without(problems, document, "get");
        return;
    }
    check_root(problems, document);
    check_topology(problems, document);
    check_repositories(problems, document);
}
