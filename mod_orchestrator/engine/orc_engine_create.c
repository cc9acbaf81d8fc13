/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_engine_internal.h"
#include "orc_engine_judge.h"
#include "orc_engine_placement.h"
#include "orc_engine_story.h"
#include "orc_id.h"
#include "orc_log.h"
#include "orc_tosca.h"

/*
 * CREATE. Its memory, `progress`:
 *   candidates, at, tries, since   the providers, which one it is at, attempts there, since when
 *   outputs, machines, public      what the template declares
 *   attempt                        {number, name, provider, region, project, endpoint, tag, asked, since, infra,
 * failed} leftovers                      what former attempts may have left at IM (orc_engine_removal.c) story, end,
 * verdict            why attempts failed, and why there is no further one
 */

enum {
    DOUBTS = 3,      /* looks at a doubtful state before it is believed */
    MISSES = 2,      /* 404s before an infrastructure is lost */
    SHORTAGES = 5,   /* looks at fewer machines than expected, all configured, before IM is believed */
    SETTLING = 40,   /* times delete_repeat, that a complete deployment waits for the end of failed attempts */
    UNANSWERED = 10, /* creations that IM never answered, before the attempt is given up */
};

#define NEVER_TOLD "the Infrastructure Manager did not tell in the time of one provider what became of the creation"

static json_t *attempt_of(const orc_task_t *task)
{
    return json_object_get(task->progress, "attempt");
}

static int count_up(orc_task_t *task, const char *key)
{
    int count = (int)orc_json_integer(task->progress, key, 0) + 1;

    json_object_set_new(task->progress, key, json_integer(count));
    return count;
}

static void forget_doubts(orc_task_t *task)
{
    json_object_del(task->progress, "doubts");
    json_object_del(task->progress, "misses");
    json_object_del(task->progress, "shortages");
}

static void show_resources(orc_task_t *task, int status)
{
    if (orc_json_integer(task->progress, "shown", -1) == status)
        return;
    json_object_set_new(task->progress, "shown", json_integer(status));
    json_object_set_new(orc_task_changes(task), "all_resources", json_integer(status));
}

static int is_late(const orc_task_t *task)
{
    return task->work->deadline && orc_task_now(task) >= task->work->deadline;
}

static int is_late_at_provider(const orc_task_t *task)
{
    return orc_task_since(task, task->progress, "since") >=
           apr_time_from_sec(60) * task->work->per_provider_timeout_mins;
}

/* Complete in time, and held up only by what former attempts left, for a while: no timeout ends that. */
static int is_settling(const orc_task_t *task)
{
    return task->phase == ORC_PHASE_COLLECTING && json_object_get(task->progress, "complete") &&
           orc_task_since(task, task->progress, "complete") < task->engine->config->delete_repeat * SETTLING;
}

/* ---- attempts ---- */

static int has_more_at_provider(const orc_task_t *task)
{
    return json_object_get(task->progress, "since") && !json_is_true(json_object_get(task->progress, "done_there")) &&
           orc_json_integer(task->progress, "tries", 0) < task->work->per_provider_max_retries &&
           !is_late_at_provider(task);
}

static int has_more_attempts(const orc_task_t *task)
{
    const json_t *candidates = json_object_get(task->progress, "candidates");

    return !is_late(task) && (has_more_at_provider(task) ||
                              (size_t)orc_json_integer(task->progress, "at", -1) + 1 < json_array_size(candidates));
}

static void record(orc_task_t *task, int success)
{
    const orc_provider_t *provider =
        orc_providers_find(task->engine->service->providers, orc_json_string(attempt_of(task), "provider"));

    if (provider)
        json_object_set_new(orc_task_changes(task), "record",
                            json_pack("{s:s, s:b}", "name", provider->name, "success", success));
}

/* The attempt failed. `nothing_left`: certainly nothing was made. */
static void fail_attempt(orc_task_t *task, int nothing_left, const char *reason)
{
    json_t *attempt = attempt_of(task), *step;
    int number = (int)orc_json_integer(attempt, "number", 0);

    orc_story_attempt(task->progress, orc_json_string(attempt, "provider"), reason);
    step = orc_story_end_step(orc_task_changes(task), attempt, "failed", reason);
    if (nothing_left) {
        json_object_set_new(step, "removed", json_true());
        json_object_del(task->progress, "attempt");
    }
    else {
        json_object_set_new(attempt, "failed", json_true());
    }
    orc_story_log(orc_task_changes(task), "error", "infrastructure_creation", number, "%s",
                  orc_story_because(task->pool, reason, "%s failed", orc_json_string(step, "name")));
    if (!nothing_left)
        record(task, 0);
    show_resources(task, ORC_RESOURCE_ERROR);
    orc_task_describe(task, "%s", orc_story_because(task->pool, reason, "An attempt failed"));
    orc_task_poll_soon(task);
    forget_doubts(task);
}

