/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_schema.h"

#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <math.h>
#include <regex.h>
#include <string.h>

#include "orc_id.h"
#include "orc_time.h"
#include "orc_utf8.h"

enum {
    TYPE_OBJECT = 1,
    TYPE_ARRAY = 2,
    TYPE_STRING = 4,
    TYPE_INTEGER = 8,
    TYPE_NUMBER = 16,
    TYPE_BOOLEAN = 32,
    TYPE_NULL = 64,

    MAX_ERRORS = 100, /* what an answer names of a body */
    NO_LIMIT = -1,
};

typedef enum { FORMAT_NONE, FORMAT_UUID, FORMAT_URI, FORMAT_TIME } format_t;

struct orc_surface_schema_t {
    unsigned types;                   /* 0: any */
    const json_t *values;             /* enum or const as an array, or NULL */
    apr_hash_t *properties;           /* name to const orc_surface_schema_t *, or NULL */
    const json_t *names;              /* an object with those names in their order, or NULL */
    const json_t *required;           /* array of names, or NULL */
    int is_closed;                    /* additionalProperties: false */
    orc_surface_schema_t *additional; /* additionalProperties: a schema, or NULL */
    orc_surface_schema_t *items;      /* or NULL */
    int has_minimum, has_maximum;
    double minimum, maximum;
    json_int_t min_length, max_length, min_items, max_items, min_properties, max_properties; /* or NO_LIMIT */
    regex_t *pattern;
    const char *pattern_text;
    format_t format;
};

struct orc_surface_schemas_t {
    apr_pool_t *pool;
    const json_t *sources;
    apr_hash_t *compiled; /* name to orc_surface_schema_t * */
};

/* ---- compiling ---- */

typedef struct compiler_t {
    orc_surface_schemas_t *schemas;
    const char *name; /* of the schema that is compiled, for messages */
} compiler_t;

static orc_error_t *compile(orc_surface_schema_t **out, compiler_t *compiler, const json_t *source);
static orc_error_t *compile_named(orc_surface_schema_t **out, orc_surface_schemas_t *schemas, const char *name);

static orc_error_t *refuse(const compiler_t *compiler, const char *word)
{
    return orc_error(compiler->schemas->pool, 500, "schema", "Schema %s: \"%s\" is not understood.", compiler->name,
                     word);
}

static unsigned type_bit(const char *name)
{
    static const char *const names[] = {"object", "array", "string", "integer", "number", "boolean", "null"};
    unsigned i;

    for (i = 0; name && i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0)
            return 1u << i;
    }
    return 0;
}

static orc_error_t *compile_types(orc_surface_schema_t *schema, compiler_t *compiler, const json_t *value)
{
    size_t i;

    if (json_is_string(value))
        schema->types = type_bit(json_string_value(value));
    for (i = 0; i < json_array_size(value); i++) {
        unsigned bit = type_bit(json_string_value(json_array_get(value, i)));

        if (!bit)
            return refuse(compiler, "type");
        schema->types |= bit;
    }
    return schema->types ? NULL : refuse(compiler, "type");
}

static apr_status_t free_pattern(void *pattern)
{
    regfree(pattern);
    return APR_SUCCESS;
}

static orc_error_t *compile_pattern(orc_surface_schema_t *schema, compiler_t *compiler, const json_t *value)
{
    apr_pool_t *pool = compiler->schemas->pool;
    regex_t *pattern = apr_pcalloc(pool, sizeof *pattern);

    if (!json_is_string(value) || regcomp(pattern, json_string_value(value), REG_EXTENDED | REG_NOSUB) != 0)
        return refuse(compiler, "pattern");
    apr_pool_cleanup_register(pool, pattern, free_pattern, apr_pool_cleanup_null);
    schema->pattern = pattern;
    schema->pattern_text = json_string_value(value);
    return NULL;
}

static orc_error_t *compile_format(orc_surface_schema_t *schema, compiler_t *compiler, const json_t *value)
{
    const char *name = json_string_value(value);

    if (name && strcmp(name, "uuid") == 0)
        schema->format = FORMAT_UUID;
    else if (name && strcmp(name, "uri") == 0)
        schema->format = FORMAT_URI;
    else if (name && strcmp(name, "date-time") == 0)
        schema->format = FORMAT_TIME;
    else
        return refuse(compiler, "format");
    return NULL;
}

