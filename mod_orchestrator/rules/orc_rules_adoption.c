/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_adoption_internal.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_id.h"
#include "orc_identity.h"
#include "orc_redact.h"
#include "orc_rules_texts.h"
#include "orc_url.h"
#include "orc_utf8.h"

/* Deciding what a deployment of the former orchestrator becomes. */

enum {
    MAX_TEMPLATE = 1024 * 1024,
    MAX_REASON = 64 * 1024, /* bytes of what was told of a failure, with IM's log in it; the rest is left out */
};

#define UNTOLD "The former orchestrator told no reason."

static const orc_rules_fate_t fates[] = {
    {"CREATE_COMPLETE", "succeeded", NULL, NULL, 1, 1, NULL, 0},
    {"CREATE_FAILED", "failed", NULL, NULL, 0, 0, UNTOLD, 0},
    {"CREATE_IN_PROGRESS", "in progress", NULL, NULL, 1, 0, NULL, 0},
    {"UPDATE_COMPLETE", "succeeded", "UPDATE", "succeeded", 1, 1, NULL, 0},
    {"UPDATE_FAILED", "succeeded", "UPDATE", "failed", 1, 1, UNTOLD, 0},
    {"UPDATE_IN_PROGRESS", "succeeded", "UPDATE", "failed", 1, 1,
     "It was being updated when it was taken over from the former orchestrator. Another update sends everything again.",
     1},
    {"DELETE_COMPLETE", "succeeded", "DELETE", "succeeded", 0, 0, NULL, 0},
    {"DELETE_FAILED", "succeeded", "DELETE", "failed", 0, 0, UNTOLD, 0},
    {"DELETE_IN_PROGRESS", "succeeded", "DELETE", NULL, 0, 0, NULL, 0},
    {"UNKNOWN", "succeeded", NULL, NULL, 1, 1, "The former orchestrator did not know its status.", 0},
};
/* Where there has to be an infrastructure and none is known. */
static const orc_rules_fate_t lost = {
    "CREATE_FAILED",
    "failed",
    NULL,
    NULL,
    0,
    0,
    "The former orchestrator knew of no infrastructure of it when it was taken over. A retry creates it anew.",
    1};
/* A creation that was at work, of which it can't be told when it is complete. */
static const orc_rules_fate_t given_up = {
    "CREATE_FAILED",
    "failed",
    NULL,
    NULL,
    1,
    0,
    "It was being created when it was taken over, and this service can't tell from its template when it is complete. "
    "What there is of it is kept.",
    1};

static orc_error_t *refuse(apr_pool_t *pool, const char *why)
{
    return orc_error(pool, 422, "adoption", "%s", why);
}

static void note(apr_array_header_t *notes, const char *sentence)
{
    APR_ARRAY_PUSH(notes, const char *) = sentence;
}

static int is_text(const char *text)
{
    json_t *value = json_string(text);

    json_decref(value);
    return value != NULL;
}

/* ---- the status ---- */

static orc_error_t *find_fate(orc_rules_adoption_t *adoption, apr_array_header_t *notes, apr_pool_t *pool)
{
    const orc_rules_adoptee_t *adoptee = adoption->adoptee;
    apr_size_t i;

    for (i = 0; i < sizeof(fates) / sizeof(*fates) && !adoption->fate; i++) {
        if (strcmp(fates[i].status, adoptee->status) == 0)
            adoption->fate = &fates[i];
    }
    if (!adoption->fate)
        return refuse(pool, apr_pstrcat(pool, "its status is none that is known: ", adoptee->status, NULL));
    if (!adoption->fate->needs_infrastructure || adoptee->infra_id)
        return NULL;
    note(notes,
         apr_psprintf(pool,
                      "It was %s, and the former orchestrator knew of no infrastructure: it is CREATE_FAILED. If "
                      "one was made, IM has it with the tag PAAS_DEP_UUID=%s.",
                      adoptee->status, adoptee->id));
    adoption->fate = &lost;
    return NULL;
}

int orc_rules_fate_is_gone(const orc_rules_fate_t *fate)
{
    return strcmp(fate->status, "DELETE_COMPLETE") == 0;
}

int orc_rules_fate_is_asked(const orc_rules_fate_t *fate)
{
    return fate->after && !fate->after_state;
}

static int is_going_on(const orc_rules_adoption_t *adoption)
{
    return strcmp(adoption->fate->creation, "in progress") == 0;
}

