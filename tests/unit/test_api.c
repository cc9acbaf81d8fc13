/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include "orc_api.h"
#include "orc_routes.h"
#include "orc_rules_internal.h"
#include "orc_surface_conditional.h"
#include "orc_surface_handler.h"
#include "orc_surface_idempotency.h"
#include "orc_surface_list.h"

static orc_config_t *config;

static int setup_config(void **state)
{
    static const unsigned char key[ORC_SECRET_KEY_LENGTH] = {1};
    int failed = setup(state);

    config = orc_config_make(pool);
    orc_secret_keys_add(config->secret_keys, key);
    return failed;
}

/* ---- the time of day ---- */

static apr_time_t clock_is_ahead;

/* In the place of libapr's. */
apr_time_t apr_time_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return apr_time_from_sec(now.tv_sec) + now.tv_nsec / 1000 + clock_is_ahead;
}

/* Set back, it would keep whoever was seen from being looked at again for as long: what waits for their token, or that
 * they are gone. */
static void who_was_seen_is_known_by_no_clock_that_is_set(void **state)
{
    const orc_rules_host_t alone = {0};
    orc_rules_callers_t *callers = orc_rules_make(&alone, pool)->callers;
    orc_identity_t who = {.issuer = "https://issuer.example.org", .subject = "alice", .user_id = "7"};

    orc_rules_callers_remember(callers, &who, 0);
    clock_is_ahead = apr_time_from_sec(3600);
    who.user_id[0] = '\0';
    assert_true(orc_rules_callers_recall(callers, &who));
    assert_string_equal(who.user_id, "7");
    clock_is_ahead = 0;
}

/* ---- requests without a database ---- */

static orc_request_t *request_of(const char *method, const char *path)
{
    orc_request_t *request = apr_pcalloc(pool, sizeof *request);
    const orc_rules_host_t alone = {0};
    orc_service_t *service = apr_pcalloc(pool, sizeof *service);

    service->config = config;
    service->rules = orc_rules_make(&alone, pool);
    request->process = orc_surface_process_make(&orc_api_surface, pool);
    request->pool = pool;
    request->service = service;
    request->method = method;
    request->base_url = "https://paas.example.org/api/v1";
    request->path = path;
    request->body = "";
    request->request_id = "r-1";
    return request;
}

static const char *answer(orc_response_t **response, orc_request_t *request)
{
    *response = orc_response_make(pool);
    (void)orc_surface_answer(request, *response);
    return (*response)->body;
}

static void the_openapi_document_needs_no_token(void **state)
{
    orc_request_t *request = request_of("GET", "/openapi.json");
    orc_response_t *response;
    json_t *document;

    assert_true(orc_surface_is_open(&orc_api_surface, "GET", "/openapi.json"));
    assert_true(orc_surface_is_open(&orc_api_surface, "HEAD", "/health"));
    assert_false(orc_surface_is_open(&orc_api_surface, "POST", "/health"));
    assert_true(orc_surface_is_open(&orc_api_surface, "OPTIONS", "/users"));
    answer(&response, request);
    assert_int_equal(response->status, 200);
    assert_null(orc_json_parse(&document, response->body, response->length, pool));
    assert_string_equal(orc_json_string(document, "openapi"), "3.1.0");
}

static void a_known_version_is_not_sent_again(void **state)
{
    orc_request_t *request = request_of("GET", "/openapi.json");
    orc_response_t *response;

    answer(&response, request);
    request->if_none_match = apr_psprintf(pool, "\"x\", W/%s", apr_table_get(response->headers, "ETag"));
    answer(&response, request);
    assert_int_equal(response->status, 304);
    assert_null(response->content_type);
    assert_non_null(apr_table_get(response->headers, "ETag"));
}

static void authentication_comes_before_404_and_405(void **state)
{
    orc_response_t *response;

    answer(&response, request_of("GET", "/nothing"));
    assert_int_equal(response->status, 401);
    assert_non_null(strstr(apr_table_get(response->headers, "WWW-Authenticate"), "Bearer"));
    assert_string_equal(response->content_type, "application/problem+json");
    answer(&response, request_of("PUT", "/health"));
    assert_int_equal(response->status, 401);
}

