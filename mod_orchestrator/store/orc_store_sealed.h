/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_SEALED_H
#define ORC_STORE_SEALED_H

#include "orc_db.h"
#include "orc_secret.h"

/* Sealed values of any column, for who seals them anew. The statements are composed of orc_sealed_columns, so that a
 * new column is in one place. */

/** What became of the values of one column. */
typedef struct orc_store_resealed_t {
    int resealed;               /* with the first key now */
    int current;                /* with the first key already */
    int busy;                   /* locked, or changed by others meanwhile: to be looked at again */
    apr_array_header_t *closed; /* of const char *: ids of rows whose value no key opens; they stay as they are */
} orc_store_resealed_t;

/**
 * Goes through all values of a column once, in batches, and seals with the first key what another one sealed. Each
 * value is replaced in a transaction of its own and only if it is as it was read, so this may be interrupted and
 * repeated, and run while others write.
 * @param done counts of this run; its array is in the pool
 */
orc_error_t *orc_store_reseal(orc_store_resealed_t *done, orc_db_source_t *source, const orc_secret_keys_t *keys,
                              orc_sealed_t column, apr_pool_t *pool);

#endif
