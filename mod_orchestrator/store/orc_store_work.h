/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_WORK_H
#define ORC_STORE_WORK_H

#include <apr_tables.h>
#include <apr_time.h>

#include "orc_db.h"
#include "orc_json.h"

/*
 * The engine's memory: what is due. One column, due_at, is schedule and lease: a claim pushes it into the future, the
 * end of a step sets it to the next look. lease_number moves with every claim and, with the owner, fences every write.
 */

/** Claimed work with all that a step of it needs. Texts are NULL for SQL's NULL. Times: microseconds since 1970
 * by the database's clock. */
typedef struct orc_work_t {
    const char *id, *deployment_id, *lease_number;
    const char *kind, *phase; /* words */
    const char *state;        /* of the operation; NULL: it is about none */
    json_t *options, *memory; /* objects */
    apr_time_t was_due;
    apr_interval_time_t lease; /* that is left */
    int has_rhythm;            /* due again when the lease ends, though nothing is written */
    int is_fresh;              /* claimed for the first time */
    int is_order;              /* it gives orders */
    const char *correlation_id, *description;
    const char *reason; /* of one that is to end: who asked for that, a sentence; else NULL */
    int is_deleted;     /* of one that is to end: a deletion of its deployment waits behind it */
    const char *user_group, *user_group_issuer;
    apr_time_t deadline; /* 0: none */
    apr_time_t clock;    /* the database's now */
    int waits_for_token;

    json_t *inputs;            /* without secrets */
    const char *inputs_sealed; /* all of them, sealed, or NULL: there is no secret among them */
    json_t *wanted;            /* of an update: inputs that it is to have, likewise; or NULL */
    const char *wanted_sealed;
    int per_provider_max_retries, max_providers; /* 0: no limit of providers */
    int per_provider_timeout_mins;
    int keep_last_attempt;
    const char *target_provider, *target_region, *im_endpoint, *im_infra_id;

    const char *user_id, *issuer, *email; /* the deployment's creator, whom its infrastructures belong to at IM */
    const char *refresh_token;            /* sealed */
    const char *access_token;             /* sealed, or NULL */
    apr_time_t token_expires;

    const char *provider_type;
    const char *content;        /* the template's text, only in phases that need it */
    const char *wanted_content; /* of an update: that of another template that it is to have, likewise; or NULL */
    json_t *owners;             /* list of {name, key}, likewise; or NULL */
    json_t
        *infrastructures; /* of a deletion: the deployment's; of an infrastructure: itself. List of objects, or NULL */
    const char *endpoint, *provider, *region, *project; /* of a sweep */
    const char *target_project;
    int status;        /* of the deployment */
    json_t *resources; /* list of {position, id, node, vm, compute, status, version}: of an operation the one that it is
                          about, else all; NULL without an operation while one is at work there */
} orc_work_t;

/** An endpoint that is too slow for all that is due there. */
typedef struct orc_store_slow_t {
    const char *endpoint;
    int room;                        /* so many may be claimed */
    apr_interval_time_t rest, ahead; /* the others are put off, each by `rest` more than the one before; `ahead`: those
                                        that were put off before */
} orc_store_slow_t;

typedef struct orc_store_claim_t {
    const char *owner;
    int due;       /* at most so many of those at work */
    int idle;      /* at most so many of what nobody waits for */
    int orders;    /* at most so many of what gives orders, of a person each */
    int pending;   /* at most so many new ones, in order of creation */
    int per_group; /* a group has so many at work at most */
    int groups;    /* so many groups are looked at, behind this one: */
    const char *after_issuer, *after_group;
    apr_time_t since;                   /* nothing that was due before; 0: everything */
    apr_time_t idle_since;              /* the same of what nobody waits for */
    apr_time_t orders_since;            /* and of what gives orders */
    apr_interval_time_t lease;          /* of what has no rhythm */
    const apr_array_header_t *slow;     /* of orc_store_slow_t */
    const apr_array_header_t *ordering; /* of const char *: persons with an order in hand; nothing else of theirs */
    apr_interval_time_t longest;        /* nothing is put off for longer */
    const apr_array_header_t *phases;   /* of const char *, "KIND/PHASE": nothing else is claimed */
    const apr_array_header_t *deleting; /* those that have slots of their own at an endpoint, however slow */
    const apr_array_header_t *with_template, *watching; /* those that need the template, or all infrastructures of the
                                                           deployment */
    const apr_array_header_t *with_resources;           /* those that look at resources */
} orc_store_claim_t;

