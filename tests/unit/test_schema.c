/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include "orc_surface_form.h"
#include "orc_surface_schema.h"

/* What is wrong with a value, as "pointer detail; pointer detail", or "". */
static const char *wrong(const char *schema, json_t *value)
{
    orc_error_t *error = NULL;
    const char *line = "";
    orc_surface_schemas_t *schemas;
    int i;

    assert_null(orc_surface_schemas_make(&schemas, apr_pstrcat(pool, "{\"S\":", schema, "}", NULL), pool));
    orc_surface_schema_check(&error, orc_surface_schemas_find(schemas, "S"), value, "", pool);
    for (i = 0; error && i < error->fields->nelts; i++) {
        const orc_error_field_t *field = &APR_ARRAY_IDX(error->fields, i, orc_error_field_t);

        assert_non_null(field->pointer);
        line = apr_pstrcat(pool, line, *line ? "; " : "", field->pointer, " ", field->detail, NULL);
    }
    if (error)
        assert_int_equal(error->status, 422);
    return line;
}

static void assert_right(const char *schema, const char *value)
{
    assert_string_equal(wrong(schema, json(value)), "");
}

static void assert_wrong(const char *schema, const char *value, const char *expected)
{
    assert_string_equal(wrong(schema, json(value)), expected);
}

static void types_are_checked(void **state)
{
    assert_right("{\"type\":\"string\"}", "\"a\"");
    assert_wrong("{\"type\":\"string\"}", "1", " must be a string");
    assert_right("{\"type\":[\"string\",\"null\"]}", "null");
    assert_wrong("{\"type\":[\"string\",\"null\"]}", "true", " must be a string or null");
    assert_wrong("{\"type\":\"integer\"}", "1.5", " must be an integer");
    assert_wrong("{\"type\":\"object\"}", "[]", " must be an object");
    assert_right("{\"type\":\"number\"}", "1");
    assert_right("{}", "[1]");
}

static void every_member_that_is_wrong_is_named_at_once(void **state)
{
    static const char schema[] = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"a\",\"b\"],"
                                 "\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"string\"},"
                                 "\"c\":{\"type\":\"array\",\"items\":{\"type\":\"boolean\"}}}}";

    assert_right(schema, "{\"a\":1,\"b\":\"x\"}");
    assert_wrong(schema, "{\"a\":\"1\",\"c\":[true,0],\"d/e\":1}",
                 "/b is needed; /a must be an integer; /c/1 must be a boolean; /d~1e is not known here");
}

static void a_member_may_be_a_schema_of_the_others(void **state)
{
    assert_wrong("{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}", "{\"x\":1,\"y\":\"z\"}",
                 "/y must be an integer");
}

static void numbers_have_bounds(void **state)
{
    static const char schema[] = "{\"type\":\"integer\",\"minimum\":1,\"maximum\":10}";

    assert_right(schema, "10");
    assert_wrong(schema, "0", " must be at least 1");
    assert_wrong(schema, "11", " must be at most 10");
}

static void numbers_out_of_every_range_are_named_wherever_they_stand(void **state)
{
    assert_wrong("{\"type\":\"integer\",\"minimum\":1}", "99999999999999999999999999", " is out of range");
    assert_wrong("{\"type\":\"object\"}", "{\"a\":{\"b\":[1,1e999]}}", "/a/b/1 is out of range");
}

static void an_integral_real_becomes_an_integer(void **state)
{
    json_t *value = json("{\"n\":3.0}");

    assert_string_equal(wrong("{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}}}", value), "");
    assert_int_equal(orc_json_integer(value, "n", 0), 3);
}

static void lengths_count_characters(void **state)
{
    static const char schema[] = "{\"type\":\"string\",\"minLength\":1,\"maxLength\":3}";

    assert_right(schema, "\"\xc3\xa4\xc3\xb6\xc3\xbc\"");
    assert_wrong(schema, "\"abcd\"", " must have at most 3 characters");
    assert_wrong(schema, "\"\"", " must not be empty");
}

static void patterns_and_choices_are_checked(void **state)
{
    assert_wrong("{\"type\":\"string\",\"pattern\":\"^https?://\",\"maxLength\":99}", "\"ftp://x\"",
                 " must match ^https?://");
    assert_wrong("{\"enum\":[\"a\",1]}", "\"b\"", " must be one of \"a\", 1");
    assert_right("{\"const\":{\"x\":1}}", "{\"x\":1}");
}

