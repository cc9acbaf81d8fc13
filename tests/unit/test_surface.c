/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include "orc_rules_internal.h"
#include "orc_surface.h"
#include "orc_surface_check.h"
#include "orc_surface_handler.h"
#include "orc_surface_plain.h"
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

static orc_error_t *take(const orc_request_t *request, orc_response_t *response)
{
    orc_response_json(response, 202, apr_pstrcat(pool, request->ids[0], " ", request->ids[1], NULL));
    return NULL;
}

static const char *name_of(const orc_error_field_t *field)
{
    return field->pointer ? field->pointer : field->parameter;
}

static void tell_other(const orc_request_t *request, orc_response_t *response)
{
    apr_table_setn(response->headers, "Link", request->other_url);
}

static void plain_problem(orc_response_t *response, const orc_error_t *error, const char *request_id, apr_pool_t *in)
{
    const char *named = "";
    int i;

    for (i = 0; error->fields && i < error->fields->nelts; i++)
        named = apr_pstrcat(in, named, " ", name_of(&APR_ARRAY_IDX(error->fields, i, orc_error_field_t)), NULL);
    orc_response_json(response, error->status, apr_psprintf(in, "\"%d%s\"", error->status, named));
}

static const char *plain_page(const orc_request_t *request, const orc_surface_page_t *page)
{
    return page->objects;
}

static orc_error_t *paint(const orc_request_t *request, orc_response_t *response)
{
    orc_error_t *error = NULL;
    const apr_array_header_t *listed = orc_surface_listed(&error, request, "space");

    orc_response_json(response, 200, apr_array_pstrcat(pool, listed, '+'));
    return error;
}

static const char *const no_types[] = {NULL};
static const orc_query_t no_query[] = {{.name = NULL}};
static const orc_choice_t colours[] = {{"red", NULL, "1"}, {"blue", NULL, "2"}, {NULL, NULL, NULL}};
static const orc_query_t painted[] = {{.name = "space", .kind = ORC_KIND_ENUM, .choices = colours, .is_listed = 1},
                                      {.name = NULL}};
static const orc_query_t space[] = {{.name = "space", .kind = ORC_KIND_WORD, .is_needed = 1}, {.name = NULL}};
static const orc_route_t routes[] = {
    {"echo", "POST", "/echo", echo, ORC_ROUTE_BODY, "Echo", NULL, no_types, no_query, NULL},
    {"take", "GET", "/{kind}/{thing_id}", take, 0, NULL, NULL, no_types, space, NULL},
    {"paint", "GET", "/paint", paint, 0, NULL, NULL, no_types, painted, NULL},
    {"list", "GET", "/list", list, ORC_ROUTE_OPEN, NULL, NULL, no_types, no_query, NULL},
    {NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL}};
static orc_surface_t surface = {
    .handler = "orchestrator-echo",
    .routes = routes,
    .schemas = "{\"Echo\":{\"type\":\"object\",\"additionalProperties\":false,"
               "\"properties\":{\"word\":{\"type\":\"string\"}}}}",
    .problem = plain_problem,
    .page = plain_page,
    .other = "orchestrator-other",
    .tell_other = tell_other,
};

/* With a parameter, and where the other surface is; or NULL. */
static orc_response_t *ask(const char *method, const char *path, const char *body, const char *in_space,
                           const char *other_url)
{
    static orc_identity_t identity = {.issuer = "https://issuer", .subject = "s", .user_id = "somebody"};
    const orc_rules_host_t alone = {0};
    orc_service_t *service = apr_pcalloc(pool, sizeof *service);
    orc_response_t *response = orc_response_make(pool);
    apr_array_header_t *given = apr_array_make(pool, 1, sizeof(orc_parameter_t));
    orc_request_t request = {.pool = pool,
                             .service = service,
                             .process = orc_surface_process_make(&surface, pool),
                             .method = method,
                             .base_url = "https://paas.example.org/echo",
                             .other_url = other_url,
                             .parameters = given,
                             .path = path,
                             .content_type = *body ? "application/json" : NULL,
                             .body = body,
                             .body_length = strlen(body),
                             .identity = &identity,
                             .request_id = "r-1"};

    service->rules = orc_rules_make(&alone, pool);
    orc_rules_callers_remember(service->rules->callers, &identity, 0);
    if (in_space)
        APR_ARRAY_PUSH(given, orc_parameter_t) = (orc_parameter_t){"space", in_space};
    (void)orc_surface_answer(&request, response);
    return response;
}

