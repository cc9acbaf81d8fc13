/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <sodium.h>

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

/* An RSA key with more members, whose modulus has so many bits. */
static const char *rsa(int bits, const char *more)
{
    size_t length = (size_t)(bits + 7) / 8,
           size = sodium_base64_encoded_len(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    unsigned char *bytes = memset(apr_palloc(pool, length), 0xff, length);
    char *text = apr_palloc(pool, size);

    bytes[0] = (unsigned char)(0xff >> (length * 8 - (size_t)bits));
    sodium_bin2base64(text, size, bytes, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return apr_psprintf(pool, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"%s}", text, more);
}

#define RSA(more) rsa(2048, more)

/* The issuer and id of each key. */
static const char *names(const json_t *merged)
{
    const char *text = "";
    const json_t *key;
    size_t i;

    json_array_foreach(json_object_get(merged, "keys"), i, key)
    {
        const char *kid = orc_json_string(key, "kid");

        text = apr_pstrcat(pool, text, orc_json_string(key, "iss"), ":", kid ? kid : "-", ";", NULL);
    }
    return text;
}

static void an_issuer_shares_its_keys_with_nobody(void **state)
{
    json_t *merged = parsed("{\"keys\":[]}");
    const char *why;
    int count;

    assert_int_equal(
        added(merged, apr_pstrcat(pool, RSA(",\"kid\":\"a\""), ",", RSA(",\"kid\":\"a \""), NULL), "one", &why), 2);
    assert_int_equal(
        added(merged, apr_pstrcat(pool, RSA(",\"kid\":\"a\""), ",{\"kty\":\"EC\",\"kid\":\"a\"}", NULL), "two", &why),
        2);
    assert_string_equal(names(merged), "one:a;one:a ;two:a;two:a;");
    assert_int_equal(warnings, 0);
    assert_non_null(orc_jwks_add(merged, parsed("{\"keys\":{}}"), "three", 7200, &count, &why, pool));
    assert_non_null(orc_jwks_add(merged, parsed("[]"), "three", 7200, &count, &why, pool));
}

static void nothing_but_the_public_half_is_kept(void **state)
{
    json_t *merged = parsed("{\"keys\":[]}");
    const char *why;

    assert_int_equal(added(merged,
                           "{\"kty\":\"EC\",\"kid\":\"a\",\"crv\":\"P-256\",\"x\":\"1\",\"y\":\"2\",\"d\":\"secret\","
                           "\"x5c\":[\"x\"],\"k\":\"secret\",\"p\":\"secret\",\"oth\":[{\"d\":\"secret\"}]}",
                           "one", &why),
                     1);
    assert_string_equal(orc_json_text(merged, pool),
                        "{\"keys\":[{\"crv\":\"P-256\",\"iss\":\"one\",\"kid\":\"a\",\"kty\":\"EC\","
                        "\"seen\":7200,\"x\":\"1\",\"y\":\"2\"}]}");
}

static void what_is_no_key_for_signatures_is_passed_over(void **state)
{
    static const char *const keys[] = {
        "7",
        "{\"kty\":\"oct\",\"kid\":\"b\",\"k\":\"secret\"}",
        "{\"kty\":\"OKP\",\"kid\":\"b\"}",
        "{\"kty\":\"EC\",\"kid\":\"b\",\"use\":\"enc\"}",
        "{\"kty\":\"EC\",\"kid\":\"b\",\"use\":7}",
        "{\"kty\":\"EC\",\"kid\":\"b\",\"key_ops\":[\"encrypt\",\"wrapKey\"]}",
        "{\"kty\":\"EC\",\"kid\":\"b\",\"use\":\"sig\",\"key_ops\":[]}",
    };
    json_t *merged = parsed("{\"keys\":[]}");
    const char *why;
    size_t i;

    for (i = 0; i < sizeof keys / sizeof *keys; i++) {
        assert_int_equal(added(merged, keys[i], "one", &why), 0);
        assert_null(why);
    }
    assert_int_equal(
        added(merged, "{\"kty\":\"EC\",\"kid\":\"b\",\"use\":\"sig\",\"key_ops\":[\"sign\",\"verify\"]}", "one", &why),
        1);
    assert_int_equal(warnings, 0);
}

static void an_rsa_key_is_neither_weak_nor_a_burden(void **state)
{
    json_t *merged = parsed("{\"keys\":[]}");
    const char *why;

    assert_int_equal(added(merged, rsa(2047, ",\"kid\":\"b\""), "one", &why), 0);
    assert_string_equal(why, "its RSA key b has 2047 bits, and 2048 to 8192 are taken");
    assert_int_equal(added(merged, rsa(1024, ""), "one", &why), 0);
    assert_int_equal(added(merged, rsa(8193, ""), "one", &why), 0);
    assert_int_equal(added(merged, "{\"kty\":\"RSA\",\"e\":\"AQAB\"}", "one", &why), 0);
    assert_int_equal(added(merged, "{\"kty\":\"RSA\",\"e\":\"AQ\",\"n\":\"AQAB\"}", "one", &why), 0);
}

static void a_key_without_an_id_is_taken_when_it_is_the_only_one_of_its_type(void **state)
{
    json_t *merged = parsed("{\"keys\":[]}");
    const char *why;

    assert_int_equal(added(merged,
                           apr_pstrcat(pool, RSA(""), ",", RSA(",\"use\":\"enc\""),
                                       ",{\"kty\":\"EC\",\"crv\":\"P-256\"},"
                                       "{\"kty\":\"EC\",\"crv\":\"P-384\",\"kid\":\"a\"}",
                                       NULL),
                           "one", &why),
                     3);
    assert_int_equal(warnings, 0);
    assert_int_equal(added(merged, apr_pstrcat(pool, RSA(""), ",", RSA(",\"kid\":\"b\""), NULL), "two", &why), 1);
    assert_string_equal(why, "its key has no kid, and there are others of the same type");
    assert_int_equal(warnings, 1);
    assert_int_equal(added(merged, RSA(""), "three", &why), 1);
    assert_int_equal(
        added(merged, apr_pstrcat(pool, RSA(",\"kid\":\"b\""), ",", RSA(",\"kid\":\"b\""), NULL), "four", &why), 1);
    assert_string_equal(why, "it has another key b of the same type");
    assert_int_equal(added(merged, RSA(",\"kid\":7"), "five", &why), 0);
}

/* What one issuer publishes costs the others neither keys nor time. */
static void an_issuers_keys_are_limited(void **state)
{
    json_t *merged = parsed("{\"keys\":[]}");
    const char *many = RSA(",\"kid\":\"first\""), *why;
    int i;

    for (i = 0; i < 200; i++)
        many = apr_psprintf(pool, "%s,{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%d\"}", many, i);
    assert_int_equal(added(merged, many, "one", &why), 100);
    assert_string_equal(why, "it publishes more than 100 keys");
    assert_int_equal(warnings, 1);
    many = RSA(",\"kid\":\"first\"");
    for (i = 0; i < 90; i++)
        many = apr_pstrcat(pool, many, ",", rsa(8192, apr_psprintf(pool, ",\"kid\":\"%d\"", i)), NULL);
    merged = parsed("{\"keys\":[]}");
    assert_in_range(added(merged, many, "one", &why), 30, 60);
    assert_string_equal(why, "its keys have more than 65536 bytes");
    assert_in_range(strlen(orc_json_text(merged, pool)), 32 * 1024, 66 * 1024);
    assert_int_equal(warnings, 2);
    assert_int_equal(added(merged, RSA(",\"kid\":\"a\""), "two", &why), 1);
    assert_int_equal(warnings, 2);
}

#define TEST_KEYS(name) cmocka_unit_test_setup_teardown(name, log_warnings, log_nothing)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_read_with_their_end),
        cmocka_unit_test(refusals_and_outages_are_told_apart),
        cmocka_unit_test(forms_are_encoded),
        TEST_KEYS(an_issuer_shares_its_keys_with_nobody),
        TEST_KEYS(nothing_but_the_public_half_is_kept),
        TEST_KEYS(what_is_no_key_for_signatures_is_passed_over),
        TEST_KEYS(an_rsa_key_is_neither_weak_nor_a_burden),
        TEST_KEYS(a_key_without_an_id_is_taken_when_it_is_the_only_one_of_its_type),
        TEST_KEYS(an_issuers_keys_are_limited),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
