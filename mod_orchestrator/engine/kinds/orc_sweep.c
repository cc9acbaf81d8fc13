/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_sweep.h"

#include <apr_strings.h>
#include <string.h>

#include "../orc_engine_infrastructure.h"
#include "../orc_engine_search.h"
#include "orc_id.h"
#include "orc_log.h"
#include "orc_words.h"

/*
 * One IM's list for one person against what is known. A database that was restored, or that failed over to a copy which
 * lagged behind, has forgotten what was made meanwhile, and a proxy may have sent a creation twice; what carries this
 * service's tags, and is in no row, is nobody's. Documents without both tags are somebody else's business, those that
 * can't be read are left alone.
 */

enum {
    MAX_FOUND = 50, /* at once */
    MAX_VOIDS = 3,  /* looks at an IM that lists nothing, before it is believed: it may have lost its database */
};

enum { QUEUED, END };
static const char *const phases[] = {"queued", "ended", NULL};
static const char *const events[] = {"turn", NULL};

typedef struct stranger_t {
    const char *infra, *tag, *deployment;
} stranger_t;

typedef struct memory_t {
    orc_pace_t pace;
    apr_int64_t voids; /* looks in a row at an IM that lists nothing */

    /* within a step */
    const apr_array_header_t *listed; /* of const char * */
    apr_array_header_t *ids;          /* of const char *, that no row knows */
    int next;
    apr_array_header_t *strangers; /* of stranger_t */
} memory_t;

static const orc_field_t fields[] = {ORC_PACE_FIELDS(memory_t), ORC_FIELD(memory_t, voids, NUMBER, 0), ORC_FIELD_END};
static const orc_fields_t memory_fields = {sizeof(memory_t), fields};

static orc_step_t read_next(orc_task_t *task);

static orc_address_t address_of(const orc_task_t *task)
{
    const orc_work_t *work = task->work;
    orc_address_t at = {work->endpoint, work->provider, work->region, work->project};

    return at;
}

static orc_step_t ask(orc_task_t *task, orc_call_kind_t kind, const char *infra, orc_answer_t *answer)
{
    const orc_address_t at = address_of(task);
    orc_call_t call = orc_call_about(&at, kind, infra, answer);

    return orc_step_call(&call);
}

/* Who is away is asked for their token by nobody because of this. */
static int is_put_off(orc_step_t *step, orc_task_t *task, const orc_im_result_t *result)
{
    memory_t *memory = task->memory;

    *step = orc_step_later(task->config->sweep_interval);
    if (result->kind == ORC_IM_TOKEN_REJECTED)
        return 1;
    if (!orc_engine_sickness(result))
        return 0;
    *step = orc_step_later(orc_task_back_off(task, ++memory->pace.sick));
    step->is_sick = 1;
    return 1;
}

/* ---- what was found ---- */

static orc_step_t on_tags(orc_task_t *task, const orc_found_t *found)
{
    const memory_t *memory = task->memory;
    const orc_address_t at = address_of(task);
    int i;

    for (i = 0; i < memory->strangers->nelts; i++) {
        const stranger_t *one = &APR_ARRAY_IDX(memory->strangers, i, stranger_t);

        /* What is still asked for is found by its tag. */
        if (orc_words_contain(found->known, one->tag))
            continue;
        orc_log(ORC_LOG_WARNING,
                "infrastructure %s at IM %s carries this service's tags, and nothing knows of it: it "
                "is deleted (deployment %s)",
                one->infra, at.endpoint, one->deployment);
        orc_infrastructure_found(task, &at, one->infra, one->deployment);
    }
    return orc_step_later(task->config->sweep_interval);
}

static orc_step_t judge(orc_task_t *task)
{
    const memory_t *memory = task->memory;
    orc_read_t read = {.kind = ORC_READ_TAGS, .then = on_tags};
    apr_array_header_t *tags = apr_array_make(task->pool, 4, sizeof(const char *));
    apr_array_header_t *ids = apr_array_make(task->pool, 4, sizeof(const char *));
    int i;

    for (i = 0; i < memory->strangers->nelts; i++) {
        APR_ARRAY_PUSH(tags, const char *) = APR_ARRAY_IDX(memory->strangers, i, stranger_t).tag;
        APR_ARRAY_PUSH(ids, const char *) = APR_ARRAY_IDX(memory->strangers, i, stranger_t).infra;
    }
    read.tags = tags;
    read.ids = ids;
    return tags->nelts ? orc_step_read(read) : orc_step_later(task->config->sweep_interval);
}