static const char *caching(const char *method, const char *path)
{
    return orc_surface_caching(&orc_api_surface, method, path, pool);
}

static void what_may_hold_a_secret_is_kept_by_nobody(void **state)
{
    static const char *const secret[] = {"/users/me",
                                         "/deployments",
                                         "/deployments/1",
                                         "/deployments/1/resources",
                                         "/deployments/1/resources/2",
                                         "/deployments/1/logs"};
    size_t i;

    for (i = 0; i < sizeof secret / sizeof *secret; i++)
        assert_string_equal(caching("GET", secret[i]), "private, no-store");
    assert_string_equal(caching("GET", "/users"), "private, no-cache");
    assert_string_equal(caching("GET", "/templates"), "private, no-cache");
    assert_string_equal(caching("POST", "/deployments"), "private, no-cache");
    assert_string_equal(caching("GET", "/nothing"), "private, no-cache");
    assert_string_equal(caching("OPTIONS", "/users/me"), "private, no-cache");
    assert_string_equal(caching("GET", "/health"), "no-cache");
    assert_string_equal(caching("GET", "/openapi.json"), "no-cache");
}

static void a_known_path_says_its_methods(void **state)
{
    orc_request_t *request = request_of("DELETE", "/health");
    orc_identity_t identity = {.issuer = "https://issuer", .subject = "s", .user_id = "somebody"};
    orc_response_t *response;

    answer(&response, request_of("OPTIONS", "/health"));
    assert_int_equal(response->status, 204);
    assert_string_equal(apr_table_get(response->headers, "Allow"), "GET, HEAD, OPTIONS");
    request->identity = &identity;
    orc_rules_callers_remember(request->service->rules->callers, &identity, 0);
    answer(&response, request);
    assert_int_equal(response->status, 405);
    assert_string_equal(apr_table_get(response->headers, "Allow"), "GET, HEAD, OPTIONS");
    request->path = "/healthy";
    answer(&response, request);
    assert_int_equal(response->status, 404);
}

static void every_body_has_a_schema_that_is_understood(void **state)
{
    const orc_surface_schemas_t *schemas;
    const orc_route_t *route;

    assert_null(orc_surface_process_schemas(&schemas, orc_surface_process_make(&orc_api_surface, pool)));
    for (route = orc_routes; route->id; route++) {
        assert_int_equal(route->schema != NULL, (route->flags & ORC_ROUTE_BODY) != 0);
        if (route->schema)
            assert_non_null(orc_surface_schemas_find(schemas, route->schema));
    }
}

/* ---- entity tags ---- */

static void entity_tags_are_compared_as_rfc_9110_says(void **state)
{
    assert_true(orc_surface_tag_matches("\"7\"", "7", 0));
    assert_true(orc_surface_tag_matches("*", "7", 0));
    assert_true(orc_surface_tag_matches("\"6\", \"7\"", "7", 0));
    assert_true(orc_surface_tag_matches("\"6\",\"7\"", "7", 1));
    assert_true(orc_surface_tag_matches("W/\"7\"", "7", 1));
    assert_false(orc_surface_tag_matches("W/\"7\"", "7", 0));
    assert_true(orc_surface_tag_matches("\"7-gzip\"", "7", 0));
    assert_true(orc_surface_tag_matches("\"6-br\", W/\"7-br\"", "7", 1));
    assert_false(orc_surface_tag_matches("\"7-gzip-br\"", "7", 1));
    assert_false(orc_surface_tag_matches("\"-gzip\"", "7", 1));
    assert_false(orc_surface_tag_matches("\"70\"", "7", 1));
    assert_false(orc_surface_tag_matches("7", "7", 1));
    assert_false(orc_surface_tag_matches("\"7", "7", 1));
    assert_false(orc_surface_tag_matches("", "7", 1));
}

static void idempotency_keys_are_printable_and_short(void **state)
{
    char *longest = apr_pcalloc(pool, 257);

    memset(longest, 'k', 255);
    assert_true(orc_surface_idempotency_is_key("8e03978e-40d5-43dd-bc93-6894a57f9324"));
    assert_true(orc_surface_idempotency_is_key(longest));
    longest[255] = 'k';
    assert_false(orc_surface_idempotency_is_key(longest));
    assert_false(orc_surface_idempotency_is_key(""));
    assert_false(orc_surface_idempotency_is_key("a\tb"));
    assert_false(orc_surface_idempotency_is_key("k\xc3\xa4"));
}