/* An unanswered creation, or one that may come back, is remembered. */
static void leave(orc_task_t *task, json_t *entry)
{
    json_t *leftovers = json_object_get(task->progress, "leftovers");

    if (!leftovers) {
        leftovers = json_array();
        json_object_set_new(task->progress, "leftovers", leftovers);
    }
    json_array_append(leftovers, entry);
}

/* ---- placing ---- */

static void log_refusals(orc_task_t *task, const json_t *refusals)
{
    size_t i;

    for (i = 0; i < json_array_size(refusals); i++) {
        const json_t *refusal = json_array_get(refusals, i);

        orc_story_log(orc_task_changes(task), "info", "provider_filtering", 1, "%s",
                      orc_story_because(task->pool, orc_json_string(refusal, "reason"), "Provider %s is left out",
                                        orc_json_string(refusal, "provider")));
    }
}

/* Providers of other groups are the administrator's to know. */
static void log_strangers(const orc_task_t *task, const orc_placement_t *placement)
{
    const json_t *name;
    const char *names = "";
    size_t i;

    json_array_foreach(placement->strangers, i, name)
    {
        names = apr_pstrcat(task->pool, names, i ? ", " : "", json_string_value(name), NULL);
    }
    if (*names)
        orc_log(json_array_size(placement->candidates) ? ORC_LOG_DEBUG : ORC_LOG_INFO,
                "operation %s: the group %s of %s is not served by %s", task->work->id, task->work->user_group,
                task->work->user_group_issuer, names);
}

static orc_error_t *find_candidates(orc_placement_t *placement, orc_task_t *task)
{
    const orc_work_t *work = task->work;
    orc_placement_wish_t wish = {0};
    apr_array_header_t *records;
    orc_error_t *error;
    orc_db_t *db;

    wish.group = work->user_group;
    wish.issuer = work->user_group_issuer;
    wish.type = work->provider_type;
    wish.provider = work->target_provider;
    wish.region = work->target_region;
    error = orc_db_open(&db, task->engine->source, task->pool);
    if (!error)
        error = orc_store_records(&records, db, task->pool);
    orc_db_close(db);
    if (error)
        return error;
    orc_engine_place(placement, task->engine->service->providers, &wish, records, work->max_providers,
                     task->engine->config->im_url, task->pool);
    return NULL;
}

static orc_error_t *read_template(orc_tosca_template_t **tosca, orc_task_t *task)
{
    return orc_tosca_parse(tosca, task->work->content, strlen(task->work->content), task->engine->service->types, "",
                           task->pool);
}

/* What the template asks for, kept for the later phases, which then can do without it. */
static orc_error_t *note_demand(orc_task_t *task)
{
    orc_tosca_demand_t demand;
    orc_tosca_template_t *tosca;
    apr_array_header_t *nodes, *names;
    json_t *complete, *outputs = json_array();
    int i;

    json_object_set_new(task->progress, "outputs", outputs);
    ORC_TRY(read_template(&tosca, task));
    ORC_TRY(orc_tosca_inputs(&complete, tosca, task->work->inputs, "", task->pool));
    ORC_TRY(orc_tosca_topology(&nodes, &demand, tosca, complete, task->pool));
    names = orc_tosca_output_names(tosca, task->pool);
    for (i = 0; i < names->nelts; i++)
        json_array_append_new(outputs, json_string(APR_ARRAY_IDX(names, i, const char *)));
    json_object_set_new(task->progress, "machines", json_integer(demand.machines));
    json_object_set_new(task->progress, "public", json_boolean(demand.wants_public));
    return NULL;
}

static const char *nobody_serves(const orc_task_t *task, const json_t *refusals)
{
    const char *reasons = "";
    size_t i;

    if (!json_array_size(refusals))
        reasons = apr_psprintf(task->pool, "none serves the group %s", task->work->user_group);
    for (i = 0; i < json_array_size(refusals) && i < 10; i++)
        reasons = apr_psprintf(task->pool, "%s%s%s: %s", reasons, i ? "; " : "",
                               orc_json_string(json_array_get(refusals, i), "provider"),
                               orc_json_string(json_array_get(refusals, i), "reason"));
    return orc_story_because(task->pool, reasons, "No provider can serve this deployment");
}

