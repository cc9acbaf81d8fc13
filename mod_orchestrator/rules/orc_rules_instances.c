/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_instances.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "orc_enums.h"
#include "orc_id.h"

/* What there is of one node. */
typedef struct group_t {
    const char *name, *type; /* NULL: the topology to be has none */
    int first, count;        /* in the topology to be */
    int is_compute;
    apr_array_header_t *rows; /* of const orc_store_resource_t *, by position */
    int fall;                 /* how many of them go */
    int going;                /* how many of these are chosen */
} group_t;

typedef struct change_t {
    const orc_rules_instances_t *of;
    apr_pool_t *pool;
    apr_hash_t *groups;       /* name to group_t * */
    apr_array_header_t *list; /* the same, of group_t * */
    apr_hash_t *living;       /* id to row, of those that are there */
    apr_hash_t *gone;         /* the same of those that go */
    orc_error_t *wrong;
} change_t;

static int is_living(const orc_store_resource_t *row)
{
    return row->status != ORC_RESOURCE_DELETED && !row->is_added;
}

/* ---- nodes ---- */

static group_t *group_of(change_t *change, const char *name)
{
    group_t *group = apr_hash_get(change->groups, name, APR_HASH_KEY_STRING);

    if (group)
        return group;
    group = apr_pcalloc(change->pool, sizeof *group);
    group->name = name;
    group->rows = apr_array_make(change->pool, 4, sizeof(const orc_store_resource_t *));
    apr_hash_set(change->groups, name, APR_HASH_KEY_STRING, group);
    APR_ARRAY_PUSH(change->list, group_t *) = group;
    return group;
}

static void make_groups(change_t *change)
{
    const orc_rules_instances_t *of = change->of;
    int i;

    for (i = 0; i < of->nodes->nelts; i++) {
        const orc_tosca_node_t *node = &APR_ARRAY_IDX(of->nodes, i, orc_tosca_node_t);
        group_t *group = group_of(change, node->name);

        group->first = group->count++ ? group->first : i;
        group->type = node->type;
        group->is_compute = node->is_compute;
    }
    for (i = 0; i < of->rows->nelts; i++) {
        const orc_store_resource_t *row = &APR_ARRAY_IDX(of->rows, i, orc_store_resource_t);
        group_t *group;

        if (!is_living(row))
            continue;
        group = group_of(change, row->node);
        group->is_compute |= row->is_compute;
        apr_hash_set(change->living, row->id, APR_HASH_KEY_STRING, row);
        if (group->type && row->type && strcmp(group->type, row->type) != 0)
            apr_hash_set(change->gone, row->id, APR_HASH_KEY_STRING, row);
        else
            APR_ARRAY_PUSH(group->rows, const orc_store_resource_t *) = row;
    }
    for (i = 0; i < change->list->nelts; i++) {
        group_t *group = APR_ARRAY_IDX(change->list, i, group_t *);

        group->fall = group->rows->nelts > group->count ? group->rows->nelts - group->count : 0;
    }
}

/* ---- what goes ---- */

static int is_gone(const change_t *change, const char *id)
{
    return apr_hash_get(change->gone, id, APR_HASH_KEY_STRING) != NULL;
}

static void let_go(change_t *change, group_t *group, const orc_store_resource_t *row)
{
    apr_hash_set(change->gone, row->id, APR_HASH_KEY_STRING, row);
    group->going++;
}

/* The machine that an entry names, among those of the nodes that have this list. */
static const orc_store_resource_t *named(const change_t *change, const char *input, const char *entry)
{
    const orc_rules_instances_t *of = change->of;
    int i;

    for (i = 0; i < of->rows->nelts; i++) {
        const orc_store_resource_t *row = &APR_ARRAY_IDX(of->rows, i, orc_store_resource_t);
        const char *list;

        if (!row->is_compute || !is_living(row) ||
            (strcasecmp(row->id, entry) != 0 && (!row->vm || strcmp(row->vm, entry) != 0)))
            continue;
        list = orc_tosca_removal_input(of->tosca, row->node);
        if (list && strcmp(list, input) == 0)
            return row;
    }
    return NULL;
}

static const char *text_of(const json_t *entry, apr_pool_t *pool)
{
    return json_is_string(entry)    ? json_string_value(entry)
           : json_is_integer(entry) ? apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(entry))
                                    : "";
}

static int is_foreign(const change_t *change, const char *id)
{
    const apr_array_header_t *foreign = change->of->foreign;
    int i;

    for (i = 0; foreign && i < foreign->nelts; i++) {
        if (strcasecmp(APR_ARRAY_IDX(foreign, i, const char *), id) == 0)
            return 1;
    }
    return 0;
}

