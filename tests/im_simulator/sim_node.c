/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_node.h"

#include "sim_python.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <string.h>

sim_node_t *sim_node_new(sim_kind_t kind, const char *text, apr_pool_t *pool)
{
    sim_node_t *node = apr_pcalloc(pool, sizeof(*node));
    node->kind = kind;
    node->text = text;
    node->size = 1;
    return node;
}

void sim_node_add(sim_node_t *parent, sim_node_t *key, sim_node_t *value, apr_pool_t *pool)
{
    if (parent->count == parent->room) {
        int room = parent->room ? parent->room * 2 : 4;
        sim_node_t **values = apr_pcalloc(pool, room * sizeof(*values));
        sim_node_t **keys = apr_pcalloc(pool, room * sizeof(*keys));
        if (parent->count) {
            memcpy(values, parent->values, parent->count * sizeof(*values));
            memcpy(keys, parent->keys, parent->count * sizeof(*keys));
        }
        parent->values = values;
        parent->keys = keys;
        parent->room = room;
    }
    parent->keys[parent->count] = key;
    parent->values[parent->count++] = value;
    parent->size += value->size + 1;
}

void sim_node_set(sim_node_t *map, sim_node_t *key, sim_node_t *value, apr_pool_t *pool)
{
    int i = key->text ? sim_node_find(map, key->text, key->kind) : -1;
    if (i >= 0) {
        map->values[i] = value;
    }
    else {
        sim_node_add(map, key, value, pool);
    }
}

sim_node_t *sim_node_copy(const sim_node_t *node, apr_pool_t *pool)
{
    sim_node_t *copy = sim_node_new(node->kind, node->text ? apr_pstrdup(pool, node->text) : NULL, pool);
    for (int i = 0; i < node->count; i++) {
        sim_node_t *key = node->keys[i] ? sim_node_copy(node->keys[i], pool) : NULL;
        sim_node_add(copy, key, sim_node_copy(node->values[i], pool), pool);
    }
    return copy;
}

static sim_node_t *node_of_object(json_t *object, apr_pool_t *pool)
{
    sim_node_t *map = sim_node_new(SIM_MAP, NULL, pool);
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        sim_node_add(map, sim_node_new(SIM_STRING, apr_pstrdup(pool, key), pool), sim_node_of_json(value, pool), pool);
    }
    return map;
}

sim_node_t *sim_node_of_json(json_t *value, apr_pool_t *pool)
{
    sim_node_t *list;

    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return node_of_object(value, pool);
    case JSON_ARRAY:
        list = sim_node_new(SIM_LIST, NULL, pool);
        for (size_t i = 0; i < json_array_size(value); i++) {
            sim_node_add(list, NULL, sim_node_of_json(json_array_get(value, i), pool), pool);
        }
        return list;
    case JSON_STRING:
        return sim_node_new(SIM_STRING, apr_pstrdup(pool, json_string_value(value)), pool);
    case JSON_INTEGER:
        return sim_node_new(SIM_INT, apr_psprintf(pool, "%" JSON_INTEGER_FORMAT, json_integer_value(value)), pool);
    case JSON_TRUE:
    case JSON_FALSE:
        return sim_node_new(SIM_BOOL, json_is_true(value) ? "true" : "false", pool);
    default:
        return sim_node_new(SIM_NULL, "", pool);
    }
}

sim_node_t *sim_node_merge(sim_node_t *to, const sim_node_t *from, apr_pool_t *pool)
{
    if (!to || to->kind != from->kind || (to->kind != SIM_MAP && to->kind != SIM_LIST)) {
        return sim_node_copy(from, pool);
    }
    for (int i = 0; i < from->count; i++) {
        int at = to->kind == SIM_LIST ? (i < to->count ? i : -1)
                                      : sim_node_find(to, from->keys[i]->text, from->keys[i]->kind);
        if (at >= 0) {
            to->values[at] = sim_node_merge(to->values[at], from->values[i], pool);
        }
        else {
            sim_node_add(to, from->keys[i] ? sim_node_copy(from->keys[i], pool) : NULL,
                         sim_node_copy(from->values[i], pool), pool);
        }
    }
    return to;
}

void sim_node_set_string(sim_node_t *node, const char *text)
{
    node->kind = SIM_STRING;
    node->text = text;
}

int sim_node_find(const sim_node_t *map, const char *key, sim_kind_t kind)
{
    for (int i = 0; i < map->count; i++) {
        if (map->keys[i]->text && map->keys[i]->kind == kind && !strcmp(map->keys[i]->text, key)) {
            return i;
        }
    }
    return -1;
}

sim_node_t *sim_node_get(const sim_node_t *map, const char *key)
{
    int i = sim_node_is(map, SIM_MAP) ? sim_node_find(map, key, SIM_STRING) : -1;
    return i < 0 ? NULL : map->values[i];
}

sim_node_t *sim_node_path(const sim_node_t *map, ...)
{
    const sim_node_t *node = map;
    const char *key;
    va_list keys;

    va_start(keys, map);
    while (node && (key = va_arg(keys, const char *))) {
        node = sim_node_get(node, key);
    }
    va_end(keys);
    return (sim_node_t *)node;
}

int sim_node_is(const sim_node_t *node, sim_kind_t kind)
{
    return node && node->kind == kind;
}

const char *sim_node_string(const sim_node_t *node)
{
    return sim_node_is(node, SIM_STRING) ? node->text : NULL;
}

json_int_t sim_node_integer(const sim_node_t *node, json_int_t fallback)
{
    if (node && (node->kind == SIM_INT || (node->kind == SIM_STRING && sim_scalar_kind(node->text) == SIM_INT))) {
        return sim_scalar_integer(node->text);
    }
    return fallback;
}

/* Python's json writes keys that are no strings as JSON writes their values. */
static const char *key_text(const sim_node_t *key, char *buffer, size_t size)
{
    switch (key->kind) {
    case SIM_NULL:
        return "null";
    case SIM_BOOL:
        return sim_scalar_bool(key->text) ? "true" : "false";
    case SIM_INT:
        apr_snprintf(buffer, size, "%" APR_INT64_T_FMT, (apr_int64_t)sim_scalar_integer(key->text));
        return buffer;
    case SIM_FLOAT:
        sim_python_float(buffer, size, sim_scalar_float(key->text));
        return buffer;
    default:
        return key->text;
    }
}

static json_t *collection_json(const sim_node_t *node)
{
    json_t *value = node->kind == SIM_LIST ? json_array() : json_object();
    char buffer[64];

    for (int i = 0; i < node->count; i++) {
        json_t *child = sim_node_json(node->values[i]);
        if (node->kind == SIM_LIST) {
            json_array_append_new(value, child);
        }
        else {
            json_object_set_new(value, key_text(node->keys[i], buffer, sizeof(buffer)), child);
        }
    }
    return value;
}

json_t *sim_node_json(const sim_node_t *node)
{
    json_t *number;

    switch (node ? node->kind : SIM_NULL) {
    case SIM_NULL:
        return json_null();
    case SIM_BOOL:
        return json_boolean(sim_scalar_bool(node->text));
    case SIM_INT:
        return json_integer(sim_scalar_integer(node->text));
    case SIM_FLOAT:
        number = json_real(sim_scalar_float(node->text));
        return number ? number : json_null();
    case SIM_LIST:
    case SIM_MAP:
        return collection_json(node);
    default:
        return json_string(node->text);
    }
}
