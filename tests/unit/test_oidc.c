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

/* Adds an issuer's keys; how many were taken. */
static int added(json_t *merged, const char *keys, const char *issuer, const char **why)
{
    int count;

    assert_null(
        orc_jwks_add(merged, parsed(apr_psprintf(pool, "{\"keys\":[%s]}", keys)), issuer, 7200, &count, why, pool));
    return count;
}

static int log_warnings(void **state)
{
    warnings = 0;
    orc_log_set(count_warnings, NULL, ORC_LOG_DEBUG);
    return 0;
}

static int log_nothing(void **state)
{
    orc_log_set(NULL, NULL, ORC_LOG_ERROR);
    return 0;
}

static void keys_belong_to_one_issuer(void **state)
{
    json_t *merged = parsed("{\"keys\":[]}");
    const char *why;
    int count;

    assert_int_equal(added(merged,
                           "{\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"1\",\"e\":\"AQAB\",\"d\":\"secret\","
                           "\"x5c\":[\"x\"]},"
                           "{\"kty\":\"oct\",\"kid\":\"b\",\"k\":\"secret\"},7,"
                           "{\"kty\":\"OKP\",\"kid\":\"f\"},"
                           "{\"kty\":\"EC\",\"kid\":\"c\",\"use\":\"enc\"},{\"kty\":\"EC\",\"kid\":\"d\"}",
                           "https://one", &why),
                     2);
    assert_null(why);
    assert_int_equal(warnings, 0);
    assert_int_equal(
        added(merged, "{\"kty\":\"RSA\",\"kid\":\"a\"},{\"kty\":\"RSA\",\"kid\":\"e\"}", "https://two", &why), 1);
    assert_non_null(strstr(why, "the id of a key of https://one"));
    assert_int_equal(warnings, 1);
    assert_string_equal(
        orc_json_text(merged, pool),
        "{\"keys\":[{\"e\":\"AQAB\",\"iss\":\"https://one\",\"kid\":\"a\",\"kty\":\"RSA\",\"n\":\"1\",\"seen\":7200},"
        "{\"iss\":\"https://one\",\"kid\":\"d\",\"kty\":\"EC\",\"seen\":7200},"
        "{\"iss\":\"https://two\",\"kid\":\"e\",\"kty\":\"RSA\",\"seen\":7200}]}");
    assert_non_null(orc_jwks_add(merged, parsed("{\"keys\":{}}"), "https://three", 7200, &count, &why, pool));
    assert_non_null(orc_jwks_add(merged, parsed("[]"), "https://three", 7200, &count, &why, pool));
}

static void ids_that_mod_auth_openidc_takes_for_one_are_one(void **state)
{
    json_t *merged = parsed("{\"keys\":[]}");
    const char *why;

    assert_int_equal(added(merged, "{\"kty\":\"RSA\",\"kid\":\"a1\"}", "https://one", &why), 1);
    assert_int_equal(added(merged, "{\"kty\":\"RSA\",\"kid\":\"a 1\"}", "https://two", &why), 0);
    assert_int_equal(warnings, 1);
    assert_int_equal(added(merged, "{\"kty\":\"EC\",\"kid\":\"a1\"}", "https://two", &why), 1);
}

static void a_key_without_an_id_is_taken_when_it_is_the_only_one_of_its_type(void **state)
{
    json_t *merged = parsed("{\"keys\":[]}");
    const char *why;

    assert_int_equal(added(merged,
                           "{\"kty\":\"RSA\"},{\"kty\":\"RSA\",\"use\":\"enc\"},{\"kty\":\"EC\",\"crv\":\"P-256\"},"
                           "{\"kty\":\"EC\",\"crv\":\"P-384\",\"kid\":\"a\"}",
                           "https://one", &why),
                     3);
    assert_int_equal(warnings, 0);
    assert_int_equal(added(merged, "{\"kty\":\"RSA\"},{\"kty\":\"RSA\",\"kid\":\"b\"}", "https://two", &why), 1);
    assert_string_equal(why, "its key has no kid, and there are others of the same type");
    assert_int_equal(warnings, 1);
    assert_int_equal(added(merged, "{\"kty\":\"RSA\"}", "https://three", &why), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_read_with_their_end),
        cmocka_unit_test(refusals_and_outages_are_told_apart),
        cmocka_unit_test(forms_are_encoded),
        cmocka_unit_test_setup_teardown(keys_belong_to_one_issuer, log_warnings, log_nothing),
        cmocka_unit_test_setup_teardown(ids_that_mod_auth_openidc_takes_for_one_are_one, log_warnings, log_nothing),
        cmocka_unit_test_setup_teardown(a_key_without_an_id_is_taken_when_it_is_the_only_one_of_its_type, log_warnings,
                                        log_nothing),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
