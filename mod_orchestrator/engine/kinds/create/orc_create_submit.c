/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>

#include "../../orc_engine_document.h"
#include "../../orc_engine_search.h"
#include "orc_create.h"
#include "orc_enums.h"
#include "orc_id.h"

/* Submitting: a creation at IM, or what became of one that was not answered. */

enum { UNANSWERED = 10 /* creations that IM never answered, before the attempt is given up */ };

#define NEVER_TOLD "the Infrastructure Manager did not tell in the time of one provider what became of the creation"

static orc_attempt_t *attempt_of(const orc_task_t *task)
{
    return ((orc_create_t *)task->memory)->attempt;
}

/* ---- sending ---- */

/* Until nobody waits for the answer any more, wherever that is looked at; and a bit, so that nobody takes the creation
 * for lost in the very moment when its client gives up. */
static apr_interval_time_t answer_time(const orc_task_t *task)
{
    return task->config->im_create_timeout + task->config->poll_min;
}

/* From here on, whoever has the operation knows that IM may have made something. */
static void reserve(orc_task_t *task)
{
    orc_attempt_t *attempt = attempt_of(task);

    attempt->asked = 1;
    attempt->since = task->now;
    attempt->until = task->now + answer_time(task);
    orc_infrastructure_asked(task, attempt->tag, &attempt->at, (int)attempt->number, answer_time(task));
    orc_create_open_step(task);
    json_object_set_new(orc_task_changes(task), "platform", json_string(attempt->at.provider));
    orc_task_describe(task, "%s: is being submitted.", attempt->name);
    orc_create_show_resources(task, ORC_RESOURCE_CREATING);
    if (!attempt->told)
        orc_story_log(orc_task_changes(task), "info", "infrastructure_creation", (int)attempt->number, "%s begins%s%s.",
                      attempt->name, attempt->at.region ? ", in the region " : "",
                      attempt->at.region ? attempt->at.region : "");
    attempt->told = 1;
}

static void take_back(orc_task_t *task)
{
    attempt_of(task)->asked = 0;
}

/* Nothing carries the tag, and nothing ever will: what is sent next has another one. So whatever is noted late of a
 * creation, that it was refused above all, is of that one alone. */
static void drop_tag(orc_task_t *task)
{
    orc_attempt_t *attempt = attempt_of(task);

    if (attempt->until)
        orc_infrastructure_never(task, attempt->tag);
    attempt->tag = NULL;
    attempt->until = 0;
}

static orc_step_t is_made(orc_task_t *task, const char *infra, const char *how)
{
    orc_create_t *memory = task->memory;
    orc_attempt_t *attempt = memory->attempt;

    attempt->infra = apr_pstrdup(task->pool, infra);
    orc_infrastructure_made(task, attempt->tag, attempt->infra);
    orc_create_open_step(task);
    json_object_set_new(orc_task_changes(task), "deployment",
                        json_pack("{s:s, s:s, s:s?, s:s, s:s?}", "im_infra_id", infra, "im_endpoint",
                                  attempt->at.endpoint, "project", attempt->at.project, "provider",
                                  attempt->at.provider, "region", attempt->at.region));
    orc_story_log(orc_task_changes(task), "info", "infrastructure_creation", (int)attempt->number,
                  "%s: infrastructure %s %s.", attempt->name, infra, how);
    orc_task_describe(task, "%s: machines are being made.", attempt->name);
    orc_task_poll_soon(task);
    orc_create_forget_doubts(memory);
    return orc_step_event(ORC_CREATE_MADE);
}

static orc_step_t on_created(orc_task_t *task, const orc_im_result_t *result)
{
    orc_create_t *memory = task->memory;
    orc_step_t step;

    if (result->kind == ORC_IM_OK)
        return is_made(task, result->infra_id, "is being made");
    if (!orc_engine_is_unmade(result)) { /* It may be there: next time it is looked for. */
        orc_task_describe(task, "%s: the answer got lost; looks for what was made.", memory->attempt->name);
        return orc_step_later(task->config->poll_min);
    }
    take_back(task);
    drop_tag(task);
    if (orc_task_is_sick(&step, task, result))
        return step;
    if (result->kind == ORC_IM_BAD_TEMPLATE)
        memory->done_there = 1;
    orc_create_fail_attempt(task, 1, result->error->detail);
    return orc_step_event(ORC_CREATE_REFUSED);
}