/* The id of something that is there, here or at another deployment. */
static int is_there(const change_t *change, const char *id)
{
    const apr_array_header_t *rows = change->of->rows;
    int i;

    for (i = 0; i < rows->nelts; i++) {
        const orc_store_resource_t *row = &APR_ARRAY_IDX(rows, i, orc_store_resource_t);

        if (is_living(row) && strcasecmp(row->id, id) == 0)
            return 1;
    }
    return is_foreign(change, id);
}

/* What is wrong with an entry, which names that machine or none. */
static const char *mistake_of(change_t *change, const char *entry, const orc_store_resource_t *row)
{
    const group_t *group = row ? group_of(change, row->node) : NULL;

    if (change->of->is_lenient)
        return !row && is_there(change, entry) ? "is no machine that has this list" : NULL;
    if (!row)
        return "is no machine that is there and has this list";
    if (is_gone(change, row->id))
        return "is there twice";
    return group->going >= group->fall ? "is more than the count falls by" : NULL;
}

static void choose_named(change_t *change, const char *input, const json_t *list)
{
    size_t i;

    for (i = 0; i < json_array_size(list); i++) {
        const char *entry = text_of(json_array_get(list, i), change->pool);
        const orc_store_resource_t *row = named(change, input, entry);
        const char *wrong = mistake_of(change, entry, row);

        if (wrong && !change->of->is_again)
            orc_error_add_member(&change->wrong, change->pool,
                                 apr_psprintf(change->pool, "template_inputs/%s/%d", input, (int)i), "%s", wrong);
        else if (!wrong && row && !is_gone(change, row->id))
            let_go(change, group_of(change, row->node), row);
    }
}

/* Each list once, however many nodes have it. */
static void choose_by_lists(change_t *change)
{
    apr_hash_t *done = apr_hash_make(change->pool);
    int i;

    for (i = 0; i < change->list->nelts; i++) {
        const group_t *group = APR_ARRAY_IDX(change->list, i, group_t *);
        const char *input = orc_tosca_removal_input(change->of->tosca, group->name);

        if (!input || apr_hash_get(done, input, APR_HASH_KEY_STRING))
            continue;
        apr_hash_set(done, input, APR_HASH_KEY_STRING, input);
        choose_named(change, input, json_object_get(change->of->given, input));
    }
}

/* ---- lists by node ---- */

/* A resource by its id, or by its machine when it is one of the node; NULL: there is no such one. */
static const orc_store_resource_t *find_entry(const change_t *change, const char *node, const char *entry)
{
    const orc_rules_instances_t *of = change->of;
    int i;

    for (i = 0; i < of->rows->nelts; i++) {
        const orc_store_resource_t *row = &APR_ARRAY_IDX(of->rows, i, orc_store_resource_t);

        if (strcasecmp(row->id, entry) == 0 ||
            (is_living(row) && row->vm && strcmp(row->vm, entry) == 0 && strcmp(row->node, node) == 0))
            return row;
    }
    return NULL;
}

static void choose_entry(change_t *change, const char *node, const char *entry)
{
    const orc_store_resource_t *row = find_entry(change, node, entry);

    if (is_foreign(change, entry) || (row && is_living(row) && strcmp(row->node, node) != 0))
        orc_error_add_member(&change->wrong, change->pool, "template_text",
                             "the removal_list of node \"%.64s\" names %.64s, which is none of its resources", node,
                             entry);
    else if (row && is_living(row) && row->is_compute && !is_gone(change, row->id))
        let_go(change, group_of(change, node), row);
}

static void choose_by_nodes(change_t *change)
{
    const char *node;
    json_t *list, *entry;
    size_t i;

    json_object_foreach((json_t *)change->of->removals, node, list) json_array_foreach(list, i, entry)
        choose_entry(change, node, text_of(entry, change->pool));
}

/* One without a machine goes first. */
static int age_of(const orc_store_resource_t *row)
{
    return !row->is_compute ? row->position : row->vm ? atoi(row->vm) : INT_MAX;
}

static void choose_youngest(change_t *change, group_t *group)
{
    const orc_store_resource_t *youngest = NULL;
    int i;

    for (i = 0; i < group->rows->nelts; i++) {
        const orc_store_resource_t *row = APR_ARRAY_IDX(group->rows, i, const orc_store_resource_t *);

        if (!is_gone(change, row->id) && (!youngest || age_of(row) >= age_of(youngest)))
            youngest = row;
    }
    if (youngest)
        let_go(change, group, youngest);
}

