/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_encode.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "mo_claims.h"
#include "mo_query.h"
#include "orc_query.h"

#define ISSUER "https://issuer.example/realm"
#define OTHER  "https://other.example"
#define NOW    1700000000

static int set_up(void **state)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    *state = pool;
    return 0;
}

static int tear_down(void **state)
{
    apr_pool_destroy(*state);
    apr_terminate();
    return 0;
}

/* ---- queries ---- */

static apr_array_header_t *query(const char *text, apr_pool_t *pool)
{
    apr_array_header_t *parameters;

    assert_null(orc_query_parse(&parameters, text, pool));
    return parameters;
}

#define NTH(list, n) APR_ARRAY_IDX(list, n, orc_parameter_t)

static void a_query_keeps_its_parameters_in_order(void **state)
{
    apr_array_header_t *list = query("a=1&b=x+y%2B%c3%a9&&a=2&c&d=", *state);

    assert_int_equal(list->nelts, 5);
    assert_string_equal(NTH(list, 0).name, "a");
    assert_string_equal(NTH(list, 0).value, "1");
    assert_string_equal(NTH(list, 1).value, "x y+\xc3\xa9");
    assert_string_equal(NTH(list, 2).name, "a");
    assert_string_equal(NTH(list, 2).value, "2");
    assert_string_equal(NTH(list, 3).name, "c");
    assert_string_equal(NTH(list, 3).value, "");
    assert_string_equal(NTH(list, 4).value, "");
    assert_int_equal(query(NULL, *state)->nelts, 0);
    assert_int_equal(query("", *state)->nelts, 0);
}

static void a_broken_parameter_is_named(void **state)
{
    static const struct {
        const char *query, *name;
    } cases[] = {
        {"a=%zz", "a"},    {"good=1&b=%4", "b"}, {"b=%", "b"},     {"c=%00", "c"},          {"d=%ff", "d"},
        {"d=%c0%80", "d"}, {"d=%ed%a0%80", "d"}, {"%zz=1", "%zz"}, {"d=%f4%90%80%80", "d"}, {"d=%e0%80%80", "d"},
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        apr_array_header_t *parameters;
        orc_error_t *error = orc_query_parse(&parameters, cases[i].query, *state);

        assert_non_null(error);
        assert_int_equal(error->status, 422);
        assert_int_equal(error->fields->nelts, 1);
        assert_string_equal(APR_ARRAY_IDX(error->fields, 0, orc_error_field_t).parameter, cases[i].name);
    }
}

static void every_broken_parameter_is_named_at_once(void **state)
{
    apr_array_header_t *parameters;
    orc_error_t *error = orc_query_parse(&parameters, "a=%z&b=1&c=%00", *state);

    assert_non_null(error);
    assert_int_equal(error->fields->nelts, 2);
}

static void a_query_of_too_many_parameters_is_refused(void **state)
{
    apr_array_header_t *parameters;
    char *text = apr_pcalloc(*state, 2 * (ORC_QUERY_MAX + 1) + 1);
    int i;

    for (i = 0; i <= ORC_QUERY_MAX; i++)
        memcpy(text + 2 * i, "a&", 2);
    assert_int_equal(orc_query_parse(&parameters, text, *state)->status, 422);
}

static void a_media_type_loses_its_parameters(void **state)
{
    assert_string_equal(mo_query_media_type("Application/JSON; charset=utf-8", *state), "application/json");
    assert_string_equal(mo_query_media_type(" text/yaml \t; x", *state), "text/yaml");
    assert_string_equal(mo_query_media_type("application/json, text/plain", *state), "application/json, text/plain");
    assert_string_equal(mo_query_media_type("", *state), "");
    assert_null(mo_query_media_type(NULL, *state));
}

static void the_charset_of_a_media_type_is_found(void **state)
{
    assert_string_equal(mo_query_charset("text/yaml; charset=utf-8", *state), "utf-8");
    assert_string_equal(mo_query_charset("application/json;CharSet=\"ISO-8859-1\"", *state), "iso-8859-1");
    assert_string_equal(mo_query_charset("text/yaml; version=2;charset=x , text/plain", *state), "x");
    assert_string_equal(mo_query_charset("text/yaml;charset=", *state), "");
    assert_null(mo_query_charset("text/yaml; xcharset=utf-8; charset", *state));
    assert_null(mo_query_charset("charset=utf-8", *state));
    assert_null(mo_query_charset(NULL, *state));
}

