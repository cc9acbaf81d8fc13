/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_YAML_H
#define ORC_YAML_H

#include <apr_pools.h>

#include "orc_error.h"
#include "orc_json.h"

/* YAML text to a tree, within budgets, and the tree to text. Nothing here knows TOSCA. */

enum {
    ORC_YAML_MAX_BYTES = 1024 * 1024,    /* of the text */
    ORC_YAML_MAX_DEPTH = 64,             /* collections in one another, through aliases too */
    ORC_YAML_MAX_NODES = 100000,         /* of the tree, an alias counted as the copy that it stands for */
    ORC_YAML_MAX_TREE = 4 * 1024 * 1024, /* bytes of all scalars, counted the same way */
    ORC_YAML_MAX_ANCHORS = 500,
    ORC_YAML_MAX_DIRECTIVES = 16,
    ORC_YAML_MAX_REPEATED = 20, /* that are told */
    ORC_YAML_TRUSTED = 8,       /* times as much of each, for files that are no user's */
};

typedef enum {
    ORC_YAML_SCALAR,
    ORC_YAML_SEQUENCE,
    ORC_YAML_MAPPING,
} orc_yaml_kind_t;

typedef enum {
    ORC_YAML_PLAIN,  /* may stand for a number, a boolean, null, a date */
    ORC_YAML_QUOTED, /* a string, whatever is in it */
    ORC_YAML_BLOCK,  /* a string that was written as a block (| or >) */
} orc_yaml_style_t;

/** What a plain scalar stands for by YAML 1.1, as PyYAML (and so IM) reads it. */
typedef enum {
    ORC_YAML_NULL,
    ORC_YAML_BOOLEAN,
    ORC_YAML_INTEGER,
    ORC_YAML_FLOAT,
    ORC_YAML_TIMESTAMP,
    ORC_YAML_STRING,
} orc_yaml_type_t;

typedef struct orc_yaml_node_t orc_yaml_node_t;

typedef struct orc_yaml_pair_t {
    const orc_yaml_node_t *key; /* always a scalar */
    const orc_yaml_node_t *value;
} orc_yaml_pair_t;

/** A node of a tree. Never changed once the tree is made; aliases share nodes, so the tree is a graph without cycles.
 */
struct orc_yaml_node_t {
    orc_yaml_kind_t kind;
    int line, column;  /* where it began, from 1; 0 for a node that was not read from text */
    int height;        /* collections beneath it, itself included; 0 for a scalar */
    apr_size_t weight; /* nodes in it, itself included */
    apr_size_t bytes;  /* of the scalars in it */

    /* scalar */
    orc_yaml_style_t style;
    const char *text; /* UTF-8, no NUL in it */
    apr_size_t length;

    /* sequence: items; mapping: pairs in document order, keys unique */
    int count;
    const orc_yaml_node_t **items;
    orc_yaml_pair_t *pairs;
    struct apr_hash_t *index; /* key to 1 + its place; NULL where there are few keys and in a copy: they are searched */
};

/** Whose text it is: how much it may be, and what to make of a key that a mapping has twice. */
typedef enum {
    ORC_YAML_TOLD_KEYS, /* a user's: the last one counts and is told; a no-break space in one is a mistake */
    ORC_YAML_LAST_KEY,  /* an administrator's or IM's: the last one counts, as in PyYAML; ORC_YAML_TRUSTED budgets */
} orc_yaml_keys_t;

/** Where a text is wrong. */
typedef struct orc_yaml_mistake_t {
    int line, column; /* from 1 */
    const char *what; /* in the pool; of the document's own words at most a few bytes are quoted */

    /* of const char *: what a text of ORC_YAML_TOLD_KEYS has twice, with line and column; the first of many. Set when
     * the text was read. */
    apr_array_header_t *repeated;
} orc_yaml_mistake_t;

/**
 * Reads one YAML document.
 *
 * Refused: more than ORC_YAML_MAX_BYTES, a second document, no document, anything over a budget, keys with spaces
 * that are not ASCII's, keys that are no scalar, an alias inside its own anchor, tags other than YAML's own
 * of scalars, sequences and mappings.
 * `<<` is the merge key; aliases and merges are resolved.
 *
 * @param root in `pool`
 * @return 0, or -1 with `mistake` filled
 */