/* ---- lists ---- */

static const orc_choice_t colours[] = {{"RED", "0", "0"}, {"GREEN", "1", "1"}, {NULL, NULL, NULL}};
static const orc_choice_t colour_names[] = {{"RED", NULL, "0"}, {"GREEN", NULL, "1"}, {NULL, NULL, NULL}};
static const orc_choice_t states[] = {
    {"pending", NULL, "pending"}, {"in progress", NULL, "in progress"}, {NULL, NULL, NULL}};
static const orc_column_t columns[] = {
    {"id", ORC_KIND_ID, 1, 1, "b.id", NULL, NULL, NULL, 0, 0},
    {"created_at", ORC_KIND_TIME, 1, 1, "b.created_at", NULL, NULL, NULL, 0, 0},
    {"name", ORC_KIND_TEXT, 1, 1, "b.name", NULL, NULL, NULL, 0, 0},
    {"reason", ORC_KIND_TEXT, 1, 1, "b.reason", NULL, NULL, "left(b.reason, 9)", 0, 0},
    {"word", ORC_KIND_WORD, 1, 1, "b.word", NULL, NULL, NULL, 0, 0},
    {"issuer", ORC_KIND_ISSUER, 1, 1, "b.issuer", NULL, NULL, NULL, 0, 0},
    {"count", ORC_KIND_INTEGER, 1, 1, "b.count", NULL, NULL, NULL, 0, 0},
    {"rate", ORC_KIND_NUMBER, 1, 1, "b.rate", NULL, NULL, NULL, 0, 0},
    {"is_big", ORC_KIND_BOOLEAN, 1, 1, "b.is_big", NULL, NULL, NULL, 0, 0},
    {"colour", ORC_KIND_ENUM, 1, 1, "b.colour", NULL, colours, NULL, 0, 0},
    {"colour_name", ORC_KIND_ENUM, 1, 1, "b.colour", NULL, colour_names, NULL, 0, 0},
    {"level", ORC_KIND_ENUM, 1, 1, "b.level", NULL, states, "b.level_rank", 0, 0},
    {"state", ORC_KIND_ENUM, 1, 1, "b.state", NULL, states, NULL, 0, 0},
    {"owned_by", ORC_KIND_PERSON, 0, 1, "", "EXISTS (x = ANY ($?))", NULL, NULL, 0, 0},
    {"hidden", ORC_KIND_WORD, 0, 0, "b.hidden", NULL, NULL, NULL, 0, 0},
    {NULL, 0, 0, 0, NULL, NULL, NULL, NULL, 0, 0},
};
static const orc_route_t list_route = {.id = "list", .method = "GET", .path = "/things", .columns = columns};

/* A request for the list with parameters given as name, value, ..., NULL. */
static orc_request_t *list_request(const char *name, ...)
{
    static orc_identity_t identity = {.user_id = "0190a5f0-0000-7000-8000-000000000001"};
    orc_request_t *request = request_of("GET", "/things");
    apr_array_header_t *parameters = apr_array_make(pool, 4, sizeof(orc_parameter_t));
    va_list args;

    va_start(args, name);
    for (; name; name = va_arg(args, const char *)) {
        orc_parameter_t *parameter = apr_array_push(parameters);

        parameter->name = name;
        parameter->value = va_arg(args, const char *);
    }
    va_end(args);
    request->route = &list_route;
    request->identity = &identity;
    request->parameters = parameters;
    return request;
}

static orc_surface_plan_t *plan_of(orc_request_t *request)
{
    orc_error_t *error = NULL;
    orc_surface_plan_t *plan = orc_surface_plan_make(&error, request, 2, NULL);

    assert_null(error);
    return plan;
}

