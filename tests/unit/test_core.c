/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include <sys/stat.h>

#include "orc_id.h"
#include "orc_request.h"
#include "orc_time.h"
#include "orc_utf8.h"

static orc_error_t *parse(json_t **out, const char *text)
{
    return orc_json_parse(out, text, strlen(text), pool);
}

static void json_is_taken(void **state)
{
    static const char *const good[] = {"{}", "[1,2.5,-3e4]", "\"text\"", "null", "{\"a\":{\"b\":[true,false]}}", "0"};
    json_t *value;
    size_t i;

    for (i = 0; i < sizeof good / sizeof *good; i++)
        assert_null(parse(&value, good[i]));
}

static void json_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "{\"a\":1,\"a\":2}",
                                      "\"\\u0000\"",
                                      "\"\xff\"",
                                      "[01]",
                                      "{\"a\"}",
                                      "1 2",
                                      "\"open",
                                      "\"\\",
                                      "[-]",
                                      "[1e]",
                                      "nul",
                                      "[1.]",
                                      "'a'",
                                      "[1e999x]"};
    json_t *value;
    size_t i;

    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        orc_error_t *error = parse(&value, bad[i]);

        assert_non_null(error);
        assert_int_equal(error->status, 400);
    }
    assert_int_equal(orc_json_parse(&value, "{}\0", 3, pool)->status, 400);
    assert_string_equal(parse(&value, "\"\\u0000\"")->detail,
                        "The body is not valid JSON: line 1, column 8: a text with \\u0000.");
}

static void json_depth_is_limited(void **state)
{
    json_t *value;
    char text[2 * ORC_JSON_MAX_DEPTH + 3];

    memset(text, '[', ORC_JSON_MAX_DEPTH);
    memset(text + ORC_JSON_MAX_DEPTH, ']', ORC_JSON_MAX_DEPTH);
    text[2 * ORC_JSON_MAX_DEPTH] = '\0';
    assert_null(parse(&value, text));
    memset(text, '[', ORC_JSON_MAX_DEPTH + 1);
    memset(text + ORC_JSON_MAX_DEPTH + 1, ']', ORC_JSON_MAX_DEPTH + 1);
    text[2 * ORC_JSON_MAX_DEPTH + 2] = '\0';
    assert_string_equal(parse(&value, text)->code, "json.depth");
}

static void huge_numbers_are_marked(void **state)
{
    char digits[1200];
    json_t *value;

    memset(digits, '9', sizeof digits - 1);
    digits[sizeof digits - 1] = '\0';
    assert_null(parse(
        &value, apr_psprintf(pool, "{\"a\":%s,\"b\":[-%s],\"c\":1e400,\"d\":\"1e400\",\"e\":5}", digits, digits)));
    assert_true(orc_json_is_out_of_range(json_object_get(value, "a")));
    assert_true(orc_json_is_out_of_range(json_array_get(json_object_get(value, "b"), 0)));
    assert_true(orc_json_is_out_of_range(json_object_get(value, "c")));
    assert_string_equal(orc_json_string(value, "d"), "1e400");
    assert_int_equal(orc_json_integer(value, "e", 0), 5);
    assert_null(parse(&value, "[9223372036854775807,-9223372036854775808]"));
    assert_true(json_is_integer(json_array_get(value, 0)) && json_is_integer(json_array_get(value, 1)));
    assert_null(parse(&value, "[9223372036854775808]"));
    assert_true(orc_json_is_out_of_range(json_array_get(value, 0)));
}

static void large_numbers_of_our_own_keep_their_value(void **state)
{
    const char *text =
        "{\"10000000000000000000000\": [10000000000000000000000, -9223372036854775809], \"b\": 9223372036854775807}";
    json_t *value = orc_json_own_text(text, pool);
    json_t *list = json_object_get(value, "10000000000000000000000");

    assert_true(json_real_value(json_array_get(list, 0)) == 1e22);
    assert_true(json_real_value(json_array_get(list, 1)) == -9223372036854775809.0);
    assert_int_equal(json_integer_value(json_object_get(value, "b")), 9223372036854775807);
    assert_null(orc_json_own_text("{", pool));
}

/* Short ones too, many of them: each takes more room once it is marked. */
static void many_huge_numbers_are_marked(void **state)
{
    enum { COUNT = 100000 };
    json_t *value = json(apr_pstrcat(pool, "[", repeated("9e999,", COUNT), "\"end\"]", NULL));

    assert_int_equal(json_array_size(value), COUNT + 1);
    assert_true(orc_json_is_out_of_range(json_array_get(value, COUNT - 1)));
    assert_string_equal(json_string_value(json_array_get(value, COUNT)), "end");
}