static void find_reason(orc_rules_adoption_t *adoption, apr_pool_t *pool)
{
    const char *told = adoption->adoptee->reason;
    apr_size_t length = told ? strlen(told) : 0;
    int ignored;

    if (!adoption->fate->reason)
        return;
    adoption->reason = adoption->fate->reason;
    if (!length || adoption->fate->is_told_now)
        return;
    if (length > MAX_REASON)
        told = apr_pstrmemdup(pool, told, orc_utf8_cut(told, MAX_REASON));
    adoption->reason = orc_redact_text(told, &ignored, pool);
}

/* ---- the template ---- */

static orc_error_t *check_template(const char *text, apr_pool_t *pool)
{
    if (!text || !*text)
        return refuse(pool, "it has no template");
    if (strlen(text) > MAX_TEMPLATE)
        return refuse(pool, "its template has more than 1 MiB");
    return is_text(text) ? NULL : refuse(pool, "its template is not UTF-8");
}

/* Its row; one that could not be read says nothing of itself. */
static void describe_template(orc_rules_adoption_t *adoption, const orc_tosca_template_t *tosca, apr_pool_t *pool)
{
    const char *content = adoption->adoptee->template_text;
    const orc_rules_text_t text = {
        .content = content, .checksum = orc_secret_sha256(content, strlen(content), pool), .length = strlen(content)};

    adoption->template_row = *orc_rules_text_row(&text, tosca, pool);
}

static const char *places(const orc_error_t *error, apr_pool_t *pool)
{
    const char *text = "";
    int i;

    for (i = 0; error->fields && i < error->fields->nelts && i < 10; i++) {
        const char *pointer = APR_ARRAY_IDX(error->fields, i, orc_error_field_t).pointer;

        text = apr_pstrcat(pool, text, i ? ", " : "", pointer ? pointer : "", NULL);
    }
    return text;
}

static const orc_tosca_template_t *parse(const orc_rules_adoption_t *adoption, const orc_service_t *service,
                                         apr_array_header_t *notes, apr_pool_t *pool)
{
    const char *text = adoption->adoptee->template_text;
    orc_tosca_template_t *tosca;
    orc_error_t *error = orc_tosca_parse(&tosca, text, strlen(text), service->types, "", pool);

    if (!error)
        return tosca;
    note(notes,
         apr_psprintf(pool, "Its template can't be used here, so that it can't be updated: %s",
                      error->fields && error->fields->nelts ? APR_ARRAY_IDX(error->fields, 0, orc_error_field_t).detail
                                                            : error->detail));
    return NULL;
}

/* The inputs as its template declares them, and its topology; NULL: as they were, and not known. */
static const apr_array_header_t *plan(const json_t **inputs, orc_rules_adoption_t *adoption,
                                      const orc_tosca_template_t *tosca, apr_array_header_t *notes, apr_pool_t *pool)
{
    apr_array_header_t *nodes, *names;
    orc_tosca_demand_t demand;
    json_t *complete;
    json_t *coerced = orc_tosca_inputs_coerce(notes, tosca, adoption->adoptee->inputs, pool);
    orc_error_t *error = orc_tosca_inputs(&complete, tosca, coerced, "", pool);
    int i;

    *inputs = coerced;
    if (!error)
        error = orc_tosca_topology(&nodes, &demand, tosca, complete, pool);
    if (error) {
        note(notes, apr_psprintf(pool,
                                 "Its inputs do not fit its template (%s), so that other ones are needed when it is "
                                 "updated.",
                                 error->fields ? places(error, pool) : error->detail));
        return NULL;
    }
    names = orc_tosca_output_names(tosca, pool);
    adoption->creation.outputs = orc_json_own(json_array(), pool);
    for (i = 0; i < names->nelts; i++)
        json_array_append_new(adoption->creation.outputs, json_string(APR_ARRAY_IDX(names, i, const char *)));
    adoption->creation.machines = demand.machines;
    adoption->creation.wants_public = demand.wants_public;
    return nodes;
}

/* ---- the callback ---- */

static void read_callback(orc_rules_adoption_t *adoption, const orc_service_t *service, apr_array_header_t *notes,
                          apr_pool_t *pool)
{
    const orc_rules_call_t call = {.service = service, .pool = pool};
    const char *url = adoption->adoptee->callback, *mistake;

    if (!url || !*url)
        return;
    mistake = orc_rules_callback_read(&adoption->callback, &call, url);
    if (mistake)
        note(notes, apr_psprintf(pool, "Its callback %s: it is left out.", mistake));
    else if (adoption->callback.note)
        note(notes, adoption->callback.note);
    if (mistake)
        adoption->callback.url = NULL;
}