/* The parameters that a list refuses, with commas. */
static const char *refused(orc_request_t *request)
{
    orc_error_t *error = NULL;
    const char *names = "";
    int i;

    orc_surface_plan_check(&error, request);
    for (i = 0; error && i < error->fields->nelts; i++)
        names = apr_pstrcat(pool, names, *names ? "," : "",
                            APR_ARRAY_IDX(error->fields, i, orc_error_field_t).parameter, NULL);
    return names;
}

static void assert_filter(orc_request_t *request, const char *where, const char *value)
{
    orc_surface_plan_t *plan = plan_of(request);

    assert_string_equal(plan->where.text, where);
    assert_int_equal(plan->where.values->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(plan->where.values, 0, const char *), value);
}

/* The keys of a request's order in SQL. */
static const char *order_of(orc_request_t *request)
{
    orc_surface_plan_t *plan = plan_of(request);
    const char *order = "";
    int i;

    for (i = 0; i < plan->order->nelts; i++) {
        const orc_store_key_t *key = &APR_ARRAY_IDX(plan->order, i, orc_store_key_t);

        order = apr_pstrcat(pool, order, i > 0 ? ", " : "", key->expression, key->is_descending ? " DESC" : "", NULL);
    }
    return order;
}

static void a_list_has_defaults(void **state)
{
    orc_surface_plan_t *plan = plan_of(list_request(NULL));

    assert_int_equal(plan->page, 1);
    assert_int_equal(plan->size, 5);
    assert_string_equal(plan->where.text, "");
    assert_true(plan->is_usual);
    assert_string_equal(order_of(list_request(NULL)), "b.created_at DESC, b.id DESC");
}

static void a_list_is_sorted_by_several_keys(void **state)
{
    assert_string_equal(order_of(list_request("sort", "name,-count", NULL)),
                        "b.name COLLATE \"C\", b.count DESC, b.id DESC");
    assert_string_equal(order_of(list_request("sort", "count", NULL)), "b.count, b.id");
    assert_string_equal(order_of(list_request("sort", "state", NULL)), "b.state::text COLLATE \"C\", b.id");
    assert_string_equal(order_of(list_request("sort", "level", NULL)), "b.level_rank, b.id");
    assert_false(plan_of(list_request("sort", "count", NULL))->is_usual);
    assert_false(plan_of(list_request("word", "a", NULL))->is_usual);
    assert_true(plan_of(list_request("page", "7", NULL))->is_usual);
    assert_string_equal(refused(list_request("sort", "hidden", NULL)), "sort");
    assert_string_equal(refused(list_request("sort", "", NULL)), "sort");
    assert_string_equal(refused(list_request("sort", "name,", NULL)), "sort");
    assert_string_equal(refused(list_request("sort", "b.id;--", NULL)), "sort");
}