static void pointers_are_escaped(void **state)
{
    assert_string_equal(orc_json_pointer(pool, "/a", "b~c/d"), "/a/b~0c~1d");
    assert_string_equal(orc_json_pointer(pool, "", ""), "/");
}

static void ids_are_version_7_and_sort(void **state)
{
    const char *first = orc_id_new(pool);
    char lower[ORC_ID_LENGTH + 1];

    assert_true(orc_id_parse(first, lower));
    assert_int_equal(first[14], '7');
    assert_non_null(strchr("89ab", first[19]));
    assert_string_not_equal(first, orc_id_new(pool));
    assert_true(strncmp(first, orc_id_new(pool), 8) <= 0);
    assert_true(orc_id_parse("0192ABCD-0000-7000-8000-00000000000F", lower));
    assert_string_equal(lower, "0192abcd-0000-7000-8000-00000000000f");
    assert_false(orc_id_parse("0192abcd-0000-7000-8000-00000000000", NULL));
    assert_false(orc_id_parse("0192abcd-0000-7000-8000-00000000000ff", NULL));
    assert_false(orc_id_parse("0192abcdx0000-7000-8000-00000000000f", NULL));
    assert_false(orc_id_parse("", NULL));
}

static void times_round_trip(void **state)
{
    apr_time_t when;

    assert_true(orc_time_parse(&when, "2024-01-01T10:00:00.000001Z"));
    assert_string_equal(orc_time_text(when, pool), "2024-01-01T10:00:00.000001Z");
    assert_true(orc_time_parse(&when, "2024-02-29T01:30:00.5+02:00"));
    assert_string_equal(orc_time_text(when, pool), "2024-02-28T23:30:00.500000Z");
    assert_true(orc_time_parse(&when, "1970-01-01T00:00:00Z"));
    assert_int_equal(when, 0);
    assert_true(orc_time_parse(&when, "1969-12-31T23:59:59.999999Z"));
    assert_int_equal(when, -1);
    assert_string_equal(orc_time_text(when, pool), "1969-12-31T23:59:59.999999Z");
    assert_true(orc_time_parse(&when, "0001-01-01T00:00:00Z"));
    assert_string_equal(orc_time_text(when, pool), "0001-01-01T00:00:00.000000Z");
    assert_true(orc_time_parse(&when, "1758-10-14T09:50:44+21:49"));
    assert_string_equal(orc_time_text(when, pool), "1758-10-13T12:01:44.000000Z");
    assert_true(orc_time_parse(&when, "9999-12-31T23:59:59.9Z"));
    assert_string_equal(orc_time_text(when, pool), "9999-12-31T23:59:59.900000Z");
    assert_false(orc_time_parse(&when, "9999-12-31T23:59:59-00:01"));
    assert_false(orc_time_parse(&when, "0001-01-01T00:00:00+00:01"));
    assert_false(orc_time_parse(&when, "0000-12-31T00:00:00Z"));
    assert_false(orc_time_parse(&when, "2023-02-29T00:00:00Z"));
    assert_false(orc_time_parse(&when, "2024-01-01"));
    assert_false(orc_time_parse(&when, "2024-01-01T10:00:00"));
    assert_false(orc_time_parse(&when, "2024-01-01T24:00:00Z"));
    assert_false(orc_time_parse(&when, "2024-01-01T10:00:00.Z"));
    assert_false(orc_time_parse(&when, "2024-01-01T10:00:00Zjunk"));
}

