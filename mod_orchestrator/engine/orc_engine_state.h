/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_STATE_H
#define ORC_ENGINE_STATE_H

#include <apr_hash.h>
#include <signal.h>

#include "orc_engine.h"
#include "orc_engine_step.h"
#include "orc_oidc.h"
#include "orc_time.h"

/* What the machinery's files share: the engine, and a job, which is a task while this daemon has its lease. Kinds of
 * work know nothing of this. */

enum {
    ORC_ENGINE_MAX_JOBS = 512, /* in hand at once */
    ORC_ENGINE_BATCH = 64,     /* claimed, or stored, at once */
    ORC_ENGINE_MAX_IDLE = 128, /* of what nobody waits for in hand at once */
};

typedef struct orc_job_t orc_job_t;

typedef struct orc_orders_t orc_orders_t;       /* orc_engine_orders.h */
typedef struct orc_callbacks_t orc_callbacks_t; /* orc_engine_callbacks.h */

/** What shares an endpoint's slots: each kind of call has its own number of them, and its own that wait, so that none
 * of them stands behind others which may not begin (orc_engine_window.h). */
typedef enum {
    ORC_LANE_SHORT,
    ORC_LANE_DELETION,
    ORC_LANE_LONG, /* updates, machines, and deletions that are waited for, which may last for minutes */
    ORC_LANE_IDLE, /* what nobody waits for */
    ORC_LANE_COUNT,
} orc_lane_kind_t;

typedef struct orc_lane_t {
    int in_flight, waiting;
    apr_interval_time_t latency; /* of a call, as the last ones had it */
    apr_time_t moved;            /* monotonic: when a call began or ended */
    apr_time_t promised;         /* monotonic: when the last one that was put off comes back */
} orc_lane_t;

/** An IM endpoint: at most as many calls at once as this daemon's share of its window has, in their order. */
typedef struct orc_endpoint_t {
    const char *url;
    int in_flight, waiting; /* in all lanes */
    orc_lane_t lanes[ORC_LANE_COUNT];
    orc_job_t *first, *last; /* that wait for a slot */
    int useless;             /* answers in a row that told nothing */
    int is_told;             /* that it is none of the configuration's */
} orc_endpoint_t;

struct orc_job_t {
    orc_task_t task;
    orc_engine_t *engine;
    apr_time_t claimed; /* monotonic, as the next */
    apr_time_t lease_until;
    apr_interval_time_t lease; /* how long it was when it began */
    int has_rhythm;            /* the row says already when it is due again, if nothing is new */
    int is_lost;               /* somebody else has the lease: nothing of it counts any more */

    /* the call at hand (orc_engine_calls.h) */
    orc_call_t call;
    void (*done)(orc_job_t *job, const orc_im_result_t *result);
    orc_http_call_t *http_call;
    orc_endpoint_t *endpoint;  /* whose slot it has, or waits for */
    orc_job_t *next;           /* that waits there */
    const char *token;         /* open */
    int is_renewed;            /* the token, in this step */
    int is_fetching;           /* it waits for a token */
    apr_interval_time_t again; /* without an answer: until the next look; -1: the lease is lost */
    int is_withheld;           /* it was not sent, because the lease was over */
    int is_served;             /* a call of this step was answered */
    orc_im_target_t *target;   /* of one that is to be announced first */
    orc_read_t read;           /* what the database is asked */
    orc_order_t order;         /* what the rules are */
    int is_travelling;         /* it is among those of the next trip to the database (orc_engine_trip.h), or ordered */
    const char *made;          /* what the last creation made */
    int is_unmade;             /* it certainly made nothing */

    /* the end of the step */
    apr_interval_time_t due, rhythm;
    int is_unchanged; /* nothing is to be written */
    int is_resting;   /* it takes no place of others: is no operation, waits for an ill or stuck IM, or for a token */
    int is_finished;
    int is_given_back; /* it is due then, for whoever claims it */
    int is_held;       /* a row that it has to change was locked */
    int is_forgotten;  /* the deployment's row goes */
};

struct orc_engine_t {
    apr_pool_t *pool;
    const orc_service_t *service;
    const orc_config_t *config;
    orc_engine_status_t *status;
    const char *owner;  /* this instance, in lease_owner */
    const char *prefix; /* what the names of all instances of this host begin with */
    /* what it claims: orc_kinds.h */
    const apr_array_header_t *phases, *with_template, *watching, *with_resources, *deleting;
    int stop_pipe[2];
    volatile sig_atomic_t is_stopping;
    volatile apr_uint32_t daemons; /* that live, this one included; atomic, of the housekeeping thread */
    apr_time_t load_at;            /* of that thread: when work is counted again; monotonic */
    orc_store_retired_t retired;   /* of that thread: how far old operations were looked at */

    /* of the poller's thread */
    orc_http_t *http;
    orc_oidc_t *oidc;
    orc_db_source_t *source; /* of trips */
    orc_db_source_t *aside;  /* of what a call has to know at once, while a trip is under way */
    apr_time_t aside_after;  /* it is left alone until then; monotonic */
    orc_orders_t *orders;
    orc_callbacks_t *callbacks;   /* NULL: nobody may be called */
    apr_hash_t *jobs;             /* id -> orc_job_t *, the ones that have the lease */
    int job_count;                /* all, those without a lease included */
    int idle_count;               /* of these, those that nobody waits for */
    apr_hash_t *endpoints;        /* url -> orc_endpoint_t * */
    apr_hash_t *renewals;         /* of tokens, by the person's id; orc_engine_token.c's own */
    apr_array_header_t *finished; /* of orc_job_t *, to be stored */
    apr_array_header_t *held;     /* the same, whose rows somebody has locked; those that waited longest first */
    apr_time_t held_at;           /* when one of them is tried again; monotonic */
    apr_array_header_t *announced, *reading; /* the same: what has to be stored before a call, or is read */
    orc_tags_t *tags;
    apr_time_t database_after; /* it is left alone until then; monotonic */
    int database_failures;
    apr_time_t claim_at, renew_at, probe_at, count_at; /* monotonic */
    apr_time_t adopt_at;                               /* the same, of housekeeping */
    /* everything that was due before, by the database's clock, was claimed, of what somebody waits for, of what nobody
     * does, and of what gives orders; atomic */
    volatile apr_uint64_t since, idle_since, orders_since;
    apr_pool_t *turns; /* of the next: new ones of the groups behind this one are looked at next */
    const char *after_issuer, *after_group;
    int at_work; /* operations of this owner that take a place */
    int probing;
};

/** What the job is, for the log: "operation", or its kind of work. */
const char *orc_job_name(const orc_job_t *job);

/** The database's time, for the task. */
void orc_job_tick(orc_job_t *job);

/** It has the lease from now on, a moment of the monotonic clock, for as long as any. */
void orc_job_prolong(orc_job_t *job, apr_time_t now);

/** Puts a job among those that are stored at the end of the loop's turn. Once is enough. */
void orc_job_finished(orc_job_t *job);

#endif