/** What a claim tells of what it didn't bring. */
typedef struct orc_store_left_t {
    apr_interval_time_t next; /* until there will be something; 0: there is more now; -1: nothing is known of */
    const json_t *put_off;    /* slow endpoint -> how many; or NULL */
    apr_time_t orders_due;    /* of what gives orders, the oldest; 0: there is none, or it was not asked for */
    const char *last_issuer, *last_group; /* behind this group there may be more that wait; NULL: there are none */
} orc_store_left_t;

/** The call that claims work; its rows are read with orc_store_claimed, and then each with orc_store_work_read. */
orc_sql_call_t orc_store_claim_call(const orc_store_claim_t *claim, apr_pool_t *pool);

/** What a claim brought: afterwards rows->count is how many; the texts of *left are the rows'. */
orc_error_t *orc_store_claimed(orc_store_left_t *left, orc_rows_t *rows, apr_pool_t *pool);

/** One claimed row as a value in `pool`, which may outlive the rows. */
orc_error_t *orc_store_work_read(orc_work_t **work, const orc_rows_t *rows, int row, apr_pool_t *pool);

/** Makes due at once what claims with these `since`, `idle_since` and `phases` never look at; nothing else counts. */
orc_error_t *orc_store_rescue(int *rescued, orc_db_t *db, const orc_store_claim_t *claim, apr_pool_t *pool);

/** How many this owner has at work, but for those that rest. */
orc_error_t *orc_store_at_work(int *count, orc_db_t *db, const char *owner, apr_pool_t *pool);

/** What there is to do of a kind; the ages of the oldest in microseconds, 0: there is none. */
typedef struct orc_store_load_t {
    const char *kind;
    apr_int64_t pending, oldest_pending; /* has not begun */
    apr_int64_t at_work;                 /* has begun */
    apr_int64_t due, oldest_due;         /* of the latter: in nobody's hands, though it is time */
} orc_store_load_t;

/** *loads: of orc_store_load_t, by kind; a kind without anything to do is missing. `with_idle`: those too that nobody
 * waits for. */
orc_error_t *orc_store_load(apr_array_header_t **loads, orc_db_t *db, int with_idle, apr_pool_t *pool);

/** Infrastructures that nobody wants and that are not gone. */
typedef struct orc_store_unwanted_t {
    apr_int64_t count, stuck; /* stuck: IM refuses to delete it */
    apr_int64_t oldest;       /* microseconds since nobody wants it; 0: there is none */
} orc_store_unwanted_t;

orc_error_t *orc_store_unwanted(orc_store_unwanted_t *unwanted, orc_db_t *db, apr_pool_t *pool);

/** A lease in hand. */
typedef struct orc_store_lease_t {
    const char *id, *number;
    apr_interval_time_t rest; /* of one that is handed back: until it is due */
} orc_store_lease_t;

typedef struct orc_store_kept_t {
    const char *id;
    int is_renewed; /* false: somebody else has the row locked, it keeps the lease that it has */
} orc_store_kept_t;

/** Prolongs leases; *kept: of orc_store_kept_t, those that still were the owner's. */
orc_error_t *orc_store_renew(apr_array_header_t **kept, orc_db_t *db, const apr_array_header_t *leases,
                             const char *owner, apr_interval_time_t lease, apr_pool_t *pool);

/** Hands leases back. *locked: how many keep theirs, because somebody has their rows locked. */
orc_error_t *orc_store_release(int *locked, orc_db_t *db, const apr_array_header_t *leases, const char *owner,
                               apr_pool_t *pool);

typedef struct orc_store_engine_t {
    const char *name;
    int is_alive; /* a moment ago */
    int is_here;  /* its name begins with the prefix */
} orc_store_engine_t;

/** Says that an engine lives. *engines: the others, of orc_store_engine_t. */
orc_error_t *orc_store_live(apr_array_header_t **engines, orc_db_t *db, const char *name, const char *prefix,
                            apr_pool_t *pool);

/** An engine ends; it has handed its leases back. */
orc_error_t *orc_store_end(orc_db_t *db, const char *name, apr_pool_t *pool);

/** An engine is gone: makes everything due that it had in hand. */
orc_error_t *orc_store_adopt(int *adopted, orc_db_t *db, const char *name, apr_pool_t *pool);

