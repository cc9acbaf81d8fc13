/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_yaml.h"

#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Looking into a tree, building one, and the way to JSON and back. */

static orc_yaml_pair_t *find_pair(const orc_yaml_node_t *mapping, const char *key)
{
    apr_size_t length = strlen(key);
    int i;

    for (i = 0; i < mapping->count; i++) {
        const orc_yaml_node_t *found = mapping->pairs[i].key;

        if (found->length == length && !memcmp(found->text, key, length))
            return &mapping->pairs[i];
    }
    return NULL;
}

const orc_yaml_node_t *orc_yaml_get(const orc_yaml_node_t *node, const char *key)
{
    const orc_yaml_pair_t *pair;

    if (!node || node->kind != ORC_YAML_MAPPING)
        return NULL;
    if (node->index) {
        int place = (int)(intptr_t)apr_hash_get(node->index, key, APR_HASH_KEY_STRING);

        return place ? node->pairs[place - 1].value : NULL;
    }
    pair = find_pair(node, key);
    return pair ? pair->value : NULL;
}

const orc_yaml_node_t *orc_yaml_path(const orc_yaml_node_t *node, ...)
{
    const char *key;
    va_list keys;

    va_start(keys, node);
    while (node && (key = va_arg(keys, const char *)))
        node = orc_yaml_get(node, key);
    va_end(keys);
    return node;
}

int orc_yaml_is_null(const orc_yaml_node_t *node)
{
    return !node || (node->kind == ORC_YAML_SCALAR && orc_yaml_type(node) == ORC_YAML_NULL);
}

const char *orc_yaml_text(const orc_yaml_node_t *node)
{
    return node && node->kind == ORC_YAML_SCALAR && !orc_yaml_is_null(node) ? node->text : NULL;
}

static json_t *scalar_to_json(const orc_yaml_node_t *node)
{
    json_int_t integer;
    double real;
    int boolean;

    switch (orc_yaml_type(node)) {
    case ORC_YAML_NULL:
        return json_null();
    case ORC_YAML_BOOLEAN:
        orc_yaml_boolean(&boolean, node->text);
        return json_boolean(boolean);
    case ORC_YAML_INTEGER:
        return orc_yaml_integer(&integer, node->text) ? json_real(ORC_JSON_OUT_OF_RANGE) : json_integer(integer);
    case ORC_YAML_FLOAT:
        return orc_yaml_float(&real, node->text) ? json_real(ORC_JSON_OUT_OF_RANGE) : json_real(real);
    default:
        return json_stringn(node->text, node->length);
    }
}

json_t *orc_yaml_to_json(const orc_yaml_node_t *node)
{
    json_t *out;
    int i;

    if (node->kind == ORC_YAML_SCALAR)
        return scalar_to_json(node);
    out = node->kind == ORC_YAML_SEQUENCE ? json_array() : json_object();
    for (i = 0; i < node->count; i++)
        if (node->kind == ORC_YAML_SEQUENCE)
            json_array_append_new(out, orc_yaml_to_json(node->items[i]));
        else
            json_object_set_new(out, node->pairs[i].key->text, orc_yaml_to_json(node->pairs[i].value));
    return out;
}

static orc_yaml_node_t *new_scalar(const char *text, orc_yaml_style_t style, apr_pool_t *pool)
{
    orc_yaml_node_t *node = apr_pcalloc(pool, sizeof(*node));

    node->kind = ORC_YAML_SCALAR;
    node->style = style;
    node->text = text;
    node->length = node->bytes = strlen(text);
    node->weight = 1;
    return node;
}

const orc_yaml_node_t *orc_yaml_new_plain(const char *text, apr_pool_t *pool)
{
    return new_scalar(text, ORC_YAML_PLAIN, pool);
}

const orc_yaml_node_t *orc_yaml_new_string(const char *text, apr_pool_t *pool)
{
    return new_scalar(apr_pstrdup(pool, text), ORC_YAML_QUOTED, pool);
}

/* A key that can't be taken for a number, a boolean or null stays bare, so that the document reads as people write it.
 */
static const orc_yaml_node_t *new_key(const char *text, apr_pool_t *pool)
{
    orc_yaml_node_t *key = new_scalar(apr_pstrdup(pool, text), ORC_YAML_PLAIN, pool);
    const char *c = text;

    while (apr_isalnum(*c) || *c == '_' || (c > text && (*c == '-' || *c == '.')))
        c++;
    if (*c || c == text || orc_yaml_type(key) != ORC_YAML_STRING)
        key->style = ORC_YAML_QUOTED;
    return key;
}

