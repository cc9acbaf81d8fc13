/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_WALK_H
#define ORC_STORE_WALK_H

#include "orc_store_lists.h"

/*
 * A list from its beginning to its end, one stride after the other, however long it is: each begins behind the last row
 * of the one before, so that none is given twice and none is passed over that was there all the time.
 */

enum { ORC_STORE_STRIDE = 100 /* rows, at most */ };

/** What is walked over, and where the walk stands. */
typedef struct orc_store_walk_t {
    const orc_store_list_t *list;     /* its base has `id` and `created_at`, which is the order */
    const char *where;                /* as in orc_store_page_wish_t */
    const apr_array_header_t *values; /* the same */
    int is_descending;
    apr_int64_t budget;          /* bytes of a stride; one object is always within it */
    char created_at[40], id[40]; /* of the row that it stands behind; "" in front of the first one */
} orc_store_walk_t;

typedef struct orc_store_stride_t {
    int is_known;        /* the caller is */
    int exists;          /* what the list belongs to */
    int is_allowed;      /* to read it */
    const char *objects; /* JSON array */
    int count;
    int is_last; /* nothing is behind it */
} orc_store_stride_t;

/** Reads the next stride; the walk stands behind it then. */
orc_error_t *orc_store_walk(orc_store_stride_t *stride, orc_store_walk_t *walk, orc_db_source_t *source,
                            apr_pool_t *pool);

#endif
