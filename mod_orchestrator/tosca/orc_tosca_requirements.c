/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_strings.h>
#include <string.h>

/* Requirements between the node templates of one document: resolved by name, without cycles. */

static const char *target_name(const orc_yaml_node_t *value)
{
    return orc_yaml_text(value->kind == ORC_YAML_MAPPING ? orc_yaml_get(value, "node") : value);
}

static int is_host(const orc_tosca_template_t *tosca, const orc_yaml_pair_t *requirement)
{
    const orc_yaml_node_t *relationship = orc_yaml_get(requirement->value, "relationship");
    const char *type = orc_yaml_text(relationship);

    if (!type)
        type = orc_yaml_text(orc_yaml_get(relationship, "type"));
    if (type && orc_tosca_derives(tosca, "relationship_types", type, "tosca.relationships.HostedOn"))
        return 1;
    return !strcmp(requirement->key->text, "host");
}

static void resolve(orc_tosca_template_t *tosca, int node)
{
    const orc_yaml_node_t *list = orc_yaml_get(tosca->nodes->pairs[node].value, "requirements");
    apr_array_header_t *resolved = apr_array_make(tosca->pool, 2, sizeof(orc_tosca_requirement_t));
    int i;

    for (i = 0; list && list->kind == ORC_YAML_SEQUENCE && i < list->count; i++) {
        const orc_yaml_pair_t *pair = &list->items[i]->pairs[0];
        const char *name = target_name(pair->value);
        const int *target = name ? apr_hash_get(tosca->node_index, name, APR_HASH_KEY_STRING) : NULL;

        if (target) {
            orc_tosca_requirement_t *requirement = apr_array_push(resolved);

            requirement->target = *target;
            requirement->is_host = is_host(tosca, pair);
            requirement->where = list->items[i];
        }
    }
    tosca->requirements[node] = resolved;
}

/* A walk in depth without recursion: a chain of requirements is as long as its author likes. */
typedef struct walk_t {
    const orc_tosca_template_t *tosca;
    char *state; /* per node: 0 not seen, 1 on the path, 2 done */
    int *next;   /* per node: its next requirement to follow */
    int *path;
    int length;
} walk_t;

/* "a -> b -> a" with the first few nodes of a long cycle. */
static const char *describe(const walk_t *walk, int target)
{
    enum { SHOWN = 8 };
    apr_pool_t *pool = walk->tosca->pool;
    const char *text = "";
    int i = walk->length - 1, shown = 0;

    while (walk->path[i] != target)
        i--;
    for (; i < walk->length && shown < SHOWN; i++, shown++)
        text = apr_psprintf(pool, "%s%.64s -> ", text, walk->tosca->nodes->pairs[walk->path[i]].key->text);
    return apr_psprintf(pool, "%s%s%.64s", text, i < walk->length ? "... -> " : "",
                        walk->tosca->nodes->pairs[target].key->text);
}

static void enter(walk_t *walk, int node)
{
    walk->state[node] = 1;
    walk->path[walk->length++] = node;
}

/* The requirement that closes a cycle, or NULL; then the walk's path leads to it. */
static const orc_tosca_requirement_t *find_cycle(walk_t *walk, int start)
{
    enter(walk, start);
    while (walk->length) {
        int node = walk->path[walk->length - 1];
        const apr_array_header_t *list = walk->tosca->requirements[node];

        if (walk->next[node] == list->nelts) {
            walk->state[node] = 2;
            walk->length--;
        }
        else {
            const orc_tosca_requirement_t *requirement =
                &APR_ARRAY_IDX(list, walk->next[node]++, orc_tosca_requirement_t);

            if (walk->state[requirement->target] == 1)
                return requirement;
            if (!walk->state[requirement->target])
                enter(walk, requirement->target);
        }
    }
    return NULL;
}

static orc_error_t *refuse_cycles(const orc_tosca_template_t *tosca, const char *pointer)
{
    apr_size_t count = (apr_size_t)tosca->nodes->count;
    walk_t walk = {.tosca = tosca,
                   .state = apr_pcalloc(tosca->pool, count),
                   .next = apr_pcalloc(tosca->pool, count * sizeof(int)),
                   .path = apr_pcalloc(tosca->pool, count * sizeof(int))};
    orc_error_t *error = NULL;
    int i;

    for (i = 0; i < tosca->nodes->count; i++) {
        const orc_tosca_requirement_t *closing = walk.state[i] ? NULL : find_cycle(&walk, i);

        if (closing) {
            orc_error_add_pointer(&error, tosca->pool, pointer, "%s: a cycle of requirements: %s",
                                  orc_tosca_position(closing->where, tosca->pool), describe(&walk, closing->target));
            return error;
        }
    }
    return NULL;
}

orc_error_t *orc_tosca_check_requirements(orc_tosca_template_t *tosca, const char *pointer)
{
    int i;

    if (!tosca->nodes)
        return NULL;
    tosca->requirements = apr_pcalloc(tosca->pool, sizeof(*tosca->requirements) * (apr_size_t)tosca->nodes->count);
    for (i = 0; i < tosca->nodes->count; i++)
        resolve(tosca, i);
    return refuse_cycles(tosca, pointer);
}