static void filters_compare_by_their_kind(void **state)
{
    assert_filter(list_request("word", "a,b\"c", "word", "d\\", NULL), " AND b.word COLLATE \"C\" = ANY ($2::text[])",
                  "{\"a\",\"b\\\"c\",\"d\\\\\"}");
    assert_filter(list_request("name", "50%_", NULL),
                  " AND b.name IS NOT NULL AND (strpos(lower(b.name), lower(($2::text[])[1])) > 0)", "{\"50%_\"}");
    assert_filter(list_request("name", "a,b", NULL),
                  " AND b.name IS NOT NULL AND (strpos(lower(b.name), lower(($2::text[])[1])) > 0)", "{\"a,b\"}");
    assert_filter(list_request("name", "a", "name", "b", NULL),
                  " AND b.name IS NOT NULL AND (SELECT strpos(l.lowered, lower(($2::text[])[1])) > 0 OR "
                  "strpos(l.lowered, lower(($2::text[])[2])) > 0 "
                  "FROM (SELECT lower(b.name) AS lowered OFFSET 0) l)",
                  "{\"a\",\"b\"}");
    assert_filter(list_request("issuer", "https://iam.example//,https://b", NULL),
                  " AND b.issuer COLLATE \"C\" = ANY ($2::text[])", "{\"https://iam.example\",\"https://b\"}");
    assert_filter(list_request("reason", "a", NULL),
                  " AND left(b.reason, 9) IS NOT NULL AND (strpos(lower(b.reason), lower(($2::text[])[1])) > 0)",
                  "{\"a\"}");
    assert_filter(list_request("count_gte", "-3", NULL), " AND b.count >= $2::bigint", "-3");
    assert_filter(list_request("rate_lte", "-0.5", NULL), " AND b.rate <= $2::numeric", "-0.5");
    assert_filter(list_request("rate", "1,2e-3", NULL), " AND b.rate = ANY ($2::numeric[])", "{\"1\",\"2e-3\"}");
    assert_filter(list_request("count", "1,2", NULL), " AND b.count = ANY ($2::bigint[])", "{\"1\",\"2\"}");
    assert_filter(list_request("is_big", "true", NULL), " AND b.is_big = ANY ($2::boolean[])", "{\"true\"}");
    assert_filter(list_request("colour", "GREEN,0", NULL), " AND b.colour = ANY ($2::bigint[])", "{\"1\",\"0\"}");
    assert_filter(list_request("colour_name", "GREEN", NULL), " AND b.colour = ANY ($2::bigint[])", "{\"1\"}");
    assert_filter(list_request("state", "in progress", NULL), " AND b.state::text COLLATE \"C\" = ANY ($2::text[])",
                  "{\"in progress\"}");
    assert_filter(list_request("created_before", "2024-01-01T01:00:00+01:00", NULL),
                  " AND b.created_at < $2::timestamptz", "2024-01-01T00:00:00.000000Z");
    assert_filter(list_request("owned_by", "me", NULL), " AND EXISTS (x = ANY ($2::uuid[]))",
                  "{\"0190a5f0-0000-7000-8000-000000000001\"}");
    assert_filter(list_request("id", "0190A5F0-0000-7000-8000-000000000002", NULL), " AND b.id = ANY ($2::uuid[])",
                  "{\"0190a5f0-0000-7000-8000-000000000002\"}");
}

static void bad_values_are_named(void **state)
{
    assert_string_equal(refused(list_request("page", "0", NULL)), "page");
    assert_string_equal(refused(list_request("page", "99999999999999999999", NULL)), "page");
    assert_string_equal(refused(list_request("page", "1", "page", "2", NULL)), "page");
    assert_string_equal(refused(list_request("size", "501", NULL)), "size");
    assert_string_equal(refused(list_request("size", "x", NULL)), "size");
    assert_string_equal(refused(list_request("id", "1", NULL)), "id");
    assert_string_equal(refused(list_request("count", "1,,2", NULL)), "count");
    assert_string_equal(refused(list_request("count", "9223372036854775808", NULL)), "count");
    assert_string_equal(refused(list_request("rate", "1e9999", NULL)), "rate");
    assert_string_equal(refused(list_request("rate", "1.", NULL)), "rate");
    assert_string_equal(refused(list_request("rate", ".5", NULL)), "rate");
    assert_string_equal(refused(list_request("rate_gte", "NaN", NULL)), "rate_gte");
    assert_string_equal(refused(list_request("rate", "1e+", NULL)), "rate");
    assert_string_equal(refused(list_request("count_lte", "1.5", NULL)), "count_lte");
    assert_string_equal(refused(list_request("is_big", "1", NULL)), "is_big");
    assert_string_equal(refused(list_request("colour", "blue", NULL)), "colour");
    assert_string_equal(refused(list_request("colour_name", "1", NULL)), "colour_name");
    assert_string_equal(refused(list_request("created_after", "yesterday", NULL)), "created_after");
    assert_string_equal(refused(list_request("created_after", "0000-01-01T00:00:00Z", NULL)), "created_after");
    assert_string_equal(refused(list_request("owned_by", "you", NULL)), "owned_by");
    assert_string_equal(refused(list_request("name", "", NULL)), "name");
    assert_string_equal(refused(list_request("word", "\xff", NULL)), "word");
    assert_string_equal(refused(list_request("size", "0", "count", "x", "id", "y", NULL)), "size,id,count");
}

