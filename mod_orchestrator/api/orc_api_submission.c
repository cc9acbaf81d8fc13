/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_api_callers.h"
#include "orc_api_idempotency.h"
#include "orc_id.h"
#include "orc_providers.h"
#include "orc_store_deployments.h"
#include "orc_tosca.h"

/* POST /deployments. Errors are found in API.md's order: what is wrong in the body and its inputs, then what the caller
 * may do, then what had to be looked up. */

enum {
    DEFAULT_RETRIES = 3,
    DEFAULT_TOTAL_MINS = 14400,
    DEFAULT_PROVIDER_MINS = 1440,
    QUEUE_RETRY_SECONDS = 30,
    MAX_RUNS = 3, /* with a template that changes meanwhile */
};

typedef struct submission_t {
    const orc_request_t *request;
    orc_store_submission_t store;
    orc_error_t *wrong;        /* in the body: 422 */
    orc_error_t *unfit;        /* in what was looked up: 422, only told when the caller may submit */
    apr_array_header_t *nodes; /* of orc_tosca_node_t; NULL when the template or the inputs are no good */
} submission_t;

/* ---- the body ---- */

static void read_body(submission_t *s)
{
    const json_t *body = s->request->json;
    orc_store_submission_t *store = &s->store;

    store->template_id = orc_json_string(body, "template_id");
    store->user_group = orc_json_string(body, "user_group");
    store->user_group_issuer = s->request->identity->issuer;
    store->per_provider_max_retries = (int)orc_json_integer(body, "per_provider_max_retries", DEFAULT_RETRIES);
    store->max_providers = (int)orc_json_integer(body, "max_providers", 0);
    store->tot_timeout_mins = (int)orc_json_integer(body, "tot_timeout_mins", DEFAULT_TOTAL_MINS);
    store->per_provider_timeout_mins = (int)orc_json_integer(
        body, "per_provider_timeout_mins",
        store->tot_timeout_mins < DEFAULT_PROVIDER_MINS ? store->tot_timeout_mins : DEFAULT_PROVIDER_MINS);
    store->keep_last_attempt = json_is_true(json_object_get(body, "keep_last_attempt"));
    store->target_provider = orc_json_string(body, "target_provider");
    store->target_region = orc_json_string(body, "target_region");
}

/* What the schema can't say of the two timeouts; where one of them breaks it, there is nothing to compare. */
static void check_timeouts(orc_error_t **wrong, const orc_request_t *request)
{
    json_int_t total = orc_json_integer(request->json, "tot_timeout_mins", DEFAULT_TOTAL_MINS);
    json_int_t share = orc_json_integer(request->json, "per_provider_timeout_mins", 1);

    if (total >= 1 && total < share && share <= DEFAULT_TOTAL_MINS)
        orc_error_add_pointer(wrong, request->pool, "/per_provider_timeout_mins",
                              "must not be more than tot_timeout_mins, %d", (int)total);
}

/* Adds what another room says of the inputs; of a value that the schema refuses, that was said already. */
static void add_inputs_error(orc_error_t **wrong, const orc_error_t *error, apr_pool_t *pool)
{
    int i;

    for (i = 0; error->fields && i < error->fields->nelts; i++) {
        const orc_error_field_t *field = &APR_ARRAY_IDX(error->fields, i, orc_error_field_t);

        if (!orc_error_has_pointer(*wrong, field->pointer))
            orc_error_add_pointer(wrong, pool, field->pointer, "%s", field->detail);
    }
}

/* ---- the template ---- */

/* A template as it is stored. */
typedef struct stored_t {
    const char *id;
    const char *content; /* NULL: there is no such template */
    const char *version;
} stored_t;

static orc_error_t *find_template(stored_t *stored, const orc_request_t *request, const char *id)
{
    char *lower = apr_palloc(request->pool, ORC_ID_LENGTH + 1);
    orc_rows_t rows;

    *stored = (stored_t){0};
    if (!orc_id_parse(id, lower))
        return NULL;
    stored->id = lower;
    ORC_TRY(orc_db_read(request->service->db, &rows, ORC_SQL_DEPLOYMENT_TEMPLATE_FACTS, 1, &stored->id, request->pool));
    if (rows.count > 0) {
        stored->content = orc_rows_text(&rows, 0, 0);
        stored->version = orc_rows_text(&rows, 0, 1);
    }
    return NULL;
}

