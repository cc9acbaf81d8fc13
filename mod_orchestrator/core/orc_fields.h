/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_FIELDS_H
#define ORC_FIELDS_H

#include <apr_tables.h>
#include <stddef.h>

#include "orc_json.h"

/* Structs as JSON objects, by a table of their members: read once, with everything that is wrong found there, and
 * written once. What is 0 or NULL is not written, and what is absent is 0 or NULL. */

typedef enum {
    ORC_FIELD_TEXT,   /* const char * */
    ORC_FIELD_NUMBER, /* apr_int64_t; times are numbers */
    ORC_FIELD_FLAG,   /* int */
    ORC_FIELD_JSON,   /* json_t *: a list or an object, as it is */
    ORC_FIELD_OBJECT, /* pointer to a struct */
    ORC_FIELD_LIST,   /* apr_array_header_t * of pointers to structs */
} orc_field_type_t;

typedef struct orc_fields_t orc_fields_t;

typedef struct orc_field_t {
    const char *name;
    orc_field_type_t type;
    apr_size_t offset;
    unsigned needed;        /* in which cases it has to be there, a set of bits; 0: never */
    const orc_fields_t *of; /* OBJECT and LIST: what they are made of */
} orc_field_t;

struct orc_fields_t {
    apr_size_t size;
    const orc_field_t *list; /* ended by a NULL name */
};

#define ORC_FIELD_ALWAYS (~0u)

/** A member whose name in JSON is its own. */
#define ORC_FIELD(struct_type, member, type, needed)                                                                   \
    {                                                                                                                  \
#member, ORC_FIELD_##type, offsetof(struct_type, member), needed, NULL                                         \
    }
/** A member that has another name, or is within another struct. */
#define ORC_FIELD_AS(struct_type, name, member, type, needed)                                                          \
    {                                                                                                                  \
        name, ORC_FIELD_##type, offsetof(struct_type, member), needed, NULL                                            \
    }
/** A member that is made of further ones. */
#define ORC_FIELD_OF(struct_type, member, type, needed, of)                                                            \
    {                                                                                                                  \
#member, ORC_FIELD_##type, offsetof(struct_type, member), needed, of                                           \
    }
#define ORC_FIELD_END                                                                                                  \
    {                                                                                                                  \
        NULL, ORC_FIELD_TEXT, 0, 0, NULL                                                                               \
    }

/**
 * Fills a struct.
 * @param value  where, all its bytes 0; texts and JSON are the object's, and live as long as it
 * @param which  the case at hand, a bit of `needed`
 * @return NULL, or what is wrong, "attempt.provider is no text"; in `pool`
 */
const char *orc_fields_read(void *value, const orc_fields_t *fields, const json_t *object, unsigned which,
                            apr_pool_t *pool);

/** The same of a list: *list gets pointers to structs, in `pool`. */
const char *orc_fields_read_list(apr_array_header_t **list, const orc_fields_t *fields, const json_t *array,
                                 unsigned which, apr_pool_t *pool);

/** An object, a new reference. A text that is no UTF-8 is left out. */
json_t *orc_fields_write(const void *value, const orc_fields_t *fields);

#endif
