/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_trip.h"

#include <poll.h>
#include <string.h>

#include "orc_engine_calls.h"
#include "orc_engine_claims.h"
#include "orc_engine_job.h"
#include "orc_engine_save.h"
#include "orc_log.h"

enum { MAX_READ_STEPS = 2 };

/* The parts, in this order: of `finished`, a note each of `announced`, one each of `reading`, and the claim. */
typedef struct trip_t {
    orc_engine_t *engine;
    apr_pool_t *pool;
    apr_time_t began;
    apr_array_header_t *parts;
    const apr_array_header_t *announced, *reading;
    int finished, saves; /* jobs, and their parts */
    int is_last;         /* the engine stops */
    orc_claims_t claim;
} trip_t;

int orc_trip_is_wanted(const orc_engine_t *engine)
{
    return engine->announced->nelts || engine->reading->nelts;
}

/* Who goes on may ask for the next trip, so this one has a list of its own. */
static const apr_array_header_t *taken(apr_array_header_t *jobs, apr_pool_t *pool)
{
    const apr_array_header_t *copy = apr_array_copy(pool, jobs);

    jobs->nelts = 0;
    return copy;
}

static void note(const trip_t *trip, orc_job_t *job)
{
    orc_db_part_t *part = apr_array_push(trip->parts);

    /* one that was lost meanwhile says nothing any more */
    if (job->is_lost)
        return;
    orc_calls_announce(job);
    orc_save_note(part, job, trip->pool);
}

static void read_for(const trip_t *trip, orc_job_t *job)
{
    orc_db_part_t *part = apr_array_push(trip->parts);

    part->steps = apr_pcalloc(trip->pool, MAX_READ_STEPS * sizeof *part->steps);
    part->count = orc_job_read_steps(part->steps, job);
}

static void pack(trip_t *trip, int with_claim)
{
    orc_engine_t *engine = trip->engine;
    int i;

    trip->parts = apr_array_make(trip->pool, 16, sizeof(orc_db_part_t));
    trip->finished = engine->finished->nelts;
    orc_save_finished(trip->parts, engine, trip->pool);
    trip->saves = trip->parts->nelts;
    /* Who stops begins nothing more, and hands the rest back. */
    if (trip->is_last)
        return;
    trip->announced = taken(engine->announced, trip->pool);
    for (i = 0; i < trip->announced->nelts; i++)
        note(trip, APR_ARRAY_IDX(trip->announced, i, orc_job_t *));
    trip->reading = taken(engine->reading, trip->pool);
    for (i = 0; i < trip->reading->nelts; i++)
        read_for(trip, APR_ARRAY_IDX(trip->reading, i, orc_job_t *));
    if (with_claim)
        orc_claims_ask(apr_array_push(trip->parts), &trip->claim, engine, trip->pool);
}

/* What took part goes on, whatever came of it. */
static void go_on(const trip_t *trip)
{
    orc_db_part_t *part = &APR_ARRAY_IDX(trip->parts, trip->saves, orc_db_part_t);
    int i;

    if (!trip->announced)
        return;
    for (i = 0; i < trip->announced->nelts; i++, part++) {
        orc_job_t *job = APR_ARRAY_IDX(trip->announced, i, orc_job_t *);

        orc_calls_announced(job, !job->is_lost && orc_save_noted(part, job, trip->began));
    }
    for (i = 0; i < trip->reading->nelts; i++, part++)
        orc_job_read_done(APR_ARRAY_IDX(trip->reading, i, orc_job_t *), part->steps, part->error);
}

static void fail_all(const trip_t *trip, orc_error_t *error)
{
    int i;

    for (i = 0; i < trip->parts->nelts; i++)
        APR_ARRAY_IDX(trip->parts, i, orc_db_part_t).error = error;
}

/* Calls don't wait for the database: what ends meanwhile takes part in the next trip. */
static void serve_calls(void *baton, int socket, short events, apr_time_t until)
{
    const trip_t *trip = baton;
    apr_interval_time_t rest = until - orc_time_monotonic();
    struct pollfd fd = {.fd = socket, .events = events};
    orc_error_t *error = orc_http_wait(trip->engine->http, rest > 0 ? rest : 0, &fd, 1, trip->pool);

    if (error) {
        orc_log(ORC_LOG_ERROR, "the poller: %s", orc_error_line(error, trip->pool));
        (void)poll(&fd, 1, rest > 0 ? (int)apr_time_as_msec(rest) : 0);
    }
    orc_calls_pump(trip->engine);
}

/* The steps may use the connection, which must be free of the trip by then. */
static orc_error_t *travel(trip_t *trip, int with_claim)
{
    const orc_db_meanwhile_t meanwhile = {serve_calls, trip};
    orc_error_t *error;
    orc_db_t *db;

    ORC_TRY(orc_db_open(&db, trip->engine->source, trip->pool));
    error = orc_save_special(trip->engine, db, trip->pool);
    if (!error && with_claim)
        error = orc_claims_count(trip->engine, db, trip->pool);
    if (!error) {
        pack(trip, with_claim);
        error = orc_db_parts(db, (orc_db_part_t *)trip->parts->elts, trip->parts->nelts, &meanwhile, trip->pool);
        trip->claim.answered = orc_time_monotonic();
    }
    orc_db_close(db);
    return error;
}

orc_error_t *orc_trip_make(apr_interval_time_t *next, orc_engine_t *engine, int with_claim, apr_pool_t *pool)
{
    trip_t trip = {.engine = engine, .pool = pool, .began = orc_time_monotonic(), .is_last = !next};
    orc_error_t *error, *settled, *taken_up = NULL;

    error = travel(&trip, with_claim);
    if (!trip.parts) {
        orc_trip_cancel(engine, error);
        return error;
    }
    settled = orc_save_settle(engine, trip.finished, (const orc_db_part_t *)trip.parts->elts, pool);
    go_on(&trip);
    if (with_claim)
        taken_up = orc_claims_take(next, engine, &trip.claim,
                                   &APR_ARRAY_IDX(trip.parts, trip.parts->nelts - 1, orc_db_part_t), pool);
    return error ? error : settled ? settled : taken_up;
}

void orc_trip_cancel(orc_engine_t *engine, const orc_error_t *error)
{
    apr_pool_t *pool;
    trip_t trip = {.engine = engine};

    if (!orc_trip_is_wanted(engine))
        return;
    apr_pool_create(&pool, engine->pool);
    trip.pool = pool;
    trip.announced = taken(engine->announced, pool);
    trip.reading = taken(engine->reading, pool);
    trip.parts = apr_array_make(pool, 16, sizeof(orc_db_part_t));
    while (trip.parts->nelts < trip.announced->nelts + trip.reading->nelts)
        (void)memset(apr_array_push(trip.parts), 0, sizeof(orc_db_part_t));
    fail_all(&trip, error ? (orc_error_t *)error
                          : orc_error(pool, 503, "database.unavailable", "It is left alone for a while."));
    go_on(&trip);
    apr_pool_destroy(pool);
}
