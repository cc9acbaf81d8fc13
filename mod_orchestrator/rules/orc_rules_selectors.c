/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_selectors.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_identity.h"
#include "orc_sql.h"
#include "orc_time.h"
#include "orc_url.h"

typedef enum { ALL, ID, WORD, GROUP, ISSUER, STATUS, NODE, BEFORE } sort_t;

#define OWNED "EXISTS (SELECT FROM deployment_owners w WHERE w.deployment_id = b.id AND w.user_id = ANY ($?))"

/* The words of clients, some of which mean the same. */
static const struct {
    const char *key;
    sort_t sort;
    const char *expression, *condition;
} keys[] = {
    {"target", ALL, NULL, NULL},
    {"deploymentID", ID, "b.id", NULL},
    {"runtimeID", WORD, "b.im_infra_id", NULL},
    {"template_id", ID, "b.template_id", NULL},
    {"user_group", GROUP, "b.user_group", NULL},
    {"subAccount", GROUP, "b.user_group", NULL},
    {"user_group_issuer", ISSUER, "b.user_group_issuer", NULL},
    {"globalAccount", ISSUER, "b.user_group_issuer", NULL},
    {"created_by", ID, "b.created_by", NULL},
    {"owned_by", ID, "b.id", OWNED},
    {"status", STATUS, NULL, NULL},
    {"target_provider", WORD, "b.target_provider", NULL},
    {"planName", WORD, "b.target_provider", NULL},
    {"target_region", WORD, "b.target_region", NULL},
    {"region", WORD, "b.target_region", NULL},
    {"tosca_node_name", NODE, NULL, NULL},
    {"created_before", BEFORE, "b.created_at", NULL},
    {"updated_before", BEFORE, "b.updated_at", NULL},
    {NULL, ALL, NULL, NULL},
};

/* ---- one key ---- */

static const apr_array_header_t *one_value(const char *value, apr_pool_t *pool)
{
    apr_array_header_t *values = apr_array_make(pool, 1, sizeof(const char *));

    APR_ARRAY_PUSH(values, const char *) = value;
    return values;
}

static void add(orc_store_where_t *where, orc_store_filter_t filter, const char *value)
{
    orc_store_where_add(where, &filter, one_value(value, where->pool));
}

static void add_status(orc_store_where_t *where, const json_t *value)
{
    orc_store_filter_t filter = {.expression = "b.status", .type = ORC_STORE_NUMBER};

    if (json_is_integer(value)) {
        add(where, filter, orc_value_number(json_integer_value(value), where->pool));
        return;
    }
    filter.expression = apr_pstrcat(where->pool, orc_views_schema, ".deployment_status_name(b.status)", NULL);
    filter.type = ORC_STORE_TEXT;
    add(where, filter, json_string_value(value));
}

/* Of machines, the machine's own; else some node of the deployment is like that. */
static void add_node(orc_store_where_t *where, const char *value, int is_of_machines)
{
    orc_store_filter_t filter = {.expression = "b.node", .type = ORC_STORE_TEXT, .comparison = ORC_STORE_LIKE};
    orc_store_where_t part = orc_store_where_part(where);

    if (!is_of_machines)
        filter.expression = "r.tosca_node_name";
    add(&part, filter, value);
    if (is_of_machines)
        where->text = apr_pstrcat(where->pool, where->text, part.text, NULL);
    else
        where->text =
            apr_pstrcat(where->pool, where->text, " AND EXISTS (SELECT FROM resources r WHERE r.deployment_id = b.id",
                        part.text, ")", NULL);
}

static void add_before(orc_store_where_t *where, const char *expression, const char *value)
{
    const orc_store_filter_t filter = {.expression = expression, .type = ORC_STORE_TIME, .comparison = ORC_STORE_BELOW};

    add(where, filter, orc_time_utc(value, where->pool));
}

static void add_key(orc_store_where_t *where, int key, const json_t *value, int is_of_machines)
{
    orc_store_filter_t filter = {.expression = keys[key].expression, .condition = keys[key].condition};
    const char *text = json_string_value(value);

    switch (keys[key].sort) {
    case ALL:
        return;
    case ID:
        filter.type = ORC_STORE_ID;
        add(where, filter, text);
        return;
    case GROUP:
        text = orc_group_name(text);
        break;
    case ISSUER:
        text = orc_url_trimmed(text, where->pool);
        break;
    case WORD:
        break;
    case STATUS:
        add_status(where, value);
        return;
    case NODE:
        add_node(where, text, is_of_machines);
        return;
    case BEFORE:
        add_before(where, keys[key].expression, text);
        return;
    }
    filter.type = ORC_STORE_TEXT;
    filter.comparison = ORC_STORE_LIKE;
    add(where, filter, text);
}

/* ---- selectors ---- */

static int key_of(const char *name)
{
    int key = 0;

    while (keys[key].key && strcmp(keys[key].key, name) != 0)
        key++;
    return key;
}

static apr_array_header_t *parts_of(orc_store_where_t *where, const json_t *selectors, int is_of_machines)
{
    apr_array_header_t *parts =
        apr_array_make(where->pool, (int)json_array_size(selectors) + 1, sizeof(orc_store_where_t));
    json_t *selector, *value;
    const char *name;
    size_t i;

    json_array_foreach((json_t *)selectors, i, selector)
    {
        orc_store_where_t part = orc_store_where_part(where);

        json_object_foreach(selector, name, value)
        {
            add_key(&part, key_of(name), value, is_of_machines);
        }
        APR_ARRAY_PUSH(parts, orc_store_where_t) = part;
    }
    return parts;
}

void orc_rules_selectors_compile(orc_store_where_t *where, const json_t *targets, int is_of_machines)
{
    orc_store_where_any(where, parts_of(where, json_object_get(targets, "include"), is_of_machines), 0);
    orc_store_where_any(where, parts_of(where, json_object_get(targets, "exclude"), is_of_machines), 1);
}

int orc_rules_selectors_name_status(const json_t *selectors, const char *name, int code)
{
    const json_t *selector;
    size_t i;

    json_array_foreach((json_t *)selectors, i, selector)
    {
        const json_t *status = json_object_get(selector, "status");
        const char *text = json_string_value(status);

        if ((json_is_integer(status) && json_integer_value(status) == code) || (text && strcmp(text, name) == 0))
            return 1;
    }
    return 0;
}
