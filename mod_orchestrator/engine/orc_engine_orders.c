/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_orders.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "orc_engine_foresee.h"
#include "orc_engine_job.h"
#include "orc_id.h"
#include "orc_log.h"

/* Of one order, while all others wait. A daemon that ends has 3 s. */
#define LOCK_PATIENCE apr_time_from_sec(1)

/* In a pool of its own, since two threads have it in turn. */
typedef struct task_t {
    apr_pool_t *pool;
    orc_job_t *job;
    orc_order_t order;
    const char *id;
    const char *person;
    orc_store_progress_t progress;
    int is_done;
    struct task_t *next;
} task_t;

typedef struct list_t {
    task_t *first, **last;
} list_t;

struct orc_orders_t {
    orc_service_t service; /* the thread's */
    apr_pool_t *pool;
    pthread_t thread;
    pthread_mutex_t lock; /* of the next */
    pthread_cond_t given;
    list_t waiting, done;
    task_t *at_work;
    int ends;
    int pipe[2];
};

/* ---- lists ---- */

static void append(list_t *list, task_t *task)
{
    task->next = NULL;
    *list->last = task;
    list->last = &task->next;
}

static task_t *take(list_t *list)
{
    task_t *task = list->first;

    if (!task)
        return NULL;
    list->first = task->next;
    if (!list->first)
        list->last = &list->first;
    task->next = NULL;
    return task;
}

/* The one of a job, taken out; NULL: it has none that waits. */
static task_t *take_of(list_t *list, const orc_job_t *job)
{
    task_t **at = &list->first, *task;

    while (*at && (*at)->job != job)
        at = &(*at)->next;
    task = *at;
    if (!task)
        return NULL;
    *at = task->next;
    if (list->last == &task->next)
        list->last = at;
    return task;
}

/* ---- the thread ---- */

static orc_error_t *carry_out(const orc_service_t *service, task_t *task)
{
    switch (task->order.kind) {
    case ORC_ORDER_FIND:
        ORC_TRY(orc_rules_conduct_find(service, task->id, task->pool));
        break;
    case ORC_ORDER_BEGIN:
        ORC_TRY(orc_rules_conduct_begin(service, task->id, task->order.room, orc_engine_foresee, task->pool));
        break;
    case ORC_ORDER_END:
        ORC_TRY(orc_store_orchestration_end(service->db, task->id, task->pool));
        break;
    }
    return orc_store_orchestration_progress(&task->progress, service->db, task->id, task->pool);
}

/* A database that is away is told of by the poller, too. */
static void do_one(orc_orders_t *orders, task_t *task)
{
    orc_error_t *error = carry_out(&orders->service, task);

    task->is_done = !error;
    if (error)
        orc_log(error->status == 503 ? ORC_LOG_INFO : ORC_LOG_ERROR, "orchestration %s: %s", task->id,
                orc_error_line(error, task->pool));
}

static void *work(void *baton)
{
    orc_orders_t *orders = baton;
    task_t *task;

    pthread_mutex_lock(&orders->lock);
    while (!orders->ends) {
        task = take(&orders->waiting);
        if (!task) {
            pthread_cond_wait(&orders->given, &orders->lock);
            continue;
        }
        orders->at_work = task;
        pthread_mutex_unlock(&orders->lock);
        do_one(orders, task);
        pthread_mutex_lock(&orders->lock);
        orders->at_work = NULL;
        append(&orders->done, task);
        (void)!write(orders->pipe[1], "", 1);
    }
    pthread_mutex_unlock(&orders->lock);
    return NULL;
}

/* ---- the poller's side ---- */

orc_error_t *orc_orders_make(orc_orders_t **out, const orc_service_t *service, apr_pool_t *pool)
{
    const orc_rules_host_t alone = {0};
    orc_orders_t *orders = apr_pcalloc(pool, sizeof *orders);

    /* What the thread allocates is nobody else's. */
    if (apr_pool_create(&orders->pool, NULL) != APR_SUCCESS || pipe2(orders->pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return orc_error(pool, 500, "engine", "A pipe can't be made: %s.", strerror(errno));
    orders->service = *service;
    orders->service.db = orc_db_source_single(service->config->database_url, orders->pool);
    orders->service.db->lock_patience = LOCK_PATIENCE;
    orders->service.rules = orc_rules_make(&alone, orders->pool);
    orders->waiting.last = &orders->waiting.first;
    orders->done.last = &orders->done.first;
    if (!orders->service.rules || pthread_mutex_init(&orders->lock, NULL) != 0 ||
        pthread_cond_init(&orders->given, NULL) != 0 || pthread_create(&orders->thread, NULL, work, orders) != 0)
        return orc_error(pool, 500, "engine", "A thread can't be made.");
    *out = orders;
    return NULL;
}

void orc_orders_end(orc_orders_t *orders)
{
    pthread_mutex_lock(&orders->lock);
    orders->ends = 1;
    pthread_cond_signal(&orders->given);
    pthread_mutex_unlock(&orders->lock);
    pthread_join(orders->thread, NULL);
}

void orc_orders_give(orc_orders_t *orders, orc_job_t *job)
{
    apr_pool_t *pool;
    task_t *task;

    apr_pool_create(&pool, NULL);
    task = apr_pcalloc(pool, sizeof *task);
    task->pool = pool;
    task->job = job;
    task->order = job->order;
    task->id = apr_pstrdup(pool, job->task.work->id);
    task->person = apr_pstrdup(pool, job->task.work->user_id);
    pthread_mutex_lock(&orders->lock);
    append(&orders->waiting, task);
    pthread_cond_signal(&orders->given);
    pthread_mutex_unlock(&orders->lock);
}

int orc_orders_leave(orc_orders_t *orders, const orc_job_t *job)
{
    task_t *task;

    pthread_mutex_lock(&orders->lock);
    task = take_of(&orders->waiting, job);
    pthread_mutex_unlock(&orders->lock);
    if (!task)
        return 0;
    apr_pool_destroy(task->pool);
    return 1;
}

static void add_persons(apr_array_header_t *persons, const task_t *task, apr_pool_t *pool)
{
    for (; task; task = task->next)
        APR_ARRAY_PUSH(persons, const char *) = apr_pstrdup(pool, task->person);
}

const apr_array_header_t *orc_orders_in_hand(orc_orders_t *orders, apr_pool_t *pool)
{
    apr_array_header_t *persons = apr_array_make(pool, 8, sizeof(const char *));

    pthread_mutex_lock(&orders->lock);
    add_persons(persons, orders->waiting.first, pool);
    add_persons(persons, orders->at_work, pool);
    add_persons(persons, orders->done.first, pool);
    pthread_mutex_unlock(&orders->lock);
    return persons;
}

int orc_orders_pipe(const orc_orders_t *orders)
{
    return orders->pipe[0];
}

static task_t *take_done(orc_orders_t *orders)
{
    task_t *task;

    pthread_mutex_lock(&orders->lock);
    task = take(&orders->done);
    pthread_mutex_unlock(&orders->lock);
    return task;
}

void orc_orders_take(orc_orders_t *orders)
{
    char bytes[64];
    task_t *task;

    while (read(orders->pipe[0], bytes, sizeof bytes) > 0)
        ;
    while ((task = take_done(orders)) != NULL) {
        orc_job_ordered(task->job, task->is_done ? &task->progress : NULL);
        apr_pool_destroy(task->pool);
    }
}