/* False: the step has ended. */
static int prepare(orc_task_t *task)
{
    json_t *step;
    orc_placement_t placement;
    orc_error_t *error = note_demand(task);

    if (error) {
        json_object_set_new(task->progress, "end", json_string(error->detail));
        orc_task_event(task, ORC_EVENT_NO_PROVIDER);
        return 0;
    }
    error = find_candidates(&placement, task);
    if (error) {
        orc_log(ORC_LOG_INFO, "operation %s: %s", task->work->id, orc_error_line(error, task->pool));
        orc_task_end(task, apr_time_from_sec(1));
        return 0;
    }
    json_object_set(task->progress, "candidates", placement.candidates);
    json_object_set_new(task->progress, "steps", json_integer(1));
    step = orc_story_step(orc_task_changes(task), 1, "provider_filtering", "Choose providers");
    log_refusals(task, placement.refusals);
    log_strangers(task, &placement);
    if (!json_array_size(placement.candidates)) {
        json_object_set_new(step, "status", json_string("failed"));
        json_object_set_new(task->progress, "end", json_string(nobody_serves(task, placement.refusals)));
    }
    else {
        json_object_set_new(step, "status", json_string("succeeded"));
    }
    return 1;
}

static void open_attempt(orc_task_t *task)
{
    const json_t *candidate = json_array_get(json_object_get(task->progress, "candidates"),
                                             (size_t)orc_json_integer(task->progress, "at", 0));
    json_t *attempt = json_deep_copy(candidate);
    int number = count_up(task, "steps");

    json_object_set_new(attempt, "number", json_integer(number));
    json_object_set_new(attempt, "stage", json_string("infrastructure_creation"));
    json_object_set_new(attempt, "name",
                        json_string(apr_psprintf(task->pool, "Attempt %d at %s",
                                                 (int)orc_json_integer(task->progress, "failed_attempts", 0) + 1,
                                                 orc_json_string(candidate, "provider"))));
    json_object_set_new(task->progress, "attempt", attempt);
}

void orc_create_act_place(orc_task_t *task)
{
    json_t *progress = task->progress;

    if (!task->work->content) {
        /* It was claimed in a phase that needs no template: again, with it. */
        orc_task_end(task, 0);
        return;
    }
    if (!json_object_get(progress, "candidates") && !prepare(task))
        return;
    if (!has_more_attempts(task)) {
        if (!json_object_get(progress, "end"))
            json_object_set_new(progress, "end", json_string("No further attempt is left."));
        orc_task_event(task, ORC_EVENT_NO_PROVIDER);
        return;
    }
    if (!has_more_at_provider(task)) {
        json_object_set_new(progress, "at", json_integer(orc_json_integer(progress, "at", -1) + 1));
        json_object_set_new(progress, "tries", json_integer(0));
        json_object_set_new(progress, "since", json_integer(orc_task_now(task)));
        json_object_del(progress, "done_there");
    }
    count_up(task, "tries");
    json_object_del(progress, "unanswered");
    open_attempt(task);
    orc_task_event(task, ORC_EVENT_PLACED);
}

/* ---- submitting ---- */

static apr_array_header_t *users_of(const orc_task_t *task)
{
    const json_t *owners = task->work->owners;
    apr_array_header_t *users = apr_array_make(task->pool, 2, sizeof(orc_tosca_user_t));
    size_t i;

    for (i = 0; i < json_array_size(owners); i++) {
        orc_tosca_user_t *user = apr_array_push(users);

        user->os_user_name = orc_json_string(json_array_get(owners, i), "name");
        user->os_user_ssh_public_key = orc_json_string(json_array_get(owners, i), "key");
    }
    return users;
}

static void add_tag(apr_array_header_t *tags, const char *name, const char *value)
{
    orc_tosca_tag_t *tag;

    if (!value)
        return;
    tag = apr_array_push(tags);
    tag->name = name;
    tag->value = value;
}

static orc_error_t *render(const char **text, orc_task_t *task)
{
    const orc_config_t *config = task->engine->config;
    orc_tosca_rendering_t rendering = {0};
    apr_array_header_t *tags = apr_array_make(task->pool, 4, sizeof(orc_tosca_tag_t));
    orc_tosca_template_t *tosca;

    ORC_TRY(read_template(&tosca, task));
    add_tag(tags, "PAAS_URL", config->public_url);
    add_tag(tags, "PAAS_DEP_UUID", task->work->deployment_id);
    add_tag(tags, "PAAS_DEP_USER_EMAIL", task->work->email);
    add_tag(tags, ORC_ENGINE_TAG, orc_json_string(attempt_of(task), "tag"));
    rendering.inputs = task->work->inputs;
    rendering.users_input = config->users_input;
    rendering.users = users_of(task);
    rendering.tags = tags;
    rendering.infra_name = task->work->deployment_id;
    return orc_tosca_render(text, tosca, &rendering, task->pool);
}

