/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include "orc_rules_internal.h"
#include "orc_surface.h"
#include "orc_surface_handler.h"
#include "orc_surface_totals.h"

/* A surface is a value: this one has its own routes, bodies, form of a problem and form of a page, and nothing else
 * knows. */

static orc_error_t *echo(const orc_request_t *request, orc_response_t *response)
{
    if (!request->json)
        return orc_rules_not_found("echo", request->pool);
    orc_response_json(response, 200, orc_json_text(request->json, request->pool));
    return NULL;
}

static orc_error_t *list(const orc_request_t *request, orc_response_t *response)
{
    const orc_surface_page_t page = {"[1,2]", 1, 2, 5, "", 0};

    orc_response_json(response, 200, request->process->surface->page(request, &page));
    return NULL;
}

static void plain_problem(orc_response_t *response, const orc_error_t *error, const char *request_id, apr_pool_t *in)
{
    const char *named = "";
    int i;

    for (i = 0; error->fields && i < error->fields->nelts; i++)
        named = apr_pstrcat(in, named, " ", APR_ARRAY_IDX(error->fields, i, orc_error_field_t).pointer, NULL);
    orc_response_json(response, error->status, apr_psprintf(in, "\"%d%s\"", error->status, named));
}

static const char *plain_page(const orc_request_t *request, const orc_surface_page_t *page)
{
    return page->objects;
}

static const char *const no_types[] = {NULL};
static const orc_query_t no_query[] = {{.name = NULL}};
static const orc_route_t routes[] = {
    {"echo", "POST", "/echo", echo, ORC_ROUTE_BODY, "Echo", NULL, no_types, no_query, NULL},
    {"list", "GET", "/list", list, ORC_ROUTE_OPEN, NULL, NULL, no_types, no_query, NULL},
    {NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL}};
static const orc_surface_t surface = {
    .handler = "orchestrator-echo",
    .routes = routes,
    .schemas = "{\"Echo\":{\"type\":\"object\",\"additionalProperties\":false,"
               "\"properties\":{\"word\":{\"type\":\"string\"}}}}",
    .problem = plain_problem,
    .page = plain_page,
};

static const char *answer(int status, const char *method, const char *path, const char *body)
{
    static orc_identity_t identity = {.issuer = "https://issuer", .subject = "s", .user_id = "somebody"};
    const orc_rules_host_t alone = {0};
    orc_service_t *service = apr_pcalloc(pool, sizeof *service);
    orc_response_t *response = orc_response_make(pool);
    orc_request_t request = {.pool = pool,
                             .service = service,
                             .process = orc_surface_process_make(&surface, pool),
                             .method = method,
                             .base_url = "https://paas.example.org/echo",
                             .path = path,
                             .content_type = *body ? "application/json" : NULL,
                             .body = body,
                             .body_length = strlen(body),
                             .identity = &identity,
                             .request_id = "r-1"};

    service->rules = orc_rules_make(&alone, pool);
    orc_rules_callers_remember(service->rules->callers, &identity, 0);
    (void)orc_surface_answer(&request, response);
    assert_int_equal(response->status, status);
    return response->body;
}

static void it_has_routes_and_bodies_of_its_own(void **state)
{
    assert_string_equal(answer(200, "POST", "/echo", "{\"word\":\"x\"}"), "{\"word\":\"x\"}");
    assert_true(orc_surface_is_open(&surface, "GET", "/list"));
    assert_false(orc_surface_is_open(&surface, "GET", "/health"));
}

static void it_has_a_form_of_a_problem_of_its_own(void **state)
{
    assert_string_equal(answer(422, "POST", "/echo", "{\"word\":1,\"other\":2}"), "\"422 /word /other\"");
    assert_string_equal(answer(404, "POST", "/echo", ""), "\"404\"");
    assert_string_equal(answer(404, "GET", "/users", ""), "\"404\"");
    assert_string_equal(answer(405, "GET", "/echo", ""), "\"405\"");
}

static void it_has_a_form_of_a_page_of_its_own(void **state)
{
    assert_string_equal(answer(200, "GET", "/list", ""), "[1,2]");
}

static void long_lists_are_remembered_for_some_seconds(void **state)
{
    orc_surface_totals_t *totals = orc_surface_totals_make(pool);
    apr_time_t now = apr_time_from_sec(1000);

    assert_int_equal(orc_surface_totals_find(totals, "all", now), -1);
    orc_surface_totals_keep(totals, "all", 1000000, now);
    orc_surface_totals_keep(totals, "short", ORC_SURFACE_LONG_LIST - 1, now);
    assert_int_equal(orc_surface_totals_find(totals, "all", now), 1000000);
    assert_int_equal(orc_surface_totals_find(totals, "short", now), -1);
    assert_int_equal(orc_surface_totals_find(totals, "all", now + apr_time_from_sec(60)), -1);
    orc_surface_totals_keep(totals, "all", 5, now);
    assert_int_equal(orc_surface_totals_find(totals, "all", now), -1);
}

static void one_counts_anew_while_others_take_the_old(void **state)
{
    orc_surface_totals_t *totals = orc_surface_totals_make(pool);
    apr_time_t now = apr_time_from_sec(1000), later = now + apr_time_from_sec(15);

    orc_surface_totals_keep(totals, "all", 1000000, now);
    assert_int_equal(orc_surface_totals_find(totals, "all", later), -1);
    assert_int_equal(orc_surface_totals_find(totals, "all", later), 1000000);
    assert_int_equal(orc_surface_totals_find(totals, "all", later), 1000000);
    orc_surface_totals_keep(totals, "all", 1000001, later);
    assert_int_equal(orc_surface_totals_find(totals, "all", later), 1000001);
    /* One that never came back is not waited for. */
    assert_int_equal(orc_surface_totals_find(totals, "all", later + apr_time_from_sec(15)), -1);
    assert_int_equal(orc_surface_totals_find(totals, "all", later + apr_time_from_sec(27)), -1);
}

static void many_lists_are_remembered_the_newest_of_them(void **state)
{
    orc_surface_totals_t *totals = orc_surface_totals_make(pool);
    apr_time_t now = apr_time_from_sec(1000);
    int i;

    for (i = 0; i < 1000; i++)
        orc_surface_totals_keep(totals, apr_itoa(pool, i), 20000 + i, now + i);
    assert_int_equal(orc_surface_totals_find(totals, "999", now + 1000), 20999);
    assert_int_equal(orc_surface_totals_find(totals, "1", now + 1000), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_routes_and_bodies_of_its_own),
        cmocka_unit_test(it_has_a_form_of_a_problem_of_its_own),
        cmocka_unit_test(it_has_a_form_of_a_page_of_its_own),
        cmocka_unit_test(long_lists_are_remembered_for_some_seconds),
        cmocka_unit_test(one_counts_anew_while_others_take_the_old),
        cmocka_unit_test(many_lists_are_remembered_the_newest_of_them),
    };

    return cmocka_run_group_tests_name("surface", tests, setup, teardown);
}
