/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "../../orc_engine_placement.h"
#include "orc_create.h"
#include "orc_log.h"

/* Placing: what the template asks for, which providers may serve it, which one is next. */

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
        orc_log(placement->candidates->nelts ? ORC_LOG_DEBUG : ORC_LOG_INFO,
                "operation %s: the group %s of %s is not served by %s", task->work->id, task->work->user_group,
                task->work->user_group_issuer, names);
}

static void log_ranking(orc_task_t *task, const apr_array_header_t *ranking)
{
    int i;

    for (i = 0; i < ranking->nelts; i++)
        orc_story_log(orc_task_changes(task), "info", "providers_ranking", 1, "%s",
                      APR_ARRAY_IDX(ranking, i, const char *));
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

/* Kept for the later phases, which then can do without the template. */
static orc_error_t *note_demand(orc_task_t *task)
{
    orc_create_t *memory = task->memory;
    const orc_work_t *work = task->work;
    orc_tosca_demand_t demand;
    orc_tosca_template_t *tosca;
    apr_array_header_t *nodes, *names;
    json_t *complete;
    int i;

    memory->outputs = orc_json_own(json_array(), task->pool);
    ORC_TRY(orc_tosca_parse(&tosca, work->content, strlen(work->content), task->service->types, "", task->pool));
    ORC_TRY(orc_tosca_inputs(&complete, tosca, work->inputs, "", task->pool));
    ORC_TRY(orc_tosca_topology(&nodes, &demand, tosca, complete, task->pool));
    names = orc_tosca_output_names(tosca, task->pool);
    for (i = 0; i < names->nelts; i++)
        json_array_append_new(memory->outputs, json_string(APR_ARRAY_IDX(names, i, const char *)));
    memory->machines = demand.machines;
    memory->is_public = demand.wants_public;
    memory->needs = orc_tosca_needs(tosca, complete, task->pool);
    if (memory->needs->is_torn)
        return orc_error(task->pool, 422, "template.policies",
                         "The template's SlaPlacement policies ask for different places.");
    return NULL;
}

static orc_step_t go_to_next(orc_task_t *task)
{
    orc_create_t *memory = task->memory;

    if (!orc_create_has_more(task)) {
        if (!memory->end)
            memory->end = "No further attempt is left.";
        return orc_step_event(ORC_CREATE_NO_PROVIDER);
    }
    if (!orc_create_has_more_here(task)) {
        memory->at++;
        memory->tries = 0;
        memory->since = task->now;
        memory->done_there = 0;
    }
    memory->tries++;
    memory->unanswered = 0;
    orc_task_does(task, "RANKING");
    orc_create_open_attempt(task);
    return orc_step_event(ORC_CREATE_PLACED);
}

static orc_step_t on_records(orc_task_t *task, const orc_found_t *found)
{
    orc_create_t *memory = task->memory;
    const orc_work_t *work = task->work;
    const orc_placement_wish_t wish = {.group = work->user_group,
                                       .issuer = work->user_group_issuer,
                                       .type = work->provider_type,
                                       .provider = work->target_provider,
                                       .region = work->target_region,
                                       .fit = {memory->needs, memory->is_public},
                                       .max = work->max_providers,
                                       .im_url = task->config->im_url};
    orc_placement_t placement;
    json_t *step;

    orc_engine_place(&placement, task->service->providers, &wish, found->records, task->pool);
    memory->candidates = placement.candidates;
    memory->steps = 1;
    step = orc_story_step(orc_task_changes(task), 1, "provider_filtering", "Choose providers");
    orc_task_does(task, "PROVIDER_FILTERING");
    log_refusals(task, placement.refusals);
    log_strangers(task, &placement);
    log_ranking(task, placement.ranking);
    json_object_set_new(step, "status", json_string(placement.candidates->nelts ? "succeeded" : "failed"));
    if (!placement.candidates->nelts)
        memory->end = nobody_serves(task, placement.refusals);
    return go_to_next(task);
}

orc_step_t orc_create_place(orc_task_t *task)
{
    orc_create_t *memory = task->memory;
    orc_error_t *error;

    if (!task->work->content)
        return orc_step_later(0); /* it was claimed in a phase that needs no template: again, with it */
    if (memory->candidates)
        return go_to_next(task);
    orc_task_does(task, "TEMPLATE_PARSING");
    error = note_demand(task);
    if (error) {
        memory->end = error->detail;
        return orc_step_event(ORC_CREATE_NO_PROVIDER);
    }
    return orc_step_read((orc_read_t){.kind = ORC_READ_RECORDS, .then = on_records});
}