static void sizes_are_checked(void **state)
{
    assert_wrong("{\"type\":\"object\",\"minProperties\":1}", "{}", " must have at least 1 members");
    assert_wrong("{\"type\":\"object\",\"maxProperties\":1}", "{\"a\":1,\"b\":2}", " must have at most 1 members");
    assert_wrong("{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"b\":{},\"a\":{}},"
                 "\"minProperties\":1}",
                 "{}", " must have at least 1 of b, a");
    assert_wrong("{\"type\":\"array\",\"maxItems\":1}", "[1,2]", " must have at most 1 elements");
}

static void formats_are_checked(void **state)
{
    assert_right("{\"type\":\"string\",\"format\":\"uuid\"}", "\"0190a5f0-0000-7000-8000-000000000000\"");
    assert_wrong("{\"type\":\"string\",\"format\":\"uuid\"}", "\"0190a5f0\"", " must be a UUID");
    assert_right("{\"type\":\"string\",\"format\":\"uri\"}", "\"https://example.org/a?b=%20\"");
    assert_wrong("{\"type\":\"string\",\"format\":\"uri\"}", "\"https://example.org/a b\"", " must be an absolute URI");
    assert_wrong("{\"type\":\"string\",\"format\":\"uri\"}", "\"/a\"", " must be an absolute URI");
    assert_right("{\"type\":\"string\",\"format\":\"uri\"}", "\"http://me@[::1]:80/a\"");
    assert_right("{\"type\":\"string\",\"format\":\"uri\"}", "\"http://[::1]\"");
    assert_wrong("{\"type\":\"string\",\"format\":\"uri\"}", "\"http://[::1\"", " must be an absolute URI");
    assert_wrong("{\"type\":\"string\",\"format\":\"uri\"}", "\"http://a/[1]\"", " must be an absolute URI");
    assert_wrong("{\"type\":\"string\",\"format\":\"uri\"}", "\"http://a]\"", " must be an absolute URI");
    assert_wrong("{\"type\":\"string\",\"format\":\"uri\"}", "\"urn:[::1]\"", " must be an absolute URI");
    assert_right("{\"type\":\"string\",\"format\":\"date-time\"}", "\"2024-01-01T10:00:00Z\"");
    assert_wrong("{\"type\":\"string\",\"format\":\"date-time\"}", "\"2024-02-30T10:00:00Z\"",
                 " must be a time of RFC 3339");
}

static void schemas_may_contain_themselves(void **state)
{
    assert_wrong("{\"type\":\"object\",\"properties\":{\"s\":{\"$ref\":\"#/components/schemas/S\"}}}",
                 "{\"s\":{\"s\":1}}", "/s/s must be an object");
}

static void the_number_of_errors_is_bounded(void **state)
{
    const char *body = "{";
    orc_surface_schemas_t *schemas;
    orc_error_t *error = NULL;
    int i;

    for (i = 0; i < 500; i++)
        body = apr_psprintf(pool, "%s%s\"m%d\":1", body, i ? "," : "", i);
    assert_null(orc_surface_schemas_make(&schemas, "{\"S\":{\"additionalProperties\":false}}", pool));
    orc_surface_schema_check(&error, orc_surface_schemas_find(schemas, "S"), json(apr_pstrcat(pool, body, "}", NULL)),
                             "", pool);
    assert_int_equal(error->fields->nelts, 100);
}

/* A value deep below long names: nothing is written down of what is right. */
static void a_walk_takes_no_memory_for_what_is_right(void **state)
{
    char *name = apr_psprintf(pool, "{\"%s\":", repeated("n", 100));
    const char *body = apr_pstrcat(pool, repeated(name, 60), "[", repeated("1,", 90000), "1]", repeated("}", 60), NULL);
    json_t *value = json(body);
    orc_surface_schemas_t *schemas;
    orc_error_t *error = NULL;
    long before;

    assert_null(orc_surface_schemas_make(&schemas, "{\"S\":{}}", pool));
    before = peak_memory();
    orc_surface_schema_check(&error, orc_surface_schemas_find(schemas, "S"), value, "", pool);
    assert_null(error);
    assert_true(peak_memory() < before + 64 * 1024);
}