/* What requires something that goes, and of whose node some go, goes with it; true: there was one more. */
static int choose_dependent(change_t *change)
{
    const apr_array_header_t *relations = change->of->relations;
    int i, any = 0;

    for (i = 0; i < relations->nelts; i++) {
        const orc_rules_relation_t *one = &APR_ARRAY_IDX(relations, i, orc_rules_relation_t);
        const orc_store_resource_t *row;
        group_t *group;

        if (!is_gone(change, one->resource) || is_gone(change, one->required_by))
            continue;
        row = apr_hash_get(change->living, one->required_by, APR_HASH_KEY_STRING);
        group = row ? group_of(change, row->node) : NULL;
        if (!group || group->is_compute || group->going >= group->fall)
            continue;
        let_go(change, group, row);
        any = 1;
    }
    return any;
}

static void choose(change_t *change)
{
    int is_compute, i;

    choose_by_nodes(change);
    choose_by_lists(change);
    for (is_compute = 1; is_compute >= 0; is_compute--) {
        for (i = 0; i < change->list->nelts; i++) {
            group_t *group = APR_ARRAY_IDX(change->list, i, group_t *);

            while (!group->is_compute == !is_compute && group->going < group->fall)
                choose_youngest(change, group);
        }
        while (is_compute && choose_dependent(change))
            ;
    }
}

/* ---- what comes ---- */

static int next_position(const apr_array_header_t *rows)
{
    return rows->nelts ? APR_ARRAY_IDX(rows, rows->nelts - 1, orc_store_resource_t).position + 1 : 0;
}

/* The id of each instance of the topology to be: the rows that stay, in their order, then new ones. */
static const char **name_instances(orc_rules_turnover_t *turnover, const change_t *change)
{
    const orc_rules_instances_t *of = change->of;
    const char **ids = apr_pcalloc(change->pool, sizeof(*ids) * (apr_size_t)(of->nodes->nelts + 1));
    int position = next_position(of->rows), i, j;

    for (i = 0; i < change->list->nelts; i++) {
        const group_t *group = APR_ARRAY_IDX(change->list, i, group_t *);
        int at = group->first;

        for (j = 0; j < group->rows->nelts; j++) {
            const orc_store_resource_t *row = APR_ARRAY_IDX(group->rows, j, const orc_store_resource_t *);

            if (!is_gone(change, row->id))
                ids[at++] = row->id;
        }
    }
    for (i = 0; i < of->nodes->nelts; i++) {
        const orc_tosca_node_t *node = &APR_ARRAY_IDX(of->nodes, i, orc_tosca_node_t);

        if (ids[i])
            continue;
        ids[i] = orc_id_new(change->pool);
        json_array_append_new(turnover->added,
                              json_pack("{s:s, s:i, s:s, s:s, s:b}", "id", ids[i], "position", position++, "name",
                                        node->name, "type", node->type, "is_compute", node->is_compute));
    }
    return ids;
}

static void relate(orc_rules_turnover_t *turnover, const change_t *change, const char **ids)
{
    const orc_rules_instances_t *of = change->of;
    apr_hash_t *fresh = apr_hash_make(change->pool);
    size_t k;
    int i, j;

    for (k = 0; k < json_array_size(turnover->added); k++) {
        const char *id = orc_json_string(json_array_get(turnover->added, k), "id");

        apr_hash_set(fresh, id, APR_HASH_KEY_STRING, id);
    }
    for (i = 0; i < of->nodes->nelts; i++) {
        const orc_tosca_node_t *node = &APR_ARRAY_IDX(of->nodes, i, orc_tosca_node_t);

        for (j = 0; j < node->required_by->nelts; j++) {
            const char *other = ids[APR_ARRAY_IDX(node->required_by, j, int)];

            if (apr_hash_get(fresh, ids[i], APR_HASH_KEY_STRING) || apr_hash_get(fresh, other, APR_HASH_KEY_STRING))
                json_array_append_new(turnover->relations,
                                      json_pack("{s:s, s:s}", "resource", ids[i], "required_by", other));
        }
    }
}

orc_error_t *orc_rules_instances_change(orc_rules_turnover_t *turnover, const orc_rules_instances_t *instances,
                                        apr_pool_t *pool)
{
    change_t change = {.of = instances,
                       .pool = pool,
                       .groups = apr_hash_make(pool),
                       .list = apr_array_make(pool, 8, sizeof(group_t *)),
                       .living = apr_hash_make(pool),
                       .gone = apr_hash_make(pool)};
    int i;

    turnover->added = orc_json_own(json_array(), pool);
    turnover->relations = orc_json_own(json_array(), pool);
    turnover->removed = apr_array_make(pool, 4, sizeof(const char *));
    make_groups(&change);
    choose(&change);
    ORC_TRY(change.wrong);
    for (i = 0; i < instances->rows->nelts; i++) {
        const char *id = APR_ARRAY_IDX(instances->rows, i, orc_store_resource_t).id;

        if (is_gone(&change, id))
            APR_ARRAY_PUSH(turnover->removed, const char *) = id;
    }
    relate(turnover, &change, name_instances(turnover, &change));
    return NULL;
}
