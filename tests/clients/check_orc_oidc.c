/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* orc_oidc, orc_userinfo and orc_jwks against the local token issuer: run by test_orc_oidc.py, which says in the
 * environment where it is and what is a good token of it. */

#include "../unit/unit.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orc_jwks.h"
#include "orc_oidc_internal.h"
#include "orc_userinfo.h"

static orc_config_t *config;
static orc_issuer_config_t *issuer;
static orc_oidc_t *oidc;
static orc_userinfo_t *userinfo;
static orc_http_t *http;

static char *without_slashes(const char *url)
{
    char *copy = apr_pstrdup(pool, url);
    size_t length = strlen(copy);

    while (length > 0 && copy[length - 1] == '/')
        copy[--length] = '\0';
    return copy;
}

static void control(const char *what, const char *body)
{
    orc_http_request_t request = {.method = "POST",
                                  .url = apr_pstrcat(pool, issuer->url, "/_issuer/", what, NULL),
                                  .body = body,
                                  .body_length = strlen(body),
                                  .timeout = apr_time_from_sec(10)};
    orc_http_response_t *response;

    assert_null(orc_http_fetch(&response, &request, NULL, pool));
    assert_int_equal(response->status, 200);
}

static json_int_t calls(const char *route)
{
    orc_http_request_t request = {.method = "GET",
                                  .url = apr_pstrcat(pool, issuer->url, "/_issuer/calls", NULL),
                                  .timeout = apr_time_from_sec(10)};
    orc_http_response_t *response;
    json_t *json;

    assert_null(orc_http_fetch(&response, &request, NULL, pool));
    assert_null(orc_json_parse(&json, response->body, response->length, pool));
    return orc_json_integer(json, route, 0);
}

static int start(void **state)
{
    const orc_userinfo_host_t host = {.threads = 8};
    orc_http_options_t options = orc_http_defaults();

    config = orc_config_make(pool);
    issuer = apr_pcalloc(pool, sizeof *issuer);
    issuer->url = without_slashes(getenv("ISSUER"));
    issuer->client_id = getenv("CLIENT_ID");
    issuer->client_secret = getenv("CLIENT_SECRET");
    APR_ARRAY_PUSH((apr_array_header_t *)config->issuers, orc_issuer_config_t *) = issuer;
    config->jwks_file = apr_pstrcat(pool, getenv("FOLDER"), "/jwks.json", NULL);
    unlink(config->jwks_file);
    return orc_oidc_make(&oidc, config, pool) || orc_userinfo_make(&userinfo, config, oidc, &host, pool) ||
                   orc_http_make(&http, &options, pool)
               ? -1
               : 0;
}

static int mend(void **state)
{
    static const char *const routes[] = {"/.well-known/openid-configuration", "/jwks", "/userinfo", "/token"};
    size_t i;

    for (i = 0; i < sizeof routes / sizeof *routes; i++)
        control("fault", apr_psprintf(pool, "{\"route\": \"%s\", \"status\": 500, \"times\": 0}", routes[i]));
    return 0;
}

#define SECONDS(n) apr_time_from_sec(n)

static void endpoints_are_discovered_once(void **state)
{
    orc_oidc_endpoints_t endpoints;
    json_int_t before = calls("/.well-known/openid-configuration");
    int i;

    for (i = 0; i < 3; i++)
        assert_null(orc_oidc_discover(&endpoints, oidc, issuer, SECONDS(5), pool));
    assert_int_equal(calls("/.well-known/openid-configuration"), before + 1);
    assert_non_null(strstr(endpoints.token, "/token"));
    assert_non_null(strstr(endpoints.userinfo, "/userinfo"));
    assert_non_null(strstr(endpoints.jwks, "/jwks"));
    issuer->token_endpoint = "https://configured.example/token";
    assert_null(orc_oidc_discover(&endpoints, oidc, issuer, SECONDS(5), pool));
    assert_string_equal(endpoints.token, "https://configured.example/token");
}

static void metadata_of_another_issuer_are_refused(void **state)
{
    orc_http_response_t response = {.pool = pool, .status = 200, .headers = apr_table_make(pool, 1)};
    orc_oidc_endpoints_t endpoints;
    orc_error_t *error;

    response.body = "{\"issuer\": \"https://other.example\", \"token_endpoint\": \"https://other.example/t\"}";
    response.length = strlen(response.body);
    error = orc_oidc_learn(&endpoints, oidc, issuer, &response, pool);
    assert_string_equal(error->code, "oidc.discovery");
    issuer->url = "https://iam.example";
    response.body = "{\"issuer\": \"https://iam.example/\", \"token_endpoint\": \"http://iam.example/t\","
                    "\"jwks_uri\": \"https://iam.example/jwk\", \"userinfo_endpoint\": 7}";
    response.length = strlen(response.body);
    assert_null(orc_oidc_learn(&endpoints, oidc, issuer, &response, pool));
    assert_null(endpoints.token); /* without TLS, from an issuer that has it */
    assert_null(endpoints.userinfo);
    assert_string_equal(endpoints.jwks, "https://iam.example/jwk");
}