static void open_step(orc_task_t *task)
{
    static const char *const copied[] = {"provider", "region", "tag", "endpoint", "infra"};
    const json_t *attempt = attempt_of(task);
    json_t *step = orc_story_step(orc_task_changes(task), (int)orc_json_integer(attempt, "number", 0),
                                  orc_json_string(attempt, "stage"), orc_json_string(attempt, "name"));
    size_t i;

    for (i = 0; i < sizeof copied / sizeof *copied; i++) {
        json_t *value = json_object_get(attempt, copied[i]);

        if (value)
            json_object_set(step, copied[i], value);
    }
}

/* Just before a creation is sent: from here on, whoever has the operation knows that IM may have made something. */
static int reserve(orc_task_t *task)
{
    json_t *attempt = attempt_of(task);

    json_object_set_new(attempt, "asked", json_true());
    json_object_set_new(attempt, "since", json_integer(orc_task_now(task)));
    open_step(task);
    json_object_set(orc_task_changes(task), "platform", json_object_get(attempt, "provider"));
    orc_task_describe(task, "%s: is being submitted.", orc_json_string(attempt, "name"));
    show_resources(task, ORC_RESOURCE_CREATING);
    if (!json_object_get(attempt, "told")) {
        json_object_set_new(attempt, "told", json_true());
        orc_story_log(orc_task_changes(task), "info", "infrastructure_creation",
                      (int)orc_json_integer(attempt, "number", 0), "%s begins.", orc_json_string(attempt, "name"));
    }
    return orc_task_note(task);
}

static void on_made(orc_task_t *task, const char *infra, const char *how)
{
    json_t *attempt = attempt_of(task);

    json_object_set_new(attempt, "infra", json_string(infra));
    open_step(task);
    json_object_set_new(orc_task_changes(task), "deployment",
                        json_pack("{s:s, s:O, s:O, s:O, s:O?}", "im_infra_id", infra, "im_endpoint",
                                  json_object_get(attempt, "endpoint"), "project", json_object_get(attempt, "project"),
                                  "provider", json_object_get(attempt, "provider"), "region",
                                  json_object_get(attempt, "region")));
    orc_story_log(orc_task_changes(task), "info", "infrastructure_creation",
                  (int)orc_json_integer(attempt, "number", 0), "%s: infrastructure %s %s.",
                  orc_json_string(attempt, "name"), infra, how);
    orc_task_describe(task, "%s: machines are being made.", orc_json_string(attempt, "name"));
    orc_task_poll_soon(task);
    forget_doubts(task);
    orc_task_event(task, ORC_EVENT_MADE);
}

/* The lease is somebody else's by now, but what IM made is worth knowing. The deployment may have gone by force. */
static void note_made(orc_task_t *task, const char *infra)
{
    int is_noted = 1;
    orc_error_t *error;
    apr_pool_t *pool;
    orc_db_t *db;

    apr_pool_create(&pool, task->pool);
    error = orc_db_open(&db, task->engine->source, pool);
    if (!error)
        error = orc_store_made(&is_noted, db, task->work->id, orc_json_string(attempt_of(task), "tag"), infra, pool);
    if (error)
        orc_log(ORC_LOG_INFO, "operation %s: %s", task->work->id, orc_error_line(error, pool));
    apr_pool_destroy(pool);
    if (!is_noted)
        orc_removal_tell_late(task, attempt_of(task), infra);
}

static void on_created(orc_task_t *task, const orc_im_result_t *result)
{
    json_t *attempt = attempt_of(task);

    if (task->is_lost) {
        if (result->kind == ORC_IM_OK)
            note_made(task, result->infra_id);
        return;
    }
    switch (result->kind) {
    case ORC_IM_OK:
        on_made(task, result->infra_id, "is being made");
        return;
    case ORC_IM_UNKNOWN_RESULT:
    case ORC_IM_BAD_ANSWER:
        /* It may be there: next time it is looked for. */
        orc_task_describe(task, "%s: the answer got lost; looks for what was made.", orc_json_string(attempt, "name"));
        orc_task_end(task, task->engine->config->poll_min);
        return;
    default:
        json_object_del(attempt, "asked");
    }
    if (orc_task_is_sick(task, result))
        return;
    if (result->kind == ORC_IM_BAD_TEMPLATE)
        json_object_set_new(task->progress, "done_there", json_true());
    fail_attempt(task, 1, result->error ? result->error->detail : "the Infrastructure Manager refused it");
    orc_task_event(task, ORC_EVENT_REFUSED);
}