static void only_a_sane_request_id_is_taken(void **state)
{
    char *longest = apr_pcalloc(*state, 130);

    memset(longest, 'a', 128);
    assert_true(mo_query_is_request_id("aZ0._-"));
    assert_true(mo_query_is_request_id(longest));
    longest[128] = 'a';
    assert_false(mo_query_is_request_id(longest));
    assert_false(mo_query_is_request_id(""));
    assert_false(mo_query_is_request_id("a b"));
    assert_false(mo_query_is_request_id("a\r\nb"));
    assert_false(mo_query_is_request_id("\xc3\xa9"));
}

static void only_a_host_is_a_host(void **state)
{
    static const char *const good[] = {"a", "a.example.org", "my_api", "a:80", "127.0.0.1:65535", "[::1]", "[::1]:80"};
    static const char *const bad[] = {"",   "a/b", "a:",     "a:b", "a:123456", "[::1",
                                      "[]", "a b", "user@a", "a?b", "[::1]x",   ":80"};
    size_t i;

    for (i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(mo_query_is_host(good[i]));
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(mo_query_is_host(bad[i]));
}

/* ---- tokens ---- */

static const char *base64url(const char *text, apr_pool_t *pool)
{
    apr_size_t length;

    return apr_pencode_base64(pool, text, APR_ENCODE_STRING, APR_ENCODE_BASE64URL, &length);
}

static const char *token(const char *header, const char *payload, apr_pool_t *pool)
{
    return apr_pstrcat(pool, base64url(header, pool), ".", base64url(payload, pool), ".c2ln", NULL);
}

static const orc_config_t *config(apr_pool_t *pool)
{
    orc_config_t *made = orc_config_make(pool);
    const char *const urls[] = {ISSUER, OTHER};
    int i;

    for (i = 0; i < 2; i++) {
        orc_issuer_config_t *issuer = apr_pcalloc(pool, sizeof *issuer);
        apr_array_header_t *audiences = apr_array_make(pool, 2, sizeof(const char *));
        apr_array_header_t *services = apr_array_make(pool, 1, sizeof(const char *));

        APR_ARRAY_PUSH(services, const char *) = "logs";
        APR_ARRAY_PUSH(audiences, const char *) = "ours";
        APR_ARRAY_PUSH(audiences, const char *) = "ours-too";
        issuer->url = urls[i];
        issuer->audiences = audiences;
        issuer->service_accounts = services;
        issuer->groups_claim = "groups";
        issuer->admin_group = "admins";
        issuer->groups = apr_array_make(pool, 2, sizeof(const char *));
        APR_ARRAY_PUSH((apr_array_header_t *)made->issuers, orc_issuer_config_t *) = issuer;
    }
    return made;
}

static orc_error_t *check(orc_identity_t **identity, const orc_config_t *values, const char *payload, apr_pool_t *pool)
{
    mo_token_t read;

    ORC_TRY(mo_claims_read(&read, token("{\"alg\":\"RS256\"}", payload, pool), pool));
    return mo_claims_identity(identity, APR_ARRAY_IDX(values->issuers, 0, orc_issuer_config_t *), &read,
                              apr_time_from_sec(NOW), pool);
}

#define CLAIMS(rest) "{\"iss\":\"" ISSUER "/\",\"aud\":\"ours\",\"exp\":1700000100,\"sub\":\"s-1\"" rest "}"

static void a_good_token_makes_an_identity(void **state)
{
    orc_identity_t *identity;

    assert_null(
        check(&identity, config(*state),
              CLAIMS(",\"name\":\"A B\",\"preferred_username\":\"ab\",\"email\":\"a@b\",\"groups\":[\"/lab\",\"x/y\"]"),
              *state));
    assert_string_equal(identity->issuer, ISSUER);
    assert_string_equal(identity->subject, "s-1");
    assert_string_equal(identity->name, "A B");
    assert_string_equal(identity->username, "ab");
    assert_string_equal(identity->email, "a@b");
    assert_int_equal(identity->groups->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(identity->groups, 0, const char *), "lab");
    assert_string_equal(APR_ARRAY_IDX(identity->groups, 1, const char *), "x/y");
    assert_false(identity->is_admin);
    assert_true(identity->expires == apr_time_from_sec(1700000100));
    assert_string_equal(identity->user_id, "");
}

static void the_admin_group_makes_an_administrator(void **state)
{
    orc_identity_t *identity;

    assert_null(check(&identity, config(*state), CLAIMS(",\"groups\":[\"/admins\"]"), *state));
    assert_true(identity->is_admin);
}

static void a_named_client_is_a_service_account_and_needs_no_groups(void **state)
{
    static const struct {
        const char *claims;
        int is_service;
    } rows[] = {
        {CLAIMS(",\"client_id\":\"logs\""), 1},
        {CLAIMS(",\"azp\":\"logs\""), 1},
        {CLAIMS(",\"client_id\":\"logs\",\"azp\":\"other\",\"groups\":[\"lab\"]"), 1},
        {CLAIMS(",\"client_id\":\"other\",\"azp\":\"logs\""), 0},
        {CLAIMS(",\"client_id\":[\"logs\"]"), 0},
        {CLAIMS(""), 0},
    };
    orc_identity_t *identity;
    size_t i;

    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_null(check(&identity, config(*state), rows[i].claims, *state));
        assert_int_equal(identity->is_service, rows[i].is_service);
        assert_true(!identity->groups == !rows[i].is_service);
    }
}

