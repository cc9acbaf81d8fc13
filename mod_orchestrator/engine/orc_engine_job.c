/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_job.h"

#include <apr_strings.h>

#include "kinds/orc_kinds.h"
#include "orc_engine_calls.h"
#include "orc_engine_orders.h"
#include "orc_engine_save.h"
#include "orc_log.h"
#include "orc_store_infrastructures.h"

#define DATABASE_PAUSE apr_time_from_sec(1) /* after a read that failed */

static void go_on(orc_job_t *job, orc_step_t step);

/* ---- the end of a step ---- */

/* Whoever would take longer than a lease is not kept from acting by one, which is no matter where nobody waits; whoever
 * takes a small part of it would have to prolong it while a call lasts. */
static apr_interval_time_t rhythm_of(const orc_job_t *job, const orc_step_t *step)
{
    apr_interval_time_t lease = job->engine->config->lease;
    int is_short = step->rhythm<lease / 3, is_long = step->rhythm> lease && !job->task.kind->is_idle;

    return is_short || is_long ? 0 : step->rhythm;
}

/* True when the row says all that there is to say: the claim has moved it to the next look. */
static int is_unchanged(const orc_job_t *job)
{
    const orc_task_t *task = &job->task;
    json_t *memory;

    if (!job->has_rhythm || !job->rhythm || job->is_resting != !task->work->state || task->changes)
        return 0;
    memory = orc_json_own(orc_fields_write(task->memory, task->kind->memory), task->pool);
    return json_equal(memory, task->work->memory);
}

static void end(orc_job_t *job, apr_interval_time_t due)
{
    job->due = due;
    orc_job_finished(job);
}

/* Whether it waits for the person is a change that others see, and only that. */
static void end_later(orc_job_t *job, const orc_step_t *step)
{
    orc_task_t *task = &job->task;
    orc_pace_t *pace = task->memory;

    if (!step->is_sick)
        pace->sick = 0;
    pace->waiting = step->waits ? task->now : 0;
    if (step->waits != task->work->waits_for_token)
        json_object_set_new(orc_task_changes(task), "waits_for_token", json_boolean(step->waits));
    job->is_resting = step->is_sick || step->waits || !task->work->state;
    job->rhythm = job->is_resting && task->work->state ? 0 : rhythm_of(job, step);
    job->is_unchanged = is_unchanged(job);
    end(job, step->due);
}

static void end_for_good(orc_job_t *job, const char *state)
{
    json_t *changes = orc_task_changes(&job->task);

    json_object_set_new(changes, "ended", json_string(state));
    json_object_set_new(changes, "phase", json_string("ended"));
    if (job->task.work->waits_for_token)
        json_object_set_new(changes, "waits_for_token", json_false());
    end(job, 0);
}

/* ---- what a step asks for ---- */

int orc_job_read_steps(orc_db_step_t *steps, const orc_job_t *job)
{
    const orc_read_t *read = &job->read;
    apr_pool_t *pool = job->task.pool;
    int count = 0;

    switch (read->kind) {
    case ORC_READ_RECORDS:
        steps[count++].call = orc_store_records_call(job->task.work->deployment_id, pool);
        break;
    case ORC_READ_RESOURCES:
        steps[count++].call = orc_store_resources_call(job->task.work->deployment_id, pool);
        break;
    case ORC_READ_KNOWN:
        steps[count++].call = orc_store_known_call(read->ids, pool);
        if (read->tag)
            steps[count++].call = orc_store_answer_call(read->tag, pool);
        break;
    case ORC_READ_TAGS:
        steps[count++].call = orc_store_known_tags_call(read->tags, read->ids, pool);
        break;
    case ORC_READ_LIVING:
        steps[count++].call = orc_store_living_call(job->task.work->user_id, read->endpoint, read->ids, pool);
        break;
    }
    return count;
}

/* In the task's pool. */
static orc_found_t found_in(const orc_job_t *job, const orc_db_step_t *steps)
{
    const orc_rows_t *rows = &steps[0].rows;
    apr_pool_t *pool = job->task.pool;
    orc_found_t found = {0};

    switch (job->read.kind) {
    case ORC_READ_RECORDS:
        found.records = orc_store_records(rows, pool);
        break;
    case ORC_READ_RESOURCES:
        found.resources = orc_store_resources(rows, pool);
        break;
    case ORC_READ_KNOWN:
        found.noted = job->read.tag ? orc_store_answer(&steps[1].rows, pool) : NULL;
        found.known = orc_rows_first_column(rows, pool);
        break;
    case ORC_READ_TAGS:
        found.known = orc_rows_first_column(rows, pool);
        break;
    case ORC_READ_LIVING:
        found.count = orc_store_living(rows);
        break;
    }
    return found;
}

/* Half a step is none: what it said so far may be of an end that it did not come to. So a read that failed leaves what
 * is stored, and the step is done again. */