static const char *answer(int status, const char *method, const char *path, const char *body)
{
    const orc_response_t *response = ask(method, path, body, NULL, NULL);

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

static void what_is_no_id_in_a_path_is_a_text(void **state)
{
    static const char id[] = "0194BD00-0000-7000-8000-000000000000";
    const orc_response_t *response = ask("GET", apr_pstrcat(pool, "/Any:Thing/", id, NULL), "", "s", NULL);

    assert_int_equal(response->status, 202);
    assert_string_equal(response->body, "Any:Thing 0194bd00-0000-7000-8000-000000000000");
    response = ask("GET", "/any/thing", "", "s", NULL);
    assert_string_equal(response->body, "\"422 thing_id\"");
}

static void a_parameter_may_be_needed(void **state)
{
    assert_string_equal(answer(422, "GET", "/any/0194bd00-0000-7000-8000-000000000000", ""), "\"422 space\"");
    assert_string_equal(answer(422, "GET", "/any/thing", ""), "\"422 thing_id space\"");
}

static void values_may_have_commas_between_them(void **state)
{
    assert_string_equal(ask("GET", "/paint", "", "red,blue, red", NULL)->body, "1+2+1");
    assert_string_equal(ask("GET", "/paint", "", "red,green", NULL)->body, "\"422 space\"");
    assert_string_equal(ask("GET", "/paint", "", NULL, NULL)->body, "");
}

static void a_lenient_surface_overlooks_what_says_nothing(void **state)
{
    static const char path[] = "/list";

    assert_int_equal(ask("GET", path, "", "", NULL)->status, 422);
    assert_int_equal(ask("GET", path, "", "x", NULL)->status, 422);
    surface.is_lenient = 1;
    assert_int_equal(ask("GET", path, "", "", NULL)->status, 200);
    assert_int_equal(ask("GET", path, "", "x", NULL)->status, 200);
    assert_int_equal(ask("GET", "/paint", "", "", NULL)->status, 200);
    assert_int_equal(ask("GET", "/paint", "", "green", NULL)->status, 422);
    surface.is_lenient = 0;
}

static void where_another_surface_tells_of_it_is_added_to_a_202(void **state)
{
    static const char path[] = "/any/0194bd00-0000-7000-8000-000000000000", url[] = "https://paas.example.org/other";

    assert_string_equal(apr_table_get(ask("GET", path, "", "s", url)->headers, "Link"), url);
    assert_null(apr_table_get(ask("GET", path, "", "s", NULL)->headers, "Link"));
    assert_null(apr_table_get(ask("GET", "/list", "", NULL, url)->headers, "Link"));
    assert_null(apr_table_get(ask("GET", path, "", NULL, url)->headers, "Link"));
}

static void clients_that_know_few_statuses_are_told_these(void **state)
{
    static const int told[][2] = {{400, 400}, {401, 401}, {403, 403}, {404, 404}, {405, 405}, {408, 408},
                                  {409, 409}, {412, 400}, {413, 400}, {414, 400}, {415, 400}, {422, 400},
                                  {429, 429}, {431, 400}, {500, 500}, {503, 503}};
    size_t i;

    for (i = 0; i < sizeof told / sizeof *told; i++) {
        orc_response_t *response = orc_response_make(pool);

        orc_surface_plain_problem(response, orc_error(pool, told[i][0], "x", "No."), "text", pool);
        assert_int_equal(response->status, told[i][1]);
        assert_string_equal(response->body, "{\"error\":\"x\",\"text\":\"No.\"}");
        assert_int_equal(apr_table_get(response->headers, "Retry-After") != NULL, told[i][0] == 503);
    }
}

static void they_are_told_every_part_that_is_wrong(void **state)
{
    orc_response_t *response = orc_response_make(pool);
    orc_error_t *error = NULL;

    orc_error_add_pointer(&error, pool, "", "must be an object");
    orc_error_add_parameter(&error, pool, "space", "is needed");
    orc_surface_plain_problem(response, error, "text", pool);
    assert_string_equal(response->body,
                        "{\"error\":\"validation\",\"text\":\"the body must be an object; space is needed\"}");
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
        cmocka_unit_test(what_is_no_id_in_a_path_is_a_text),
        cmocka_unit_test(a_parameter_may_be_needed),
        cmocka_unit_test(values_may_have_commas_between_them),
        cmocka_unit_test(a_lenient_surface_overlooks_what_says_nothing),
        cmocka_unit_test(where_another_surface_tells_of_it_is_added_to_a_202),
        cmocka_unit_test(clients_that_know_few_statuses_are_told_these),
        cmocka_unit_test(they_are_told_every_part_that_is_wrong),
        cmocka_unit_test(long_lists_are_remembered_for_some_seconds),
        cmocka_unit_test(one_counts_anew_while_others_take_the_old),
        cmocka_unit_test(many_lists_are_remembered_the_newest_of_them),
    };

    return cmocka_run_group_tests_name("surface", tests, setup, teardown);
}
