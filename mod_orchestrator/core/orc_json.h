/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_JSON_H
#define ORC_JSON_H

#include <apr_pools.h>
#include <float.h>
#include <jansson.h>

#include "orc_error.h"

/* jansson with httpd's rules: values belong to a pool, and what comes from outside is parsed within limits. */

enum {
    ORC_JSON_MAX_DEPTH = 64,
    ORC_JSON_MAX_VALUES = 100000 /* lists and objects among them; one of three bytes takes 200 in memory */
};

/** What a number too large for any type is read as, so that range checks name its field (422) instead of the parser. */
#define ORC_JSON_OUT_OF_RANGE DBL_MAX

/** True for a number that did not fit; see ORC_JSON_OUT_OF_RANGE. */
int orc_json_is_out_of_range(const json_t *value);

/**
 * Parses text from outside: one value, UTF-8, no duplicate keys, no NUL (raw or \u0000), at most ORC_JSON_MAX_DEPTH
 * deep, with at most ORC_JSON_MAX_VALUES.
 * @param out   the value; its reference is dropped when `pool` dies
 * @return 400 "json" with line and column otherwise
 */
orc_error_t *orc_json_parse(json_t **out, const char *text, apr_size_t length, apr_pool_t *pool);

/**
 * Reads our own JSON as PostgreSQL gives it back, in which a real number like 1e22 has become an integer with all its
 * digits: it is a real number again. The value belongs to `pool`; NULL when the text is no JSON.
 */
json_t *orc_json_own_text(const char *text, apr_pool_t *pool);

/** Ties a new reference to the pool: it is dropped when the pool dies. Returns `value`. NULL in, NULL out. */
json_t *orc_json_own(json_t *value, apr_pool_t *pool);

/** Compact text of a value with sorted keys (byte-stable), in the pool. */
const char *orc_json_text(const json_t *value, apr_pool_t *pool);

/** String member of an object, or NULL when it is absent or no string. Lives as long as the object. */
const char *orc_json_string(const json_t *object, const char *key);

/** Sets a string member of an object; NULL: it is left as it is. */
void orc_json_put(json_t *object, const char *key, const char *value);

/** Integer member of an object, or `otherwise`. */
json_int_t orc_json_integer(const json_t *object, const char *key, json_int_t otherwise);

/** A JSON pointer with one more reference token, escaped as RFC 6901 says ("~" and "/"). */
const char *orc_json_pointer(apr_pool_t *pool, const char *parent, const char *token);

/**
 * Where a value stands, while a tree is walked: a member or an element of what is above it. On the stack of the walk;
 * its text is made for the few values that something is said of.
 */
typedef struct orc_json_path_t {
    const struct orc_json_path_t *parent; /* NULL: the root, whose `name` is its pointer */
    const char *name;                     /* of a member; NULL: an element */
    size_t index;                         /* of an element */
} orc_json_path_t;

enum { ORC_JSON_LONGEST_NAME = 100 }; /* bytes of a name that is repeated in an answer */

/** The path as a JSON pointer, in `pool`; it ends before a name longer than ORC_JSON_LONGEST_NAME. */
const char *orc_json_path_text(const orc_json_path_t *path, apr_pool_t *pool);

#endif