static orc_error_t *compile_properties(orc_surface_schema_t *schema, compiler_t *compiler, const json_t *value)
{
    const char *name;
    json_t *source;

    if (!json_is_object(value))
        return refuse(compiler, "properties");
    schema->properties = apr_hash_make(compiler->schemas->pool);
    schema->names = value;
    json_object_foreach((json_t *)value, name, source)
    {
        orc_surface_schema_t *property;

        ORC_TRY(compile(&property, compiler, source));
        apr_hash_set(schema->properties, name, APR_HASH_KEY_STRING, property);
    }
    return NULL;
}

static orc_error_t *compile_additional(orc_surface_schema_t *schema, compiler_t *compiler, const json_t *value)
{
    if (json_is_boolean(value)) {
        schema->is_closed = json_is_false(value);
        return NULL;
    }
    return compile(&schema->additional, compiler, value);
}

/* A word whose value is an array that is kept as it is. */
static orc_error_t *keep_array(const json_t **kept, compiler_t *compiler, const char *word, const json_t *value)
{
    if (!json_is_array(value))
        return refuse(compiler, word);
    *kept = value;
    return NULL;
}

static orc_error_t *compile_values(orc_surface_schema_t *schema, compiler_t *compiler, const json_t *value)
{
    return keep_array(&schema->values, compiler, "enum", value);
}

static orc_error_t *compile_constant(orc_surface_schema_t *schema, compiler_t *compiler, const json_t *value)
{
    json_t *values = json_array();

    json_array_append(values, (json_t *)value);
    schema->values = orc_json_own(values, compiler->schemas->pool);
    return NULL;
}

static orc_error_t *compile_required(orc_surface_schema_t *schema, compiler_t *compiler, const json_t *value)
{
    return keep_array(&schema->required, compiler, "required", value);
}

static orc_error_t *compile_items(orc_surface_schema_t *schema, compiler_t *compiler, const json_t *value)
{
    return compile(&schema->items, compiler, value);
}

/* Words whose value is a count. Returns where it is kept, or NULL for another word. */
static json_int_t *count_of(orc_surface_schema_t *schema, const char *word)
{
    const struct {
        const char *word;
        json_int_t *count;
    } counts[] = {
        {"minLength", &schema->min_length},         {"maxLength", &schema->max_length},
        {"minItems", &schema->min_items},           {"maxItems", &schema->max_items},
        {"minProperties", &schema->min_properties}, {"maxProperties", &schema->max_properties},
    };
    size_t i;

    for (i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (strcmp(counts[i].word, word) == 0)
            return counts[i].count;
    }
    return NULL;
}

static int only_describes(const char *word)
{
    static const char *const words[] = {"title",   "description", "default",   "examples",
                                        "example", "readOnly",    "writeOnly", "deprecated"};
    size_t i;

    for (i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i], word) == 0)
            return 1;
    }
    return 0;
}

static orc_error_t *compile_word(orc_surface_schema_t *schema, compiler_t *compiler, const char *word,
                                 const json_t *value)
{
    static const struct {
        const char *word;
        orc_error_t *(*compile)(orc_surface_schema_t *schema, compiler_t *compiler, const json_t *value);
    } words[] = {
        {"type", compile_types},        {"enum", compile_values},
        {"const", compile_constant},    {"properties", compile_properties},
        {"required", compile_required}, {"additionalProperties", compile_additional},
        {"items", compile_items},       {"pattern", compile_pattern},
        {"format", compile_format},
    };
    json_int_t *count = count_of(schema, word);
    size_t i;

    if (count) {
        *count = json_is_integer(value) ? json_integer_value(value) : NO_LIMIT;
        return *count < 0 ? refuse(compiler, word) : NULL;
    }
    if (strcmp(word, "minimum") == 0 || strcmp(word, "maximum") == 0) {
        int is_minimum = word[1] == 'i';

        if (!json_is_number(value))
            return refuse(compiler, word);
        *(is_minimum ? &schema->has_minimum : &schema->has_maximum) = 1;
        *(is_minimum ? &schema->minimum : &schema->maximum) = json_number_value(value);
        return NULL;
    }
    for (i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].word, word) == 0)
            return words[i].compile(schema, compiler, value);
    }
    return only_describes(word) ? NULL : refuse(compiler, word);
}

static orc_error_t *compile_reference(orc_surface_schema_t **out, compiler_t *compiler, const char *reference)
{
    static const char prefix[] = "#/components/schemas/";

    if (!reference || strncmp(reference, prefix, sizeof prefix - 1) != 0)
        return refuse(compiler, "$ref");
    return compile_named(out, compiler->schemas, reference + sizeof prefix - 1);
}