/* The provider was chosen a while ago, perhaps by a daemon with other providers; NULL: it still is one. */
static const char *no_provider_any_more(const orc_task_t *task)
{
    const orc_provider_t *provider = orc_providers_find(task->service->providers, attempt_of(task)->at.provider);

    return !provider               ? "the provider is not configured any more"
           : !provider->is_enabled ? "the provider is disabled now"
           : !orc_provider_project(provider, task->work->user_group_issuer, task->work->user_group)
               ? "the provider does not serve the group any more"
               : NULL;
}

static orc_step_t send_creation(orc_task_t *task)
{
    orc_create_t *memory = task->memory;
    orc_call_t call = orc_call_about(&memory->attempt->at, ORC_CALL_CREATE, NULL, on_created);
    const char *reason = no_provider_any_more(task);
    orc_error_t *error = NULL;

    if (!memory->attempt->tag)
        memory->attempt->tag = orc_id_new(task->pool);
    if (!reason)
        error = orc_task_render(&call.tosca, task, &memory->attempt->at, task->work->content, task->work->inputs,
                                memory->attempt->tag, NULL);
    if (reason || error) {
        memory->done_there = 1;
        orc_create_fail_attempt(task, 1, reason ? reason : error->detail);
        return orc_step_event(ORC_CREATE_REFUSED);
    }
    call.tag = memory->attempt->tag;
    call.before = reserve;
    call.undo = take_back;
    return orc_step_call(&call);
}

/* ---- what became of it ---- */

/* It was not made, as far as one can know: another tag. The old one is looked for again, and for long. */
static orc_step_t submit_anew(orc_task_t *task)
{
    const orc_attempt_t *attempt = attempt_of(task);

    orc_create_end_step(task, "failed", "The creation was never answered, and nothing that it made was found.");
    orc_story_log(orc_task_changes(task), "warning", "infrastructure_creation", (int)attempt->number,
                  "%s: the Infrastructure Manager never answered, and has nothing of it; it is submitted again.",
                  attempt->name);
    orc_infrastructure_unwanted(task, attempt->tag);
    orc_create_open_attempt(task);
    return send_creation(task);
}

static orc_step_t give_up_submission(orc_task_t *task, const char *reason)
{
    ((orc_create_t *)task->memory)->done_there = 1;
    orc_create_fail_attempt(task, 0, reason);
    return orc_step_event(ORC_CREATE_FAILED);
}

static orc_step_t wait_for_im(orc_task_t *task, const char *why)
{
    orc_task_describe(task, "%s: the Infrastructure Manager %s.", attempt_of(task)->name, why);
    return orc_step_poll(task);
}

static orc_step_t on_search(orc_task_t *task, orc_search_outcome_t outcome, const char *infra)
{
    orc_create_t *memory = task->memory;

    if (outcome == ORC_SEARCH_FOUND)
        return is_made(task, infra, "was found by its tag");
    if (orc_operation_is_canceled(task) && task->now > memory->attempt->until)
        return orc_step_event(ORC_OPERATION_CANCELED);
    if (!orc_operation_is_canceled(task) && orc_create_is_late_here(task))
        return give_up_submission(task, NEVER_TOLD);
    if (task->now <= memory->attempt->until)
        return orc_step_later(task->config->poll_min);
    if (outcome == ORC_SEARCH_OPEN)
        return wait_for_im(task, "has one that it tells nothing of, which may be it");
    if (outcome == ORC_SEARCH_UNLISTED && ++memory->misses < ORC_CREATE_VOIDS)
        return wait_for_im(task, "does not list others that are there either; that may heal");
    if (++memory->unanswered >= UNANSWERED)
        return give_up_submission(
            task, apr_psprintf(task->pool, "the Infrastructure Manager left %d creations unanswered", UNANSWERED));
    return submit_anew(task);
}

static orc_step_t on_failed_search(orc_task_t *task, const orc_im_result_t *result)
{
    orc_step_t step;

    if (orc_operation_is_canceled(task))
        return orc_step_event(ORC_OPERATION_CANCELED);
    if (result->kind != ORC_IM_TOKEN_REJECTED && orc_create_is_late_here(task))
        return give_up_submission(task, NEVER_TOLD);
    return orc_task_is_sick(&step, task, result) ? step : orc_step_later(task->config->poll_max);
}

orc_step_t orc_create_submit(orc_task_t *task)
{
    const orc_attempt_t *attempt = attempt_of(task);

    if (attempt->asked)
        return orc_task_search(task, &attempt->at, attempt->tag, on_search, on_failed_search);
    if (!orc_create_is_late_here(task))
        return send_creation(task);
    orc_create_fail_attempt(task, 1, "the Infrastructure Manager could not be asked in the time of one provider");
    return orc_step_event(ORC_CREATE_REFUSED);
}
