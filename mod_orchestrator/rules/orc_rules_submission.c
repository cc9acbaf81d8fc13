/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_submission.h"

#include <apr_strings.h>
#include <string.h>
#include <time.h>

#include "orc_id.h"
#include "orc_redact.h"
#include "orc_rules_internal.h"
#include "orc_rules_target.h"
#include "orc_rules_texts.h"
#include "orc_store_deployments.h"
#include "orc_time.h"
#include "orc_words.h"

enum {
    QUEUE_RETRY_SECONDS = 30,
    MAX_RUNS = 3, /* with a template that changes meanwhile */
};

static const apr_time_t costly = 5 * 1000; /* the work with a template's inputs and relations, in microseconds */

typedef struct submission_t {
    const orc_rules_call_t *call;
    const orc_rules_submission_t *wish;
    orc_error_t *wrong;                  /* in the wish: 422 */
    orc_error_t *unfit;                  /* in what was looked up: 422, only told when the caller may submit */
    apr_array_header_t *nodes;           /* of orc_tosca_node_t; NULL when the template or the inputs are no good */
    const orc_tosca_needs_t *needs;      /* what they ask of a place; NULL then, too */
    const json_t *inputs;                /* as they are stored */
    const orc_store_template_t *brought; /* the template, when it has to be stored */
    apr_array_header_t *notes;           /* of const char * */
    apr_time_t began;
} submission_t;

static int or_default(int given, int otherwise)
{
    return given ? given : otherwise;
}

static int total_mins(const orc_rules_submission_t *wish)
{
    return or_default(wish->tot_timeout_mins, ORC_RULES_DEFAULT_TOTAL_MINS);
}

static int provider_mins(const orc_rules_submission_t *wish)
{
    int most = total_mins(wish);

    return or_default(wish->per_provider_timeout_mins,
                      most < ORC_RULES_DEFAULT_PROVIDER_MINS ? most : ORC_RULES_DEFAULT_PROVIDER_MINS);
}

static void check_times(orc_error_t **wrong, const orc_rules_submission_t *wish, apr_pool_t *pool)
{
    if (provider_mins(wish) > total_mins(wish))
        orc_error_add_member(wrong, pool, "per_provider_timeout_mins", "must not be more than tot_timeout_mins, %d",
                             total_mins(wish));
}

/* Other clients' limits may be wider. */
static void cut_time(apr_array_header_t *notes, int *mins, const char *what)
{
    if (*mins <= ORC_RULES_DEFAULT_TOTAL_MINS)
        return;
    *mins = ORC_RULES_DEFAULT_TOTAL_MINS;
    APR_ARRAY_PUSH(notes, const char *) =
        apr_psprintf(notes->pool, "The time of %s is cut to %d minutes.", what, ORC_RULES_DEFAULT_TOTAL_MINS);
}

static void cut_times(apr_array_header_t *notes, orc_rules_submission_t *wish)
{
    cut_time(notes, &wish->tot_timeout_mins, "the whole");
    cut_time(notes, &wish->per_provider_timeout_mins, "one provider");
}

/* ---- the caller ---- */

orc_error_t *orc_rules_group_check(const orc_rules_call_t *call, const char *user_group)
{
    const orc_identity_t *who = call->who;
    const orc_issuer_config_t *issuer = orc_config_issuer(call->service->config, who->issuer);

    if (!orc_words_contain(who->groups, user_group))
        return orc_error(call->pool, 403, "forbidden.group", "You are not a member of the user group.");
    if (issuer && issuer->groups && issuer->groups->nelts > 0 && !orc_words_contain(issuer->groups, user_group))
        return orc_error(call->pool, 403, "forbidden.group", "The user group is not authorised here.");
    return NULL;
}

