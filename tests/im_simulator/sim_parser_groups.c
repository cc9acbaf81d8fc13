/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_parser.h"

#include "sim_python.h"
#include "sim_topology.h"
#include "sim_types.h"
#include "sim_value.h"

#include <apr_strings.h>
#include <string.h>

/* What Python finds when it goes through a value: the entries of a list, the keys of a map, the letters of a text. NULL
 * when it can not, which is a crash. */
static const sim_node_t *sequence_of(sim_problems_t *problems, const sim_node_t *value)
{
    sim_node_t *list;

    if (value->kind == SIM_LIST) {
        return value;
    }
    if (value->kind != SIM_MAP && value->kind != SIM_STRING) {
        sim_crash(problems, "object of type '%s' has no len()", sim_python_type(value));
        return NULL;
    }
    list = sim_node_new(SIM_LIST, NULL, problems->pool);
    for (int i = 0; value->kind == SIM_MAP && i < value->count; i++) {
        sim_node_add(list, NULL, value->keys[i], problems->pool);
    }
    for (const char *c = value->kind == SIM_STRING ? value->text : ""; *c; c++) {
        sim_node_add(list, NULL, sim_node_new(SIM_STRING, apr_pstrmemdup(problems->pool, c, 1), problems->pool),
                     problems->pool);
    }
    return list;
}

static void check_targets(sim_problems_t *problems, const sim_node_t *document, const sim_node_t *names)
{
    for (int i = 0; i < names->count; i++) {
        const char *name = sim_node_string(names->values[i]);
        if (!name || !sim_node_template(document, name)) {
            sim_collect(problems,
                        "InvalidGroupTargetException: \"Target member \"%s\" is not found in node_templates\"",
                        sim_python_str(names->values[i], problems->pool));
        }
    }
}

static int has_repetition(const sim_node_t *names)
{
    for (int i = 0; i < names->count; i++) {
        for (int before = 0; before < i; before++) {
            const sim_node_t *one = names->values[i], *other = names->values[before];
            if (one->kind == other->kind && one->text && !strcmp(one->text, other->text)) {
                return 1;
            }
        }
    }
    return 0;
}

static void check_metadata(sim_problems_t *problems, const sim_node_t *map)
{
    static const sim_node_t map_type = {.kind = SIM_STRING, .text = "map"};
    if (sim_node_get(map, "metadata")) {
        sim_value_check(problems, &map_type, sim_node_get(map, "metadata"));
    }
}

static void check_members(sim_problems_t *problems, const sim_node_t *document, const sim_node_t *members)
{
    static const sim_node_t list_type = {.kind = SIM_STRING, .text = "list"};
    const sim_node_t *names;

    sim_value_check(problems, &list_type, members);
    if (!(names = sequence_of(problems, members))) {
        return;
    }
    for (int i = 0; i < names->count; i++) {
        if (!names->values[i]->text) {
            sim_crash(problems, "unhashable type: '%s'", sim_python_type(names->values[i]));
        }
    }
    if (!names->count || has_repetition(names)) {
        sim_collect(problems, "InvalidGroupTargetException: \"Member nodes \"%s\" should be >= 1 and not repeated\"",
                    sim_python_str(members, problems->pool));
    }
    else {
        check_targets(problems, document, names);
    }
}

static void check_group(sim_problems_t *problems, const sim_node_t *document, const char *name, const sim_node_t *group)
{
    static const char *const keys[] = {"type",    "metadata",   "description", "properties",
                                       "members", "interfaces", "attributes",  NULL};
    const sim_node_t *members = sim_node_get(group, "members"), *type = sim_node_get(group, "type");

    if (group->kind != SIM_MAP) {
        sim_crash_without(problems, group, "get");
        return;
    }
    if (members && members->kind != SIM_NULL) {
        check_members(problems, document, members);
    }
    if (!type) {
        sim_collect(problems, "MissingRequiredFieldError: Template \"%s\" is missing required field \"type\".", name);
    }
    else if (sim_node_string(type) ? !sim_type_is_known(document, SIM_GROUP_TYPE, type->text)
                                   : type->kind != SIM_NULL) {
        sim_crash(problems, "argument of type 'NoneType' is not iterable");
    }
    check_metadata(problems, group);
    sim_parse_keys(problems, group, keys, 0, apr_psprintf(problems->pool, "Groups \"%s\"", name));
}

void sim_parse_groups(sim_problems_t *problems, const sim_node_t *document)
{
    const sim_node_t *groups = sim_parse_section(problems, document, "groups");

    for (int i = 0; groups && i < groups->count; i++) {
        check_group(problems, document, sim_python_str(groups->keys[i], problems->pool), groups->values[i]);
    }
}

/* Targets are groups when one of them is a group, else nodes. */
static void check_policy_targets(sim_problems_t *problems, const sim_node_t *document, const sim_node_t *targets)
{
    const sim_node_t *groups = sim_node_path(document, "topology_template", "groups", NULL), *names;

    if (!sim_python_is_true(targets) || !(names = sequence_of(problems, targets))) {
        return;
    }
    for (int i = 0; i < names->count; i++) {
        if (names->values[i]->text && sim_node_get(groups, names->values[i]->text)) {
            return;
        }
    }
    check_targets(problems, document, names);
}

static void check_policy(sim_problems_t *problems, const sim_node_t *document, const char *name,
                         const sim_node_t *policy)
{
    static const char *const keys[] = {"type",    "metadata", "description", "properties",
                                       "targets", "triggers", "reservation", NULL};
    const sim_node_t *type = sim_node_get(policy, "type");

    if (policy->kind != SIM_MAP) {
        sim_crash_without(problems, policy, "get");
        return;
    }
    check_policy_targets(problems, document, sim_node_get(policy, "targets"));
    if (!sim_python_is_true(type)) {
        sim_crash(problems, "TOSCAException.__init__() takes 1 positional argument but 2 were given");
    }
    else if (!sim_node_string(type) || !sim_type_is_known(document, SIM_POLICY_TYPE, type->text)) {
        sim_crash_without(problems, NULL, "keys");
    }
    check_metadata(problems, policy);
    sim_parse_keys(problems, policy, keys, 0, apr_psprintf(problems->pool, "Policy \"%s\"", name));
}

void sim_parse_policies(sim_problems_t *problems, const sim_node_t *document)
{
    const sim_node_t *policies = sim_node_path(document, "topology_template", "policies", NULL);

    for (int i = 0; sim_python_is_true(policies) && i < policies->count; i++) {
        const sim_node_t *entry = policies->kind == SIM_LIST ? policies->values[i] : policies->keys[i];
        if (entry->kind != SIM_MAP) {
            sim_crash_without(problems, entry, "items");
            continue;
        }
        for (int at = 0; at < entry->count; at++) {
            check_policy(problems, document, sim_python_str(entry->keys[at], problems->pool), entry->values[at]);
        }
    }
    if (sim_python_is_true(policies) && policies->kind != SIM_LIST && policies->kind != SIM_MAP) {
        sim_crash_without(problems, policies, "items");
    }
}