static orc_error_t *compile_into(orc_surface_schema_t *schema, compiler_t *compiler, const json_t *source)
{
    const char *word;
    json_t *value;

    schema->min_length = schema->max_length = schema->min_items = schema->max_items = NO_LIMIT;
    schema->min_properties = schema->max_properties = NO_LIMIT;
    json_object_foreach((json_t *)source, word, value) ORC_TRY(compile_word(schema, compiler, word, value));
    if (schema->pattern && schema->max_length < 0)
        return refuse(compiler, "pattern without maxLength");
    return NULL;
}

static orc_error_t *compile(orc_surface_schema_t **out, compiler_t *compiler, const json_t *source)
{
    const json_t *reference = json_object_get(source, "$ref");

    if (!json_is_object(source))
        return refuse(compiler, "a schema that is no object");
    if (reference)
        return compile_reference(out, compiler, json_string_value(reference));
    *out = apr_pcalloc(compiler->schemas->pool, sizeof **out);
    return compile_into(*out, compiler, source);
}

static orc_error_t *compile_named(orc_surface_schema_t **out, orc_surface_schemas_t *schemas, const char *name)
{
    compiler_t compiler = {schemas, name};
    const json_t *source = json_object_get(schemas->sources, name);

    *out = apr_hash_get(schemas->compiled, name, APR_HASH_KEY_STRING);
    if (*out)
        return NULL;
    if (!json_is_object(source))
        return orc_error(schemas->pool, 500, "schema", "There is no schema %s.", name);
    if (json_object_get(source, "$ref"))
        return refuse(&compiler, "$ref");
    /* Known before it is complete, so that schemas may contain themselves. */
    *out = apr_pcalloc(schemas->pool, sizeof **out);
    apr_hash_set(schemas->compiled, apr_pstrdup(schemas->pool, name), APR_HASH_KEY_STRING, *out);
    return compile_into(*out, &compiler, source);
}

orc_error_t *orc_surface_schemas_make(orc_surface_schemas_t **out, const char *text, apr_pool_t *pool)
{
    orc_surface_schemas_t *schemas = apr_pcalloc(pool, sizeof *schemas);
    const char *name;
    json_t *sources, *source;

    *out = schemas;
    schemas->pool = pool;
    schemas->compiled = apr_hash_make(pool);
    ORC_TRY(orc_json_parse(&sources, text, strlen(text), pool));
    schemas->sources = sources;
    json_object_foreach(sources, name, source)
    {
        orc_surface_schema_t *schema;

        ORC_TRY(compile_named(&schema, schemas, name));
    }
    return NULL;
}

const orc_surface_schema_t *orc_surface_schemas_find(const orc_surface_schemas_t *schemas, const char *name)
{
    return apr_hash_get(schemas->compiled, name, APR_HASH_KEY_STRING);
}

/* ---- checking ---- */

typedef struct check_t {
    orc_error_t **error;
    apr_pool_t *pool;
} check_t;

static void check(check_t *to, const orc_surface_schema_t *schema, json_t **value, const orc_json_path_t *at);

static int is_full(const check_t *to)
{
    return *to->error && (*to->error)->fields && (*to->error)->fields->nelts >= MAX_ERRORS;
}

static void complain(check_t *to, const orc_json_path_t *at, const char *detail)
{
    if (!is_full(to))
        orc_error_add_pointer(to->error, to->pool, orc_json_path_text(at, to->pool), "%s", detail);
}

static unsigned type_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return TYPE_OBJECT;
    case JSON_ARRAY:
        return TYPE_ARRAY;
    case JSON_STRING:
        return TYPE_STRING;
    case JSON_INTEGER:
        return TYPE_INTEGER | TYPE_NUMBER;
    case JSON_REAL:
        return TYPE_NUMBER;
    case JSON_NULL:
        return TYPE_NULL;
    default:
        return TYPE_BOOLEAN;
    }
}

static const char *type_names(unsigned types, apr_pool_t *pool)
{
    static const char *const names[] = {"an object", "an array",  "a string", "an integer",
                                        "a number",  "a boolean", "null"};
    const char *text = "";
    unsigned i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        if (types & (1u << i))
            text = apr_pstrcat(pool, text, *text ? " or " : "", names[i], NULL);
    }
    return text;
}