void orc_job_read_done(orc_job_t *job, const orc_db_step_t *steps, const orc_error_t *error)
{
    orc_found_t found;

    job->is_travelling = 0;
    if (job->is_lost) {
        orc_job_finished(job);
    }
    else if (error) {
        orc_log(ORC_LOG_INFO, "%s %s: %s", orc_job_name(job), job->task.work->id,
                orc_error_line(error, job->task.pool));
        job->is_given_back = 1;
        end(job, DATABASE_PAUSE);
    }
    else {
        found = found_in(job, steps);
        go_on(job, job->read.then(&job->task, &found));
    }
}

void orc_job_ordered(orc_job_t *job, const orc_store_progress_t *progress)
{
    job->is_travelling = 0;
    if (job->is_lost)
        orc_job_finished(job);
    else
        go_on(job, job->order.then(&job->task, progress));
}

static void order(orc_job_t *job, const orc_order_t *order)
{
    job->order = *order;
    job->is_travelling = 1;
    orc_orders_give(job->engine->orders, job);
}

static void read_later(orc_job_t *job, const orc_read_t *read)
{
    job->read = *read;
    job->is_travelling = 1;
    APR_ARRAY_PUSH(job->engine->reading, orc_job_t *) = job;
}

static void on_answer(orc_job_t *job, const orc_im_result_t *result)
{
    if (result)
        go_on(job, job->call.answer(&job->task, result));
    else if (job->again >= 0)
        end(job, job->again);
    else
        orc_job_drop(job);
}

static int is_about_one(orc_call_kind_t kind)
{
    return kind != ORC_CALL_CREATE && kind != ORC_CALL_LIST;
}

static void give_up(orc_job_t *job, const char *what)
{
    orc_save_give_up(job, what);
    end(job, job->engine->config->poll_max);
}

static void call(orc_job_t *job, const orc_call_t *call)
{
    if (!call->at.endpoint || (!call->infra && is_about_one(call->kind)))
        give_up(job, "nothing says what to ask which IM about");
    else
        orc_calls_ask(job, call, on_answer);
}

static void go_on(orc_job_t *job, orc_step_t step)
{
    step = orc_step_resolve(&job->task, step);
    switch (step.kind) {
    case ORC_STEP_READ:
        read_later(job, &step.read);
        return;
    case ORC_STEP_ORDER:
        order(job, &step.order);
        return;
    case ORC_STEP_CALL:
        call(job, &step.call);
        return;
    case ORC_STEP_LATER:
        end_later(job, &step);
        return;
    case ORC_STEP_ENDED:
        end_for_good(job, step.text);
        return;
    case ORC_STEP_FORGOTTEN:
        job->is_forgotten = 1;
        end(job, 0);
        return;
    case ORC_STEP_DAMAGED:
    case ORC_STEP_EVENT:
        give_up(job, step.text);
        return;
    }
}

/* ---- its beginning, and when it is lost ---- */

/* NULL, or what is wrong with the row. */
static const char *read_memory(orc_task_t *task)
{
    task->memory = apr_pcalloc(task->pool, task->kind->memory->size);
    return orc_fields_read(task->memory, task->kind->memory, task->work->memory, ORC_IN(task->phase), task->pool);
}

void orc_job_start(orc_engine_t *engine, orc_work_t *work, apr_time_t claimed, apr_pool_t *pool)
{
    orc_job_t *job = apr_pcalloc(pool, sizeof *job), *former;
    orc_task_t *task = &job->task;
    const char *wrong;

    job->engine = engine;
    job->claimed = claimed;
    job->lease = work->lease;
    job->lease_until = claimed + work->lease;
    job->has_rhythm = work->has_rhythm;
    job->is_resting = !work->state; /* however the step ends */
    task->pool = pool;
    task->service = engine->service;
    task->config = engine->config;
    task->work = work;
    task->tags = engine->tags;
    task->kind = orc_kinds_find(work->kind);
    task->phase = orc_kind_phase(task->kind, work->phase);
    former = apr_hash_get(engine->jobs, work->id, APR_HASH_KEY_STRING);
    if (former)
        orc_job_drop(former);
    apr_hash_set(engine->jobs, work->id, APR_HASH_KEY_STRING, job);
    engine->job_count++;
    engine->idle_count += task->kind->is_idle;
    orc_job_tick(job);
    wrong = read_memory(task);
    if (wrong)
        give_up(job, wrong);
    else
        go_on(job, task->kind->turn(task));
}

void orc_job_drop(orc_job_t *job)
{
    orc_engine_t *engine = job->engine;
    const char *id = job->task.work->id;

    if (apr_hash_get(engine->jobs, id, APR_HASH_KEY_STRING) == job)
        apr_hash_set(engine->jobs, id, APR_HASH_KEY_STRING, NULL);
    job->is_lost = 1;
    if (job->is_travelling && orc_orders_leave(engine->orders, job))
        job->is_travelling = 0;
    if (job->is_fetching || job->is_travelling || (job->http_call && job->call.kind == ORC_CALL_CREATE))
        return;
    orc_calls_leave(job);
    orc_job_finished(job);
}
