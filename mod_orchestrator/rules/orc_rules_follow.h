/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_FOLLOW_H
#define ORC_RULES_FOLLOW_H

#include "orc_rules.h"
#include "orc_store_operation_logs.h"

/* The log of an operation, as somebody reads it, or follows it to the operation's end. */

typedef struct orc_rules_log_wish_t {
    orc_store_record_at_t at;
    orc_store_lines_t lines;
    int follows; /* to its end */
} orc_rules_log_wish_t;

/** Somebody who reads one. */
typedef struct orc_rules_follow_t orc_rules_follow_t;

/**
 * Begins; nothing is read yet, and nothing held.
 * @param call outlives the reader, but for its visit
 * @return 403, 404
 */
orc_error_t *orc_rules_follow(orc_rules_follow_t **follow, const orc_rules_call_t *call,
                              const orc_rules_log_wish_t *wish);

/** What comes next. */
typedef struct orc_rules_told_t {
    const char *text; /* NDJSON, "\n" as a sign of life, or "" */
    int is_over;
    apr_interval_time_t pause; /* until there may be more; 0: at once */
} orc_rules_told_t;

/**
 * Tells what comes next. Whoever follows is not disturbed by a database that is away for a while.
 * @param told in the pool
 * @return 403 when the caller may not see it any more
 */
orc_error_t *orc_rules_follow_next(orc_rules_told_t *told, orc_rules_follow_t *follow, apr_pool_t *pool);

#endif
