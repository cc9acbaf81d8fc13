/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_OPERATION_LOGS_H
#define ORC_STORE_OPERATION_LOGS_H

#include <apr_tables.h>

#include "orc_db.h"
#include "orc_store_records.h"

/* The log of an operation, line by line. */

/** Which of its lines are asked for. */
typedef struct orc_store_lines_t {
    const char *level; /* that one and worse, a word of log_level */
    const char *since; /* later ones only: RFC 3339, or "-infinity" */
    int tail;          /* the last so many; -1: all */
} orc_store_lines_t;

/** Where it begins. Texts live in the pool. */
typedef struct orc_store_log_start_t {
    int is_known;   /* the person who asks is registered; else nothing below is set */
    int exists;     /* there is such a deployment */
    int is_allowed; /* that person may see it */
    int is_there;   /* there is such an operation */
    const char *deployment_id, *type;
    apr_int64_t mark; /* lines behind this one; 0: all */
} orc_store_log_start_t;

orc_error_t *orc_store_operation_log_find(orc_store_log_start_t *start, orc_db_source_t *source,
                                          const orc_store_record_at_t *at, const orc_store_lines_t *lines,
                                          const char *caller, int is_admin, apr_pool_t *pool);

/** How far somebody has read. */
typedef struct orc_store_log_place_t {
    apr_int64_t mark; /* everything before it */
    const char *sent; /* and these behind it: an array of PostgreSQL's */
    const char *last; /* the time of the last line, as it was told; NULL: there was none */
} orc_store_log_place_t;

/** What comes next. Texts live in the pool. */
typedef struct orc_store_log_next_t {
    int is_there;         /* the operation is */
    int is_allowed;       /* the caller is registered, and may see it */
    int is_open;          /* it has not ended */
    int is_full;          /* there may be more at once */
    const char *text;     /* NDJSON; "": nothing */
    const char *end_line; /* the last line, when all is read and it has ended; or NULL */
    orc_store_log_place_t place;
} orc_store_log_next_t;

orc_error_t *orc_store_operation_log_read(orc_store_log_next_t *next, orc_db_source_t *source, const char *id,
                                          const orc_store_log_place_t *place, const orc_store_lines_t *lines,
                                          const char *caller, int is_admin, apr_pool_t *pool);

/**
 * What moves whenever one of some operations does, or its log.
 * @param ids of const char *
 * @param told is called for each that is there
 */
orc_error_t *orc_store_operation_log_news(const apr_array_header_t *ids, orc_db_source_t *source,
                                          void (*told)(void *baton, const char *id, const char *news), void *baton,
                                          apr_pool_t *pool);

#endif
