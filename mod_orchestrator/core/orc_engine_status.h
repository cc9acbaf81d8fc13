/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_STATUS_H
#define ORC_ENGINE_STATUS_H

#include <apr.h>

enum {
    ORC_STATUS_ENDPOINTS = 64, /* that are told; what is called beyond is not */
    ORC_STATUS_URL = 256,      /* bytes of an endpoint's URL, its end included; a longer one is cut */
    ORC_STATUS_KINDS = 32,     /* that are told; what another version does beyond is not */
    ORC_STATUS_WORD = 64,      /* bytes of a kind's word, its end included */
    ORC_STATUS_HOSTS = 64,     /* of callbacks that are told: those that most waits for */
};

/** Whether an endpoint is called. */
typedef enum {
    ORC_BREAKER_CLOSED,    /* it is */
    ORC_BREAKER_OPEN,      /* it is not, for some time */
    ORC_BREAKER_PROBATION, /* it is, until the next failure */
} orc_breaker_state_t;

/** One endpoint that an engine calls: an IM, its version, a token issuer. */
typedef struct orc_endpoint_status_t {
    char url[ORC_STATUS_URL];
    volatile apr_uint64_t breaker;            /* orc_breaker_state_t */
    volatile apr_uint64_t in_flight, waiting; /* calls */
    volatile apr_uint64_t lost;               /* microseconds that calls took which failed, since the start */
} orc_endpoint_status_t;

/** What there is to do of a kind, whichever host does it: as in orc_store_load_t. */
typedef struct orc_kind_status_t {
    char word[ORC_STATUS_WORD];
    volatile apr_uint64_t pending, oldest_pending, at_work, due, oldest_due;
} orc_kind_status_t;

/** What a host of callbacks is still to be told, whichever daemon does it: as in orc_store_callback_load_t. */
typedef struct orc_callee_status_t {
    char host[ORC_STATUS_URL];
    volatile apr_uint64_t waiting, failures, oldest;
} orc_callee_status_t;

/** Counters of an engine, written by its threads with atomic stores, read by the status page through shared memory. */
typedef struct orc_engine_status_t {
    volatile apr_uint64_t heartbeat; /* apr_time_t of the poller's last turn */
    volatile apr_uint32_t pid;
    volatile apr_uint32_t operations;     /* operations this daemon holds a lease of */
    volatile apr_uint32_t calls;          /* calls in flight to IM and others */
    volatile apr_uint32_t finished;       /* operations ended since the start */
    volatile apr_uint32_t failed;         /* of these, failed */
    volatile apr_uint32_t im_healthy;     /* 0 unknown, 1 healthy, 2 unhealthy: IM's default endpoint */
    volatile apr_uint32_t endpoint_count; /* of those below whose URL is there; 0 at the start */
    orc_endpoint_status_t endpoints[ORC_STATUS_ENDPOINTS];
    volatile apr_uint64_t callbacks_told, callbacks_failed; /* tries to tell a callback, since the start */
    volatile apr_uint64_t callbacks_given_up;               /* that are not tried again */

    /* What the database said last: of all hosts, and older when it is away. */
    volatile apr_uint64_t counted;                          /* apr_time_t of that; 0: never */
    volatile apr_uint64_t unwanted, stuck, oldest_unwanted; /* infrastructures: as in orc_store_unwanted_t */
    volatile apr_uint64_t callbacks, oldest_callback;       /* as in orc_store_callback_load, of all hosts */
    volatile apr_uint32_t kind_count;                       /* of those below whose word is there */
    orc_kind_status_t kinds[ORC_STATUS_KINDS];
    volatile apr_uint32_t callee_count; /* of those below whose host is there */
    orc_callee_status_t callees[ORC_STATUS_HOSTS];
} orc_engine_status_t;

#endif