static void check_text(check_t *to, const orc_surface_schema_t *schema, const json_t *value, const orc_json_path_t *at)
{
    const char *text = json_string_value(value);
    json_int_t characters = (json_int_t)orc_utf8_count(text);
    apr_time_t when;

    if (schema->min_length >= 0 && characters < schema->min_length) {
        complain(to, at,
                 schema->min_length == 1
                     ? "must not be empty"
                     : apr_psprintf(to->pool, "must have at least %d characters", (int)schema->min_length));
    }
    else if (schema->max_length >= 0 && characters > schema->max_length) {
        complain(to, at,
                 apr_psprintf(to->pool, "must have at most %" APR_INT64_T_FMT " characters",
                              (apr_int64_t)schema->max_length));
    }
    else if (schema->format == FORMAT_UUID && !orc_id_parse(text, NULL)) {
        complain(to, at, "must be a UUID");
    }
    else if (schema->format == FORMAT_URI && !orc_surface_schema_is_uri(text)) {
        complain(to, at, "must be an absolute URI");
    }
    else if (schema->format == FORMAT_TIME && !orc_time_parse(&when, text)) {
        complain(to, at, "must be a time of RFC 3339");
    }
    else if (schema->pattern && regexec(schema->pattern, text, 0, NULL, 0) != 0) {
        complain(to, at, apr_psprintf(to->pool, "must match %s", schema->pattern_text));
    }
}

static void check_number(check_t *to, const orc_surface_schema_t *schema, const json_t *value,
                         const orc_json_path_t *at)
{
    double number = json_number_value(value);

    if (schema->has_minimum && number < schema->minimum)
        complain(to, at, apr_psprintf(to->pool, "must be at least %.15g", schema->minimum));
    if (schema->has_maximum && number > schema->maximum)
        complain(to, at, apr_psprintf(to->pool, "must be at most %.15g", schema->maximum));
}

static void complain_unknown(check_t *to, const orc_json_path_t *at)
{
    complain(to, at,
             strlen(at->name) > ORC_JSON_LONGEST_NAME ? "has an unknown member with a very long name"
                                                      : "is not known here");
}

static void check_members(check_t *to, const orc_surface_schema_t *schema, json_t *value, const orc_json_path_t *at)
{
    const char *name;
    json_t *member;

    json_object_foreach(value, name, member)
    {
        const orc_surface_schema_t *property =
            schema && schema->properties ? apr_hash_get(schema->properties, name, APR_HASH_KEY_STRING) : NULL;
        const orc_json_path_t member_at = {at, name, 0};
        json_t *kept = member;

        if (is_full(to))
            return;
        if (schema && schema->is_closed && !property) {
            complain_unknown(to, &member_at);
            continue;
        }
        check(to, property ? property : schema ? schema->additional : NULL, &kept, &member_at);
        if (kept != member)
            json_object_set_new(value, name, kept);
    }
}

/* "of a, b" when only these may be there, else "members". */
static const char *choice_of(const check_t *to, const orc_surface_schema_t *schema)
{
    const char *text = "of", *name;
    json_t *ignored;

    if (!schema->is_closed || json_object_size(schema->names) == 0)
        return "members";
    json_object_foreach((json_t *)schema->names, name, ignored) text =
        apr_pstrcat(to->pool, text, strcmp(text, "of") == 0 ? " " : ", ", name, NULL);
    return text;
}

static void check_object(check_t *to, const orc_surface_schema_t *schema, json_t *value, const orc_json_path_t *at)
{
    json_int_t size = (json_int_t)json_object_size(value);
    size_t i;

    for (i = 0; i < json_array_size(schema->required); i++) {
        const char *name = json_string_value(json_array_get(schema->required, i));

        if (!json_object_get(value, name))
            complain(to, &(orc_json_path_t){at, name, 0}, "is needed");
    }
    if (schema->min_properties >= 0 && size < schema->min_properties)
        complain(
            to, at,
            apr_psprintf(to->pool, "must have at least %d %s", (int)schema->min_properties, choice_of(to, schema)));
    if (schema->max_properties >= 0 && size > schema->max_properties)
        complain(to, at,
                 apr_psprintf(to->pool, "must have at most %d %s", (int)schema->max_properties, choice_of(to, schema)));
}

static void check_elements(check_t *to, const orc_surface_schema_t *schema, json_t *value, const orc_json_path_t *at)
{
    size_t i;

    for (i = 0; i < json_array_size(value) && !is_full(to); i++) {
        json_t *element = json_array_get(value, i), *kept = element;
        const orc_json_path_t element_at = {at, NULL, i};

        check(to, schema ? schema->items : NULL, &kept, &element_at);
        if (kept != element)
            json_array_set_new(value, i, kept);
    }
}

static void check_array(check_t *to, const orc_surface_schema_t *schema, const json_t *value, const orc_json_path_t *at)
{
    json_int_t size = (json_int_t)json_array_size(value);

    if (schema->min_items >= 0 && size < schema->min_items)
        complain(to, at, apr_psprintf(to->pool, "must have at least %d elements", (int)schema->min_items));
    if (schema->max_items >= 0 && size > schema->max_items)
        complain(to, at, apr_psprintf(to->pool, "must have at most %d elements", (int)schema->max_items));
}

