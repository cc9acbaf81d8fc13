/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_STATUS_H
#define ORC_ENGINE_STATUS_H

#include <apr.h>

/** Counters of an engine, written by its threads with atomic stores, read by the status page through shared memory. */
typedef struct orc_engine_status_t {
    volatile apr_uint64_t heartbeat; /* apr_time_t of the poller's last turn */
    volatile apr_uint32_t pid;
    volatile apr_uint32_t operations; /* operations this daemon holds a lease of */
    volatile apr_uint32_t calls;      /* calls in flight to IM and others */
    volatile apr_uint32_t finished;   /* operations ended since the start */
    volatile apr_uint32_t failed;     /* of these, failed */
    volatile apr_uint32_t im_healthy; /* 0 unknown, 1 healthy, 2 unhealthy: IM's default endpoint */
} orc_engine_status_t;

#endif