/* The provider was chosen a while ago, perhaps by a daemon with other providers; NULL: it still is one. */
static const char *no_provider_any_more(const orc_task_t *task)
{
    const orc_provider_t *provider =
        orc_providers_find(task->engine->service->providers, orc_json_string(attempt_of(task), "provider"));

    return !provider               ? "the provider is not configured any more"
           : !provider->is_enabled ? "the provider is disabled now"
           : !orc_provider_project(provider, task->work->user_group_issuer, task->work->user_group)
               ? "the provider does not serve the group any more"
               : NULL;
}

static void send_creation(orc_task_t *task)
{
    orc_call_t call = orc_task_call_about(attempt_of(task), ORC_CALL_CREATE, on_created);
    const char *reason = no_provider_any_more(task);
    orc_error_t *error = NULL;

    if (!orc_json_string(attempt_of(task), "tag"))
        json_object_set_new(attempt_of(task), "tag", json_string(orc_id_new(task->pool)));
    if (!reason)
        error = render(&call.tosca, task);
    if (reason || error) {
        json_object_set_new(task->progress, "done_there", json_true());
        fail_attempt(task, 1, reason ? reason : error->detail);
        orc_task_event(task, ORC_EVENT_REFUSED);
        return;
    }
    call.before = reserve;
    orc_task_call(task, &call);
}

/* It was not made, as far as one can know: another tag, and the old one is looked for again at the end. */
static void submit_anew(orc_task_t *task)
{
    json_t *attempt = attempt_of(task), *former = json_deep_copy(attempt);

    orc_story_end_step(orc_task_changes(task), attempt, "failed",
                       "The creation was never answered, and nothing that it made was found.");
    orc_story_log(orc_task_changes(task), "warning", "infrastructure_creation",
                  (int)orc_json_integer(attempt, "number", 0),
                  "%s: the Infrastructure Manager never answered, and has nothing of it; it is submitted again.",
                  orc_json_string(attempt, "name"));
    json_object_set_new(former, "hold", json_true());
    leave(task, former);
    json_decref(former);
    open_attempt(task);
    send_creation(task);
}

/* What the creation made, if anything, is for the cleaning to find. */
static void give_up_submission(orc_task_t *task, const char *reason)
{
    json_object_set_new(task->progress, "done_there", json_true());
    fail_attempt(task, 0, reason);
    orc_task_event(task, ORC_EVENT_FAILED);
}

static void on_search(orc_task_t *task, const char *infra)
{
    json_t *attempt = attempt_of(task);

    if (infra)
        on_made(task, infra, "was found by its tag");
    else if (is_late_at_provider(task))
        give_up_submission(task, NEVER_TOLD);
    else if (orc_task_since(task, attempt, "since") <= task->engine->config->im_create_timeout)
        orc_task_end(task, task->engine->config->poll_min);
    else if (count_up(task, "unanswered") >= UNANSWERED)
        give_up_submission(
            task, apr_psprintf(task->pool, "the Infrastructure Manager left %d creations unanswered", UNANSWERED));
    else
        submit_anew(task);
}

static void on_failed_search(orc_task_t *task, const orc_im_result_t *result)
{
    if (result->kind != ORC_IM_TOKEN_REJECTED && is_late_at_provider(task))
        give_up_submission(task, NEVER_TOLD);
    else if (!orc_task_is_sick(task, result))
        orc_task_end(task, task->engine->config->poll_max);
}

void orc_create_act_submit(orc_task_t *task)
{
    json_t *attempt = attempt_of(task);

    if (json_is_true(json_object_get(attempt, "asked"))) {
        orc_task_search(task, attempt, on_search, on_failed_search);
    }
    else if (is_late_at_provider(task)) {
        fail_attempt(task, 1, "the Infrastructure Manager could not be asked in the time of one provider");
        orc_task_event(task, ORC_EVENT_REFUSED);
    }
    else {
        send_creation(task);
    }
}

/* ---- provisioning ---- */

static void call_attempt(orc_task_t *task, orc_call_kind_t kind, orc_task_answer_t *answer)
{
    orc_call_t call = orc_task_call_about(attempt_of(task), kind, answer);

    orc_task_call(task, &call);
}