static void secrets_are_sealed(void **state)
{
    orc_secret_key_t key = {{1}}, other = {{2}};
    const char *sealed = orc_secret_seal(&key, "s3cret", pool);
    char *text = NULL;

    assert_null(strstr(sealed, "s3cret"));
    assert_string_not_equal(sealed, orc_secret_seal(&key, "s3cret", pool));
    assert_null(orc_secret_open(&text, &key, sealed, pool));
    assert_string_equal(text, "s3cret");
    assert_string_equal(orc_secret_open(&text, &other, sealed, pool)->code, "secret.open");
    assert_string_equal(orc_secret_open(&text, &key, "AAAA", pool)->code, "secret.open");
    assert_string_equal(orc_secret_open(&text, &key, "not base64!", pool)->code, "secret.open");
    assert_null(orc_secret_seal(&key, NULL, pool));
    assert_string_equal(orc_secret_sha256("abc", 3, pool),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void key_files_are_checked(void **state)
{
    const char *path = apr_psprintf(pool, "/tmp/test_core.%d.key", (int)getpid());
    orc_secret_key_t key;
    FILE *file = fopen(path, "w");

    fputs("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", file);
    fclose(file);
    chmod(path, 0644);
    assert_non_null(strstr(orc_secret_key_load(&key, path, pool)->detail, "chmod 600"));
    chmod(path, 0600);
    assert_null(orc_secret_key_load(&key, path, pool));
    assert_int_equal(key.bytes[31], 0x1f);
    file = fopen(path, "w");
    fputs("c2hvcnQ=", file);
    fclose(file);
    assert_non_null(orc_secret_key_load(&key, path, pool));
    remove(path);
    assert_non_null(orc_secret_key_load(&key, path, pool));
}

static void errors_chain(void **state)
{
    orc_error_t *error = orc_error(pool, 503, "im.unreachable", "IM at %s does not answer.", "im.example.org");

    error->system = 7;
    error->retriable = 1;
    assert_null(orc_error_wrap(NULL, "nothing"));
    error = orc_error_wrap(error, "operation %d", 7);
    assert_int_equal(error->status, 503);
    assert_true(error->retriable);
    assert_string_equal(orc_error_line(error, pool), "operation 7: IM at im.example.org does not answer. (code 7)");
}

static void fields_are_collected(void **state)
{
    orc_error_t *error = NULL;
    const orc_error_field_t *fields;

    orc_error_add_pointer(&error, pool, "/name", "must have %d characters", 5);
    orc_error_add_parameter(&error, pool, "size", "must be a number");
    assert_int_equal(error->status, 422);
    assert_int_equal(error->fields->nelts, 2);
    fields = (const orc_error_field_t *)error->fields->elts;
    assert_string_equal(fields[0].pointer, "/name");
    assert_string_equal(fields[0].detail, "must have 5 characters");
    assert_null(fields[1].pointer);
    assert_string_equal(fields[1].parameter, "size");
}

/* RFC 3629, section 4: what begins a character, and what only looks like it. */
static void utf_8_is_told_from_what_is_none(void **state)
{
    static const char *const valid[] = {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"};
    static const char *const wrong[] = {"\x80",
                                        "\xc0\x80",
                                        "\xc3",
                                        "\xe0\x9f\xbf",
                                        "\xed\xa0\x80",
                                        "\xe2\x82",
                                        "\xf0\x8f\x80\x80",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "a\xff"};
    char half[] = "\xc3\xa9\xe2\x82";
    size_t i;

    for (i = 0; i < sizeof valid / sizeof *valid; i++)
        assert_true(orc_utf8_is_valid(valid[i]));
    for (i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(orc_utf8_is_valid(wrong[i]));
    assert_int_equal(orc_utf8_character("\xe2\x82\xac", 2), 0);
    assert_int_equal(orc_utf8_character("", 1), 0);
    assert_int_equal(orc_utf8_count("a\xc3\xa9\xe2\x82\xac"), 3);
    assert_int_equal(orc_utf8_cut("a\xe2\x82\xac", 3), 1);
    assert_int_equal(orc_utf8_cut("a\xe2\x82\xac"
                                  "b",
                                  4),
                     4);
    orc_utf8_mend(half, strlen(half));
    assert_string_equal(half, "\xc3\xa9??");
}

/* A name that was cut in a character, a byte of a query: an answer in JSON can be made of it. */
static void error_texts_are_utf_8(void **state)
{
    orc_error_t *error = orc_error(pool, 422, "x", "cut: %.4s, a byte: %s", "abc\xc3\xa9", "\xff");
    orc_response_t *response = orc_response_make(pool);

    assert_string_equal(error->detail, "cut: abc?, a byte: ?");
    assert_string_equal(orc_error(pool, 422, "x", "%s", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80")->detail,
                        "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    orc_error_add_pointer(&error, pool, "/a\xe2\x82", "%.1s", "\xc3\xa9");
    orc_error_add_parameter(&error, pool, "\xc0\x80\xed\xa0\x80", "wrong");
    orc_response_problem(response, error, "r-1", pool);
    assert_contains(response->body, "{\"detail\":\"?\",\"pointer\":\"/a??\"}");
    assert_contains(response->body, "{\"detail\":\"wrong\",\"parameter\":\"?????\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_taken),
        cmocka_unit_test(json_is_refused),
        cmocka_unit_test(json_depth_is_limited),
        cmocka_unit_test(huge_numbers_are_marked),
        cmocka_unit_test(many_huge_numbers_are_marked),
        cmocka_unit_test(large_numbers_of_our_own_keep_their_value),
        cmocka_unit_test(utf_8_is_told_from_what_is_none),
        cmocka_unit_test(error_texts_are_utf_8),
        cmocka_unit_test(pointers_are_escaped),
        cmocka_unit_test(ids_are_version_7_and_sort),
        cmocka_unit_test(times_round_trip),
        cmocka_unit_test(secrets_are_sealed),
        cmocka_unit_test(key_files_are_checked),
        cmocka_unit_test(errors_chain),
        cmocka_unit_test(fields_are_collected),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
