/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SECRET_H
#define ORC_SECRET_H

#include "orc_error.h"
#include "orc_json.h"

/*
 * Secrets at rest. A value is sealed for its place, which is a column of a table and a row's id: moved to another one
 * it does not open. "<id of the key>:<base64 of nonce and box>" (XChaCha20-Poly1305 with the place as associated data).
 */

/** The columns that hold sealed values. */
typedef enum orc_sealed_t {
    ORC_SEALED_REFRESH_TOKEN,
    ORC_SEALED_ACCESS_TOKEN,
    ORC_SEALED_INPUTS,
    ORC_SEALED_OUTPUTS,
    ORC_SEALED_METADATA,
    ORC_SEALED_WANTED, /* inputs that an update asks for */
    ORC_SEALED_IM_LOGS,
    ORC_SEALED_BULK_INPUTS, /* those that an orchestration asks for */
    ORC_SEALED_COUNT,
} orc_sealed_t;

typedef struct orc_sealed_column_t {
    const char *name; /* "table.column" */
    const char *table, *column;
    const char *id;     /* the column with the row's id */
    const char *member; /* what it is called in an object of the API */
    int is_json;        /* what was sealed is a JSON value and not a text */
} orc_sealed_column_t;

/** What is known of each of them, by orc_sealed_t. */
extern const orc_sealed_column_t orc_sealed_columns[ORC_SEALED_COUNT];

/** The keys of this process: the first one seals, all open. Thread-safe once it is filled. */
typedef struct orc_secret_keys_t orc_secret_keys_t;

enum { ORC_SECRET_KEY_LENGTH = 32, ORC_SECRET_MAX_KEYS = 16 };

/** Prepares libsodium; called once before anything else of this file and before orc_id_new. */
orc_error_t *orc_secret_init(apr_pool_t *pool);

/** No keys yet: nothing can be sealed or opened. */
orc_secret_keys_t *orc_secret_keys_make(apr_pool_t *pool);

/** Adds a key of ORC_SECRET_KEY_LENGTH bytes behind the others; at most ORC_SECRET_MAX_KEYS. */
void orc_secret_keys_add(orc_secret_keys_t *keys, const unsigned char *bytes);

/**
 * Reads a key file: a key a line, 32 bytes in base64 or in 64 hexadecimal digits; empty lines and lines that begin with
 * "#" are skipped.
 * @return 500 "secret.key" with the number of the line, "secret.file" as orc_secret_file_read says
 */
orc_error_t *orc_secret_keys_load(orc_secret_keys_t **keys, const char *path, apr_pool_t *pool);

/** What the values that the first key sealed begin with, "1a2b3c4d:". */
const char *orc_secret_keys_mark(const orc_secret_keys_t *keys);

/** Seals a text for the row `id` (a UUID in lower case) of a column. NULL in, NULL out. */
const char *orc_secret_seal(const orc_secret_keys_t *keys, orc_sealed_t column, const char *id, const char *text,
                            apr_pool_t *pool);

/**
 * Opens what orc_secret_seal made for that row and column; *out is in the pool.
 * @return 500 "secret.key", retriable, when it was sealed with a key that is not among these, 500 "secret.open" when it
 * is damaged or was sealed for another place
 */
orc_error_t *orc_secret_open(char **out, const orc_secret_keys_t *keys, orc_sealed_t column, const char *id,
                             const char *sealed, apr_pool_t *pool);

/** Warns that a value can't be opened, naming column and row; at most once a minute and column. */
void orc_secret_complain(orc_secret_keys_t *keys, orc_sealed_t column, const char *id, const orc_error_t *error,
                         apr_pool_t *pool);

/** orc_secret_open for who goes on without the value: NULL when it is NULL, or can't be opened and was complained of.
 */
const char *orc_secret_reveal(orc_secret_keys_t *keys, orc_sealed_t column, const char *id, const char *sealed,
                              apr_pool_t *pool);

/** SHA-256 of some bytes in lower-case hexadecimal digits, in the pool. */
const char *orc_secret_sha256(const void *bytes, apr_size_t length, apr_pool_t *pool);

#endif