/* IM's log says why, when it can be had. */
static void on_failure_log(orc_task_t *task, const orc_im_result_t *result)
{
    const char *reason = orc_json_string(task->progress, "failing"), *more = NULL;

    if (result->kind == ORC_IM_OK) {
        more = orc_engine_reason_in(result->text, task->pool);
        json_object_set_new(orc_task_changes(task), "im_logs", json_stringn(result->text, result->length));
    }
    reason = more ? apr_psprintf(task->pool, "%s: %s", reason, more) : apr_pstrdup(task->pool, reason);
    json_object_del(task->progress, "failing");
    fail_attempt(task, 0, reason);
    orc_task_event(task, ORC_EVENT_FAILED);
}

static void fail_with_log(orc_task_t *task, const char *reason)
{
    json_object_set_new(task->progress, "failing", json_string(orc_story_bare(reason, task->pool)));
    call_attempt(task, ORC_CALL_CONTMSG, on_failure_log);
}

static void go_on_waiting(orc_task_t *task, int status, const char *what)
{
    if (is_late_at_provider(task)) {
        json_object_set_new(task->progress, "done_there", json_true());
        fail_with_log(task, apr_psprintf(task->pool, "it took longer than the %d minutes of one provider",
                                         task->work->per_provider_timeout_mins));
        return;
    }
    if (status >= 0)
        show_resources(task, status);
    orc_task_describe(task, "%s: %s.", orc_json_string(attempt_of(task), "name"), what);
    json_object_del(task->progress, "configured_since");
    json_object_del(task->progress, "complete");
    orc_task_event(task, ORC_EVENT_UNFINISHED);
}

static void on_doubt(orc_task_t *task, const char *reason)
{
    if (count_up(task, "doubts") > DOUBTS)
        fail_with_log(task, reason);
    else
        go_on_waiting(task, -1, apr_psprintf(task->pool, "%s; that may heal", orc_story_bare(reason, task->pool)));
}

static void on_verdict(orc_task_t *task, orc_verdict_t verdict, const char *reason)
{
    if (verdict != ORC_VERDICT_DOUBTFUL)
        json_object_del(task->progress, "doubts");
    json_object_del(task->progress, "misses");
    switch (verdict) {
    case ORC_VERDICT_FAILED:
        fail_with_log(task, reason);
        break;
    case ORC_VERDICT_DOUBTFUL:
        on_doubt(task, reason);
        break;
    case ORC_VERDICT_BUSY:
        go_on_waiting(task, ORC_RESOURCE_CREATING, "machines are being made");
        break;
    case ORC_VERDICT_WORKING:
        go_on_waiting(task, ORC_RESOURCE_CONFIGURING, "machines are being configured");
        break;
    case ORC_VERDICT_CONFIGURED:
        if (!json_object_get(task->progress, "configured_since"))
            json_object_set_new(task->progress, "configured_since", json_integer(orc_task_now(task)));
        orc_task_event(task, ORC_EVENT_CONFIGURED);
        break;
    }
}

int orc_create_is_sick(orc_task_t *task, const orc_im_result_t *result)
{
    if (!orc_engine_sickness(result) || !is_late_at_provider(task) || is_settling(task))
        return orc_task_is_sick(task, result);
    go_on_waiting(task, -1, "waits"); /* no longer */
    return 1;
}

static void on_state(orc_task_t *task, const orc_im_result_t *result)
{
    int machines = (int)orc_json_integer(task->progress, "machines", 0);
    const char *reason;
    orc_verdict_t verdict;

    if (result->kind == ORC_IM_OK) {
        if (result->state == ORC_IM_STATE_CONFIGURED && result->vm_states && result->vm_states->nelts < machines &&
            count_up(task, "shortages") > SHORTAGES)
            machines = 0;
        verdict = orc_engine_judge(result->state, result->vm_states, machines, &reason, task->pool);
        on_verdict(task, verdict, reason);
        return;
    }
    if (result->kind == ORC_IM_NOT_FOUND) {
        if (count_up(task, "misses") < MISSES) {
            orc_task_end(task, task->engine->config->poll_min);
            return;
        }
        fail_attempt(task, 0, "the Infrastructure Manager does not know the infrastructure any more");
        orc_task_event(task, ORC_EVENT_FAILED);
        return;
    }
    if (!orc_create_is_sick(task, result))
        on_doubt(task, result->error ? result->error->detail : "the Infrastructure Manager does not tell the state");
}

void orc_create_act_watch(orc_task_t *task)
{
    call_attempt(task, ORC_CALL_STATE, on_state);
}

void orc_create_act_collect(orc_task_t *task)
{
    orc_task_collect(task);
}

