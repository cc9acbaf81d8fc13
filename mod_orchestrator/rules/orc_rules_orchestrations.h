/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_ORCHESTRATIONS_H
#define ORC_RULES_ORCHESTRATIONS_H

#include "orc_rules.h"

/* One request over many deployments. How it is carried out: orc_rules_conduct.h. */

/** What somebody asks for. Mistakes name its members as clients call these. */
typedef struct orc_rules_orchestration_t {
    const char *id;        /* a new one */
    const char *type;      /* DELETE, UPDATE, START, STOP, REBOOT, RETRY */
    const json_t *targets; /* orc_rules_selectors.h */
    const char *schedule;  /* immediate, now, a time of RFC 3339; NULL: immediate */
    int keeps_windows;     /* operations begin in maintenance windows only */
    int workers;           /* operations at work at once; 0: one */
    int is_dry_run;
    const json_t *parameters; /* an object, or NULL: template_inputs of an UPDATE; force and unsecure of a DELETE */
    const char *description;  /* or NULL */
    orc_db_step_t *also;      /* done first in the same transaction, or NULL */
} orc_rules_orchestration_t;

/** Adds what is wrong with a wish that may lack whatever it has to have. */
void orc_rules_orchestration_check(orc_error_t **error, const orc_rules_call_t *call,
                                   const orc_rules_orchestration_t *wish);

/**
 * Begins one: it is over the deployments that the caller owns then, of an administrator over all.
 * @return 422, 403
 */
orc_error_t *orc_rules_orchestrate(const orc_rules_call_t *call, const orc_rules_orchestration_t *wish);

/** Ends one: what has not begun does not begin any more, what is at work goes on. One that has ended stays as it is.
 * @return 403, 404, and what the condition says */
orc_error_t *orc_rules_orchestration_cancel(const orc_rules_call_t *call, const char *id,
                                            const orc_rules_condition_t *condition);

/** What came of asking for another try. */
typedef struct orc_rules_retried_t {
    apr_array_header_t *deployments; /* of const char *: that are tried again */
    apr_array_header_t *old;         /* operations that failed, and are not the last ones there */
    apr_array_header_t *invalid;     /* operations that did not fail, or are none of this orchestration's */
} orc_rules_retried_t;

/** Called with what comes of it, in its transaction, which it is part of: more than once when that is repeated. */
typedef orc_error_t *orc_rules_retry_told_t(orc_db_t *db, const orc_rules_retried_t *retried, void *baton,
                                            apr_pool_t *pool);

/**
 * Tries again what failed.
 * @param operations   of const char *; NULL: all that failed
 * @param is_immediate no window is waited for
 * @return 403, 404; 409 when it is canceled
 */
orc_error_t *orc_rules_orchestration_retry(const orc_rules_call_t *call, const char *id,
                                           const apr_array_header_t *operations, int is_immediate,
                                           orc_rules_retry_told_t *told, void *baton);

#endif