static orc_error_t *ask(json_t **claims, const char *access_token)
{
    orc_userinfo_turn_t turn;
    orc_error_t *error = orc_userinfo_begin(&turn, userinfo, issuer, getenv("SUBJECT"), pool);

    if (error)
        return error;
    error = orc_userinfo_ask(claims, userinfo, &turn, access_token, pool);
    orc_userinfo_end(userinfo, &turn);
    return error;
}

static void userinfo_knows_the_tokens_person(void **state)
{
    json_t *claims;
    orc_error_t *error;
    apr_time_t before;

    assert_null(ask(&claims, getenv("ACCESS_TOKEN")));
    assert_string_equal(orc_json_string(claims, "sub"), getenv("SUBJECT"));
    error = ask(&claims, "a.b.c");
    assert_int_equal(error->status, 401);
    assert_false(error->retriable);
    control("fault", "{\"route\": \"/userinfo\", \"status\": 503}");
    error = ask(&claims, getenv("ACCESS_TOKEN"));
    assert_int_equal(error->status, 503);
    assert_true(error->retriable);
    issuer->userinfo_endpoint = "http://127.0.0.1:1/";
    before = apr_time_now();
    error = ask(&claims, getenv("ACCESS_TOKEN"));
    assert_true(error->retriable);
    assert_true(apr_time_now() - before < SECONDS(4));
}

/* What a callback saw. */
typedef struct seen_t {
    int count, status, retriable;
    const char *code;
    char access_token[8192], refresh_token[8192];
    apr_time_t expires;
} seen_t;

static void see(void *baton, const orc_oidc_tokens_t *tokens)
{
    seen_t *seen = baton;

    seen->count++;
    seen->code = tokens->error ? tokens->error->code : NULL;
    seen->retriable = tokens->error ? tokens->error->retriable : 0;
    if (tokens->access_token)
        apr_cpystrn(seen->access_token, tokens->access_token, sizeof seen->access_token);
    if (tokens->refresh_token)
        apr_cpystrn(seen->refresh_token, tokens->refresh_token, sizeof seen->refresh_token);
    seen->expires = tokens->expires;
}

static void finish(seen_t *seen)
{
    apr_time_t deadline = apr_time_now() + SECONDS(20);

    while (!seen->count && apr_time_now() < deadline)
        assert_null(orc_http_wait(http, apr_time_from_msec(200), NULL, 0, pool));
    assert_int_equal(seen->count, 1);
}

static const orc_oidc_ask_t *how(seen_t *seen)
{
    orc_oidc_ask_t *ask = apr_pcalloc(pool, sizeof *ask);

    *ask = (orc_oidc_ask_t){.request_id = "id-1", .done = see, .baton = seen};
    return ask;
}

static int never(void *baton)
{
    return 0;
}

static void a_grant_that_is_not_wanted_any_more_is_not_sent(void **state)
{
    seen_t *seen = apr_pcalloc(pool, sizeof *seen);
    orc_oidc_ask_t ask = {.may_send = never, .done = see, .baton = seen};
    json_int_t before = calls("/token");

    assert_null(orc_oidc_refresh(http, oidc, issuer, getenv("REFRESH_TOKEN"), &ask, pool));
    finish(seen);
    assert_string_equal(seen->code, "oidc.unavailable");
    assert_true(seen->retriable);
    assert_int_equal(calls("/token"), before);
}

static void a_refresh_token_gives_an_access_token(void **state)
{
    seen_t *seen = apr_pcalloc(pool, sizeof *seen), *again = apr_pcalloc(pool, sizeof *again);
    json_t *claims;

    assert_null(orc_oidc_refresh(http, oidc, issuer, getenv("REFRESH_TOKEN"), how(seen), pool));
    finish(seen);
    assert_null(seen->code);
    assert_true(seen->expires > apr_time_now() + SECONDS(30));
    assert_null(ask(&claims, seen->access_token));
    assert_string_equal(orc_json_string(claims, "sub"), getenv("SUBJECT"));
    assert_null(orc_oidc_refresh(http, oidc, issuer, seen->refresh_token, how(again), pool));
    finish(again);
    assert_null(again->code);
}