static orc_error_t *parse(const orc_tosca_template_t **tosca, const stored_t *stored, const orc_request_t *request)
{
    orc_api_parsed_t *parsed = orc_api_callers_parsed(request->service->callers);

    *tosca = orc_api_parsed_find(parsed, stored->id, stored->version, request->pool);
    if (*tosca)
        return NULL;
    return orc_api_parsed_add(tosca, parsed, stored->id, stored->version, stored->content, request->service->types,
                              "/template_id", request->pool);
}

/* Parses the template and makes the resources of it; what is wrong goes to `wrong` or `unfit`. */
static void plan_resources(submission_t *s, const stored_t *stored)
{
    apr_pool_t *pool = s->request->pool;
    const orc_tosca_template_t *tosca;
    orc_tosca_demand_t demand;
    orc_error_t *error;
    json_t *complete;

    if (!stored->content) {
        orc_error_add_pointer(&s->unfit, pool, "/template_id", "is not the id of a template");
        return;
    }
    error = parse(&tosca, stored, s->request);
    if (error) {
        orc_error_add_pointer(&s->unfit, pool, "/template_id", "names a template that can't be deployed: %s",
                              error->fields ? APR_ARRAY_IDX(error->fields, 0, orc_error_field_t).detail
                                            : error->detail);
        return;
    }
    error = orc_tosca_inputs(&complete, tosca, json_object_get(s->request->json, "template_inputs"), "/template_inputs",
                             pool);
    if (!error)
        error = orc_tosca_topology(&s->nodes, &demand, tosca, complete, pool);
    if (!error)
        return;
    s->nodes = NULL;
    if (strcmp(error->code, "inputs") == 0)
        add_inputs_error(&s->wrong, error, pool);
    else
        orc_error_add_pointer(&s->unfit, pool, "/template_id", "%s", error->detail);
}

void orc_api_submission_check(orc_error_t **error, const orc_request_t *request)
{
    const json_t *inputs = json_object_get(request->json, "template_inputs");
    const char *id = orc_json_string(request->json, "template_id");
    submission_t s = {.request = request};
    stored_t stored;

    check_timeouts(error, request);
    if (!id || !json_is_object(inputs) || find_template(&stored, request, id) || !stored.content)
        return;
    plan_resources(&s, &stored);
    if (s.wrong)
        add_inputs_error(error, s.wrong, request->pool);
}

/* ---- the target ---- */

static int serves(const submission_t *s, const orc_provider_t *provider)
{
    return provider->is_enabled &&
           orc_provider_project(provider, s->store.user_group_issuer, s->store.user_group) != NULL;
}

static int is_region_served(const submission_t *s)
{
    const orc_providers_t *providers = s->request->service->providers;
    int i;

    for (i = 0; providers && i < providers->list->nelts; i++) {
        const orc_provider_t *provider = APR_ARRAY_IDX(providers->list, i, const orc_provider_t *);

        if (serves(s, provider) && orc_provider_has_region(provider, s->store.target_region))
            return 1;
    }
    return 0;
}

static void check_target(submission_t *s)
{
    const orc_providers_t *providers = s->request->service->providers;
    apr_pool_t *pool = s->request->pool;
    const orc_provider_t *provider;

    if (!s->store.target_provider) {
        if (s->store.target_region && !is_region_served(s))
            orc_error_add_pointer(&s->unfit, pool, "/target_region",
                                  "is not a region of a provider that serves this user group");
        return;
    }
    provider = providers ? orc_providers_find(providers, s->store.target_provider) : NULL;
    if (!provider)
        orc_error_add_pointer(&s->unfit, pool, "/target_provider", "is not a provider");
    else if (!provider->is_enabled)
        orc_error_add_pointer(&s->unfit, pool, "/target_provider", "is not available at the moment");
    else if (!serves(s, provider))
        orc_error_add_pointer(&s->unfit, pool, "/target_provider", "does not serve this user group");
    else if (!orc_provider_has_region(provider, s->store.target_region))
        orc_error_add_pointer(&s->unfit, pool, "/target_region", "is not a region of %s", provider->name);
}

/* ---- the caller ---- */

static int contains(const apr_array_header_t *words, const char *word)
{
    int i;

    for (i = 0; words && i < words->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(words, i, const char *), word) == 0)
            return 1;
    }
    return 0;
}