static void a_long_name_is_not_repeated(void **state)
{
    const char *body = apr_psprintf(pool, "{\"a\":{\"%s\":{\"b\":[1e999]}}}", repeated("n", 101));

    assert_wrong("{}", body, "/a is out of range");
    assert_wrong("{\"properties\":{\"a\":{\"additionalProperties\":false}}}", body,
                 "/a has an unknown member with a very long name");
}

/* A form as JSON, or "status detail" of what is wrong with it. */
static const char *form(const char *text, apr_size_t length)
{
    static const char schema[] = "{\"S\":{\"type\":\"object\",\"properties\":{\"ids\":{\"type\":\"array\"},"
                                 "\"now\":{\"type\":\"boolean\"},\"name\":{\"type\":\"string\"}}}}";
    orc_surface_schemas_t *schemas;
    orc_error_t *error;
    json_t *read;

    assert_null(orc_surface_schemas_make(&schemas, schema, pool));
    error = orc_surface_form_read(&read, orc_surface_schemas_find(schemas, "S"), text, length, pool);
    return error ? apr_psprintf(pool, "%d %s", error->status, error->detail) : orc_json_text(read, pool);
}

static void a_form_is_the_json_that_says_the_same(void **state)
{
    static const struct {
        const char *text, *json;
    } cases[] = {
        {"", "{}"},
        {"&&", "{}"},
        {"ids=a&now=true&ids=b+c", "{\"ids\":[\"a\",\"b c\"],\"now\":true}"},
        {"ids=", "{\"ids\":[\"\"]}"},
        {"now=false", "{\"now\":false}"},
        {"now=yes&name=true&x", "{\"name\":\"true\",\"now\":\"yes\",\"x\":\"\"}"},
        {"now=true&now=true", "400 The form has \"now\" twice."},
        {"ids=%00", "400 The form can not be read: ids's value has a NUL byte."},
        {"%ff=1", "400 The form can not be read: %ff's name is not UTF-8."},
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(form(cases[i].text, strlen(cases[i].text)), cases[i].json);
    assert_string_equal(form("now=false\0&x=1", 14), "400 The form can not be read: it has a NUL byte.");
    assert_string_equal(form("ids=ab", 5), "{\"ids\":[\"a\"]}");
}

static void words_that_nobody_checks_are_refused(void **state)
{
    static const char *const bad[] = {
        "{\"oneOf\":[]}",         "{\"type\":\"text\"}",        "{\"pattern\":\"a\"}",
        "{\"format\":\"email\"}", "{\"minLength\":\"1\"}",      "{\"$ref\":\"#/components/schemas/T\"}",
        "{\"items\":[]}",         "{\"properties\":{\"a\":1}}",
    };
    orc_surface_schemas_t *schemas;
    size_t i;

    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        orc_error_t *error = orc_surface_schemas_make(&schemas, apr_pstrcat(pool, "{\"S\":", bad[i], "}", NULL), pool);

        assert_non_null(error);
        assert_int_equal(error->status, 500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_checked),
        cmocka_unit_test(every_member_that_is_wrong_is_named_at_once),
        cmocka_unit_test(a_member_may_be_a_schema_of_the_others),
        cmocka_unit_test(numbers_have_bounds),
        cmocka_unit_test(numbers_out_of_every_range_are_named_wherever_they_stand),
        cmocka_unit_test(an_integral_real_becomes_an_integer),
        cmocka_unit_test(lengths_count_characters),
        cmocka_unit_test(patterns_and_choices_are_checked),
        cmocka_unit_test(sizes_are_checked),
        cmocka_unit_test(formats_are_checked),
        cmocka_unit_test(schemas_may_contain_themselves),
        cmocka_unit_test(the_number_of_errors_is_bounded),
        cmocka_unit_test(a_walk_takes_no_memory_for_what_is_right),
        cmocka_unit_test(a_long_name_is_not_repeated),
        cmocka_unit_test(a_form_is_the_json_that_says_the_same),
        cmocka_unit_test(words_that_nobody_checks_are_refused),
    };

    return cmocka_run_group_tests_name("schema", tests, setup, teardown);
}