static void an_access_token_is_exchanged(void **state)
{
    seen_t *seen = apr_pcalloc(pool, sizeof *seen);
    json_t *claims;

    assert_null(orc_oidc_exchange(http, oidc, issuer, getenv("ACCESS_TOKEN"), how(seen), pool));
    finish(seen);
    assert_null(seen->code);
    assert_true(*seen->refresh_token);
    assert_null(ask(&claims, seen->access_token));
}

static seen_t *refreshed(const char *token)
{
    seen_t *seen = apr_pcalloc(pool, sizeof *seen);

    assert_null(orc_oidc_refresh(http, oidc, issuer, token, how(seen), pool));
    finish(seen);
    assert_false(*seen->access_token);
    return seen;
}

static void a_refusal_is_told_from_an_outage(void **state)
{
    seen_t *seen = refreshed("no-token & of=ours");

    assert_string_equal(seen->code, "oidc.grant");
    assert_false(seen->retriable);
    control("fault", "{\"route\": \"/token\", \"status\": 503}");
    seen = refreshed(getenv("REFRESH_TOKEN"));
    assert_string_equal(seen->code, "oidc.unavailable");
    assert_true(seen->retriable);
    control("fault", "{\"route\": \"/token\", \"status\": 0}");
    assert_true(refreshed(getenv("REFRESH_TOKEN"))->retriable);
    mend(state);
    issuer->client_secret = "wrong";
    seen = refreshed(getenv("REFRESH_TOKEN"));
    assert_string_equal(seen->code, "oidc.client");
    assert_false(seen->retriable);
    issuer->client_id = NULL;
    assert_string_equal(orc_oidc_refresh(http, oidc, issuer, "x", how(seen), pool)->code, "oidc.client");
}

static void an_issuer_without_metadata_is_an_outage(void **state)
{
    control("fault", "{\"route\": \"/.well-known/openid-configuration\", \"status\": 500}");
    assert_string_equal(refreshed(getenv("REFRESH_TOKEN"))->code, "oidc.discovery");
    assert_true(refreshed(getenv("REFRESH_TOKEN"))->retriable);
}

static json_t *file(void)
{
    json_t *json = json_load_file(config->jwks_file, 0, NULL);

    assert_non_null(json);
    return orc_json_own(json, pool);
}

/* Whether the file says that the issuer's keys are known. */
static int is_known(void)
{
    return json_array_size(json_object_get(file(), "issuers")) == 1;
}

static void keys_are_written_with_their_issuer_and_only_when_they_change(void **state)
{
    json_t *keys, *key;
    struct stat info;
    int changed;
    size_t i;

    assert_null(orc_jwks_update(&changed, oidc, config, SECONDS(5), pool));
    assert_true(changed);
    keys = json_object_get(file(), "keys");
    assert_true(json_array_size(keys) >= 2);
    json_array_foreach(keys, i, key)
    {
        assert_string_equal(orc_json_string(key, "iss"), issuer->url);
        assert_non_null(orc_json_string(key, "kid"));
    }
    assert_int_equal(stat(config->jwks_file, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0644);
    assert_true(is_known());
    assert_null(orc_jwks_update(&changed, oidc, config, SECONDS(5), pool));
    assert_false(changed);
}

static void an_issuer_that_is_away_keeps_its_keys(void **state)
{
    orc_issuer_config_t *other = apr_pcalloc(pool, sizeof *other);
    json_t *before, *keys;
    orc_error_t *error;
    int changed;

    assert_null(orc_jwks_update(&changed, oidc, config, SECONDS(5), pool));
    before = file();
    control("fault", "{\"route\": \"/jwks\", \"status\": 500}");
    other->url = "http://127.0.0.1:1";
    other->jwks_uri = "http://127.0.0.1:1/jwks";
    APR_ARRAY_PUSH((apr_array_header_t *)config->issuers, orc_issuer_config_t *) = other;
    error = orc_jwks_update(&changed, oidc, config, SECONDS(5), pool);
    assert_string_equal(error->code, "jwks");
    assert_false(changed);
    keys = file();
    assert_true(json_equal(keys, before));
    unlink(config->jwks_file);
    assert_non_null(orc_jwks_update(&changed, oidc, config, SECONDS(5), pool));
    assert_int_equal(json_array_size(json_object_get(file(), "keys")), 0);
    assert_false(is_known());
    config->jwks_file = "/no/such/folder/jwks.json";
    assert_string_equal(orc_jwks_update(&changed, oidc, config, SECONDS(5), pool)->code, "jwks.file");
}

/* A port that takes connections and never answers. */
static int silent_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 64), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