static void a_list_knows_its_parameters(void **state)
{
    static const char *const known[] = {"page",      "size",      "sort",           "id",           "name", "count",
                                        "count_gte", "count_lte", "created_before", "created_after"};
    static const char *const unknown[] = {"hidden", "created_at", "name_gte", "pages", "b.id", ""};
    size_t i;

    for (i = 0; i < sizeof known / sizeof *known; i++)
        assert_true(orc_surface_plan_knows(columns, known[i], pool));
    for (i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_false(orc_surface_plan_knows(columns, unknown[i], pool));
}

static json_t *rendered(orc_request_t *request, apr_int64_t total)
{
    const orc_surface_page_t page = orc_surface_list_page(request, plan_of(request), "[]", total);
    const char *text = orc_api_page(request, &page);
    json_t *value;

    assert_null(orc_json_parse(&value, text, strlen(text), pool));
    return value;
}

static void assert_link(const json_t *list, const char *name, const char *query)
{
    const char *link = orc_json_string(json_object_get(list, "links"), name);

    if (query)
        assert_string_equal(link, apr_pstrcat(pool, "https://paas.example.org/api/v1/things?", query, NULL));
    else
        assert_true(json_is_null(json_object_get(json_object_get(list, "links"), name)));
}

static void links_lead_from_page_to_page(void **state)
{
    json_t *list = rendered(list_request("page", "2", "size", "2", "name", "a b&\xc3\xa4", NULL), 5);
    const json_t *page = json_object_get(list, "page");

    assert_link(list, "first", "page=1&size=2&name=a%20b%26%C3%A4");
    assert_link(list, "prev", "page=1&size=2&name=a%20b%26%C3%A4");
    assert_link(list, "next", "page=3&size=2&name=a%20b%26%C3%A4");
    assert_link(list, "last", "page=3&size=2&name=a%20b%26%C3%A4");
    assert_int_equal(orc_json_integer(page, "total_elements", 0), 5);
    assert_int_equal(orc_json_integer(page, "total_pages", 0), 3);
    assert_int_equal(orc_json_integer(page, "number", 0), 2);
    assert_int_equal(orc_json_integer(page, "size", 0), 2);
}

static void past_the_end_the_previous_page_is_the_last(void **state)
{
    json_t *list = rendered(list_request("page", "9", NULL), 11);

    assert_link(list, "prev", "page=3&size=5");
    assert_link(list, "next", NULL);
}

static void an_empty_list_has_one_page(void **state)
{
    json_t *list = rendered(list_request(NULL), 0);

    assert_link(list, "prev", NULL);
    assert_link(list, "next", NULL);
    assert_link(list, "last", "page=1&size=5");
    assert_int_equal(orc_json_integer(json_object_get(list, "page"), "total_pages", 0), 1);
}

/* ---- secrets in objects ---- */

#define OUTPUTS "deployments.template_outputs_sealed"
#define TOKEN   "users.refresh_token"

static const char *unsealed(const char *text)
{
    const char *out;

    assert_null(orc_surface_unseal(&out, text, request_of("GET", "/things")));
    return out;
}

static void secrets_are_put_in_their_places(void **state)
{
    const char *object = orc_secret_seal(config->secret_keys, ORC_SEALED_OUTPUTS, "1", "{\"key\":1}", pool);
    const char *text = orc_secret_seal(config->secret_keys, ORC_SEALED_REFRESH_TOKEN, "1", "a \"token\"", pool);
    const char *plain = "{\"a\":\"\\\"@sealed\\\"\"}";

    assert_ptr_equal(unsealed(plain), plain);
    assert_string_equal(
        unsealed(apr_pstrcat(pool, "{\"a\" : 1.10, \"id\" : \"1\", \"@sealed\" : {\"", OUTPUTS, "\" : \"", object,
                             "\"}, \"@sealed\":{\"", OUTPUTS, "\":null},\"z\":{\"x\":[1,\"}\"]}}", NULL)),
        "{\"a\":1.10,\"id\":\"1\",\"template_outputs\":{\"key\":1},\"template_outputs\":null,\"z\":{\"x\":[1,\"}\"]}}");
    assert_string_equal(unsealed(apr_pstrcat(pool, "[{\"@sealed\":{\"", TOKEN, "\":\"", text,
                                             "\"},\"b\":[],\"id\":\"1\"}, {\"c\":{}}]", NULL)),
                        "[{\"refresh_token\":\"a \\\"token\\\"\",\"b\":[],\"id\":\"1\"},{\"c\":{}}]");
    assert_string_equal(unsealed("{\"deep\":{\"@sealed\":{\"t\":null}}}"), "{\"deep\":{\"@sealed\":{\"t\":null}}}");
}

static const char *renamed(const char *more, const char *sealed)
{
    return unsealed(apr_pstrcat(pool, "{\"uuid\":\"1\",\"@sealed\":{\"", OUTPUTS, "\":{\"as\":\"outputs\"", more,
                                ",\"sealed\":\"", sealed, "\"}}}", NULL));
}

static void a_surface_has_names_of_its_own_for_secrets(void **state)
{
    const char *known = "{\"info\":{\"n\":1.50,\"k\":\"a\\\"b\"},\"x\":1}", *as_text = ",\"text\":\"info\"";
    const char *object = orc_secret_seal(config->secret_keys, ORC_SEALED_OUTPUTS, "1", known, pool);
    const char *text = orc_secret_seal(config->secret_keys, ORC_SEALED_OUTPUTS, "1", "{\"info\":\"t\"}", pool);

    assert_string_equal(renamed("", object), apr_pstrcat(pool, "{\"uuid\":\"1\",\"outputs\":", known, "}", NULL));
    assert_string_equal(
        renamed(as_text, object),
        "{\"uuid\":\"1\",\"outputs\":{\"info\":\"{\\\"n\\\":1.50,\\\"k\\\":\\\"a\\\\\\\"b\\\"}\",\"x\":1}}");
    assert_string_equal(renamed(as_text, text), "{\"uuid\":\"1\",\"outputs\":{\"info\":\"t\"}}");
    assert_string_equal(renamed(as_text, "junk"), "{\"uuid\":\"1\",\"outputs\":null}");
}

static void a_damaged_secret_hides_itself_only(void **state)
{
    const char *text = orc_secret_seal(config->secret_keys, ORC_SEALED_REFRESH_TOKEN, "1", "t", pool);

    assert_string_equal(
        unsealed(apr_pstrcat(pool, "[{\"id\":\"2\",\"@sealed\":{\"", TOKEN, "\":\"", text,
                             "\"}},{\"id\":\"1\",\"@sealed\":{\"", TOKEN, "\":\"", text, "\"}}]", NULL)),
        "[{\"id\":\"2\",\"refresh_token\":null},{\"id\":\"1\",\"refresh_token\":\"t\"}]");
    assert_string_equal(unsealed("{\"id\":\"1\",\"@sealed\":{\"" TOKEN "\":\"junk\"},\"n\":2}"),
                        "{\"id\":\"1\",\"refresh_token\":null,\"n\":2}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_seen_is_known_by_no_clock_that_is_set),
        cmocka_unit_test(the_openapi_document_needs_no_token),
        cmocka_unit_test(a_known_version_is_not_sent_again),
        cmocka_unit_test(authentication_comes_before_404_and_405),
        cmocka_unit_test(what_may_hold_a_secret_is_kept_by_nobody),
        cmocka_unit_test(a_known_path_says_its_methods),
        cmocka_unit_test(every_body_has_a_schema_that_is_understood),
        cmocka_unit_test(entity_tags_are_compared_as_rfc_9110_says),
        cmocka_unit_test(idempotency_keys_are_printable_and_short),
        cmocka_unit_test(a_list_has_defaults),
        cmocka_unit_test(a_list_is_sorted_by_several_keys),
        cmocka_unit_test(filters_compare_by_their_kind),
        cmocka_unit_test(bad_values_are_named),
        cmocka_unit_test(a_list_knows_its_parameters),
        cmocka_unit_test(links_lead_from_page_to_page),
        cmocka_unit_test(past_the_end_the_previous_page_is_the_last),
        cmocka_unit_test(an_empty_list_has_one_page),
        cmocka_unit_test(secrets_are_put_in_their_places),
        cmocka_unit_test(a_surface_has_names_of_its_own_for_secrets),
        cmocka_unit_test(a_damaged_secret_hides_itself_only),
    };

    return cmocka_run_group_tests_name("api", tests, setup_config, teardown);
}
