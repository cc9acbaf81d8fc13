/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_id.h"
#include "orc_rules_submission.h"
#include "orc_runs_one.h"
#include "orc_runs_routes.h"
#include "orc_surface_idempotency.h"

/* POST: a template's inputs come in entries, one for each step that they are for. A template has no such steps, so all
 * are inputs of the whole. */

#define INPUTS "template_inputs"

/* The document has two names for them. */
static const char *const spellings[] = {"_actualparams", "_actualParams", NULL};

/* Which of these the body has; NULL: none. */
static const char *spelling_of(const json_t *body)
{
    return json_object_get(body, spellings[0])   ? spellings[0]
           : json_object_get(body, spellings[1]) ? spellings[1]
                                                 : NULL;
}

/* The pointer of an entry's `params`, or with a name of one of them. */
static const char *pointer_of(const orc_request_t *request, size_t entry, const char *name)
{
    const char *params =
        apr_psprintf(request->pool, "/%s/%" APR_SIZE_T_FMT "/params", spelling_of(request->json), entry);

    return name ? orc_json_pointer(request->pool, params, name) : params;
}

/* The inputs of all entries in one object. */
static const json_t *read_inputs(orc_error_t **error, const orc_request_t *request)
{
    json_t *inputs = orc_json_own(json_object(), request->pool), *entry, *value;
    const char *spelling = spelling_of(request->json), *name;
    size_t i;

    if (!spelling)
        orc_error_add_pointer(error, request->pool, "/_actualparams", "is needed");
    else if (json_object_get(request->json, spellings[0]) && json_object_get(request->json, spellings[1]))
        orc_error_add_pointer(error, request->pool, "/_actualParams", "is there under its other name, too");
    json_array_foreach(json_object_get(request->json, spelling ? spelling : spellings[0]), i, entry)
    {
        json_object_foreach(json_object_get(entry, "params"), name, value)
        {
            if (json_object_get(inputs, name))
                orc_error_add_pointer(error, request->pool, pointer_of(request, i, name), "is given twice");
            json_object_set(inputs, name, value);
        }
    }
    return inputs;
}

/* Where an input stands in the body; one that is missing belongs into the first entry. `below` is a pointer. */
static const char *place_of(const orc_request_t *request, const char *below)
{
    const json_t *entry, *value;
    const char *name;
    size_t i;

    json_array_foreach(json_object_get(request->json, spelling_of(request->json)), i, entry)
    {
        json_object_foreach(json_object_get((json_t *)entry, "params"), name, value)
        {
            const char *token = orc_json_pointer(request->pool, "", name);
            size_t length = strlen(token);

            if (strncmp(token, below, length) == 0 && (!below[length] || below[length] == '/'))
                return apr_pstrcat(request->pool, pointer_of(request, i, NULL), below, NULL);
        }
    }
    return apr_pstrcat(request->pool, pointer_of(request, 0, NULL), below, NULL);
}

/* Members of the wish get the names that the client has for them. */
static void name_members(orc_error_t *error, const orc_request_t *request)
{
    static const size_t length = sizeof INPUTS - 1;
    int i;

    for (i = 0; error && error->fields && i < error->fields->nelts; i++) {
        orc_error_field_t *field = &APR_ARRAY_IDX(error->fields, i, orc_error_field_t);
        const char *member = field->member;

        if (!member)
            continue;
        if (strcmp(member, "user_group") == 0)
            field->parameter = "nsfilter";
        else if (strncmp(member, INPUTS, length) == 0 && (!member[length] || member[length] == '/'))
            field->pointer = place_of(request, member + length);
        else
            field->pointer =
                strcmp(member, "template_id") == 0 ? "/orchestratorId" : apr_pstrcat(request->pool, "/", member, NULL);
        field->member = NULL;
    }
}

static orc_rules_submission_t read_wish(orc_error_t **error, const orc_request_t *request)
{
    orc_rules_submission_t wish = {
        .template_id = orc_json_string(request->json, "orchestratorId"),
        .template_inputs = read_inputs(error, request),
        .user_group = orc_request_parameter(request, "nsfilter"),
    };

    return wish;
}

/* Adds what else is wrong. */
static void check(orc_error_t **error, const orc_request_t *request, const orc_rules_submission_t *wish)
{
    const orc_rules_call_t call = orc_surface_call(request);

    orc_rules_submission_check(error, &call, wish);
    name_members(*error, request);
}

void orc_runs_check(orc_error_t **error, const orc_request_t *request)
{
    const orc_rules_submission_t wish = read_wish(error, request);

    check(error, request, &wish);
}

static orc_error_t *submit(const orc_request_t *request, const orc_rules_submission_t *wish)
{
    const orc_rules_call_t call = orc_surface_call(request);
    orc_error_t *error = orc_rules_submit(&call, wish);

    name_members(error, request);
    return error;
}

/* What is read behind the submission, in its transaction: the run as it was made, before an engine begins with it; with
 * a key, as what is kept of the answer. */
static orc_db_step_t reading(const orc_request_t *request, const orc_rules_submission_t *wish, int is_kept)
{
    const orc_identity_t *who = request->identity;
    orc_db_step_t step = {0};

    step.call =
        is_kept
            ? orc_db_kept(orc_sql_run_keep(.id = wish->operation_id, .caller = who->user_id, .method = request->method,
                                           .path = request->path, .key = request->idempotency_key),
                          request->pool)
            : orc_db_kept(orc_sql_run_get(.id = wish->operation_id, .user_group = orc_group_name(wish->user_group),
                                          .issuer = who->issuer, .said = "QUEUED", .caller = who->user_id,
                                          .is_admin = orc_value_flag(who->is_admin)),
                          request->pool);
    return step;
}

orc_error_t *orc_runs_post(const orc_request_t *request, orc_response_t *response)
{
    orc_error_t *error = NULL;
    orc_rules_submission_t wish = read_wish(&error, request);
    orc_db_step_t key, behind;

    if (error)
        check(&error, request, &wish);
    ORC_TRY(error);
    wish.id = orc_id_new(request->pool);
    wish.operation_id = orc_id_new(request->pool);
    orc_response_json(response, 200, "");
    if (orc_surface_idempotency_step(&key, request, response))
        wish.also = &key;
    behind = reading(request, &wish, wish.also != NULL);
    wish.behind = &behind;
    ORC_TRY(submit(request, &wish));
    orc_response_json(response, 200, orc_rows_named(&behind.rows, 0, "object"));
    return NULL;
}