/* ---- cleaning ---- */

/* Leftovers that are gone for good are noted, and forgotten. */
static void prune_leftovers(orc_task_t *task)
{
    json_t *leftovers = json_object_get(task->progress, "leftovers");
    size_t i = 0;

    while (i < json_array_size(leftovers)) {
        const json_t *entry = json_array_get(leftovers, i);

        if (!orc_removal_is_confirmed(entry)) {
            i++;
            continue;
        }
        /* A tag without an infrastructure is looked for once more when the deployment is deleted. */
        if (orc_json_string(entry, "infra"))
            json_array_append_new(
                orc_task_change_list(task, "removed"),
                json_pack("{s:s, s:O}", "operation", task->work->id, "number", json_object_get(entry, "number")));
        json_array_remove(leftovers, i);
    }
    if (!json_array_size(leftovers))
        json_object_del(task->progress, "leftovers");
}

/* The attempt is done with; what is to be looked at again goes to the leftovers. */
static void close_attempt(orc_task_t *task)
{
    json_t *attempt = attempt_of(task);

    leave(task, attempt);
    json_object_del(task->progress, "attempt");
    json_object_del(task->progress, "targets");
    prune_leftovers(task);
    json_object_set_new(orc_task_changes(task), "deployment", json_pack("{s:n, s:n}", "im_infra_id", "im_endpoint"));
    orc_task_poll_soon(task);
    orc_task_event(task, ORC_EVENT_CLEANED);
}

/* Why something is not deleted that IM said nothing of. */
static const char *unexplained(const orc_task_t *task)
{
    return task->work->waits_for_token ? "no token of the owner could be had" : "its deletion did not end in time";
}

static void after_clean(orc_task_t *task)
{
    json_t *attempt = json_array_get(json_object_get(task->progress, "targets"), 0);
    int number = (int)orc_json_integer(attempt, "number", 0);

    /* What was read back from the database is two copies of one. */
    json_object_set(task->progress, "attempt", attempt);
    if (orc_removal_is_gone(attempt)) {
        if (orc_json_string(attempt, "infra"))
            orc_story_log(orc_task_changes(task), "info", "infrastructure_deletion", number,
                          "%s: what it made is gone, says the Infrastructure Manager.",
                          orc_json_string(attempt, "name"));
        close_attempt(task);
    }
    else if (orc_removal_is_stuck(attempt) || orc_removal_is_overdue(task, attempt)) {
        orc_story_log(orc_task_changes(task), "warning", "infrastructure_deletion", number, "%s",
                      orc_story_because(task->pool, orc_removal_reason(task, attempt, unexplained(task)),
                                        "%s: infrastructure %s is not deleted yet", orc_json_string(attempt, "name"),
                                        orc_json_string(attempt, "infra") ? orc_json_string(attempt, "infra")
                                                                          : "that it may have made"));
        close_attempt(task);
    }
    else {
        orc_task_end(task, orc_removal_due(task, json_object_get(task->progress, "targets")));
    }
}

static int keeps_attempt(const orc_task_t *task)
{
    return task->work->keep_last_attempt && !has_more_attempts(task) && orc_json_string(attempt_of(task), "infra");
}

void orc_create_act_clean(orc_task_t *task)
{
    json_t *attempt = attempt_of(task);

    if (json_object_get(task->progress, "verdict")) {
        orc_create_act_settle(task);
        return;
    }
    if (!attempt) {
        orc_task_event(task, ORC_EVENT_CLEANED);
        return;
    }
    if (!json_is_true(json_object_get(attempt, "failed")))
        fail_attempt(task, !orc_json_string(attempt, "infra") && !json_is_true(json_object_get(attempt, "asked")),
                     "the time of the whole deployment is over");
    if (!attempt_of(task)) {
        orc_task_event(task, ORC_EVENT_CLEANED);
        return;
    }
    if (!json_object_get(task->progress, "targets") && keeps_attempt(task)) {
        orc_story_log(orc_task_changes(task), "info", "infrastructure_deletion",
                      (int)orc_json_integer(attempt, "number", 0), "%s is kept, as the deployment asks for.",
                      orc_json_string(attempt, "name"));
        orc_task_event(task, ORC_EVENT_NO_PROVIDER);
        return;
    }
    if (!json_object_get(task->progress, "targets"))
        json_object_set_new(task->progress, "targets", json_pack("[O]", attempt));
    /* A token that doesn't come holds the end up no longer than anything else. */
    if (task->work->waits_for_token &&
        orc_removal_is_overdue(task, json_array_get(json_object_get(task->progress, "targets"), 0)))
        after_clean(task);
    else
        orc_task_remove(task, json_object_get(task->progress, "targets"), 0, after_clean);
}