static orc_error_t *check_group(const submission_t *s)
{
    const orc_identity_t *identity = s->request->identity;
    const orc_issuer_config_t *issuer = orc_config_issuer(s->request->service->config, identity->issuer);

    if (!contains(identity->groups, s->store.user_group))
        return orc_error(s->request->pool, 403, "forbidden.group", "You are not a member of the user group.");
    if (issuer && issuer->groups && issuer->groups->nelts > 0 && !contains(issuer->groups, s->store.user_group))
        return orc_error(s->request->pool, 403, "forbidden.group", "The user group is not authorised here.");
    return NULL;
}

/* ---- storing ---- */

static const char *render_resources(const apr_array_header_t *nodes, apr_pool_t *pool)
{
    json_t *resources = orc_json_own(json_array(), pool);
    const char **ids = apr_palloc(pool, sizeof(*ids) * (apr_size_t)(nodes->nelts + 1));
    int i, j;

    for (i = 0; i < nodes->nelts; i++)
        ids[i] = orc_id_new(pool);
    for (i = 0; i < nodes->nelts; i++) {
        const orc_tosca_node_t *node = &APR_ARRAY_IDX(nodes, i, orc_tosca_node_t);
        json_t *required_by = json_array();

        for (j = 0; j < node->required_by->nelts; j++)
            json_array_append_new(required_by, json_string(ids[APR_ARRAY_IDX(node->required_by, j, int)]));
        json_array_append_new(resources, json_pack("{s:s, s:i, s:s, s:s, s:i, s:b, s:o}", "id", ids[i], "position", i,
                                                   "name", node->name, "type", node->type, "index", node->index,
                                                   "is_compute", node->is_compute, "required_by", required_by));
    }
    return orc_json_text(resources, pool);
}

static orc_error_t *queue_full(const submission_t *s)
{
    orc_error_t *error =
        orc_error(s->request->pool, 429, "queue.full",
                  "%d deployments of the user group are waiting for their turn already.", s->store.max_queued);

    error->retriable = 1;
    error->retry_after = QUEUE_RETRY_SECONDS;
    return error;
}

/* *is_outdated: the template was changed or removed since it was read. */
static orc_error_t *store(int *is_outdated, submission_t *s, orc_response_t *response)
{
    const orc_request_t *request = s->request;
    apr_pool_t *pool = request->pool;
    orc_store_submission_t *store = &s->store;
    orc_db_step_t key;
    orc_error_t *error;
    int has_key, is_full;

    store->id = orc_id_new(pool);
    store->operation_id = orc_id_new(pool);
    store->template_inputs = orc_json_text(json_object_get(request->json, "template_inputs"), pool);
    store->resources = render_resources(s->nodes, pool);
    store->caller = request->identity->user_id;
    store->correlation_id = request->request_id;
    store->max_queued = request->service->config->max_queued_per_group;
    orc_api_accepted(request, response,
                     apr_pstrcat(pool, "/deployments/", store->id, "/operations/", store->operation_id, NULL),
                     apr_pstrcat(pool, "{\"id\":\"", store->id, "\"}", NULL));
    has_key = orc_api_idempotency_step(&key, request, response);
    error =
        orc_store_deployment_submit(&is_full, is_outdated, request->service->db, store, has_key ? &key : NULL, pool);
    if (is_full)
        return queue_full(s);
    return error && strcmp(error->code, "conflict.reference") == 0 ? orc_api_gone(request) : error;
}

static orc_error_t *submit(int *is_outdated, const orc_request_t *request, orc_response_t *response)
{
    submission_t s = {.request = request};
    stored_t stored;

    read_body(&s);
    check_timeouts(&s.wrong, request);
    ORC_TRY(find_template(&stored, request, s.store.template_id));
    s.store.template_version = stored.version;
    plan_resources(&s, &stored);
    if (s.wrong)
        return s.wrong;
    ORC_TRY(check_group(&s));
    check_target(&s);
    if (s.unfit)
        return s.unfit;
    return store(is_outdated, &s, response);
}

orc_error_t *orc_api_deployments_post(const orc_request_t *request, orc_response_t *response)
{
    int is_outdated = 0, run;

    for (run = 0; run < MAX_RUNS; run++) {
        ORC_TRY(submit(&is_outdated, request, response));
        if (!is_outdated)
            return NULL;
    }
    return orc_error(request->pool, 503, "template.busy", "The template is being changed over and over; try again.");
}