orc_yaml_node_t *orc_yaml_copy_mapping(const orc_yaml_node_t *mapping, int extra, apr_pool_t *pool)
{
    orc_yaml_node_t *copy = apr_pcalloc(pool, sizeof(*copy));
    int count = mapping && mapping->kind == ORC_YAML_MAPPING ? mapping->count : 0;

    copy->kind = ORC_YAML_MAPPING;
    copy->count = count;
    copy->pairs = apr_pcalloc(pool, sizeof(*copy->pairs) * (apr_size_t)(count + extra + 1));
    if (count)
        memcpy(copy->pairs, mapping->pairs, sizeof(*copy->pairs) * (apr_size_t)count);
    return copy;
}

orc_yaml_node_t *orc_yaml_copy_sequence(const orc_yaml_node_t *sequence, int extra, apr_pool_t *pool)
{
    orc_yaml_node_t *copy = apr_pcalloc(pool, sizeof(*copy));
    int count = sequence && sequence->kind == ORC_YAML_SEQUENCE ? sequence->count : 0;

    copy->kind = ORC_YAML_SEQUENCE;
    copy->count = count;
    copy->items = apr_pcalloc(pool, sizeof(*copy->items) * (apr_size_t)(count + extra + 1));
    if (count)
        memcpy(copy->items, sequence->items, sizeof(*copy->items) * (apr_size_t)count);
    return copy;
}

void orc_yaml_set(orc_yaml_node_t *copy, const char *key, const orc_yaml_node_t *value, apr_pool_t *pool)
{
    orc_yaml_pair_t *pair = find_pair(copy, key);

    if (!pair) {
        pair = &copy->pairs[copy->count++];
        pair->key = new_key(key, pool);
    }
    pair->value = value;
}

const orc_yaml_node_t *orc_yaml_with(const orc_yaml_node_t *mapping, const orc_yaml_node_t *value, apr_pool_t *pool,
                                     ...)
{
    orc_yaml_node_t *whole = orc_yaml_copy_mapping(mapping, 1, pool), *at = whole, *inner;
    const char *key, *next;
    va_list keys;

    va_start(keys, pool);
    for (key = va_arg(keys, const char *); (next = va_arg(keys, const char *)); key = next) {
        inner = orc_yaml_copy_mapping(orc_yaml_get(at, key), 1, pool);
        orc_yaml_set(at, key, inner, pool);
        at = inner;
    }
    va_end(keys);
    orc_yaml_set(at, key, value, pool);
    return whole;
}

void orc_yaml_push(orc_yaml_node_t *copy, const orc_yaml_node_t *item)
{
    copy->items[copy->count++] = item;
}

/* The shortest digits that read back as the same number, spelt so that YAML 1.1 takes them for a float: it wants a
 * point, and a sign in the exponent. */
static const char *float_text(double value, apr_pool_t *pool)
{
    char digits[40], *exponent;
    int precision;

    if (isnan(value))
        return ".nan";
    if (isinf(value))
        return value > 0 ? ".inf" : "-.inf";
    for (precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    if (strchr(digits, '.'))
        return apr_pstrdup(pool, digits);
    if ((exponent = strchr(digits, 'e')))
        return apr_psprintf(pool, "%.*s.0%s", (int)(exponent - digits), digits, exponent);
    return apr_pstrcat(pool, digits, ".0", NULL);
}

static const orc_yaml_node_t *array_from_json(const json_t *value, apr_pool_t *pool)
{
    orc_yaml_node_t *node = orc_yaml_copy_sequence(NULL, (int)json_array_size(value), pool);
    size_t i;

    for (i = 0; i < json_array_size(value); i++)
        orc_yaml_push(node, orc_yaml_from_json(json_array_get(value, i), pool));
    return node;
}

static const orc_yaml_node_t *object_from_json(const json_t *value, apr_pool_t *pool)
{
    orc_yaml_node_t *node = orc_yaml_copy_mapping(NULL, (int)json_object_size(value), pool);
    void *iterator = json_object_iter((json_t *)value);

    for (; iterator; iterator = json_object_iter_next((json_t *)value, iterator)) {
        orc_yaml_pair_t *pair = &node->pairs[node->count++];

        pair->key = new_key(json_object_iter_key(iterator), pool);
        pair->value = orc_yaml_from_json(json_object_iter_value(iterator), pool);
    }
    return node;
}

const orc_yaml_node_t *orc_yaml_from_json(const json_t *value, apr_pool_t *pool)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return object_from_json(value, pool);
    case JSON_ARRAY:
        return array_from_json(value, pool);
    case JSON_STRING:
        return orc_yaml_new_string(json_string_value(value), pool);
    case JSON_INTEGER:
        return orc_yaml_new_plain(apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value)),
                                  pool);
    case JSON_REAL:
        return orc_yaml_new_plain(float_text(json_real_value(value), pool), pool);
    case JSON_TRUE:
        return orc_yaml_new_plain("true", pool);
    case JSON_FALSE:
        return orc_yaml_new_plain("false", pool);
    default:
        return orc_yaml_new_plain("null", pool);
    }
}
