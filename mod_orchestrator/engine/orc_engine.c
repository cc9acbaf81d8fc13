/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "kinds/orc_kinds.h"
#include "orc_db_views.h"
#include "orc_engine_callbacks.h"
#include "orc_engine_calls.h"
#include "orc_engine_claims.h"
#include "orc_engine_orders.h"
#include "orc_engine_report.h"
#include "orc_engine_save.h"
#include "orc_engine_search.h"
#include "orc_engine_token.h"
#include "orc_engine_trip.h"
#include "orc_log.h"

/*
 * The threads of a daemon: the poller does all work on operations, housekeeping deletes what is too old, takes leases
 * of dead neighbours over and counts what there is to do. (The issuers' keys are fetched by a thread of httpd/, engine
 * or not.)
 */

#define LONGEST_WAIT         apr_time_from_sec(1) /* of the poller: a lost notification costs no more */
#define PROBE_INTERVAL       apr_time_from_sec(10)
#define PROBE_TIMEOUT        apr_time_from_sec(5)
#define HOUSE_INTERVAL       apr_time_from_sec(60)
#define ADOPT_INTERVAL       apr_time_from_sec(2)
#define FIRST_DATABASE_PAUSE apr_time_from_msec(100)
#define LAST_DATABASE_PAUSE  apr_time_from_sec(2)
#define LOCK_PATIENCE        apr_time_from_msec(200) /* of the poller, while all others wait */
#define HOUSE_LOCK_PATIENCE  apr_time_from_sec(2)    /* of housekeeping, which says that the daemon lives */
#define ASIDE_PATIENCE       apr_time_from_sec(2)    /* the same, for an answer on the connection aside */

#define LAST_WAIT    apr_time_from_msec(1500) /* for issuers; the daemon has 3 s to end */
#define PLENTY_PAUSE apr_time_from_msec(50)
#define SHORT_PAUSE  apr_time_from_msec(10)

enum {
    LOOKS_PER_LEASE = 6, /* at what has to be prolonged */
    PLENTY = 48,         /* jobs in hand */
    IDLE_PORTIONS = 10,  /* of old operations that all stay */
    DUTIES = 5,          /* of housekeeping */
    FREQUENT_DUTIES = 1, /* the first ones, with each of its turns */
};

/* ---- making and stopping ---- */