static void any_of_the_audiences_will_do(void **state)
{
    orc_identity_t *identity;

    assert_null(check(&identity, config(*state),
                      "{\"iss\":\"" ISSUER "\",\"aud\":[\"x\",\"ours-too\"],\"exp\":1700000100,\"sub\":\"s\"}",
                      *state));
}

static void a_token_that_is_not_as_it_must_be_is_refused(void **state)
{
    static const char *const payloads[] = {
        "{}",
        "[]",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"ours\",\"sub\":\"s\"}",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"ours\",\"sub\":\"s\",\"exp\":\"1700000100\"}",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"ours\",\"sub\":\"s\",\"exp\":1700000000}",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"ours\",\"sub\":\"s\",\"exp\":1e300}",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"ours\",\"exp\":1700000100}",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"ours\",\"exp\":1700000100,\"sub\":\"\"}",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"ours\",\"exp\":1700000100,\"sub\":7}",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"ours\",\"exp\":1700000100,\"sub\":\"a\\n\"}",
        "{\"iss\":\"" ISSUER "\",\"aud\":\"theirs\",\"exp\":1700000100,\"sub\":\"s\"}",
        "{\"iss\":\"" ISSUER "\",\"exp\":1700000100,\"sub\":\"s\"}",
        CLAIMS(",\"nbf\":1700000061"),
        CLAIMS(",\"nbf\":\"x\""),
        CLAIMS(",\"iat\":1700000061"),
        CLAIMS(",\"iat\":[]"),
        CLAIMS(",\"groups\":1"),
        CLAIMS(",\"groups\":true"),
        CLAIMS(",\"groups\":{\"name\":\"admins\"}"),
        CLAIMS(",\"sub\":\"twice\""),
    };
    size_t i;

    for (i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        orc_identity_t *identity;
        orc_error_t *error = check(&identity, config(*state), payloads[i], *state);

        if (!error)
            fail_msg("accepted: %s", payloads[i]);
        assert_int_equal(error->status, 401);
        assert_string_equal(error->code, "token");
    }
}

static void a_clock_that_is_a_little_ahead_does_no_harm(void **state)
{
    orc_identity_t *identity;

    assert_null(check(&identity, config(*state), CLAIMS(",\"nbf\":1700000060,\"iat\":1700000060"), *state));
}

static void only_authorised_groups_may_come_in(void **state)
{
    static const struct {
        const char *groups;
        int may;
    } people[] = {{"lab", 1}, {"/lab", 1}, {"admins", 1}, {"labs", 0}, {"lab/sub", 0}};
    const orc_config_t *values = config(*state);
    orc_issuer_config_t *issuer = APR_ARRAY_IDX(values->issuers, 0, orc_issuer_config_t *);
    orc_identity_t *identity;
    size_t i;

    APR_ARRAY_PUSH((apr_array_header_t *)issuer->groups, const char *) = "lab";
    for (i = 0; i < sizeof people / sizeof *people; i++) {
        orc_error_t *error;

        assert_null(
            check(&identity, values, apr_psprintf(*state, CLAIMS(",\"groups\":[\"%s\"]"), people[i].groups), *state));
        error = mo_claims_authorise(identity, issuer, *state);
        assert_int_equal(error ? error->status : 200, people[i].may ? 200 : 403);
    }
}