/* The group for who names none: the only one that the caller may act for. NULL, or a 403 that names the choices. */
static orc_error_t *group_default(const char **user_group, const orc_rules_call_t *call)
{
    const apr_array_header_t *groups = call->who->groups;
    apr_array_header_t *choices = apr_array_make(call->pool, 2, sizeof(const char *));
    int i;

    for (i = 0; groups && i < groups->nelts; i++) {
        const char *group = APR_ARRAY_IDX(groups, i, const char *);

        if (!orc_rules_group_check(call, group))
            APR_ARRAY_PUSH(choices, const char *) = group;
    }
    if (choices->nelts != 1)
        return orc_error(call->pool, 403, "forbidden.group", "A user group has to be named%s%s.",
                         choices->nelts ? ", one of: " : "; none of yours is authorised here",
                         apr_array_pstrcat(call->pool, choices, ','));
    *user_group = APR_ARRAY_IDX(choices, 0, const char *);
    return NULL;
}

/* ---- the template ---- */

/* A template as it is stored, or comes. */
typedef struct stored_t {
    const char *id;
    const char *content; /* NULL: there is no such template */
    const char *version;
    orc_rules_text_t text; /* one that came as its text */
} stored_t;

static orc_error_t *find_text(stored_t *stored, const submission_t *s)
{
    ORC_TRY(orc_rules_text_find(&stored->text, s->call, s->wish->template_text, s->wish->template_length, NULL));
    stored->id = stored->text.id;
    stored->content = stored->text.content;
    stored->version = stored->text.version;
    return NULL;
}

static orc_error_t *find_template(stored_t *stored, const submission_t *s)
{
    char *lower = apr_palloc(s->call->pool, ORC_ID_LENGTH + 1);
    orc_rows_t rows;

    *stored = (stored_t){0};
    if (s->wish->template_text)
        return find_text(stored, s);
    if (!orc_id_parse(s->wish->template_id, lower))
        return NULL;
    stored->id = lower;
    ORC_TRY(orc_db_read(s->call->service->db, &rows,
                        orc_sql_deployment_template_facts(.id = lower, .caller = s->call->who->user_id,
                                                          .is_admin = orc_value_flag(s->call->who->is_admin)),
                        s->call->pool));
    if (rows.count > 0) {
        const orc_sql_deployment_template_facts_row_t row = orc_sql_deployment_template_facts_row(&rows, 0);

        stored->content = row.content;
        stored->version = row.row_version;
    }
    return NULL;
}

/* The member of the wish that says which template. */
static const char *template_member(const submission_t *s)
{
    return s->wish->template_text ? "template_text" : "template_id";
}

/* What is parsed is kept for others only when the caller may use it: else anybody could fill the memory of it. */
static orc_error_t *parse(const orc_tosca_template_t **tosca, const stored_t *stored, const submission_t *s)
{
    orc_rules_parsed_t *parsed = s->call->service->rules->parsed;
    orc_tosca_template_t *own;

    if (!s->wish->user_group || orc_rules_group_check(s->call, s->wish->user_group)) {
        ORC_TRY(orc_tosca_parse(&own, stored->content, strlen(stored->content), s->call->service->types, "",
                                s->call->pool));
        *tosca = own;
        return NULL;
    }
    return orc_rules_parsed_add(tosca, parsed, stored->id, stored->version, stored->content, s->call->service->types,
                                "", s->call->pool);
}

/* The time that this thread was at work, in microseconds: how busy the machine is makes nothing costly. */
static apr_time_t worked(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return apr_time_from_sec(time.tv_sec) + time.tv_nsec / 1000;
}

