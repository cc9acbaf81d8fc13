/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "orc_fields.h"
#include "orc_id.h"
#include "orc_log.h"
#include "orc_request.h"
#include "orc_secret_file.h"
#include "orc_time.h"
#include "orc_url.h"
#include "orc_utf8.h"
#include "orc_words.h"

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
                        "The JSON is not valid: line 1, column 8: a text with \\u0000.");
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

/* A list of so many zeros. */
static char *zeros(int count)
{
    char *text = apr_palloc(pool, 2 * (apr_size_t)count + 2);
    int i;

    for (i = 0; i < count; i++)
        memcpy(text + 2 * i, i ? ",0" : "[0", 2);
    memcpy(text + 2 * i, "]", 2);
    return text;
}

static void json_values_are_limited(void **state)
{
    char *most = zeros(ORC_JSON_MAX_VALUES - 1), *more = zeros(ORC_JSON_MAX_VALUES), *text = zeros(ORC_JSON_MAX_VALUES);
    json_t *value;

    assert_null(parse(&value, most)); /* the list is one of them */
    assert_string_equal(parse(&value, more)->code, "json.values");
    assert_non_null(orc_json_own_text(more, pool));
    text[1] = text[strlen(text) - 2] = '"'; /* what a text holds is none */
    assert_null(parse(&value, text));
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
    enum { COUNT = ORC_JSON_MAX_VALUES - 2 };
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

static orc_secret_keys_t *keys_of(const char *first_bytes)
{
    orc_secret_keys_t *keys = orc_secret_keys_make(pool);

    for (; *first_bytes; first_bytes++) {
        unsigned char bytes[ORC_SECRET_KEY_LENGTH] = {(unsigned char)*first_bytes};

        orc_secret_keys_add(keys, bytes);
    }
    return keys;
}

static void secrets_are_sealed(void **state)
{
    const orc_secret_keys_t *keys = keys_of("a");
    const char *sealed = orc_secret_seal(keys, ORC_SEALED_REFRESH_TOKEN, "1", "s3cret", pool);
    char *text = NULL;

    assert_null(strstr(sealed, "s3cret"));
    assert_string_not_equal(sealed, orc_secret_seal(keys, ORC_SEALED_REFRESH_TOKEN, "1", "s3cret", pool));
    assert_null(orc_secret_open(&text, keys, ORC_SEALED_REFRESH_TOKEN, "1", sealed, pool));
    assert_string_equal(text, "s3cret");
    assert_null(orc_secret_seal(keys, ORC_SEALED_REFRESH_TOKEN, "1", NULL, pool));
    assert_string_equal(orc_secret_sha256("abc", 3, pool),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static const char *refusal(const orc_secret_keys_t *keys, orc_sealed_t column, const char *id, const char *sealed)
{
    char *text = "";
    orc_error_t *error = orc_secret_open(&text, keys, column, id, sealed, pool);

    assert_non_null(error);
    assert_null(text);
    return error->code;
}

static void a_sealed_value_opens_in_its_place_only(void **state)
{
    const orc_secret_keys_t *keys = keys_of("a");
    const char *sealed = orc_secret_seal(keys, ORC_SEALED_OUTPUTS, "1", "{}", pool);
    char *damaged = apr_pstrdup(pool, sealed);

    damaged[20] = damaged[20] == 'A' ? 'B' : 'A';
    assert_string_equal(refusal(keys, ORC_SEALED_OUTPUTS, "2", sealed), "secret.open");
    assert_string_equal(refusal(keys, ORC_SEALED_INPUTS, "1", sealed), "secret.open");
    assert_string_equal(refusal(keys, ORC_SEALED_OUTPUTS, "1", damaged), "secret.open");
    assert_string_equal(refusal(keys, ORC_SEALED_OUTPUTS, "1", apr_pstrmemdup(pool, sealed, 30)), "secret.open");
    assert_string_equal(
        refusal(keys, ORC_SEALED_OUTPUTS, "1", apr_pstrcat(pool, orc_secret_keys_mark(keys), "no base64!", NULL)),
        "secret.open");
    assert_string_equal(refusal(keys, ORC_SEALED_OUTPUTS, "1", "AAAA"), "secret.key");
    assert_string_equal(refusal(keys, ORC_SEALED_OUTPUTS, "1", ""), "secret.key");
}

static void the_first_key_seals_and_all_open(void **state)
{
    const orc_secret_keys_t *old = keys_of("a"), *both = keys_of("ba"), *fresh = keys_of("b");
    const char *before = orc_secret_seal(old, ORC_SEALED_METADATA, "1", "x", pool);
    const char *after = orc_secret_seal(both, ORC_SEALED_METADATA, "1", "y", pool);
    char *text;

    assert_null(orc_secret_open(&text, both, ORC_SEALED_METADATA, "1", before, pool));
    assert_null(orc_secret_open(&text, fresh, ORC_SEALED_METADATA, "1", after, pool));
    assert_string_equal(refusal(old, ORC_SEALED_METADATA, "1", after), "secret.key");
    assert_ptr_equal(strstr(after, orc_secret_keys_mark(fresh)), after);
    assert_string_not_equal(orc_secret_keys_mark(old), orc_secret_keys_mark(fresh));
}

static void count_line(void *baton, orc_log_level_t level, const char *line)
{
    assert_int_equal(level, ORC_LOG_WARNING);
    assert_non_null(strstr(line, "of row 1 "));
    ++*(int *)baton;
}

static void what_does_not_open_is_told_once_a_minute_and_column(void **state)
{
    orc_secret_keys_t *keys = keys_of("a");
    int lines = 0, i;

    orc_log_set(count_line, &lines, ORC_LOG_WARNING);
    for (i = 0; i < 3; i++)
        assert_null(orc_secret_reveal(keys, ORC_SEALED_OUTPUTS, "1", "junk", pool));
    assert_int_equal(lines, 1);
    assert_null(orc_secret_reveal(keys, ORC_SEALED_METADATA, "1", "junk", pool));
    assert_int_equal(lines, 2);
    assert_null(orc_secret_reveal(keys, ORC_SEALED_INPUTS, "1", NULL, pool));
    assert_int_equal(lines, 2);
    orc_log_set(NULL, NULL, ORC_LOG_WARNING);
}

#define KEY_OF_A "6100000000000000000000000000000000000000000000000000000000000000"
#define KEY_OF_B "YgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static orc_error_t *load_keys(orc_secret_keys_t **keys, const char *text)
{
    const char *path = apr_psprintf(pool, "/tmp/test_core.%d.key", (int)getpid());
    FILE *file = fopen(path, "w");
    orc_error_t *error;

    fputs(text, file);
    fclose(file);
    chmod(path, 0600);
    error = orc_secret_keys_load(keys, path, pool);
    remove(path);
    return error;
}

static void key_files_hold_a_key_a_line(void **state)
{
    orc_secret_keys_t *keys;

    assert_null(load_keys(&keys, KEY_OF_A "\n"));
    assert_string_equal(orc_secret_keys_mark(keys), orc_secret_keys_mark(keys_of("a")));
    assert_null(load_keys(&keys, "# of this year\r\n\r\n  " KEY_OF_B " \r\n" KEY_OF_A));
    assert_string_equal(orc_secret_keys_mark(keys), orc_secret_keys_mark(keys_of("b")));
    assert_non_null(strstr(load_keys(&keys, KEY_OF_B "\n" KEY_OF_B "\n")->detail, "Line 2 "));
    assert_non_null(strstr(load_keys(&keys, KEY_OF_B "\n\nc2hvcnQ=\n")->detail, "Line 3 "));
    assert_null(strstr(load_keys(&keys, "c2hvcnQ=")->detail, "c2hvcnQ"));
    assert_non_null(strstr(load_keys(&keys, "# none\n")->detail, "no key"));
}

static void files_that_others_may_read_are_refused(void **state)
{
    static const struct {
        int mode, is_right;
    } files[] = {{0600, 1}, {0400, 1}, {0640, 1}, {0644, 0}, {0604, 0}, {0602, 0}, {0660, 0}, {0620, 0}};
    const char *path = apr_psprintf(pool, "/tmp/test_core.%d.secret", (int)getpid());
    FILE *file = fopen(path, "w");
    orc_error_t *error;
    char *text;
    size_t i;

    fputs("s3cret", file);
    fclose(file);
    for (i = 0; i < sizeof files / sizeof *files; i++) {
        chmod(path, files[i].mode);
        error = orc_secret_file_read(&text, path, 6, pool);
        assert_int_equal(error == NULL, files[i].is_right);
        assert_true(error ? strstr(error->detail, "chmod 600") && !text : strcmp(text, "s3cret") == 0);
    }
    chmod(path, 0600);
    assert_non_null(orc_secret_file_read(&text, path, 5, pool));
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 1, 0), 0);
        assert_non_null(strstr(orc_secret_file_read(&text, path, 6, pool)->detail, "chown"));
    }
    remove(path);
    assert_non_null(strstr(orc_secret_file_read(&text, path, 6, pool)->detail, path));
}

