/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_SETTINGS_H
#define SIM_SETTINGS_H

/* How an infrastructure is to behave and which calls are to fail: the keys of README.md, from a line of the
 * Authorization header, from a template's metadata or from the control surface. */

#include <apr_pools.h>
#include <apr_tables.h>
#include <jansson.h>

#include "sim_route.h"

#define SIM_MAX_FAULTS 8

typedef enum {
    SIM_FAULT_NONE,
    SIM_FAULT_HTTP,          /* an error status from a proxy in front */
    SIM_FAULT_HANG,          /* no answer, nothing done */
    SIM_FAULT_HANG_AFTER,    /* done, no answer */
    SIM_FAULT_SLOW,          /* done, the answer comes late */
    SIM_FAULT_QUEUED,        /* done late, whether or not the client is still there */
    SIM_FAULT_RESET_BEFORE,  /* connection reset, nothing done */
    SIM_FAULT_RESET_AFTER,   /* done, connection reset */
    SIM_FAULT_LOST,          /* done, connection closed without an answer */
    SIM_FAULT_LAUNCHER_DIES, /* done, connection reset, and the document was never attached */
    SIM_FAULT_UPDATE_HALF,   /* machines are removed and made, connection reset, and the document was never merged */
    SIM_FAULT_RESURRECT,     /* done and answered; what was deleted comes back */
    SIM_FAULT_BAD_JSON,      /* done, the body is cut */
    SIM_FAULT_TOKEN_EXPIRED, /* IM's words, 401 or 400 by the route as IM does */
    SIM_FAULT_TOKEN_401,
    SIM_FAULT_TOKEN_400,
    SIM_FAULT_IAM_OUTAGE,
    SIM_FAULT_READ_ONLY,
    SIM_FAULT_BAD_TEMPLATE,
    SIM_FAULT_NO_DATABASE, /* IM knows nothing, and says so */
    SIM_FAULT_NO_DOCUMENT, /* it read the infrastructure back without its template */
    SIM_FAULT_CONFLICT
} sim_fault_kind_t;

/* A rule that calls fail by, and how often it was met. */
typedef struct {
    sim_fault_kind_t kind;
    const char *name;     /* of the kind, as given */
    int status;           /* of SIM_FAULT_HTTP */
    apr_uint32_t routes;  /* bits of sim_route_class_t */
    apr_int64_t first;    /* only the first so many matching calls; -1: all */
    apr_int64_t after;    /* the first so many matching calls pass */
    apr_int64_t for_ms;   /* only so long after it was armed; -1: for ever */
    apr_int64_t delay_ms; /* of SIM_FAULT_SLOW, QUEUED and RESURRECT */
    double fraction;      /* of the matching calls; 1: all */
    const char *cloud;    /* only calls with this cloud line id, or NULL */
    const char *host;     /* only calls with this Host, or NULL */
    const char *key;      /* sets counters apart, or NULL */
    apr_int64_t seen;     /* matching calls so far */
    apr_int64_t struck;   /* calls that it struck so far */
    apr_int64_t armed_at; /* ms of the simulator's clock; -1: not yet */
} sim_fault_t;

/* Durations are in ms; -1 is "not set" until sim_settings_finish(). */
typedef struct {
    const char *behaviour;
    apr_int64_t launch_ms;       /* until the VMs are there; `adding` until then */
    apr_int64_t boot_ms;         /* a VM is pending */
    apr_int64_t config_ms;       /* a VM is running */
    apr_int64_t delete_ms;       /* a deletion takes */
    apr_int64_t busy_ms;         /* DELETE answers 409, from the creation */
    apr_int64_t unconfigured_ms; /* after so long a configured one turns unconfigured; -1: never */
    apr_int64_t gone_ms;         /* after so long the first VM is no more; -1: never */
    apr_int64_t outputs_ms;      /* outputs are null so long */
    apr_int64_t unknown_ms;      /* VMs are unknown so long after the launch */
    apr_int64_t back_ms;         /* from the 404 to the return */
    apr_int64_t failed_vms;      /* so many of the last VMs fail to launch */
    apr_int64_t failed_adds;     /* so many of the last VMs that an update adds fail to launch */
    apr_int64_t unconfigured;    /* 1: the configuration fails */
    apr_int64_t stuck;           /* 1: pending for ever */
    apr_int64_t refuse;          /* deletions that the cloud refuses */
    apr_int64_t lost;            /* deletions that are lost */
    apr_int64_t back;            /* times it comes back after its 404 */
    apr_int64_t undocumented;    /* 1: IM has no TOSCA document of it */
    apr_int64_t nameless;        /* 1: nor a name in its RADL */
    apr_int64_t power_ms;        /* until a start, stop or reboot shows in a VM's state */
    apr_int64_t power_refused;   /* so many of them the cloud refuses */
    apr_int64_t new_ip;          /* 1: a VM has another public address after each start and reboot */
    const char *lost_as;         /* unknown or configured */
    const char *says;            /* what the contextualization says; "" */
    sim_fault_t faults[SIM_MAX_FAULTS];
    int fault_count;
} sim_settings_t;

void sim_settings_init(sim_settings_t *settings);

/* Takes a cloud line's keys; keys that are not the simulator's are left alone. NULL, or what is wrong (in pool).
 * Strings are copied into pool. */
const char *sim_settings_line(sim_settings_t *settings, const apr_table_t *line, apr_pool_t *pool);

/* Takes the object of metadata.im_simulator; an unknown key is an error. `faults` is a list of objects. */
const char *sim_settings_metadata(sim_settings_t *settings, json_t *object, apr_pool_t *pool);

/* Fills what is not set from the behaviour. */
void sim_settings_finish(sim_settings_t *settings);

/* One fault from a JSON object. NULL, or what is wrong (in pool). */
const char *sim_fault_read(sim_fault_t *fault, json_t *object, apr_pool_t *pool);

/* What a fault may ask of a call, and the clock (ms). */
typedef struct {
    sim_route_class_t route;
    const char *cloud; /* the first cloud line's id, or NULL */
    const char *host;
    apr_int64_t now;
} sim_struck_call_t;

/* Whether the fault strikes this call; counts it. */
int sim_fault_strikes(sim_fault_t *fault, const sim_struck_call_t *call);

/* A copy whose texts live in pool. */
sim_fault_t sim_fault_copy(const sim_fault_t *fault, apr_pool_t *pool);

/* What became of a fault so far: a new object. */
json_t *sim_fault_json(const sim_fault_t *fault);

#endif
