/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_WHERE_H
#define ORC_STORE_WHERE_H

#include <apr_pools.h>
#include <apr_tables.h>

/* What rows of a list are wanted, as conditions in SQL. Values are parameters, never part of the text. */

typedef enum orc_store_type_t {
    ORC_STORE_TEXT,
    ORC_STORE_ENUM, /* of words */
    ORC_STORE_ID,
    ORC_STORE_NUMBER,
    ORC_STORE_DECIMAL,
    ORC_STORE_BOOLEAN,
    ORC_STORE_TIME
} orc_store_type_t;

typedef enum orc_store_comparison_t {
    ORC_STORE_IS,       /* one of the values */
    ORC_STORE_CONTAINS, /* one of the texts is in it, in upper or lower case */
    ORC_STORE_LIKE,     /* as a whole like the one text, in which * is any text: these compare with one value */
    ORC_STORE_BELOW,
    ORC_STORE_ABOVE,
    ORC_STORE_AT_LEAST,
    ORC_STORE_AT_MOST
} orc_store_comparison_t;

typedef struct orc_store_filter_t {
    const char *expression; /* SQL over a row of the list, "b" */
    const char *order;      /* what an index has in place of a long text, NULL where the text is; or NULL */
    const char
        *condition; /* SQL with "$?" for the array of values, for ORC_STORE_IS in place of the comparison; or NULL */
    orc_store_type_t type;
    orc_store_comparison_t comparison;
} orc_store_filter_t;

/** Conditions that all hold. */
typedef struct orc_store_where_t {
    const char *text;           /* "", or each behind " AND " */
    apr_array_header_t *values; /* of const char *, for the parameters from `first` on */
    int first;
    apr_pool_t *pool;
} orc_store_where_t;

/** None yet; `first` is the number of the first free parameter. */
orc_store_where_t orc_store_where_make(int first, apr_pool_t *pool);

/** An expression as it is compared and ordered. Words are by their code points, the same on every host and as their
 * indexes are. */
const char *orc_store_compared(const char *expression, orc_store_type_t type, apr_pool_t *pool);

/** Adds a condition. `values`, of const char *, are in the form that PostgreSQL reads; at least one. */
void orc_store_where_add(orc_store_where_t *where, const orc_store_filter_t *filter, const apr_array_header_t *values);

/** A text in which * is any text, and everything else what it is, as PostgreSQL's LIKE takes it. */
const char *orc_store_like(const char *text, apr_pool_t *pool);

/** Conditions of their own that share parameters with others; to be added with orc_store_where_any. */
orc_store_where_t orc_store_where_part(const orc_store_where_t *where);

/** Adds that all conditions of one of these hold (of orc_store_where_t), or with `is_none` of none. */
void orc_store_where_any(orc_store_where_t *where, const apr_array_header_t *parts, int is_none);

#endif