/* Makes the resources of a template; what is wrong goes to `wrong` or `unfit`. */
static void plan(submission_t *s, const orc_tosca_template_t *tosca)
{
    apr_pool_t *pool = s->call->pool;
    apr_time_t begun = worked();
    orc_tosca_demand_t demand;
    json_t *complete;
    orc_error_t *error;

    orc_rules_note_repeated(s->notes, tosca);
    s->inputs = s->wish->is_lenient ? orc_tosca_inputs_coerce(s->notes, tosca, s->wish->template_inputs, pool)
                                    : s->wish->template_inputs;
    error = orc_tosca_inputs(&complete, tosca, s->inputs, "/template_inputs", pool);
    if (!error)
        error = orc_tosca_topology(&s->nodes, &demand, tosca, complete, pool);
    if (!error)
        s->needs = orc_tosca_needs(tosca, complete, pool);
    if (worked() - begun > costly)
        orc_rules_parsed_mark_costly(s->call->service->rules->parsed, tosca);
    if (!error)
        return;
    s->nodes = NULL;
    if (orc_error_is(error, ORC_REASON_INPUTS))
        orc_rules_add_mistakes(&s->wrong, error, pool);
    else
        orc_error_add_member(&s->unfit, pool, template_member(s), "%s", error->detail);
}

/* One that no template has yet. */
static orc_error_t *plan_text(submission_t *s, const orc_rules_text_t *text)
{
    const orc_tosca_template_t *tosca;

    ORC_TRY(orc_rules_text_parse(&tosca, &s->wrong, text, s->call));
    if (!tosca)
        return NULL;
    s->brought = orc_rules_text_row(text, tosca, s->call->pool);
    plan(s, tosca);
    return NULL;
}

/* Parses the template and makes the resources of it. What a template costs is not seen in its text, but in what it cost
 * before. */
static orc_error_t *plan_resources(submission_t *s, const stored_t *stored)
{
    orc_rules_parsed_t *parsed = s->call->service->rules->parsed;
    const orc_tosca_template_t *tosca;
    orc_error_t *error = NULL;

    if (!stored->content) {
        orc_error_add_member(&s->unfit, s->call->pool, "template_id", "is not the id of a template");
        return NULL;
    }
    if (stored->text.is_new)
        return plan_text(s, &stored->text);
    tosca = orc_rules_parsed_find(parsed, stored->id, stored->version, s->call->pool);
    if (!tosca || orc_rules_parsed_is_costly(parsed, tosca))
        ORC_TRY(orc_rules_visit_costs(s->call->visit));
    if (!tosca)
        error = parse(&tosca, stored, s);
    if (!error)
        plan(s, tosca);
    else
        orc_error_add_member(&s->unfit, s->call->pool, template_member(s),
                             "names a template that can't be deployed: %s",
                             error->fields ? APR_ARRAY_IDX(error->fields, 0, orc_error_field_t).detail : error->detail);
    return NULL;
}

/* The wish with what was not given filled in where that is the caller's own; *s is about it. */
static void begin(submission_t *s, orc_rules_submission_t *wish, const orc_rules_call_t *call,
                  const orc_rules_submission_t *given)
{
    *wish = *given;
    *s = (submission_t){
        .call = call, .wish = wish, .notes = orc_rules_notes(given->notes, call->pool), .began = orc_time_monotonic()};
    if (given->is_lenient)
        cut_times(s->notes, wish);
}

void orc_rules_submission_check(orc_error_t **error, const orc_rules_call_t *call, const orc_rules_submission_t *given)
{
    orc_rules_submission_t wish;
    submission_t s;
    stored_t stored;

    begin(&s, &wish, call, given);
    check_times(error, &wish, call->pool);
    if ((!wish.template_id && !wish.template_text) || !wish.template_inputs || find_template(&stored, &s) ||
        !stored.content || plan_resources(&s, &stored))
        return;
    if (s.wrong)
        orc_rules_add_mistakes(error, s.wrong, call->pool);
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
        json_array_append_new(resources, json_pack("{s:s, s:i, s:s, s:s, s:b, s:o}", "id", ids[i], "position", i,
                                                   "name", node->name, "type", node->type, "is_compute",
                                                   node->is_compute, "required_by", required_by));
    }
    return orc_json_text(resources, pool);
}

orc_error_t *orc_rules_queue_full(int max_queued, apr_pool_t *pool)
{
    orc_error_t *error = orc_error(pool, 429, "queue.full",
                                   "%d deployments of the user group are waiting for their turn already.", max_queued);

    error->retriable = 1;
    error->retry_after = QUEUE_RETRY_SECONDS;
    return error;
}

