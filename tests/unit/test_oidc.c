/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include "orc_jwks.h"
#include "orc_log.h"
#include "orc_oidc_internal.h"

static orc_oidc_tokens_t tokens_of(int status, const char *body)
{
    orc_http_response_t response = {.pool = pool,
                                    .outcome = ORC_HTTP_ANSWERED,
                                    .status = status,
                                    .headers = apr_table_make(pool, 1),
                                    .body = body,
                                    .length = strlen(body)};
    orc_oidc_tokens_t tokens;

    orc_oidc_read_tokens(&tokens, &response, apr_time_from_sec(1000));
    return tokens;
}

static void tokens_are_read_with_their_end(void **state)
{
    orc_oidc_tokens_t tokens = tokens_of(200, "{\"access_token\":\"a\",\"expires_in\":60,\"refresh_token\":\"r\"}");

    assert_null(tokens.error);
    assert_string_equal(tokens.access_token, "a");
    assert_string_equal(tokens.refresh_token, "r");
    assert_int_equal(tokens.expires, apr_time_from_sec(1060));
    tokens = tokens_of(200, "{\"access_token\":\"e30.eyJleHAiOjUwMDB9.c2ln\"}"); /* {"exp":5000} */
    assert_int_equal(tokens.expires, apr_time_from_sec(5000));
    assert_null(tokens.refresh_token);
    tokens = tokens_of(200, "{\"access_token\":\"opaque\",\"expires_in\":-1}");
    assert_int_equal(tokens.expires, apr_time_from_sec(1300));
}

static void refusals_and_outages_are_told_apart(void **state)
{
    static const struct {
        int status;
        const char *body, *code;
        int retriable;
    } cases[] = {
        {400, "{\"error\":\"invalid_grant\"}", "oidc.grant", 0},
        {401, "{\"error\":\"invalid_token\"}", "oidc.grant", 0},
        {400, "<html>", "oidc.grant", 0},
        {401, "{\"error\":\"invalid_client\"}", "oidc.client", 0},
        {400, "{\"error\":\"unauthorized_client\"}", "oidc.client", 0},
        {400, "{\"error\":\"temporarily_unavailable\"}", "oidc.unavailable", 1},
        {500, "{\"error\":\"invalid_grant\"}", "oidc.unavailable", 1},
        {429, "", "oidc.unavailable", 1},
        {404, "Not Found", "oidc.unavailable", 1},
        {302, "", "oidc.unavailable", 1},
        {200, "{", "oidc.unavailable", 1},
        {200, "{\"access_token\":7}", "oidc.unavailable", 1},
        {200, "{\"access_token\":\"\"}", "oidc.unavailable", 1},
        {200, "[]", "oidc.unavailable", 1},
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        orc_oidc_tokens_t tokens = tokens_of(cases[i].status, cases[i].body);

        assert_string_equal(tokens.error->code, cases[i].code);
        assert_int_equal(tokens.error->retriable, cases[i].retriable);
    }
}

static void forms_are_encoded(void **state)
{
    const char *const pairs[] = {"grant_type", "urn:a b", "none", NULL, "t", "a+b&c=\xc3\xa9~", NULL};

    assert_string_equal(orc_oidc_form(pool, pairs), "grant_type=urn%3Aa%20b&t=a%2Bb%26c%3D%C3%A9~");
}

static int warnings;

static void count_warnings(void *baton, orc_log_level_t level, const char *line)
{
    warnings += level <= ORC_LOG_WARNING;
}

static json_t *parsed(const char *text)
{
    json_t *json;

    assert_null(orc_json_parse(&json, text, strlen(text), pool));
    return json;
}

static void keys_belong_to_one_issuer(void **state)
{
    json_t *merged = parsed("{\"keys\":[]}");
    int count;

    orc_log_set(count_warnings, NULL, ORC_LOG_DEBUG);
    assert_null(
        orc_jwks_add(merged,
                     parsed("{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"1\",\"e\":\"AQAB\",\"d\":\"secret\"},"
                            "{\"kty\":\"oct\",\"kid\":\"b\",\"k\":\"secret\"},{\"kty\":\"RSA\"},7,"
                            "{\"kty\":\"EC\",\"kid\":\"c\",\"use\":\"enc\"},{\"kty\":\"EC\",\"kid\":\"d\"}]}"),
                     "https://one", &count, pool));
    assert_int_equal(count, 2);
    assert_int_equal(warnings, 0);
    assert_null(orc_jwks_add(merged,
                             parsed("{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\"},{\"kty\":\"RSA\",\"kid\":\"e\"}]}"),
                             "https://two", &count, pool));
    assert_int_equal(count, 1);
    assert_int_equal(warnings, 1);
    assert_string_equal(orc_json_text(merged, pool),
                        "{\"keys\":[{\"e\":\"AQAB\",\"iss\":\"https://one\",\"kid\":\"a\",\"kty\":\"RSA\",\"n\":\"1\"},"
                        "{\"iss\":\"https://one\",\"kid\":\"d\",\"kty\":\"EC\"},"
                        "{\"iss\":\"https://two\",\"kid\":\"e\",\"kty\":\"RSA\"}]}");
    assert_non_null(orc_jwks_add(merged, parsed("{\"keys\":{}}"), "https://three", &count, pool));
    assert_non_null(orc_jwks_add(merged, parsed("[]"), "https://three", &count, pool));
    orc_log_set(NULL, NULL, ORC_LOG_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_read_with_their_end),
        cmocka_unit_test(refusals_and_outages_are_told_apart),
        cmocka_unit_test(forms_are_encoded),
        cmocka_unit_test(keys_belong_to_one_issuer),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
