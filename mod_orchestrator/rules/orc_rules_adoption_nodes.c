/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_adoption_internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "orc_enums.h"

/* Nodes of the former orchestrator as rows of resources. */

typedef struct state_t {
    const char *word;
    int status, is_final;
} state_t;

static const state_t states[] = {
    {"INITIAL", ORC_RESOURCE_INITIAL, 0},       {"CREATING", ORC_RESOURCE_CREATING, 0},
    {"CREATED", ORC_RESOURCE_CREATED, 0},       {"CONFIGURING", ORC_RESOURCE_CONFIGURING, 0},
    {"CONFIGURED", ORC_RESOURCE_CONFIGURED, 1}, {"STARTING", ORC_RESOURCE_STARTING, 0},
    {"STARTED", ORC_RESOURCE_STARTED, 1},       {"STOPPING", ORC_RESOURCE_STOPPING, 0},
    {"STOPPED", ORC_RESOURCE_STOPPED, 1},       {"DELETING", ORC_RESOURCE_DELETING, 0},
    {"DELETED", ORC_RESOURCE_DELETED, 1},       {"ERROR", ORC_RESOURCE_ERROR, 1},
};

/* A node with its place. */
typedef struct placed_t {
    const orc_rules_adoptee_node_t *node;
    int place, number, is_compute;
} placed_t;

/* A state that nothing leads out of any more is what there is: a look at IM (is_watched) sets machines right. */
static int status_of(const orc_rules_adoption_t *adoption, const placed_t *one)
{
    const orc_rules_fate_t *fate = adoption->fate;
    const state_t *state = NULL;
    size_t i;

    for (i = 0; i < sizeof(states) / sizeof(*states) && !state; i++) {
        if (strcmp(states[i].word, one->node->state) == 0)
            state = &states[i];
    }
    if (orc_rules_fate_is_gone(fate))
        return ORC_RESOURCE_DELETED;
    if (!state)
        return ORC_RESOURCE_ERROR;
    if (state->is_final || strcmp(fate->creation, "in progress") == 0 || orc_rules_fate_is_asked(fate))
        return state->status;
    return fate->is_watched && (one->node->vm || !one->is_compute) ? ORC_RESOURCE_STARTED : ORC_RESOURCE_ERROR;
}

/* What no topology tells: a node with a machine is one. */
static int looks_like_a_machine(const orc_rules_adoptee_node_t *node)
{
    const char *end = strrchr(node->type, '.');

    return node->vm || (end && strcmp(end, ".Compute") == 0);
}

static placed_t place(const orc_rules_adoptee_node_t *node, const apr_array_header_t *topology)
{
    placed_t placed = {.node = node, .place = INT_MAX, .is_compute = looks_like_a_machine(node)};
    int i;

    for (i = 0; topology && i < topology->nelts; i++) {
        const orc_tosca_node_t *known = &APR_ARRAY_IDX(topology, i, orc_tosca_node_t);

        if (strcmp(known->name, node->name) == 0) {
            placed.place = i;
            placed.is_compute = known->is_compute;
            break;
        }
    }
    return placed;
}

static int compare(const void *a, const void *b)
{
    const placed_t *one = a, *other = b;

    if (one->place != other->place)
        return one->place < other->place ? -1 : 1;
    return one->number - other->number;
}

static json_t *row_of(const orc_rules_adoption_t *adoption, const placed_t *one, int position,
                      const orc_secret_keys_t *keys, apr_pool_t *pool)
{
    const orc_rules_adoptee_node_t *node = one->node;
    json_t *row = json_pack("{s:s, s:i, s:s, s:s, s:b, s:i}", "id", node->id, "position", position, "name", node->name,
                            "type", node->type, "is_compute", one->is_compute, "status", status_of(adoption, one));
    const char *shown, *sealed;

    orc_json_put(row, "vm", node->vm);
    orc_json_put(row, "created_at", node->created_at);
    orc_json_put(row, "updated_at", node->updated_at ? node->updated_at : node->created_at);
    if (node->metadata) {
        orc_rules_adoption_seal(&shown, &sealed, node->metadata, keys, ORC_SEALED_METADATA, node->id, pool);
        json_object_set(row, "metadata", orc_json_own_text(shown, pool));
        orc_json_put(row, "sealed", sealed);
    }
    return row;
}

static const char *render_relations(const apr_array_header_t *relations, apr_pool_t *pool)
{
    json_t *list = orc_json_own(json_array(), pool);
    int i;

    for (i = 0; i < relations->nelts; i++) {
        const orc_rules_adoptee_relation_t *one = &APR_ARRAY_IDX(relations, i, orc_rules_adoptee_relation_t);

        json_array_append_new(list, json_pack("{s:s, s:s}", "resource", one->id, "required_by", one->required_by));
    }
    return orc_json_text(list, pool);
}

void orc_rules_adoption_nodes(orc_rules_adoption_t *adoption, const apr_array_header_t *topology,
                              const orc_secret_keys_t *keys, apr_pool_t *pool)
{
    const apr_array_header_t *nodes = adoption->adoptee->nodes;
    placed_t *placed = apr_palloc(pool, sizeof(*placed) * (apr_size_t)(nodes->nelts + 1));
    json_t *rows = orc_json_own(json_array(), pool);
    int i;

    for (i = 0; i < nodes->nelts; i++) {
        placed[i] = place(&APR_ARRAY_IDX(nodes, i, orc_rules_adoptee_node_t), topology);
        placed[i].number = i;
    }
    qsort(placed, (size_t)nodes->nelts, sizeof(*placed), compare);
    for (i = 0; i < nodes->nelts; i++)
        json_array_append_new(rows, row_of(adoption, &placed[i], i, keys, pool));
    adoption->resources = orc_json_text(rows, pool);
    adoption->relations = render_relations(adoption->adoptee->relations, pool);
}