static orc_error_t *read_line(char **line, const char *bytes, size_t length)
{
    const char *path = apr_psprintf(pool, "/tmp/test_core.%d.line", (int)getpid());
    FILE *file = fopen(path, "w");
    orc_error_t *error;

    fwrite(bytes, 1, length, file);
    fclose(file);
    chmod(path, 0600);
    error = orc_secret_file_read_line(line, path, 64, pool);
    remove(path);
    return error;
}

#define READ_LINE(line, text) read_line(line, text, sizeof text - 1)

static void a_secret_keeps_the_white_space_in_it(void **state)
{
    char *line;

    assert_null(READ_LINE(&line, " \tmy  secret, with spaces \r\n\n"));
    assert_string_equal(line, "my  secret, with spaces");
    assert_non_null(strstr(READ_LINE(&line, "one\ntwo\n")->detail, "more than one line"));
    assert_non_null(strstr(READ_LINE(&line, "one\0two\n")->detail, "NUL"));
    assert_non_null(strstr(READ_LINE(&line, " \n")->detail, "is empty"));
}

static void errors_chain(void **state)
{
    orc_error_t *error = orc_error(pool, 503, "im.unreachable", "IM at %s does not answer.", "im.example.org");

    error->system = 7;
    error->retriable = 1;
    error->reason = ORC_REASON_AWAY;
    assert_null(orc_error_wrap(NULL, "nothing"));
    error = orc_error_wrap(error, "operation %d", 7);
    assert_int_equal(error->status, 503);
    assert_true(error->retriable);
    assert_true(orc_error_is(error, ORC_REASON_AWAY) && !orc_error_is(error, ORC_REASON_NONE));
    assert_false(orc_error_is(NULL, ORC_REASON_NONE));
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

static void an_error_is_copied_whole(void **state)
{
    orc_error_t *error = NULL, *copy;
    apr_pool_t *own;

    apr_pool_create(&own, pool);
    orc_error_add_pointer(&error, own, "/a", "is %s", "wrong");
    error->cause = apr_pstrdup(own, "why");
    copy = orc_error_copy(orc_error_wrap(error, "step %d", 1), pool);
    apr_pool_destroy(own);
    assert_string_equal(APR_ARRAY_IDX(copy->fields, 0, orc_error_field_t).pointer, "/a");
    assert_string_equal(APR_ARRAY_IDX(copy->fields, 0, orc_error_field_t).detail, "is wrong");
    assert_string_equal(copy->cause, "step 1");
    assert_string_equal(copy->prev->cause, "why");
    assert_ptr_equal(copy->pool, pool);
    assert_null(orc_error_copy(NULL, pool));
}

static void slashes_at_the_end_of_a_url_say_nothing(void **state)
{
    assert_true(orc_url_is("https://a/b//", "https://a/b"));
    assert_true(orc_url_is("https://a/b", "https://a/b"));
    assert_false(orc_url_is("https://a/b/c", "https://a/b"));
    assert_false(orc_url_is("https://a/", "https://a/b"));
    assert_string_equal(orc_url_trimmed("https://a//", pool), "https://a");
    assert_int_equal(orc_url_length("///"), 0);
}

static void words_are_found_in_lists(void **state)
{
    static const char *const words[] = {"one", "two", NULL};
    apr_array_header_t *all = apr_array_make(pool, 2, sizeof(const char *)),
                       *some = apr_array_make(pool, 1, sizeof(const char *));

    assert_ptr_equal(orc_words_find(words, "two"), words[1]);
    assert_null(orc_words_find(words, "three"));
    APR_ARRAY_PUSH(all, const char *) = "one";
    APR_ARRAY_PUSH(all, const char *) = "two";
    APR_ARRAY_PUSH(some, const char *) = "two";
    assert_string_equal(apr_array_pstrcat(pool, orc_words_without(all, some, pool), 0), "one");
    assert_int_equal(orc_words_without(some, all, pool)->nelts, 0);
}

static void a_url_of_an_administrator_is_looked_at(void **state)
{
    static const char *const good[] = {"https://a", "http://a.b-c_d:8080/e%20f/~g/", "https://127.0.0.1:1/",
                                       "https://[::1]:65535", "https://a/b;c=d,e@f:g!$&'()*+"};
    static const char *const bad[] = {"",
                                      "a",
                                      "https://",
                                      "https:///a",
                                      "ftp://a",
                                      "https://a b",
                                      "https://a/\\",
                                      "https://a/%2",
                                      "https://a/\x7f",
                                      "https://a?",
                                      "https://a#b",
                                      "https://u@a",
                                      "https://a:",
                                      "https://a:0",
                                      "https://a:65536",
                                      "https://a:000001",
                                      "https://..",
                                      "https://a,b",
                                      "https://\xc3\xa9"};
    size_t i;

    for (i = 0; i < sizeof good / sizeof *good; i++)
        assert_null(orc_url_mistake(good[i], pool));
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null(orc_url_mistake(bad[i], pool));
    for (i = 0; i < sizeof good / sizeof *good; i++)
        assert_null(orc_url_endpoint_mistake(good[i], pool));
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(orc_url_endpoint_mistake(bad[i], pool) == NULL, strcmp(bad[i], "https://a?") == 0);
    assert_null(orc_url_endpoint_mistake("https://a/b?c=d%20&e", pool));
    assert_null(orc_url_mistake(apr_psprintf(pool, "https://%0992d", 1), pool));
    assert_non_null(orc_url_mistake(apr_psprintf(pool, "https://%0993d", 1), pool));
}

/* ---- structs as JSON ---- */

typedef struct thing_t {
    const char *name;
    apr_int64_t count;
    int is_big;
    json_t *list;
    struct thing_t *inner;
    apr_array_header_t *parts; /* of thing_t * */
} thing_t;

static const orc_fields_t thing_fields;
static const orc_field_t thing_list[] = {
    ORC_FIELD(thing_t, name, TEXT, 1),
    ORC_FIELD(thing_t, count, NUMBER, 2),
    ORC_FIELD_AS(thing_t, "big", is_big, FLAG, 0),
    ORC_FIELD(thing_t, list, JSON, 0),
    ORC_FIELD_OF(thing_t, inner, OBJECT, 0, &thing_fields),
    ORC_FIELD_OF(thing_t, parts, LIST, 0, &thing_fields),
    ORC_FIELD_END,
};
static const orc_fields_t thing_fields = {sizeof(thing_t), thing_list};

static void a_struct_comes_back_as_it_was_written(void **state)
{
    const char *text = "{\"big\":true,\"count\":7,\"inner\":{\"name\":\"b\"},\"list\":[1],\"name\":\"a\","
                       "\"parts\":[{\"name\":\"c\"},{\"name\":\"d\"}]}";
    thing_t thing = {0};

    assert_null(orc_fields_read(&thing, &thing_fields, json(text), 1, pool));
    assert_string_equal(APR_ARRAY_IDX(thing.parts, 1, thing_t *)->name, "d");
    assert_string_equal(orc_json_text(orc_json_own(orc_fields_write(&thing, &thing_fields), pool), pool), text);
    memset(&thing, 0, sizeof thing);
    assert_string_equal(orc_json_text(orc_json_own(orc_fields_write(&thing, &thing_fields), pool), pool), "{}");
}

static void what_is_wrong_with_a_struct_is_said_with_its_place(void **state)
{
    static const struct {
        const char *text;
        unsigned which;
        const char *wrong;
    } cases[] = {
        {"[]", 1, "it is no object"},
        {"{}", 1, "name is not there"},
        {"{\"name\": null}", 1, "name is not there"},
        {"{}", 2, "count is not there"},
        {"{\"name\": 1}", 0, "name is no text"},
        {"{\"count\": 1.5}", 0, "count is no integer"},
        {"{\"big\": 1}", 0, "big is no truth value"},
        {"{\"list\": 1}", 0, "list is no list and no object"},
        {"{\"name\": \"a\", \"inner\": {}}", 1, "inner.name is not there"},
        {"{\"name\": \"a\", \"parts\": {}}", 1, "parts.it is no list"},
        {"{\"name\": \"a\", \"parts\": [{\"name\": []}]}", 1, "parts.name is no text"},
        {"{\"unknown\": 1}", 0, NULL},
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        thing_t thing = {0};
        const char *wrong = orc_fields_read(&thing, &thing_fields, json(cases[i].text), cases[i].which, pool);

        if (!cases[i].wrong)
            assert_null(wrong);
        else
            assert_string_equal(wrong, cases[i].wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_struct_comes_back_as_it_was_written),
        cmocka_unit_test(what_is_wrong_with_a_struct_is_said_with_its_place),
        cmocka_unit_test(json_is_taken),
        cmocka_unit_test(json_is_refused),
        cmocka_unit_test(json_depth_is_limited),
        cmocka_unit_test(json_values_are_limited),
        cmocka_unit_test(huge_numbers_are_marked),
        cmocka_unit_test(many_huge_numbers_are_marked),
        cmocka_unit_test(large_numbers_of_our_own_keep_their_value),
        cmocka_unit_test(utf_8_is_told_from_what_is_none),
        cmocka_unit_test(error_texts_are_utf_8),
        cmocka_unit_test(pointers_are_escaped),
        cmocka_unit_test(ids_are_version_7_and_sort),
        cmocka_unit_test(times_round_trip),
        cmocka_unit_test(secrets_are_sealed),
        cmocka_unit_test(a_sealed_value_opens_in_its_place_only),
        cmocka_unit_test(the_first_key_seals_and_all_open),
        cmocka_unit_test(what_does_not_open_is_told_once_a_minute_and_column),
        cmocka_unit_test(key_files_hold_a_key_a_line),
        cmocka_unit_test(files_that_others_may_read_are_refused),
        cmocka_unit_test(a_secret_keeps_the_white_space_in_it),
        cmocka_unit_test(errors_chain),
        cmocka_unit_test(an_error_is_copied_whole),
        cmocka_unit_test(slashes_at_the_end_of_a_url_say_nothing),
        cmocka_unit_test(a_url_of_an_administrator_is_looked_at),
        cmocka_unit_test(words_are_found_in_lists),
        cmocka_unit_test(fields_are_collected),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