int orc_yaml_read(const orc_yaml_node_t **root, orc_yaml_mistake_t *mistake, const char *text, apr_size_t length,
                  orc_yaml_keys_t keys, apr_pool_t *pool);

/** Value of a key of a mapping; NULL when `node` is NULL or no mapping, or has no such key. */
const orc_yaml_node_t *orc_yaml_get(const orc_yaml_node_t *node, const char *key);

/** The same along several keys, which end with NULL. */
const orc_yaml_node_t *orc_yaml_path(const orc_yaml_node_t *node, ...) __attribute__((sentinel));

/** True for a missing node and for a plain null ("", "~", "null"). */
int orc_yaml_is_null(const orc_yaml_node_t *node);

/** Text of a scalar that is not null; NULL for everything else. */
const char *orc_yaml_text(const orc_yaml_node_t *node);

/** What a scalar stands for; ORC_YAML_STRING for anything quoted. */
orc_yaml_type_t orc_yaml_type(const orc_yaml_node_t *scalar);

/** False for a plain text that PyYAML makes something of that is none of ours, or nothing at all: a date, "=", "<<". */
int orc_yaml_is_readable(const char *text);

/**
 * Numbers and booleans in YAML 1.1's spellings (0x1F, 017, 1_000, 1:30, yes, off, .5, 1.0e+3).
 * @return 0, or -1 when the text is none or doesn't fit (then *out is not set)
 */
int orc_yaml_integer(json_int_t *out, const char *text);
int orc_yaml_float(double *out, const char *text);
int orc_yaml_boolean(int *out, const char *text);

/** The tree as JSON, scalars as orc_yaml_type says (a timestamp stays text). A new reference, the caller's. */
json_t *orc_yaml_to_json(const orc_yaml_node_t *node);

/** JSON as a tree: strings quoted; numbers, booleans and null in the form that YAML 1.1 and 1.2 read alike (a float
 * with its point); keys in the object's order. */
const orc_yaml_node_t *orc_yaml_from_json(const json_t *value, apr_pool_t *pool);

/** Nodes that were not read from text, for building a document. */
const orc_yaml_node_t *orc_yaml_new_plain(const char *text, apr_pool_t *pool);
const orc_yaml_node_t *orc_yaml_new_string(const char *text, apr_pool_t *pool);

/**
 * A copy of a mapping (an empty one for NULL or null) with room for `extra` more pairs, to be filled with orc_yaml_set.
 * The values are shared with the original.
 */
orc_yaml_node_t *orc_yaml_copy_mapping(const orc_yaml_node_t *mapping, int extra, apr_pool_t *pool);

/** The same of a sequence, to be filled with orc_yaml_push. */
orc_yaml_node_t *orc_yaml_copy_sequence(const orc_yaml_node_t *sequence, int extra, apr_pool_t *pool);

/** Sets a key of a copy: replaces its value in place, or adds the pair at the end (room was asked for). */
void orc_yaml_set(orc_yaml_node_t *copy, const char *key, const orc_yaml_node_t *value, apr_pool_t *pool);

/** A copy of a mapping with something set in it, or in a mapping within: the mappings on the way are copied, or made.
 * The way's keys end with NULL. */
const orc_yaml_node_t *orc_yaml_with(const orc_yaml_node_t *mapping, const orc_yaml_node_t *value, apr_pool_t *pool,
                                     ...) __attribute__((sentinel));

/** Adds an item to a copy (room was asked for). */
void orc_yaml_push(orc_yaml_node_t *copy, const orc_yaml_node_t *item);

/**
 * The tree as text: block style, two spaces, no line folding. The same tree gives the same bytes, and PyYAML reads
 * every scalar as what orc_yaml_to_json makes of it: keys and dates are texts.
 */
const char *orc_yaml_write(const orc_yaml_node_t *root, apr_pool_t *pool);

#endif
