/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* orc_im against the IM simulator: run by test_orc_im.py with IM_URL of a simulator of one generation. */

#include "../unit/unit.h"

#include <curl/curl.h>

#include "orc_im.h"

static orc_http_t *http;
static orc_im_target_t target;

static const char template_text[] = "tosca_definitions_version: tosca_simple_yaml_1_0\n"
                                    "metadata: {infra_name: demo%s}\n"
                                    "topology_template:\n"
                                    "  node_templates:\n"
                                    "    server:\n"
                                    "      type: tosca.nodes.Compute\n"
                                    "  outputs:\n"
                                    "    ip: {value: {get_attribute: [server, private_address]}}\n";

/* ---- the simulator's control surface ---- */

static json_t *control(const char *method, const char *what, const char *body)
{
    orc_http_request_t request = {.method = method,
                                  .url = apr_pstrcat(pool, target.url, "/_simulator/", what, NULL),
                                  .body = body,
                                  .body_length = body ? strlen(body) : 0,
                                  .timeout = apr_time_from_sec(10)};
    orc_http_response_t *response;
    json_t *json = NULL;

    assert_null(orc_http_fetch(&response, &request, NULL, pool));
    assert_int_equal(response->status, 200);
    if (response->length)
        assert_null(orc_json_parse(&json, response->body, response->length, pool));
    return json;
}

static void fault(const char *body)
{
    control("POST", "fault", body);
}

static json_int_t count_of(const char *route)
{
    return orc_json_integer(json_object_get(control("GET", "calls", NULL), "routes"), route, 0);
}

static const char *credentials(const char *provider, const char *token)
{
    const orc_im_values_t values = {.access_token = token, .project = "p; q = 'r' \"s\"", .region = "r", .name = "one"};
    const char *line = "type = InfrastructureManager; username = alice; password = secret", *header;

    assert_null(orc_im_credentials(&header, token ? "type = InfrastructureManager; token = {access_token}" : line,
                                   apr_pstrcat(pool, "id = {name}; type = Dummy; tenant = {project}", provider, NULL),
                                   &values, pool));
    return header;
}

/* Every test has a simulator that forgot everything, and a client with a closed breaker. */
static int start(void **state)
{
    orc_http_options_t options = orc_http_defaults();

    target.url = getenv("IM_URL");
    target.timeout = apr_time_from_sec(5);
    target.request_id = "check-orc-im";
    target.authorization = credentials("", NULL);
    control("POST", "reset", NULL);
    return orc_http_make(&http, &options, pool) ? -1 : 0;
}

/* ---- calls, each waited for ---- */

/* A result whose texts outlive the callback. */
typedef struct kept_t {
    int count;
    orc_im_result_t result;
    char id[64], text[256], detail[600];
    char *json;
    int vms, ids;
    orc_im_state_t first_vm;
} kept_t;

static void keep(void *baton, const orc_im_result_t *result)
{
    kept_t *kept = baton;

    kept->count++;
    kept->result = *result;
    if (result->infra_id)
        apr_cpystrn(kept->id, result->infra_id, sizeof kept->id);
    if (result->text)
        apr_cpystrn(kept->text, result->text, sizeof kept->text);
    if (result->error)
        apr_cpystrn(kept->detail, result->error->detail, sizeof kept->detail);
    if (result->json)
        kept->json = apr_pstrdup(pool, orc_json_text(result->json, result->pool));
    if (result->vm_states && result->vm_states->nelts)
        kept->first_vm = APR_ARRAY_IDX(result->vm_states, 0, orc_im_vm_state_t).state;
    kept->vms = result->vm_states ? result->vm_states->nelts : 0;
    kept->ids = result->ids ? result->ids->nelts : 0;
}

static void finish(const int *count, int wanted)
{
    apr_time_t deadline = apr_time_now() + apr_time_from_sec(20);

    while (*count < wanted && apr_time_now() < deadline)
        assert_null(orc_http_wait(http, apr_time_from_msec(200), NULL, 0, pool));
    assert_int_equal(*count, wanted);
}