static int is_among(const json_t *values, const json_t *value)
{
    size_t i;

    for (i = 0; i < json_array_size(values); i++) {
        if (json_equal(json_array_get(values, i), value))
            return 1;
    }
    return 0;
}

static const char *choices(const json_t *values, apr_pool_t *pool)
{
    const char *text = "";
    size_t i;

    for (i = 0; i < json_array_size(values); i++)
        text = apr_pstrcat(pool, text, i ? ", " : "", orc_json_text(json_array_get(values, i), pool), NULL);
    return text;
}

static int is_integral(const json_t *value)
{
    double number = json_real_value(value);

    return json_is_real(value) && fabs(number) <= 9007199254740992.0 && number == trunc(number);
}

/* What the schema says of the value itself; false when its parts are not worth a look. */
static int check_value(check_t *to, const orc_surface_schema_t *schema, json_t **value, const orc_json_path_t *at)
{
    if (schema->types && !(schema->types & TYPE_NUMBER) && (schema->types & TYPE_INTEGER) && is_integral(*value))
        *value = json_integer((json_int_t)json_real_value(*value));
    if (schema->types && !(schema->types & type_of(*value))) {
        complain(to, at, apr_pstrcat(to->pool, "must be ", type_names(schema->types, to->pool), NULL));
        return 0;
    }
    if (schema->values && !is_among(schema->values, *value)) {
        complain(to, at, apr_pstrcat(to->pool, "must be one of ", choices(schema->values, to->pool), NULL));
        return 0;
    }
    if (json_is_string(*value))
        check_text(to, schema, *value, at);
    else if (json_is_number(*value))
        check_number(to, schema, *value, at);
    else if (json_is_object(*value))
        check_object(to, schema, *value, at);
    else if (json_is_array(*value))
        check_array(to, schema, *value, at);
    return 1;
}

/* *value becomes another one, with a reference of its own, when it is to be replaced in its parent. */
static void check(check_t *to, const orc_surface_schema_t *schema, json_t **value, const orc_json_path_t *at)
{
    if (orc_json_is_out_of_range(*value)) {
        complain(to, at, "is out of range");
        return;
    }
    if (schema && !check_value(to, schema, value, at))
        return;
    if (json_is_object(*value))
        check_members(to, schema, *value, at);
    else if (json_is_array(*value))
        check_elements(to, schema, *value, at);
}

void orc_surface_schema_check(orc_error_t **error, const orc_surface_schema_t *schema, json_t *value,
                              const char *pointer, apr_pool_t *pool)
{
    check_t to = {error, pool};
    const orc_json_path_t at = {NULL, pointer, 0};
    json_t *kept = value;

    check(&to, schema, &kept, &at);
    if (kept != value)
        json_decref(kept);
}

/* Brackets are for an address as the host, "//[::1]:80", and for nothing else (RFC 3986, section 3.2.2). */
static int are_brackets_right(const char *rest)
{
    const char *open = strchr(rest, '['), *close = open ? strchr(open, ']') : NULL, *authority = rest + 2;

    if (!open)
        return !strchr(rest, ']');
    if (!close || strncmp(rest, "//", 2) != 0 || strcspn(authority, "/?#") < (size_t)(close - authority) ||
        strpbrk(close + 1, "[]"))
        return 0;
    return (open == authority || open[-1] == '@') && close > open + 1 &&
           strspn(open + 1, "0123456789abcdefABCDEF:.") == (size_t)(close - open - 1) && strchr(":/?#", close[1]);
}

int orc_surface_schema_is_uri(const char *text)
{
    static const char punctuation[] = "-._~:/?#[]@!$&'()*+,;=";
    const char *at = text;

    if (!apr_isalpha(*at))
        return 0;
    while (apr_isalnum(*at) || *at == '+' || *at == '-' || *at == '.')
        at++;
    if (*at++ != ':' || !*at)
        return 0;
    if (!are_brackets_right(at))
        return 0;
    for (; *at; at++) {
        if (*at == '%') {
            if (!apr_isxdigit(at[1]) || !apr_isxdigit(at[2]))
                return 0;
        }
        else if ((unsigned char)*at > 126 || (!apr_isalnum(*at) && !strchr(punctuation, *at))) {
            return 0;
        }
    }
    return 1;
}

int orc_surface_schema_takes(const orc_surface_schema_t *schema, const char *member, const char *type)
{
    const orc_surface_schema_t *own =
        schema->properties ? apr_hash_get(schema->properties, member, APR_HASH_KEY_STRING) : NULL;

    return own && (own->types & type_bit(type)) != 0;
}