/* ---- documents ---- */

static void note_stranger(orc_task_t *task, const char *infra, const orc_im_result_t *result)
{
    memory_t *memory = task->memory;
    const char *url = orc_tosca_find_tag(result->text, result->length, "PAAS_URL", task->pool);
    const char *tag = orc_tosca_find_tag(result->text, result->length, ORC_ENGINE_TAG, task->pool);
    const char *deployment = orc_tosca_find_tag(result->text, result->length, "PAAS_DEP_UUID", task->pool);
    stranger_t *one;

    if (!url || !task->config->public_url || strcmp(url, task->config->public_url) != 0 || !tag ||
        !orc_id_parse(tag, NULL) || !deployment || !orc_id_parse(deployment, NULL))
        return;
    one = apr_array_push(memory->strangers);
    one->infra = infra;
    one->tag = tag;
    one->deployment = deployment;
}

static orc_step_t on_document(orc_task_t *task, const orc_im_result_t *result)
{
    memory_t *memory = task->memory;
    orc_step_t step;

    if (result->kind == ORC_IM_OK)
        note_stranger(task, APR_ARRAY_IDX(memory->ids, memory->next, const char *), result);
    else if (is_put_off(&step, task, result))
        return step;
    memory->next++;
    return read_next(task);
}

static orc_step_t read_next(orc_task_t *task)
{
    const memory_t *memory = task->memory;

    if (memory->next < memory->ids->nelts && memory->strangers->nelts < MAX_FOUND)
        return ask(task, ORC_CALL_TOSCA, APR_ARRAY_IDX(memory->ids, memory->next, const char *), on_document);
    return judge(task);
}

/* ---- the list ---- */

static orc_step_t on_known(orc_task_t *task, const orc_found_t *found)
{
    memory_t *memory = task->memory;

    memory->ids = orc_words_without(memory->listed, found->known, task->pool);
    memory->strangers = apr_array_make(task->pool, 4, sizeof(stranger_t));
    return read_next(task);
}

/* Where nothing is, and nothing should be, nobody looks again. What a restored database has forgotten should not be, as
 * far as it knows: so an IM that lists nothing is asked more than once. */
static orc_step_t on_living(orc_task_t *task, const orc_found_t *found)
{
    memory_t *memory = task->memory;

    memory->voids = found->count ? 0 : memory->voids + 1;
    return memory->voids < MAX_VOIDS ? orc_step_later(task->config->sweep_interval) : orc_step_ended("over");
}

static orc_step_t on_list(orc_task_t *task, const orc_im_result_t *result)
{
    memory_t *memory = task->memory;
    orc_step_t step;

    if (is_put_off(&step, task, result) || result->kind != ORC_IM_OK)
        return step;
    memory->listed = orc_words_copy(result->ids, task->pool);
    if (memory->listed->nelts) {
        memory->voids = 0;
        return orc_step_read((orc_read_t){.kind = ORC_READ_KNOWN, .ids = memory->listed, .then = on_known});
    }
    return orc_step_read((orc_read_t){
        .kind = ORC_READ_LIVING, .endpoint = task->work->endpoint, .ids = memory->listed, .then = on_living});
}

static orc_step_t list(orc_task_t *task)
{
    return ask(task, ORC_CALL_LIST, NULL, on_list);
}

/* ---- the kind ---- */

static orc_step_t turn(orc_task_t *task)
{
    return orc_step_event(ORC_EVENT_TURN);
}

static void give_up(orc_task_t *task, const char *what)
{
    json_object_set_new(orc_task_changes(task), "phase", json_string(phases[QUEUED]));
}

static const orc_transition_t transitions[] = {
    {QUEUED, ORC_EVENT_TURN, QUEUED, list},
    {0, 0, 0, NULL},
};

const orc_kind_t orc_kind_sweep = {
    .word = "sweep",
    .phases = phases,
    .events = events,
    .transitions = transitions,
    .turn = turn,
    .memory = &memory_fields,
    .give_up = give_up,
};