#define CALL(function, ...)                                                                                            \
    ({                                                                                                                 \
        kept_t kept_ = {0};                                                                                            \
        assert_null(function(NULL, http, &target, ##__VA_ARGS__, keep, &kept_, pool));                                 \
        finish(&kept_.count, 1);                                                                                       \
        kept_;                                                                                                         \
    })

static const char *document(const char *behaviour)
{
    return apr_psprintf(pool, template_text, behaviour);
}

static const char *created(const char *behaviour)
{
    kept_t kept = CALL(orc_im_create, document(behaviour));

    if (kept.result.kind != ORC_IM_OK)
        fail_msg("%s: %s", orc_im_kind_word(kept.result.kind), kept.detail);
    return apr_pstrdup(pool, kept.id);
}

static void advance(void)
{
    control("POST", "advance", "{\"ms\": 5000}");
}

static void an_infrastructure_is_made_looked_at_and_deleted(void **state)
{
    const char *id = created("");
    kept_t kept;

    advance();
    kept = CALL(orc_im_get_state, id);
    assert_int_equal(kept.result.state, ORC_IM_STATE_CONFIGURED);
    assert_int_equal(kept.vms, 1);
    assert_int_equal(kept.first_vm, ORC_IM_STATE_CONFIGURED);
    kept = CALL(orc_im_get_outputs, id);
    assert_non_null(strstr(kept.json, "10.0.0.1"));
    kept = CALL(orc_im_get_contmsg, id, 0);
    assert_int_equal(kept.result.kind, ORC_IM_OK);
    assert_true(*kept.text);
    kept = CALL(orc_im_get_contmsg, id, 5);
    assert_int_equal(kept.result.length, 5);
    assert_true(kept.result.is_cut);
    kept = CALL(orc_im_get_tosca, id);
    assert_non_null(strstr(kept.text, "infra_name: demo"));
    assert_int_equal(CALL(orc_im_get_vms, id).ids, 1);
    kept = CALL(orc_im_get_vm, id, "0");
    assert_non_null(strstr(kept.json, "\"class\":\"system\""));
    kept = CALL(orc_im_list);
    assert_int_equal(kept.ids, 1);
    assert_int_equal(CALL(orc_im_act_on_vm, id, "0", "stop").result.kind, ORC_IM_OK);
    assert_int_equal(CALL(orc_im_get_state, id).first_vm, ORC_IM_STATE_STOPPED);
    assert_int_equal(CALL(orc_im_act_on_vm, id, "0", "start").result.kind, ORC_IM_OK);
    assert_int_equal(CALL(orc_im_act_on_vm, id, "7", "start").result.kind, ORC_IM_NOT_FOUND);
    assert_int_equal(CALL(orc_im_reconfigure, id, NULL).result.kind, ORC_IM_OK);
    assert_int_equal(CALL(orc_im_update, id, document("")).result.kind, ORC_IM_OK);
    assert_int_equal(CALL(orc_im_delete, id, 0).result.kind, ORC_IM_OK);
    advance();
    assert_int_equal(CALL(orc_im_get_state, id).result.kind, ORC_IM_NOT_FOUND);
    assert_int_equal(CALL(orc_im_delete, id, 0).result.kind, ORC_IM_NOT_FOUND);
    assert_int_equal(CALL(orc_im_list).ids, 0);
}

static void the_version_needs_no_credentials(void **state)
{
    orc_im_result_t *result;
    kept_t kept;

    target.authorization = NULL;
    kept = CALL(orc_im_get_version);
    assert_non_null(strchr(kept.text, '.'));
    assert_null(orc_im_fetch_version(&result, &target, NULL, pool));
    assert_string_equal(result->text, kept.text);
}

static void a_log_is_fetched_within_its_time(void **state)
{
    const char *id = created("");
    orc_im_result_t *result;
    apr_time_t before;

    assert_null(orc_im_fetch_contmsg(&result, &target, id, 0, NULL, pool));
    assert_int_equal(result->kind, ORC_IM_OK);
    fault("{\"fault\": \"hang\", \"on\": \"contmsg\"}");
    target.timeout = apr_time_from_msec(300);
    before = apr_time_now();
    assert_non_null(orc_im_fetch_contmsg(&result, &target, id, 0, NULL, pool));
    assert_int_equal(result->kind, ORC_IM_UNAVAILABLE);
    assert_true(apr_time_now() - before < apr_time_from_sec(2));
}

static void im_says_no_in_ways_that_are_told_apart(void **state)
{
    const char *id = created("");
    kept_t kept;

    kept = CALL(orc_im_create, "tosca_definitions_version: [");
    assert_int_equal(kept.result.kind, ORC_IM_BAD_TEMPLATE);
    assert_int_equal(CALL(orc_im_get_state, "no-such-id").result.kind, ORC_IM_NOT_FOUND);
    assert_int_equal(CALL(orc_im_get_vm, id, "9").result.kind, ORC_IM_NOT_FOUND);
    assert_int_equal(CALL(orc_im_delete, created(", im_simulator: {behaviour: delete_409}"), 0).result.kind,
                     ORC_IM_BUSY);
    id = created(", im_simulator: {behaviour: delete_refused}");
    advance();
    kept = CALL(orc_im_delete_and_wait, id, 0);
    assert_int_equal(kept.result.kind, ORC_IM_REFUSED);
    assert_true(strlen(kept.detail) > 30);
    assert_int_equal(CALL(orc_im_delete_and_wait, id, 1).result.kind, ORC_IM_OK);
    id = created("");
    target.authorization = "type = InfrastructureManager; username = bob; password = other\\nid = d; type = Dummy";
    assert_int_equal(CALL(orc_im_get_state, id).result.kind, ORC_IM_FORBIDDEN_OWNER);
    target.authorization = credentials("", "no-jwt");
    assert_int_equal(CALL(orc_im_list).result.kind, ORC_IM_TOKEN_REJECTED);
    assert_int_equal(CALL(orc_im_get_state, id).result.kind, ORC_IM_TOKEN_REJECTED);
    target.authorization = NULL;
    assert_int_equal(CALL(orc_im_list).result.kind, ORC_IM_TOKEN_REJECTED);
}

typedef struct fault_case_t {
    const char *kind;
    orc_im_kind_t create, state, delete;
} fault_case_t;

static const fault_case_t fault_cases[] = {
    {"http_500", ORC_IM_UNKNOWN_RESULT, ORC_IM_UNAVAILABLE, ORC_IM_UNAVAILABLE},
    {"http_502", ORC_IM_UNKNOWN_RESULT, ORC_IM_UNAVAILABLE, ORC_IM_UNAVAILABLE},
    {"http_503", ORC_IM_UNKNOWN_RESULT, ORC_IM_UNAVAILABLE, ORC_IM_UNAVAILABLE},
    {"http_504", ORC_IM_UNKNOWN_RESULT, ORC_IM_UNAVAILABLE, ORC_IM_UNAVAILABLE},
    {"http_429", ORC_IM_UNAVAILABLE, ORC_IM_UNAVAILABLE, ORC_IM_UNAVAILABLE},
    {"http_404", ORC_IM_BAD_ANSWER, ORC_IM_BAD_ANSWER, ORC_IM_BAD_ANSWER},
    {"reset", ORC_IM_UNKNOWN_RESULT, ORC_IM_UNAVAILABLE, ORC_IM_UNAVAILABLE},
    {"reset_after", ORC_IM_UNKNOWN_RESULT, ORC_IM_UNAVAILABLE, ORC_IM_UNAVAILABLE},
    {"hang", ORC_IM_UNKNOWN_RESULT, ORC_IM_UNAVAILABLE, ORC_IM_UNAVAILABLE},
    {"hang_after", ORC_IM_UNKNOWN_RESULT, ORC_IM_UNAVAILABLE, ORC_IM_UNAVAILABLE},
    {"bad_json", ORC_IM_OK, ORC_IM_BAD_ANSWER, ORC_IM_OK}, /* the id is in a header, and a deletion has no body */
    {"token_expired", ORC_IM_TOKEN_REJECTED, ORC_IM_TOKEN_REJECTED, ORC_IM_TOKEN_REJECTED},
    {"token_401", ORC_IM_TOKEN_REJECTED, ORC_IM_TOKEN_REJECTED, ORC_IM_TOKEN_REJECTED},
    {"token_400", ORC_IM_TOKEN_REJECTED, ORC_IM_TOKEN_REJECTED, ORC_IM_TOKEN_REJECTED},
    {"iam_outage", ORC_IM_IDENTITY_OUTAGE, ORC_IM_IDENTITY_OUTAGE, ORC_IM_IDENTITY_OUTAGE},
    {"read_only", ORC_IM_READ_ONLY, ORC_IM_OK, ORC_IM_READ_ONLY},
    {"bad_template", ORC_IM_BAD_TEMPLATE, ORC_IM_OK, ORC_IM_OK},
    {"conflict", ORC_IM_BUSY, ORC_IM_BUSY, ORC_IM_BUSY},
};

static void expect(const char *kind, const char *what, orc_im_kind_t found, orc_im_kind_t wanted)
{
    if (found != wanted)
        fail_msg("%s on %s: %s", kind, what, orc_im_kind_word(found));
}

static void every_fault_of_im_has_its_kind(void **state)
{
    size_t i;

    for (i = 0; i < sizeof fault_cases / sizeof *fault_cases; i++) {
        const fault_case_t *c = &fault_cases[i];
        int is_everywhere = strcmp(c->kind, "read_only") && strcmp(c->kind, "bad_template");
        const char *id;

        start(state);
        id = created("");
        advance();
        if (strncmp(c->kind, "hang", 4) == 0)
            target.timeout = apr_time_from_msec(400);
        fault(apr_psprintf(pool, "{\"fault\": \"%s\"%s}", c->kind, is_everywhere ? ", \"on\": \"all\"" : ""));
        expect(c->kind, "create", CALL(orc_im_create, document("")).result.kind, c->create);
        expect(c->kind, "state", CALL(orc_im_get_state, id).result.kind, c->state);
        expect(c->kind, "delete", CALL(orc_im_delete, id, 0).result.kind, c->delete);
    }
}

static void a_create_to_nobody_was_certainly_not_made(void **state)
{
    target.url = "http://127.0.0.1:1";
    assert_int_equal(CALL(orc_im_create, document("")).result.kind, ORC_IM_UNAVAILABLE);
    target.url = "http://no-such-host.invalid";
    assert_int_equal(CALL(orc_im_create, document("")).result.kind, ORC_IM_UNAVAILABLE);
}

static void a_create_that_was_done_without_an_answer_is_never_sent_twice(void **state)
{
    const char *id = created(""); /* leaves a connection to be used again */

    assert_int_equal(CALL(orc_im_get_state, id).result.kind, ORC_IM_OK);
    fault("{\"fault\": \"reset_after\", \"on\": \"create\"}");
    assert_int_equal(CALL(orc_im_create, document("")).result.kind, ORC_IM_UNKNOWN_RESULT);
    assert_int_equal(json_array_size(control("GET", "ledger", NULL)), 2);
}

static void im_gets_four_calls_at_once_and_slow_ones_do_not_time_those_out_that_wait(void **state)
{
    const char *id = created("");
    kept_t kept = {0};
    int i;

    fault("{\"fault\": \"slow\", \"on\": \"state\", \"ms\": 500}");
    target.timeout = apr_time_from_msec(2400);
    for (i = 0; i < 24; i++) /* the last ones wait for 2500 ms */
        assert_null(orc_im_get_state(NULL, http, &target, id, keep, &kept, pool));
    finish(&kept.count, 24);
    assert_int_equal(kept.result.kind, ORC_IM_OK);
    assert_int_equal(orc_json_integer(control("GET", "calls", NULL), "most_in_flight", 0), 4);
    assert_int_equal(count_of("state"), 24);
    assert_int_equal(orc_json_integer(json_object_get(control("GET", "calls", NULL), "statuses"), "200", 0), 25);
}

static void an_im_that_fails_is_left_alone_for_a_while(void **state)
{
    const char *id = created("");
    orc_error_t *error = NULL;
    kept_t kept = {0};
    int i;

    fault("{\"fault\": \"http_503\", \"on\": \"all\"}");
    for (i = 0; i < 5; i++)
        assert_int_equal(CALL(orc_im_get_state, id).result.kind, ORC_IM_UNAVAILABLE);
    error = orc_im_get_state(NULL, http, &target, id, keep, &kept, pool);
    assert_string_equal(error->code, "http.breaker");
    assert_true(error->retriable && error->retry_after >= 1);
    assert_int_equal(count_of("state"), 5);
    control("DELETE", "fault", NULL);
    while (orc_http_closed_for(http, target.url))
        assert_null(orc_http_wait(http, orc_http_closed_for(http, target.url), NULL, 0, pool));
    assert_int_equal(CALL(orc_im_get_state, id).result.kind, ORC_IM_OK);
}

static void im_s_version_says_nothing_of_its_other_calls(void **state)
{
    const char *id = created("");
    kept_t kept = {0};
    int i;

    fault("{\"fault\": \"http_503\", \"on\": \"state\"}");
    for (i = 0; i < 5; i++) {
        assert_int_equal(CALL(orc_im_get_state, id).result.kind, ORC_IM_UNAVAILABLE);
        kept.count = 0;
        assert_null(orc_im_get_version(NULL, http, &target, keep, &kept, pool));
        finish(&kept.count, 1);
        assert_int_equal(kept.result.kind, ORC_IM_OK);
    }
    assert_true(orc_http_closed_for(http, target.url) > 0);
}

static void the_request_id_goes_along(void **state)
{
    json_t *ledger;

    created("");
    ledger = control("GET", "ledger", NULL);
    assert_string_equal(orc_json_string(json_array_get(ledger, 0), "request_id"), "check-orc-im");
}

static void an_id_that_is_none_is_not_sent(void **state)
{
    kept_t kept = {0};

    assert_string_equal(orc_im_get_state(NULL, http, &target, "../stats", keep, &kept, pool)->code, "im.id");
    assert_string_equal(orc_im_get_state(NULL, http, &target, "", keep, &kept, pool)->code, "im.id");
    assert_int_equal(kept.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_infrastructure_is_made_looked_at_and_deleted, start),
        cmocka_unit_test_setup(the_version_needs_no_credentials, start),
        cmocka_unit_test_setup(a_log_is_fetched_within_its_time, start),
        cmocka_unit_test_setup(im_says_no_in_ways_that_are_told_apart, start),
        cmocka_unit_test_setup(every_fault_of_im_has_its_kind, start),
        cmocka_unit_test_setup(a_create_to_nobody_was_certainly_not_made, start),
        cmocka_unit_test_setup(a_create_that_was_done_without_an_answer_is_never_sent_twice, start),
        cmocka_unit_test_setup(im_gets_four_calls_at_once_and_slow_ones_do_not_time_those_out_that_wait, start),
        cmocka_unit_test_setup(an_im_that_fails_is_left_alone_for_a_while, start),
        cmocka_unit_test_setup(im_s_version_says_nothing_of_its_other_calls, start),
        cmocka_unit_test_setup(the_request_id_goes_along, start),
        cmocka_unit_test_setup(an_id_that_is_none_is_not_sent, start),
    };
    int failed;

    curl_global_init(CURL_GLOBAL_DEFAULT);
    failed = cmocka_run_group_tests(tests, setup, teardown);
    curl_global_cleanup();
    return failed;
}
