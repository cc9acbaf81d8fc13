/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_IDEMPOTENCY_H
#define ORC_STORE_IDEMPOTENCY_H

#include "orc_db.h"

/** What a key is unique within. */
typedef struct orc_store_idempotency_key_t {
    const char *user_id, *method, *path, *key;
} orc_store_idempotency_key_t;

/** An answer that is kept for 24 hours. */
typedef struct orc_store_answer_t {
    const char *fingerprint; /* of the request that got it */
    int status;
    const char *headers; /* JSON object */
    const char *body;    /* "" for none */
} orc_store_answer_t;

/** The step that keeps an answer; breaks idempotency_keys_pkey (409) when the key is taken. */
void orc_store_idempotency_step(orc_db_step_t *step, const orc_store_idempotency_key_t *key,
                                const orc_store_answer_t *answer, apr_pool_t *pool);

/** Looks a key up; one that is older than 24 hours is removed. */
orc_error_t *orc_store_idempotency_find(int *found, orc_store_answer_t *answer, const orc_store_idempotency_key_t *key,
                                        orc_db_source_t *source, apr_pool_t *pool);

#endif