/* ---- all of it ---- */

void orc_rules_adoption_seal(const char **shown, const char **sealed, const json_t *value,
                             const orc_secret_keys_t *keys, orc_sealed_t column, const char *row, apr_pool_t *pool)
{
    int has_secrets;

    *shown = orc_json_text(orc_redact(value, &has_secrets, pool), pool);
    *sealed = has_secrets ? orc_secret_seal(keys, column, row, orc_json_text(value, pool), pool) : NULL;
}

static void add_line(json_t *lines, const char *level, const char *message)
{
    json_array_append_new(lines, json_pack("{s:s, s:s}", "level", level, "message", message));
}

static void write_lines(orc_rules_adoption_t *adoption, const apr_array_header_t *notes, apr_pool_t *pool)
{
    json_t *lines = orc_json_own(json_array(), pool);
    int i;

    add_line(lines, "info",
             apr_psprintf(pool, "It was taken over from the former orchestrator, where it was %s.",
                          adoption->adoptee->status));
    if (adoption->reason)
        add_line(lines, "error", adoption->reason);
    for (i = 0; i < notes->nelts; i++)
        add_line(lines, "warning", APR_ARRAY_IDX(notes, i, const char *));
    adoption->lines = orc_json_text(lines, pool);
}

static orc_error_t *check(const orc_rules_adoptee_t *adoptee, apr_pool_t *pool)
{
    char lower[ORC_ID_LENGTH + 1];

    if (!orc_id_parse(adoptee->id, lower) || strcmp(lower, adoptee->id) != 0)
        return refuse(pool, "its id is no UUID in lower case");
    if (!adoptee->issuer || !adoptee->subject || !*adoptee->issuer || !*adoptee->subject)
        return refuse(pool, "it has no owner");
    if (!adoptee->user_group || !*adoptee->user_group)
        return refuse(pool, "it has no user group");
    return check_template(adoptee->template_text, pool);
}

static void prepare(orc_rules_adoption_t *adoption, const orc_service_t *service, apr_array_header_t *notes,
                    apr_pool_t *pool)
{
    const orc_rules_adoptee_t *adoptee = adoption->adoptee;
    const orc_secret_keys_t *keys = service->config->secret_keys;
    const json_t *inputs = adoptee->inputs;
    const orc_tosca_template_t *tosca = parse(adoption, service, notes, pool);
    const apr_array_header_t *topology = tosca ? plan(&inputs, adoption, tosca, notes, pool) : NULL;

    describe_template(adoption, tosca, pool);
    if (is_going_on(adoption) && !topology)
        adoption->fate = &given_up;
    find_reason(adoption, pool);
    orc_rules_adoption_seal(&adoption->inputs, &adoption->inputs_sealed, inputs, keys, ORC_SEALED_INPUTS, adoptee->id,
                            pool);
    orc_rules_adoption_seal(&adoption->outputs, &adoption->outputs_sealed, adoptee->outputs, keys, ORC_SEALED_OUTPUTS,
                            adoptee->id, pool);
    orc_rules_adoption_nodes(adoption, topology, keys, pool);
    read_callback(adoption, service, notes, pool);
    write_lines(adoption, notes, pool);
}

orc_error_t *orc_rules_adoption(orc_rules_adoption_t **out, const orc_rules_adopted_creation_t **creation,
                                const orc_service_t *service, const orc_rules_adoptee_t *adoptee,
                                apr_array_header_t *notes, apr_pool_t *pool)
{
    orc_rules_adoption_t *adoption = apr_pcalloc(pool, sizeof *adoption);

    adoption->adoptee = adoptee;
    ORC_TRY(check(adoptee, pool));
    ORC_TRY(find_fate(adoption, notes, pool));
    adoption->issuer = orc_url_trimmed(adoptee->issuer, pool);
    adoption->user_group = orc_group_name(adoptee->user_group);
    adoption->operation_id = orc_id_new(pool);
    if (adoption->fate->after)
        adoption->after_id = orc_id_new(pool);
    adoption->creation.tag = orc_id_new(pool);
    adoption->creation.name =
        apr_psprintf(pool, "Attempt 1 at %s", adoptee->provider ? adoptee->provider : "a provider");
    prepare(adoption, service, notes, pool);
    *creation = is_going_on(adoption) ? &adoption->creation : NULL;
    *out = adoption;
    return NULL;
}
