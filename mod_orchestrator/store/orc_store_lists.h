/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_LISTS_H
#define ORC_STORE_LISTS_H

#include "orc_db.h"

/*
 * A page of a list in one round trip: the ids of the page first, then how many bytes their objects have, then the
 * objects, and only if these are within a budget. No object is made, and nothing long is read, of a row that is not
 * shown.
 */

/** What there is to be listed. The statements have the same parameters, the caller's id first. */
typedef struct orc_store_list_t {
    /** Rows that the caller may see: `id`, whatever is filtered or sorted by, `bytes` and `object` (JSON). `caller` is
     * the caller's row. */
    orc_sql_call_t base;
    /** The same rows again, composed for a reader of all of them where `base` is for a reader of a few; or NULL. */
    const orc_sql_entry_t *whole;
    /** The same rows with the columns that it declares, in an index; or NULL. */
    const orc_sql_entry_t *keys;
    /** How many rows there are; or NULL: they are counted. */
    const orc_sql_entry_t *count;
    /** True when these are everybody's: many, so that each condition deserves a plan of its own. */
    int is_everybodys;
    /** An SQL expression over `caller` and the parameters that says whether the list as a whole may be read: NULL,
     * false or true. Or NULL: always. */
    const char *access;
} orc_store_list_t;

/** One key of an order. */
typedef struct orc_store_key_t {
    const char *column, *expression; /* its name; SQL over `b` */
    int is_descending;
    int is_indexed; /* an index gives everybody's rows in this order */
    int is_spread;  /* few rows are equal in it; else its index has the id, too */
} orc_store_key_t;

/** What is asked for. */
typedef struct orc_store_page_wish_t {
    const char *where;                /* "" or conditions over `b`, each behind " AND " */
    const apr_array_header_t *values; /* of const char *: for parameters behind those of the base */
    const apr_array_header_t *order;  /* of orc_store_key_t, the last one makes it total */
    int is_usual;                     /* nothing but page and size was asked for */
    int size;
    apr_int64_t offset;
    apr_int64_t budget; /* bytes; one object is always within it */
    apr_int64_t total;  /* known from before; -1: to be counted */
} orc_store_page_wish_t;

typedef struct orc_store_page_t {
    int is_known;        /* the caller is */
    int exists;          /* what the list belongs to */
    int is_allowed;      /* to read it */
    int size_that_fits;  /* 0: objects are there; else they are over the budget, and with this size they would not be */
    const char *objects; /* JSON array */
    apr_int64_t total;
    int is_counted; /* just now; else it is the one that was known */
} orc_store_page_t;

/** Reads a page. A page nearer to the end of a list of known length is looked for from there. */
orc_error_t *orc_store_page_read(orc_store_page_t *page, orc_db_source_t *source, const orc_store_list_t *list,
                                 const orc_store_page_wish_t *wish, apr_pool_t *pool);

#endif
