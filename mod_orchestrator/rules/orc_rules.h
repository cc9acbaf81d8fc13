/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_H
#define ORC_RULES_H

#include "orc_identity.h"
#include "orc_rules_visit.h"
#include "orc_service.h"
#include "orc_store_orchestrations.h"

/*
 * What the service allows and does, for every surface and for the engine: plain values in, plain values or an error
 * out. Mistakes name members of what is wished for (orc_error_add_member); how a client called these is the surface's
 * to know.
 */

/** An orchestration asks in the name of who began it: what it asks for is one of its operations. */
typedef struct orc_rules_child_t {
    const char *orchestration_id;
    const char *operation_id;             /* of what is asked for, which is made once, whoever asks how often */
    int is_dry_run;                       /* everything is done, and taken back */
    const orc_store_rehearsal_t *outcome; /* out: what a dry run would have made; NULL: nothing */
    int is_late;                          /* out: its turn is not now */
} orc_rules_child_t;

/** Somebody asks for something. */
typedef struct orc_rules_call_t {
    const orc_service_t *service;
    orc_identity_t *who;        /* registered: orc_rules_persons_find was asked first */
    const char *correlation_id; /* names the request in logs and stored operations */
    orc_rules_visit_t *visit;   /* that this is part of, or NULL */
    apr_pool_t *pool;           /* everything that comes out lives here */
    orc_rules_child_t *child;   /* or NULL: a person asks */
} orc_rules_call_t;

/**
 * A condition on an object, asked while the object is locked, before it is changed.
 * @param versions of the object as its readers see them, ended by NULL
 * @return what speaks against the change, or NULL
 */
typedef struct orc_rules_condition_t {
    orc_error_t *(*check)(const void *baton, const char *const *versions); /* NULL: there is no condition */
    const void *baton;
} orc_rules_condition_t;

orc_error_t *orc_rules_condition_check(const orc_rules_condition_t *condition, const char *first, const char *second);

/** The id of an operation that is asked for: a new one, or the orchestration's. In the pool. */
const char *orc_rules_operation_id(const orc_rules_call_t *call);

/**
 * orc_db_transact for who makes operations: one that an orchestration asks for becomes its own in the same transaction,
 * and what is a dry run is taken back.
 */
orc_error_t *orc_rules_transact(const orc_rules_call_t *call, orc_db_work_t *work, void *baton);

/** What rules remember in one process: callers, parsed templates, who is at work. Thread-safe. */
typedef struct orc_rules_t orc_rules_t;

/** NULL when the system refuses a mutex. */
orc_rules_t *orc_rules_make(const orc_rules_host_t *host, apr_pool_t *pool);

/**
 * The caller's own row is gone (an administrator deleted it): who calls finds the person again, which registers them,
 * and calls once more. Every statement for a caller starts from `users`, so that no row means this.
 * @return ORC_REASON_CALLER_GONE
 */
orc_error_t *orc_rules_gone(apr_pool_t *pool);

/** 404: there is no such object. `what` is a noun, "template". */
orc_error_t *orc_rules_not_found(const char *what, apr_pool_t *pool);

/** 403: there is, but the caller may not. */
orc_error_t *orc_rules_forbidden(const char *what, apr_pool_t *pool);

/** Adds the mistakes of a 422 to another one, those with a pointer as members ("/template_inputs/x" is
 * "template_inputs/x"); what is named already isn't named again. *error may be NULL. */
void orc_rules_add_mistakes(orc_error_t **error, const orc_error_t *more, apr_pool_t *pool);

#endif
