/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_SUBMISSION_H
#define ORC_RULES_SUBMISSION_H

#include "orc_rules.h"
#include "orc_rules_callback.h"

/** What a deployment has that says nothing of it. */
enum {
    ORC_RULES_DEFAULT_RETRIES = 3,
    ORC_RULES_DEFAULT_TOTAL_MINS = 14400, /* the most, too */
    ORC_RULES_DEFAULT_PROVIDER_MINS = 1440,
};

/** A deployment that somebody asks for. Numbers that are 0 and texts that are NULL were not given. */
typedef struct orc_rules_submission_t {
    const char *id, *operation_id; /* new UUIDs: what is kept of an answer names them */
    const char *template_id;
    const char *template_text; /* in its place: of a template that is found by its checksum, or is stored with this */
    apr_size_t template_length;
    const json_t *template_inputs; /* an object */
    const char *user_group;        /* NULL where is_lenient: the caller's only one */
    int per_provider_max_retries;  /* 3 */
    int max_providers;             /* 0: no limit */
    int tot_timeout_mins;          /* 14400 */
    int per_provider_timeout_mins; /* the smaller of 1440 and the total */
    int keep_last_attempt;
    const char *target_provider, *target_region; /* NULL: any */
    const orc_rules_callback_t *callback;        /* or NULL */
    int is_lenient; /* inputs are what orc_tosca_inputs_coerce makes of them; times are cut to limits */
    const apr_array_header_t *notes; /* of const char *: more lines for the deployment's log; or NULL */
    const orc_db_step_t *also;       /* a statement in the same transaction, before it; or NULL */
    orc_db_step_t *behind;           /* the same behind it, which gets its rows; or NULL */
} orc_rules_submission_t;

/** Adds what is wrong with a submission, as its members say: the times, and the inputs when the template is known.
 * Members that are missing or of no use are passed over. */
void orc_rules_submission_check(orc_error_t **error, const orc_rules_call_t *call, const orc_rules_submission_t *wish);

/**
 * Stores a deployment with its owner, resources and operation, and wakes the engines. What was not taken as it was
 * given is told in the deployment's log. A template that comes as its text has a key twice at will, needs no name, and
 * is stored in the same transaction: it counts for nobody's limit, and goes with the last deployment that uses it.
 * Mistakes in it are the member `template_text`, but for a count that is written in it, `template_id`, as ever.
 * Errors come in the order: what is
 * wrong in the wish and its inputs (422), what the caller may not do (403), what was looked up (422, 429).
 * @return 429 "queue.full" when too many submissions of the group wait for their turn; 503 when the template is being
 * changed over and over
 */
orc_error_t *orc_rules_submit(const orc_rules_call_t *call, const orc_rules_submission_t *wish);

/** Whether the caller may act for a user group, a name as orc_group_name gives it: NULL, or a 403. */
orc_error_t *orc_rules_group_check(const orc_rules_call_t *call, const char *user_group);

/** 429: so many of the group wait for their turn. */
orc_error_t *orc_rules_queue_full(int max_queued, apr_pool_t *pool);

#endif