static void groups_that_the_token_does_not_tell_stay_unknown(void **state)
{
    const orc_config_t *values = config(*state);
    orc_issuer_config_t *issuer = APR_ARRAY_IDX(values->issuers, 0, orc_issuer_config_t *);
    orc_identity_t *identity;
    json_t *claim = orc_json_own(json_pack("[s]", "/admins"), *state);

    assert_null(check(&identity, values, CLAIMS(""), *state));
    assert_null(identity->groups);
    assert_null(mo_claims_groups(identity, issuer, claim, *state));
    assert_true(identity->is_admin);
}

static const char *groups_of(const char *claim, apr_pool_t *pool)
{
    orc_identity_t *identity;

    assert_null(check(&identity, config(pool), apr_psprintf(pool, CLAIMS(",\"groups\":%s"), claim), pool));
    return apr_array_pstrcat(pool, identity->groups, ' ');
}

static void groups_are_read_in_every_form_that_issuers_write(void **state)
{
    assert_string_equal(groups_of("[\"a\",\"/b\",\"/c/d\"]", *state), "a b c/d");
    assert_string_equal(groups_of("\"/a\"", *state), "a");
    assert_string_equal(groups_of("\"a,b c\"", *state), "a,b c");
    assert_string_equal(groups_of("[{\"name\":\"/a\"},{\"display\":\"b\",\"value\":\"7f\"},{\"value\":\"c\"}]", *state),
                        "a b c");
    assert_string_equal(groups_of("[7,null,true,{},{\"name\":7},[\"x\"],\"\",\"/\",\"a\"]", *state), "a");
    assert_string_equal(groups_of("[]", *state), "");
    assert_string_equal(groups_of("\"\"", *state), "");
}

static void a_claim_that_tells_no_groups_is_named_with_its_type(void **state)
{
    static const struct {
        const char *claim, *detail;
    } cases[] = {
        {"7", "The claim \"groups\" tells no groups: it is a number."},
        {"false", "The claim \"groups\" tells no groups: it is a boolean."},
        {"{\"name\":\"a\"}", "The claim \"groups\" tells no groups: it is an object."},
    };
    orc_identity_t *identity;
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *payload = apr_psprintf(*state, CLAIMS(",\"groups\":%s"), cases[i].claim);

        assert_string_equal(check(&identity, config(*state), payload, *state)->detail, cases[i].detail);
    }
}

static void a_token_tells_key_algorithm_and_claims(void **state)
{
    mo_token_t read;

    assert_null(mo_claims_read(
        &read, token("{\"alg\":\"PS256\",\"kid\":\"k\",\"x5t\":\"t\"}", "{\"iss\":\"i\"}", *state), *state));
    assert_string_equal(read.kid, "k");
    assert_string_equal(read.algorithm->name, "PS256");
    assert_string_equal(orc_json_string(read.claims, "iss"), "i");
    assert_null(mo_claims_read(&read, token("{\"alg\":\"RS256\"}", "{\"iss\":7}", *state), *state));
    assert_null(read.kid);
}

static void an_ecdsa_signature_has_its_length(void **state)
{
    static const char start[] = "eyJhbGciOiJFUzI1NiJ9.e30.";
    mo_token_t read;
    int bytes;

    for (bytes = 1; bytes < 140; bytes++) {
        apr_size_t length;
        const char *signature =
            apr_pencode_base64(*state, apr_pcalloc(*state, bytes), bytes, APR_ENCODE_BASE64URL, &length);

        assert_int_equal(!mo_claims_read(&read, apr_pstrcat(*state, start, signature, NULL), *state), bytes == 64);
    }
}

static void a_header_that_no_key_can_be_found_for_is_refused(void **state)
{
    static const char *const headers[] = {
        "{\"alg\":\"RS256\",\"kid\":\"\"}",
        "{\"alg\":\"RS256\",\"kid\":null}",
        "{\"alg\":\"RS256\",\"x5t\":\"k\"}",
        "{\"alg\":\"RS256\",\"x5t#S256\":\"k\"}",
        "{\"alg\":\"RS256\",\"kid\":\"k\",\"crit\":[\"b64\"]}",
        "{\"alg\":\"RS256\",\"kid\":\"k\",\"crit\":null}",
        "{\"alg\":\"RS256\",\"kid\":\"k\",\"b64\":false}",
        "{\"alg\":\"RS256\",\"kid\":\"k\",\"jwk\":{}}",
        "{\"alg\":\"RS256\",\"kid\":\"k\",\"jku\":\"u\"}",
        "{\"alg\":\"RS256\",\"kid\":\"k\",\"x5u\":\"u\"}",
        "{\"alg\":\"RS256\",\"kid\":\"k\",\"x5c\":[]}",
        "{\"alg\":\"none\",\"kid\":\"k\"}",
        "{\"kid\":\"k\"}",
        "{\"alg\":\"HS256\",\"kid\":\"k\"}",
        "{\"alg\":\"rs256\",\"kid\":\"k\"}",
        "{\"alg\":[\"RS256\"],\"kid\":\"k\"}",
        "{\"alg\":\"RS256\",\"kid\":7}",
        "{\"alg\":\"RS256\",\"kid\":\"k\",\"kid\":\"k\"}",
        "{\"alg\":\"RS256\",\"kid\":\"k\\u0000\"}",
        "[]",
        "x",
    };
    mo_token_t read;
    size_t i;

    for (i = 0; i < sizeof headers / sizeof *headers; i++) {
        orc_error_t *error = mo_claims_read(&read, token(headers[i], "{}", *state), *state);

        if (!error)
            fail_msg("accepted: %s", headers[i]);
        assert_int_equal(error->status, 401);
    }
}