/** The end of a step, or a note in the middle of one. */
typedef struct orc_store_save_t {
    const char *id, *lease_number, *owner;
    apr_interval_time_t due;    /* from now: the next look, or the lease that goes on */
    int is_resting;             /* it takes no place of others */
    apr_interval_time_t rhythm; /* from one look to the next while nothing is new; 0: none */
    const char *endpoint;       /* that the next step calls, as far as one can tell; NULL: as it was */
    const json_t *memory;
    /**
     * What others can see, or NULL when nothing of that changed: an object with any of
     * ended (the final state), phase, description, reason, errors, platform, waits_for_token,
     * deployment {im_infra_id, im_endpoint, provider, region, project, outputs, outputs_sealed},
     * steps [{number, stage, name, status, message, provider, region, infra}], logs [{level, stage, step, message}],
     * has_inputs (true: the operation's inputs are the deployment's from now on; inputs_sealed: sealed for it), former
     * (true: the deployment's last operation is the one before again), all_resources (a status; what is deleted stays
     * so), resources [{position, status, vm, metadata, sealed}], im_logs, im_logs_sealed, record {name, success,
     * seconds}, times [{phase, step, name}] (what it does from now on, one after the other; what is left out is as
     * before); of infrastructures: asked [{id, step, endpoint, provider, region, project, time}] and sweep
     * (microseconds until IM's list is looked at), unasked [id], made [{id, infra}], unwanted [id] (true: all of the
     * deployment), forced, found [{id, deployment, operation, person, group, issuer, endpoint, provider, region,
     * project, infra}]; of the one that the work is about: infrastructure {infra, standing, tries, note}; watch
     * (microseconds within which the deployment is looked at for the first time); of a deployment that the work is
     * about, unless an operation is at work there: seen [{position, version, status, metadata, sealed}], whole {was
     * (its status), lost (why) or back, outputs, outputs_sealed}. all_resources of an operation on one resource is that
     * one's.
     */
    const json_t *changes;
    const apr_array_header_t *watching; /* as of a claim: woken when an infrastructure of their deployment changes */
    int is_kept;                        /* out: false when the lease was lost, and nothing was written */
} orc_store_save_t;

/** Stores one; fenced. */
orc_error_t *orc_store_save(orc_db_t *db, orc_store_save_t *save, apr_pool_t *pool);

enum { ORC_STORE_SAVE_STEPS = 2 };

/** The statements of one, at most ORC_STORE_SAVE_STEPS, for a transaction; *is_kept: when the last of them has a row.
 * `is_durable`: in the middle of a step; it is on disk when that has ended, whatever synchronous_commit says, and waits
 * for no lock. Returns how many. */
int orc_store_save_steps(orc_db_step_t *steps, const orc_store_save_t *save, int is_durable, apr_pool_t *pool);

/** Deletes the deployment of an operation, and the operation with it; fenced. */
orc_error_t *orc_store_forget(int *done, orc_db_t *db, const orc_store_save_t *save, apr_pool_t *pool);

typedef struct orc_store_resource_t {
    int position;
    const char *node, *type; /* TOSCA names; the type only where all of a deployment's are read */
    int is_compute;
    const char *vm; /* IM's machine, or NULL */
    const char *id;
    int status;   /* orc_resource_status_t */
    int is_added; /* by an update that has not succeeded */
} orc_store_resource_t;

/** A deployment's resources in order; of orc_store_resource_t, in the pool. */
orc_sql_call_t orc_store_resources_call(const char *deployment_id, apr_pool_t *pool);
apr_array_header_t *orc_store_resources(const orc_rows_t *rows, apr_pool_t *pool);

/** How attempts at a provider went lately; old ones count less. */
typedef struct orc_store_record_t {
    const char *name;
    int is_of_template; /* with the deployment's template; else with all of them */
    double attempts, successes;
    double seconds; /* that the successes took */
} orc_store_record_t;

/** Of orc_store_record_t, in the pool. */
orc_sql_call_t orc_store_records_call(const char *deployment_id, apr_pool_t *pool);
apr_array_header_t *orc_store_records(const orc_rows_t *rows, apr_pool_t *pool);

/** Deletes what is too old to be asked for: idempotency keys after a day, records of providers after ten weeks. A
 * bounded number at a time; *deleted, 0 when nothing is left. */
orc_error_t *orc_store_keep_house(int *deleted, orc_db_t *db, apr_pool_t *pool);

/** How far a look at old operations got. */
typedef struct orc_store_retired_t {
    char end[40], id[40]; /* the last one that was looked at; "": none yet */
    int deleted;
    int is_round; /* there was no further one: the next look begins anew */
} orc_store_retired_t;

/** Looks at some operations that ended so long ago, and deletes what nothing is read off: not the last one of what it
 * is about, nor one of which something is left at an IM. `retired` is all zero at first. */
orc_error_t *orc_store_retire(orc_store_retired_t *retired, orc_db_t *db, apr_interval_time_t retention,
                              apr_pool_t *pool);

#endif
