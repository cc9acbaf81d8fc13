/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_infrastructure.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_id.h"
#include "orc_log.h"

enum { PATIENCE = 20 /* times delete_repeat */ };

#define NOBODY      "00000000-0000-0000-0000-000000000000"
#define NEVER_FOUND "its creation was never answered, and it was not found"

static const orc_field_t fields[] = {
    ORC_FIELD(orc_infrastructure_t, id, TEXT, ORC_FIELD_ALWAYS),
    ORC_FIELD(orc_infrastructure_t, step, NUMBER, 0),
    ORC_FIELD_AS(orc_infrastructure_t, "endpoint", at.endpoint, TEXT, ORC_FIELD_ALWAYS),
    ORC_FIELD_AS(orc_infrastructure_t, "provider", at.provider, TEXT, 0),
    ORC_FIELD_AS(orc_infrastructure_t, "region", at.region, TEXT, 0),
    ORC_FIELD_AS(orc_infrastructure_t, "project", at.project, TEXT, 0),
    ORC_FIELD(orc_infrastructure_t, infra, TEXT, 0),
    ORC_FIELD(orc_infrastructure_t, standing, TEXT, ORC_FIELD_ALWAYS),
    ORC_FIELD(orc_infrastructure_t, forced, FLAG, 0),
    ORC_FIELD(orc_infrastructure_t, waits, FLAG, 0),
    ORC_FIELD(orc_infrastructure_t, tries, NUMBER, 0),
    ORC_FIELD(orc_infrastructure_t, note, TEXT, 0),
    ORC_FIELD(orc_infrastructure_t, until, NUMBER, 0),
    ORC_FIELD_AS(orc_infrastructure_t, "unwanted", is_unwanted, FLAG, 0),
    ORC_FIELD(orc_infrastructure_t, tried, NUMBER, 0),
    ORC_FIELD_END,
};
static const orc_fields_t infrastructure_fields = {sizeof(orc_infrastructure_t), fields};

apr_array_header_t *orc_infrastructures_of(const orc_task_t *task)
{
    apr_array_header_t *list;
    const json_t *array = task->work->infrastructures;

    if (!array || orc_fields_read_list(&list, &infrastructure_fields, array, ORC_FIELD_ALWAYS, task->pool))
        list = apr_array_make(task->pool, 1, sizeof(orc_infrastructure_t *));
    return list;
}

int orc_infrastructure_is(const orc_infrastructure_t *one, const char *standing)
{
    return strcmp(one->standing, standing) == 0;
}

int orc_infrastructure_is_overdue(const orc_task_t *task, const orc_infrastructure_t *one)
{
    return one->tried && orc_task_since(task, one->tried) > task->config->delete_repeat * PATIENCE;
}

/* ---- telling ---- */

const char *orc_infrastructure_reason(const orc_task_t *task, const orc_infrastructure_t *one, const char *otherwise)
{
    const char *reason = orc_infrastructure_is(one, "gone") ? NEVER_FOUND : one->note ? one->note : otherwise;

    reason = orc_story_bare(reason, task->pool);
    if (one->at.provider && !orc_providers_find(task->service->providers, one->at.provider))
        reason = apr_psprintf(task->pool, "%s; its provider %s is not configured any more, so IM has no credentials",
                              reason, one->at.provider);
    return reason;
}

/* Logged before the step is stored: a line too many, of a step whose lease is lost, is better than one that is missing
 * when nothing else knows of the infrastructure. */
const char *orc_infrastructure_tell(orc_task_t *task, const orc_infrastructure_t *one, int step, const char *otherwise)
{
    const char *sentence =
        orc_story_left(&one->at, one->infra, one->id, orc_infrastructure_reason(task, one, otherwise), task->pool);

    orc_log(ORC_LOG_WARNING, "deployment %s: %s", task->work->deployment_id, sentence);
    orc_story_log(orc_task_changes(task), "warning", "infrastructure_deletion", step, "%s", sentence);
    return sentence;
}

/* ---- changes ---- */

static json_t *row(const char *tag, const orc_address_t *at)
{
    json_t *object = json_object();

    orc_json_put(object, "id", tag);
    orc_json_put(object, "endpoint", at->endpoint);
    orc_json_put(object, "provider", at->provider);
    orc_json_put(object, "region", at->region);
    orc_json_put(object, "project", at->project);
    return object;
}

void orc_infrastructure_asked(orc_task_t *task, const char *tag, const orc_address_t *at, int step,
                              apr_interval_time_t time)
{
    json_t *asked = row(tag, at);

    json_object_set_new(asked, "step", json_integer(step));
    json_object_set_new(asked, "time", json_integer(time));
    json_array_append_new(orc_task_change_list(task, "asked"), asked);
    json_object_set_new(orc_task_changes(task), "sweep", json_integer(task->config->sweep_interval));
}

void orc_infrastructure_never(orc_task_t *task, const char *tag)
{
    json_array_append_new(orc_task_change_list(task, "unasked"), json_string(tag));
}

void orc_infrastructure_made(orc_task_t *task, const char *tag, const char *infra)
{
    json_array_append_new(orc_task_change_list(task, "made"), json_pack("{s:s, s:s}", "id", tag, "infra", infra));
}

void orc_infrastructure_unwanted(orc_task_t *task, const char *tag)
{
    json_array_append_new(orc_task_change_list(task, "unwanted"), json_string(tag));
}

void orc_infrastructure_found(orc_task_t *task, const orc_address_t *at, const char *infra, const char *deployment)
{
    const orc_work_t *work = task->work;
    json_t *found = row(orc_id_new(task->pool), at);

    orc_json_put(found, "infra", infra);
    orc_json_put(found, "deployment", deployment ? deployment : NOBODY);
    orc_json_put(found, "operation", work->state ? work->id : NOBODY);
    orc_json_put(found, "person", work->user_id);
    orc_json_put(found, "group", work->user_group);
    orc_json_put(found, "issuer", work->user_group_issuer);
    json_array_append_new(orc_task_change_list(task, "found"), found);
}