/* ---- the end ---- */

static void give_up_impatiently(orc_task_t *task)
{
    json_t *leftovers = json_object_get(task->progress, "leftovers");
    size_t i = 0, count = json_array_size(leftovers);

    while (i < json_array_size(leftovers)) {
        const json_t *entry = json_array_get(leftovers, i);

        if (!orc_removal_is_overdue(task, entry) && !orc_removal_is_stuck(entry)) {
            i++;
            continue;
        }
        orc_removal_tell(task, entry, (int)orc_json_integer(entry, "number", 0), unexplained(task));
        json_array_remove(leftovers, i);
    }
    if (json_array_size(leftovers) < count)
        orc_story_log(orc_task_changes(task), "info", "infrastructure_deletion", 0,
                      "What is left of failed attempts goes with the deployment.");
}

static void after_settle(orc_task_t *task)
{
    json_t *leftovers;

    prune_leftovers(task);
    give_up_impatiently(task);
    leftovers = json_object_get(task->progress, "leftovers");
    if (!json_array_size(leftovers)) {
        orc_task_event(task, ORC_EVENT_SETTLED);
        return;
    }
    /* What was collected is shown when all is done, and collected again then. */
    if (task->phase == ORC_PHASE_COLLECTING) {
        if (!json_object_get(task->progress, "complete"))
            json_object_set_new(task->progress, "complete", json_integer(orc_task_now(task)));
        json_object_del(task->changes, "deployment");
        json_object_del(task->changes, "resources");
    }
    orc_task_describe(task, "Waits until nothing is left of the failed attempts.");
    orc_task_end(task, orc_removal_due(task, leftovers));
}

void orc_create_act_settle(orc_task_t *task)
{
    json_t *leftovers = json_object_get(task->progress, "leftovers");
    size_t i;

    if (task->phase == ORC_PHASE_CLEANING)
        json_object_set_new(task->progress, "verdict", json_true());
    for (i = 0; i < json_array_size(leftovers); i++) {
        json_t *entry = json_array_get(leftovers, i);

        if (!json_object_get(entry, "begun"))
            json_object_set_new(entry, "begun", json_integer(orc_task_now(task)));
        json_object_del(entry, "hold");
    }
    if (task->work->waits_for_token)
        give_up_impatiently(task);
    orc_task_remove(task, leftovers, 0, after_settle);
}

void orc_create_act_succeed(orc_task_t *task)
{
    const json_t *attempt = attempt_of(task);

    orc_story_end_step(orc_task_changes(task), attempt, "succeeded", "");
    record(task, 1);
    orc_story_log(orc_task_changes(task), "info", "finished", (int)orc_json_integer(attempt, "number", 0),
                  "%s succeeded.", orc_json_string(attempt, "name"));
    orc_task_describe(task, "The deployment is complete.");
    orc_task_finish(task, "succeeded");
}

void orc_create_act_fail(orc_task_t *task)
{
    const char *end = orc_json_string(task->progress, "end"), *reason;

    if (!end && is_late(task))
        end = "The time of the whole deployment is over.";
    reason = orc_story_sum(task->progress, end, task->pool);
    json_object_set_new(orc_task_changes(task), "reason", json_string(reason));
    json_object_set(orc_task_changes(task), "errors",
                    orc_story_errors(task->progress, "deployment.failed", end, task->pool));
    json_object_set_new(orc_task_changes(task), "all_resources", json_integer(ORC_RESOURCE_ERROR));
    orc_story_log(orc_task_changes(task), "error", "finished", 0, "The deployment failed. %s", reason);
    orc_task_describe(task, "The deployment failed.");
    orc_task_finish(task, "failed");
}

/* ---- a turn ---- */

static void after_leftovers(orc_task_t *task)
{
    prune_leftovers(task);
    orc_task_end(task, 0);
}

void orc_create_turn(orc_task_t *task)
{
    json_t *leftovers = json_object_get(task->progress, "leftovers");

    if (strcmp(task->work->state, "canceling") == 0)
        orc_task_event(task, ORC_EVENT_CANCELED);
    else if (is_late(task) && !is_settling(task))
        orc_task_event(task, ORC_EVENT_DEADLINE);
    else if (leftovers && task->phase != ORC_PHASE_CLEANING && orc_removal_due(task, leftovers) <= 0)
        orc_task_remove(task, leftovers, 0, after_leftovers);
    else
        orc_task_event(task, ORC_EVENT_TURN);
}