static void what_is_not_base64url_to_the_letter_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "a",
        "a.b",
        "..",
        "a.b.c.d",
        "\xff.\xff.\xff",
        "eyJhbGciOiJSUzI1NiJ9.e30.",
        "eyJhbGciOiJSUzI1NiJ9.e30.c2ln ",
        " eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
        "eyJhbGciOiJSUzI1NiJ9.e30.c2ln,",
        "eyJhbGciOiJSUzI1NiJ9.e30=.c2ln",
        "eyJhbGciOiJSUzI1NiJ9.e31.c2ln",  /* spare bits */
        "eyJhbGciOiJSUzI1NiJ9.e30.c2l",   /* spare bits */
        "eyJhbGciOiJSUzI1NiJ9.e30.c2lnc", /* a letter too many */
        "eyJhbGciOiJSUzI1NiJ9.e30.c2+n",  /* the other alphabet */
        "eyJhbGciOiJSUzI1NiJ9.e30.c2ln\n",
    };
    mo_token_t read;
    size_t i;

    assert_null(mo_claims_read(&read, "eyJhbGciOiJSUzI1NiJ9.e30.c2ln", *state));
    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!mo_claims_read(&read, texts[i], *state))
            fail_msg("accepted: %s", texts[i]);
    }
}

/* A token of so many bytes. */
static const char *long_token(int length, apr_pool_t *pool)
{
    const char *start = token("{\"alg\":\"RS256\",\"kid\":\"k\"}", "{}", pool);
    int rest = length - (int)strlen(start);

    return apr_pstrcat(pool, start, memset(apr_pcalloc(pool, rest + 1), 'A', rest), NULL);
}

static void a_token_that_is_too_long_says_so(void **state)
{
    mo_token_t read;
    orc_error_t *error;

    assert_null(mo_claims_read(&read, long_token(65514, *state), *state));
    error = mo_claims_read(&read, long_token(65515, *state), *state);
    assert_int_equal(error->status, 401);
    assert_string_equal(error->detail, "The access token is longer than 65514 bytes.");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_query_keeps_its_parameters_in_order),
        TEST(a_broken_parameter_is_named),
        TEST(every_broken_parameter_is_named_at_once),
        TEST(a_query_of_too_many_parameters_is_refused),
        TEST(a_media_type_loses_its_parameters),
        TEST(the_charset_of_a_media_type_is_found),
        TEST(only_a_sane_request_id_is_taken),
        TEST(only_a_host_is_a_host),
        TEST(a_good_token_makes_an_identity),
        TEST(the_admin_group_makes_an_administrator),
        TEST(a_named_client_is_a_service_account_and_needs_no_groups),
        TEST(any_of_the_audiences_will_do),
        TEST(a_token_that_is_not_as_it_must_be_is_refused),
        TEST(a_clock_that_is_a_little_ahead_does_no_harm),
        TEST(only_authorised_groups_may_come_in),
        TEST(groups_that_the_token_does_not_tell_stay_unknown),
        TEST(groups_are_read_in_every_form_that_issuers_write),
        TEST(a_claim_that_tells_no_groups_is_named_with_its_type),
        TEST(a_token_tells_key_algorithm_and_claims),
        TEST(a_header_that_no_key_can_be_found_for_is_refused),
        TEST(an_ecdsa_signature_has_its_length),
        TEST(what_is_not_base64url_to_the_letter_is_refused),
        TEST(a_token_that_is_too_long_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
