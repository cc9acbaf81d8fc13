/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_fields.h"

#include <apr_strings.h>
#include <string.h>

#define AT(type, value, field)       (*(type *)((char *)(value) + (field)->offset))
#define AT_CONST(type, value, field) (*(type const *)((const char *)(value) + (field)->offset))

static const char *within(const char *name, const char *wrong, apr_pool_t *pool)
{
    return wrong ? apr_pstrcat(pool, name, ".", wrong, NULL) : NULL;
}

static const char *read_object(void **out, const orc_field_t *field, const json_t *json, unsigned which,
                               apr_pool_t *pool)
{
    *out = apr_pcalloc(pool, field->of->size);
    return within(field->name, orc_fields_read(*out, field->of, json, which, pool), pool);
}

static const char *read_member(void *value, const orc_field_t *field, const json_t *json, unsigned which,
                               apr_pool_t *pool)
{
    switch (field->type) {
    case ORC_FIELD_TEXT:
        AT(const char *, value, field) = json_string_value(json);
        return json_is_string(json) ? NULL : apr_pstrcat(pool, field->name, " is no text", NULL);
    case ORC_FIELD_NUMBER:
        AT(apr_int64_t, value, field) = json_integer_value(json);
        return json_is_integer(json) ? NULL : apr_pstrcat(pool, field->name, " is no integer", NULL);
    case ORC_FIELD_FLAG:
        AT(int, value, field) = json_is_true(json);
        return json_is_boolean(json) ? NULL : apr_pstrcat(pool, field->name, " is no truth value", NULL);
    case ORC_FIELD_JSON:
        AT(json_t *, value, field) = (json_t *)json;
        return json_is_object(json) || json_is_array(json)
                   ? NULL
                   : apr_pstrcat(pool, field->name, " is no list and no object", NULL);
    case ORC_FIELD_OBJECT:
        return read_object(&AT(void *, value, field), field, json, which, pool);
    case ORC_FIELD_LIST:
        return within(field->name,
                      orc_fields_read_list(&AT(apr_array_header_t *, value, field), field->of, json, which, pool),
                      pool);
    }
    return NULL;
}

const char *orc_fields_read(void *value, const orc_fields_t *fields, const json_t *object, unsigned which,
                            apr_pool_t *pool)
{
    const orc_field_t *field;

    if (!json_is_object(object))
        return "it is no object";
    for (field = fields->list; field->name; field++) {
        const json_t *json = json_object_get(object, field->name);
        const char *wrong = NULL;

        if (json && !json_is_null(json))
            wrong = read_member(value, field, json, which, pool);
        else if (field->needed & which)
            wrong = apr_pstrcat(pool, field->name, " is not there", NULL);
        if (wrong)
            return wrong;
    }
    return NULL;
}

const char *orc_fields_read_list(apr_array_header_t **list, const orc_fields_t *fields, const json_t *array,
                                 unsigned which, apr_pool_t *pool)
{
    const json_t *json;
    size_t i;

    *list = apr_array_make(pool, (int)json_array_size(array) + 1, sizeof(void *));
    if (!json_is_array(array))
        return "it is no list";
    json_array_foreach(array, i, json)
    {
        void *one = apr_pcalloc(pool, fields->size);
        const char *wrong = orc_fields_read(one, fields, json, which, pool);

        if (wrong)
            return wrong;
        APR_ARRAY_PUSH(*list, void *) = one;
    }
    return NULL;
}

static json_t *write_list(const apr_array_header_t *list, const orc_fields_t *fields)
{
    json_t *array;
    int i;

    if (!list || !list->nelts)
        return NULL;
    array = json_array();
    for (i = 0; i < list->nelts; i++)
        json_array_append_new(array, orc_fields_write(APR_ARRAY_IDX(list, i, const void *), fields));
    return array;
}

/* NULL: nothing is to be written. */
static json_t *write_member(const void *value, const orc_field_t *field)
{
    const void *object;
    const char *text;
    json_t *json;

    switch (field->type) {
    case ORC_FIELD_TEXT:
        text = AT_CONST(char *, value, field);
        return text ? json_string(text) : NULL;
    case ORC_FIELD_NUMBER:
        return AT_CONST(apr_int64_t, value, field) ? json_integer(AT_CONST(apr_int64_t, value, field)) : NULL;
    case ORC_FIELD_FLAG:
        return AT_CONST(int, value, field) ? json_true() : NULL;
    case ORC_FIELD_JSON:
        json = AT_CONST(json_t *, value, field);
        return json && (json_array_size(json) || json_object_size(json)) ? json_incref(json) : NULL;
    case ORC_FIELD_OBJECT:
        object = AT_CONST(void *, value, field);
        return object ? orc_fields_write(object, field->of) : NULL;
    case ORC_FIELD_LIST:
        return write_list(AT_CONST(apr_array_header_t *, value, field), field->of);
    }
    return NULL;
}

json_t *orc_fields_write(const void *value, const orc_fields_t *fields)
{
    json_t *object = json_object();
    const orc_field_t *field;

    for (field = fields->list; field->name; field++) {
        json_t *json = write_member(value, field);

        if (json)
            json_object_set_new(object, field->name, json);
    }
    return object;
}