static const char *seal_inputs(const submission_t *s)
{
    return orc_secret_seal(s->call->service->config->secret_keys, ORC_SEALED_INPUTS, s->wish->id,
                           orc_json_text(s->inputs, s->call->pool), s->call->pool);
}

/* *is_outdated: the template was changed or removed since it was read. */
static orc_error_t *store(int *is_outdated, const submission_t *s, const stored_t *stored)
{
    const orc_rules_submission_t *wish = s->wish;
    const orc_rules_call_t *call = s->call;
    int has_secrets;
    const json_t *shown = orc_redact(s->inputs, &has_secrets, call->pool);
    const orc_store_submission_t row = {
        .id = wish->id,
        .operation_id = wish->operation_id,
        .template_id = stored->id,
        .template_version = stored->version,
        .brought = s->brought,
        .template_inputs = orc_json_text(shown, call->pool),
        .template_inputs_sealed = has_secrets ? seal_inputs(s) : NULL,
        .user_group = wish->user_group,
        .user_group_issuer = call->who->issuer,
        .per_provider_max_retries = or_default(wish->per_provider_max_retries, ORC_RULES_DEFAULT_RETRIES),
        .max_providers = wish->max_providers,
        .tot_timeout_mins = total_mins(wish),
        .per_provider_timeout_mins = provider_mins(wish),
        .keep_last_attempt = wish->keep_last_attempt,
        .target_provider = wish->target_provider,
        .target_region = wish->target_region,
        .callback = wish->callback ? wish->callback->url : NULL,
        .callback_host = wish->callback ? wish->callback->host : NULL,
        .caller = call->who->user_id,
        .correlation_id = call->correlation_id,
        .resources = render_resources(s->nodes, call->pool),
        .notes = orc_rules_notes_text(s->notes, call->pool),
        .max_queued = call->service->config->max_queued_per_group,
        .checked = orc_time_monotonic() - s->began,
    };
    orc_error_t *error;
    int is_full;

    error = orc_store_deployment_submit(&is_full, is_outdated, call->service->db, &row, wish->also, wish->behind,
                                        call->pool);
    if (is_full)
        return orc_rules_queue_full(row.max_queued, call->pool);
    return orc_db_is_reference(error) ? orc_rules_gone(call->pool) : error;
}

/* `unnamed`: there is no group, and none that could be meant. */
static orc_error_t *submit(int *is_outdated, const orc_rules_call_t *call, const orc_rules_submission_t *given,
                           orc_error_t *unnamed)
{
    orc_rules_submission_t wish;
    submission_t s;
    stored_t stored;

    begin(&s, &wish, call, given);
    check_times(&s.wrong, &wish, call->pool);
    ORC_TRY(find_template(&stored, &s));
    ORC_TRY(plan_resources(&s, &stored));
    ORC_TRY(s.wrong);
    ORC_TRY(unnamed ? unnamed : orc_rules_group_check(call, wish.user_group));
    orc_rules_target_check(&s.unfit, call,
                           &(orc_rules_target_t){wish.user_group, wish.target_provider, wish.target_region, s.needs});
    ORC_TRY(s.unfit);
    return store(is_outdated, &s, &stored);
}

orc_error_t *orc_rules_submit(const orc_rules_call_t *call, const orc_rules_submission_t *given)
{
    orc_rules_submission_t wish = *given;
    orc_error_t *unnamed = NULL;
    int is_outdated = 0, run;

    if (given->user_group)
        wish.user_group = orc_group_name(given->user_group);
    else
        unnamed = group_default(&wish.user_group, call);
    for (run = 0; run < MAX_RUNS; run++) {
        ORC_TRY(submit(&is_outdated, call, &wish, unnamed));
        if (!is_outdated)
            return NULL;
    }
    return orc_error(call->pool, 503, "template.busy", "The template is being changed over and over; try again.");
}