orc_error_t *orc_engine_make(orc_engine_t **out, const orc_service_t *service, orc_engine_status_t *status,
                             apr_pool_t *pool)
{
    orc_engine_t *engine = apr_pcalloc(pool, sizeof *engine);
    orc_http_options_t options = orc_http_defaults();

    apr_pool_create(&engine->pool, pool);
    engine->service = service;
    engine->config = service->config;
    engine->status = status;
    if (pipe2(engine->stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return orc_error(pool, 500, "engine", "A pipe can't be made: %s.", strerror(errno));
    orc_claims_name(&engine->owner, &engine->prefix, engine->pool);
    /* A call that lasts for minutes may stand beside a window of one. */
    options.max_in_flight = engine->config->im_max_in_flight + 1;
    options.ca_file = engine->config->ca_file;
    ORC_TRY(orc_http_make(&engine->http, &options, engine->pool));
    ORC_TRY(orc_oidc_make(&engine->oidc, engine->config, engine->pool));
    engine->source = orc_db_source_single(engine->config->database_url, engine->pool);
    engine->source->lock_patience = LOCK_PATIENCE;
    engine->aside = orc_db_source_single(engine->config->database_url, engine->pool);
    engine->aside->lock_patience = LOCK_PATIENCE;
    engine->aside->patience = ASIDE_PATIENCE;
    engine->phases = orc_kinds_phases(engine->pool);
    engine->with_template = orc_kinds_with_template(engine->pool);
    engine->with_resources = orc_kinds_with_resources(pool);
    engine->watching = orc_kinds_watching(engine->pool);
    engine->deleting = orc_kinds_deleting(engine->pool);
    engine->jobs = apr_hash_make(engine->pool);
    engine->endpoints = apr_hash_make(engine->pool);
    engine->renewals = apr_hash_make(engine->pool);
    engine->finished = apr_array_make(engine->pool, 64, sizeof(orc_job_t *));
    engine->held = apr_array_make(engine->pool, 4, sizeof(orc_job_t *));
    engine->announced = apr_array_make(engine->pool, 64, sizeof(orc_job_t *));
    engine->reading = apr_array_make(engine->pool, 64, sizeof(orc_job_t *));
    engine->tags = orc_tags_make(engine->pool);
    apr_pool_create(&engine->turns, engine->pool);
    engine->after_issuer = engine->after_group = "";
    *out = engine;
    return NULL;
}

void orc_engine_stop(orc_engine_t *engine)
{
    int saved = errno;

    engine->is_stopping = 1;
    /* Never read: it wakes every thread. */
    (void)!write(engine->stop_pipe[1], "", 1);
    errno = saved;
}

/* For the threads beside the poller. True: go on. */
static int pause_for(orc_engine_t *engine, apr_interval_time_t time)
{
    struct pollfd fd = {engine->stop_pipe[0], POLLIN, 0};

    if (!engine->is_stopping)
        (void)poll(&fd, 1, (int)apr_time_as_msec(time) + 1);
    return !engine->is_stopping;
}

/* ---- housekeeping ---- */

static int did(const orc_error_t *error, apr_pool_t *pool)
{
    if (error)
        orc_log(ORC_LOG_DEBUG, "housekeeping: %s", orc_error_line(error, pool));
    return !error;
}

/* Says that the daemon lives, when it is time: before each duty, and each portion of one, however many there are.
 * Others count out who says nothing for ten seconds, and take its part of each window. */
static int live(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    apr_time_t now = orc_time_monotonic();

    if (engine->is_stopping || now < engine->adopt_at)
        return 1;
    engine->adopt_at = now + ADOPT_INTERVAL;
    return did(orc_claims_adopt(engine, db, pool), pool);
}

static orc_error_t *delete_old(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    int deleted;

    do { /* by portions, until nothing is left: more may have become too old since the last time than a portion has */
        (void)live(engine, db, pool);
        ORC_TRY(orc_store_keep_house(&deleted, db, pool));
        if (deleted)
            orc_log(ORC_LOG_DEBUG, "housekeeping: %d rows deleted", deleted);
    } while (deleted && !engine->is_stopping);
    return NULL;
}

/* By portions, too; what stays for good is passed over by a few portions a minute. */
static orc_error_t *retire_old(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    orc_store_retired_t *retired = &engine->retired;
    int idle = 0, bulk;

    do {
        (void)live(engine, db, pool);
        ORC_TRY(orc_store_retire(retired, db, engine->config->retention, pool));
        if (retired->deleted)
            orc_log(ORC_LOG_DEBUG, "housekeeping: %d operations deleted", retired->deleted);
        idle += !retired->deleted;
    } while (!retired->is_round && idle < IDLE_PORTIONS && !engine->is_stopping);
    do {
        (void)live(engine, db, pool);
        ORC_TRY(orc_store_orchestrations_retire(&bulk, db, engine->config->retention, pool));
    } while (bulk && !engine->is_stopping);
    return NULL;
}

typedef orc_error_t *duty_t(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool);

static orc_error_t *keep_views(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    return orc_db_views_keep(db, pool);
}

/* One duty that can't be done, because of a locked row or a table that takes too long, is no reason to leave others.
 * True: all of it is done. */
static int keep_house(orc_engine_t *engine, orc_db_source_t *source, int with_tables, apr_pool_t *pool)
{
    static duty_t *const duties[DUTIES] = {orc_report_load, orc_claims_rescue, delete_old, retire_old, keep_views};
    orc_db_t *db;
    int i, is_done = 1;

    if (!did(orc_db_open(&db, source, pool), pool))
        return 0;
    for (i = 0; i < (with_tables ? DUTIES : FREQUENT_DUTIES); i++) {
        is_done &= live(engine, db, pool);
        is_done &= did(duties[i](engine, db, pool), pool);
    }
    return is_done;
}

static void *housekeeping(void *baton)
{
    orc_engine_t *engine = baton;
    apr_time_t tables_at = 0;
    orc_db_source_t *source;
    apr_pool_t *pool, *turn;

    apr_pool_create(&pool, NULL);
    source = orc_db_source_single(engine->config->database_url, pool);
    source->lock_patience = HOUSE_LOCK_PATIENCE;
    while (pause_for(engine, ADOPT_INTERVAL)) {
        int with_tables = orc_time_monotonic() >= tables_at;

        apr_pool_create(&turn, pool);
        if (keep_house(engine, source, with_tables, turn) && with_tables)
            tables_at = orc_time_monotonic() + HOUSE_INTERVAL;
        apr_pool_destroy(turn);
    }
    apr_pool_destroy(pool);
    return NULL;
}

/* ---- the poller ---- */

static void on_probe(void *baton, const orc_im_result_t *result)
{
    orc_engine_t *engine = baton;

    engine->probing = 0;
    __atomic_store_n(&engine->status->im_healthy, result->kind == ORC_IM_OK ? 1 : 2, __ATOMIC_RELAXED);
}

static void probe_im(orc_engine_t *engine, apr_pool_t *pool)
{
    orc_im_target_t target = {0};
    apr_time_t now = orc_time_monotonic();

    if (engine->probing || now < engine->probe_at || !engine->config->im_url)
        return;
    engine->probe_at = now + PROBE_INTERVAL;
    target.url = engine->config->im_url;
    target.timeout = PROBE_TIMEOUT;
    engine->probing = 1;
    if (orc_im_get_version(NULL, engine->http, &target, on_probe, engine, pool)) {
        engine->probing = 0;
        __atomic_store_n(&engine->status->im_healthy, 2, __ATOMIC_RELAXED);
    }
}

/* When to claim again: at once, but while there is plenty in hand, rather seldom and more at a time. */
static apr_time_t next_claim(const orc_engine_t *engine, apr_time_t now)
{
    return engine->job_count > PLENTY ? now + PLENTY_PAUSE : 0;
}

/* What ended with something to tell may be due again, or have made room for others; so may whatever ended when hands
 * were full. */
static int makes_room(const orc_engine_t *engine)
{
    int i;

    if (!engine->finished->nelts)
        return 0;
    for (i = 0; i < engine->finished->nelts; i++) {
        if (!APR_ARRAY_IDX(engine->finished, i, orc_job_t *)->is_unchanged)
            return 1;
    }
    return engine->job_count >= ORC_ENGINE_MAX_JOBS;
}

/* When to claim again, as far as the claim itself can tell. */
static apr_time_t claim_after(const orc_engine_t *engine, apr_time_t now, apr_interval_time_t next)
{
    apr_time_t soonest = next_claim(engine, now);

    if (next == 0)
        return soonest;
    /* Some at a time, rather than each when it is due. */
    next = next < 0 || next > LONGEST_WAIT ? LONGEST_WAIT : next < SHORT_PAUSE ? SHORT_PAUSE : next;
    return soonest > now + next ? soonest : now + next;
}

/* All that has to do with the database in one turn. */
static orc_error_t *work(orc_engine_t *engine, apr_pool_t *pool)
{
    apr_time_t now = orc_time_monotonic();
    apr_interval_time_t next = -1;
    int is_stopping = engine->is_stopping, with_claim;
    orc_db_t *db;

    if (now >= engine->renew_at) {
        ORC_TRY(orc_db_open(&db, engine->source, pool));
        ORC_TRY(orc_claims_renew(engine, db, pool));
        orc_db_close(db);
        engine->renew_at = now + engine->config->lease / LOOKS_PER_LEASE;
    }
    if (makes_room(engine) && next_claim(engine, now) < engine->claim_at)
        engine->claim_at = next_claim(engine, now);
    else if (engine->job_count >= ORC_ENGINE_MAX_JOBS)
        engine->claim_at = now + LONGEST_WAIT;
    with_claim = now >= engine->claim_at && !is_stopping && engine->job_count < ORC_ENGINE_MAX_JOBS;
    if (!engine->finished->nelts && !orc_save_is_due(engine) && !orc_trip_is_wanted(engine) && !with_claim)
        return NULL;
    ORC_TRY(orc_trip_make(is_stopping ? NULL : &next, engine, with_claim, pool));
    if (with_claim)
        engine->claim_at = claim_after(engine, now, next);
    return NULL;
}

static void try_work(orc_engine_t *engine, apr_pool_t *turn)
{
    apr_interval_time_t pause = FIRST_DATABASE_PAUSE;
    orc_error_t *error;
    apr_pool_t *pool;
    int i;

    if (orc_time_monotonic() < engine->database_after) {
        orc_trip_cancel(engine, NULL);
        return;
    }
    /* A unit of work that fails ends with this pool: others of the turn may find the connection broken and let go of
     * it. */
    apr_pool_create(&pool, turn);
    error = work(engine, pool);
    if (!error && engine->database_failures)
        orc_log(ORC_LOG_NOTICE, "the database is back");
    else if (error && !engine->database_failures)
        orc_log(ORC_LOG_WARNING, "the database: %s", orc_error_line(error, pool));
    apr_pool_destroy(pool);
    if (!error) {
        engine->database_failures = 0;
        orc_token_settle(engine);
        return;
    }
    for (i = 0; i < engine->database_failures && pause < LAST_DATABASE_PAUSE; i++)
        pause *= 2;
    engine->database_failures++;
    engine->database_after = orc_time_monotonic() + pause;
}

static void wait_for_something(orc_engine_t *engine, apr_pool_t *pool)
{
    struct pollfd fds[3] = {
        {engine->stop_pipe[0], POLLIN, 0}, {orc_orders_pipe(engine->orders), POLLIN, 0}, {-1, POLLIN, 0}};
    apr_time_t now = orc_time_monotonic(), until;
    apr_interval_time_t timeout;
    int is_new = 0, count = 2;
    orc_error_t *error;

    if (engine->database_failures) {
        until = engine->database_after;
    }
    else if (orc_db_listen(&is_new, engine->source, pool)) {
        until = now + FIRST_DATABASE_PAUSE;
    }
    else {
        fds[2].fd = orc_db_socket(engine->source);
        count = 3;
        if (orc_db_heard(engine->source) || is_new)
            engine->claim_at = 0;
        until = engine->claim_at;
    }
    if (!engine->database_failures && engine->finished->nelts)
        until = 0;
    if (!engine->database_failures && engine->held->nelts && engine->held_at < until)
        until = engine->held_at;
    if (!engine->database_failures && orc_trip_is_wanted(engine))
        until = 0;
    timeout = until > now ? until - now : 0;
    error = orc_http_wait(engine->http, timeout > LONGEST_WAIT ? LONGEST_WAIT : timeout, fds, count, pool);
    if (error)
        orc_log(ORC_LOG_ERROR, "the poller: %s", orc_error_line(error, pool));
    if (count == 3 && (fds[2].revents & POLLIN) && orc_db_heard(engine->source))
        engine->claim_at = 0;
}

static void adopt_at_start(orc_engine_t *engine)
{
    orc_error_t *error;
    apr_pool_t *pool;
    orc_db_t *db;

    apr_pool_create(&pool, engine->pool);
    error = orc_db_open(&db, engine->source, pool);
    if (!error)
        error = orc_claims_adopt(engine, db, pool);
    if (error)
        orc_log(ORC_LOG_INFO, "leases of former processes: %s", orc_error_line(error, pool));
    apr_pool_destroy(pool);
}

/* An issuer that was asked has perhaps given a refresh token away, and took the old one back: its answer is not to be
 * lost with the process, if it comes soon. */
static void await_tokens(orc_engine_t *engine, apr_pool_t *pool)
{
    apr_time_t until = orc_time_monotonic() + LAST_WAIT;

    while (orc_token_is_awaited(engine) && orc_time_monotonic() < until) {
        if (orc_http_wait(engine->http, apr_time_from_msec(100), NULL, 0, pool))
            return;
    }
}

static void poll_for_ever(orc_engine_t *engine)
{
    apr_pool_t *turn;

    adopt_at_start(engine);
    apr_pool_create(&turn, engine->pool);
    while (!engine->is_stopping) {
        orc_report(engine);
        probe_im(engine, turn);
        try_work(engine, turn);
        orc_calls_pump(engine);
        wait_for_something(engine, turn);
        orc_orders_take(engine->orders);
        orc_calls_pump(engine);
        apr_pool_clear(turn);
    }
    await_tokens(engine, turn);
    /* What ended is stored, the rest is handed back. */
    if (!engine->database_failures)
        try_work(engine, turn);
    apr_pool_destroy(turn);
}

void orc_engine_run(orc_engine_t *engine)
{
    pthread_t house;
    orc_error_t *error;
    int has_house;

    orc_report_begin(engine);
    orc_log(ORC_LOG_INFO, "the engine begins as %s", engine->owner);
    has_house = pthread_create(&house, NULL, housekeeping, engine) == 0;
    error = orc_orders_make(&engine->orders, engine->service, engine->pool);
    if (!error)
        error = orc_callbacks_make(&engine->callbacks, engine, engine->pool);
    if (error)
        orc_log(ORC_LOG_ERROR, "the engine: %s", orc_error_line(error, engine->pool));
    else
        poll_for_ever(engine);
    /* The other threads may be waiting for a table that somebody has locked, and the daemon is killed when it takes too
     * long to end: others go on with its work before. */
    orc_claims_release(engine);
    orc_engine_stop(engine);
    if (has_house)
        pthread_join(house, NULL);
    if (engine->orders)
        orc_orders_end(engine->orders);
    orc_callbacks_end(engine->callbacks);
    orc_log(ORC_LOG_INFO, "the engine ended");
}