static void issuers_that_hang_keep_no_others_keys_waiting(void **state)
{
    const char *url = apr_psprintf(pool, "http://127.0.0.1:%d", silent_port());
    apr_time_t before = apr_time_now();
    int i, changed;

    for (i = 0; i < 10; i++) {
        orc_issuer_config_t *silent = apr_pcalloc(pool, sizeof *silent);

        silent->url = silent->jwks_uri = apr_psprintf(pool, "%s/%d", url, i);
        APR_ARRAY_PUSH((apr_array_header_t *)config->issuers, orc_issuer_config_t *) = silent;
    }
    assert_string_equal(orc_jwks_update(&changed, oidc, config, SECONDS(3), pool)->code, "jwks");
    assert_true(apr_time_now() - before < SECONDS(20)); /* all of them at the same time */
    assert_true(json_array_size(json_object_get(file(), "keys")) >= 2);
}

static void publish_nothing(void)
{
    control("fault", "{\"route\": \"/jwks\", \"status\": 200, \"answer\": {\"keys\": []}}");
}

static void keys_that_an_issuer_withdraws_are_gone(void **state)
{
    int changed;

    assert_null(orc_jwks_update(&changed, oidc, config, SECONDS(5), pool));
    publish_nothing();
    assert_null(orc_jwks_update(&changed, oidc, config, SECONDS(5), pool));
    assert_true(changed);
    assert_int_equal(json_array_size(json_object_get(file(), "keys")), 0);
    assert_true(is_known());
}

/* Writes the file as if the keys had last been published so long ago. */
static void let_hours_pass(int hours)
{
    json_t *json = file(), *key;
    size_t i;

    json_array_foreach(json_object_get(json, "keys"), i, key)
        json_object_set_new(key, "seen", json_integer(apr_time_sec(apr_time_now()) - hours * 3600));
    assert_int_equal(json_dump_file(json, config->jwks_file, 0), 0);
}

static void an_issuer_that_is_away_for_a_day_has_no_keys(void **state)
{
    int changed;

    assert_null(orc_jwks_update(&changed, oidc, config, SECONDS(5), pool));
    control("fault", "{\"route\": \"/jwks\", \"status\": 500}");
    let_hours_pass(23);
    assert_non_null(orc_jwks_update(&changed, oidc, config, SECONDS(5), pool));
    assert_true(json_array_size(json_object_get(file(), "keys")) >= 2);
    let_hours_pass(25);
    assert_non_null(orc_jwks_update(&changed, oidc, config, SECONDS(5), pool));
    assert_int_equal(json_array_size(json_object_get(file(), "keys")), 0);
    assert_false(is_known());
    mend(NULL);
    assert_null(orc_jwks_update(&changed, oidc, config, SECONDS(5), pool));
    assert_true(json_array_size(json_object_get(file(), "keys")) >= 2);
    let_hours_pass(2); /* an answer makes them new again */
    assert_null(orc_jwks_update(&changed, oidc, config, SECONDS(5), pool));
    assert_true(changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(endpoints_are_discovered_once, start, mend),
        cmocka_unit_test_setup(metadata_of_another_issuer_are_refused, start),
        cmocka_unit_test_setup_teardown(userinfo_knows_the_tokens_person, start, mend),
        cmocka_unit_test_setup_teardown(a_grant_that_is_not_wanted_any_more_is_not_sent, start, mend),
        cmocka_unit_test_setup_teardown(a_refresh_token_gives_an_access_token, start, mend),
        cmocka_unit_test_setup_teardown(an_access_token_is_exchanged, start, mend),
        cmocka_unit_test_setup_teardown(a_refusal_is_told_from_an_outage, start, mend),
        cmocka_unit_test_setup_teardown(an_issuer_without_metadata_is_an_outage, start, mend),
        cmocka_unit_test_setup_teardown(keys_are_written_with_their_issuer_and_only_when_they_change, start, mend),
        cmocka_unit_test_setup_teardown(issuers_that_hang_keep_no_others_keys_waiting, start, mend),
        cmocka_unit_test_setup_teardown(an_issuer_that_is_away_keeps_its_keys, start, mend),
        cmocka_unit_test_setup_teardown(keys_that_an_issuer_withdraws_are_gone, start, mend),
        cmocka_unit_test_setup_teardown(an_issuer_that_is_away_for_a_day_has_no_keys, start, mend),
    };
    int failed;

    curl_global_init(CURL_GLOBAL_DEFAULT);
    failed = cmocka_run_group_tests(tests, setup, teardown);
    curl_global_cleanup();
    return failed;
}
