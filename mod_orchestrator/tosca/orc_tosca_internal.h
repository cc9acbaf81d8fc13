/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_TOSCA_INTERNAL_H
#define ORC_TOSCA_INTERNAL_H

#include <apr_hash.h>

#include "orc_hash.h"
#include "orc_tosca.h"
#include "orc_yaml.h"

/* What the files of this room share and nobody else sees. */

enum {
    ORC_TOSCA_MAX_ANCESTORS = 32,     /* steps of derived_from that are followed; cycles end here */
    ORC_TOSCA_MAX_COUNT = 1000,       /* of one node */
    ORC_TOSCA_MAX_RESOURCES = 10000,  /* of one topology */
    ORC_TOSCA_MAX_RELATIONS = 200000, /* of all required_by together */
    ORC_TOSCA_MAX_MISTAKES = 50,      /* named in one answer */
    ORC_TOSCA_MAX_STEPS = 1000000,    /* of work in one check: a value, a clause, a property or an operand looked at */
    ORC_TOSCA_STEP_BYTES = 16,        /* of text that are looked at in one step */
    ORC_TOSCA_PATTERN_STEPS = 1000,   /* for trying a pattern on a text, and more for a long one */
    ORC_TOSCA_MAX_PATTERNS = 1000,    /* in one template */
};

/** A requirement that names a node template of the same document. */
typedef struct orc_tosca_requirement_t {
    int target;  /* index of the node template */
    int is_host; /* hosted on it */
    const orc_yaml_node_t *where;
} orc_tosca_requirement_t;

struct orc_tosca_types_t {
    apr_hash_t *sections;      /* "node_types" and the like to apr_hash_t of type name to its mapping */
    apr_array_header_t *nodes; /* names of node types, of const char *, each once */
    apr_array_header_t *data;  /* names of data types */
};

struct orc_tosca_template_t {
    apr_pool_t *pool;
    const orc_yaml_node_t *root, *topology, *inputs, *nodes, *outputs; /* the last three NULL when absent or empty */
    const orc_tosca_types_t *installed;                                /* from the type files, or NULL */
    const orc_tosca_types_t *own;                                      /* declared in the document */
    apr_hash_t *node_index;                                            /* name of a node template to its position */
    apr_hash_t *short_names;           /* last part of the name of a data type to its full name */
    apr_array_header_t **requirements; /* per node template, of orc_tosca_requirement_t */
    const char *missing;               /* why it is a fragment: what it names and lacks, with line and column */
    orc_tosca_summary_t summary;
};

/* orc_tosca_types.c */

/** Types declared by a document's sections (node_types, data_types, ...). */
orc_tosca_types_t *orc_tosca_types_of(const orc_yaml_node_t *root, apr_pool_t *pool);

/** A type's declaration, the template's own before the installed ones; NULL when nobody declares it. `section`:
 * "node_types", ... */
const orc_yaml_node_t *orc_tosca_type(const orc_tosca_template_t *tosca, const char *section, const char *name);

/** True when the node type is `ancestor` or derives from it; short names ("Compute") stand for tosca.nodes.*. */
int orc_tosca_derives(const orc_tosca_template_t *tosca, const char *section, const char *name, const char *ancestor);

/**
 * Declaration of a property of a type, its own or an ancestor's.
 * @param closed when given, set to whether every ancestor is declared, so that a property that isn't found doesn't
 * exist
 */
const orc_yaml_node_t *orc_tosca_type_property(const orc_tosca_template_t *tosca, const char *section, const char *type,
                                               const char *property, int *closed);

/** Fills `short_names`, once the template has its types. */
void orc_tosca_index_short_names(orc_tosca_template_t *tosca);

/** Full name of a data type, that may be given by the last part of its name (PortSpec); NULL when nobody declares it.
 */
const char *orc_tosca_data_type(const orc_tosca_template_t *tosca, const char *name);

/* orc_tosca_values.c: simple types */

typedef enum {
    ORC_TOSCA_ANY, /* a type that nobody declares */
    ORC_TOSCA_STRING,
    ORC_TOSCA_INTEGER,
    ORC_TOSCA_FLOAT,
    ORC_TOSCA_BOOLEAN,
    ORC_TOSCA_NULL,
    ORC_TOSCA_TIMESTAMP,
    ORC_TOSCA_VERSION,
    ORC_TOSCA_RANGE,
    ORC_TOSCA_SIZE,
    ORC_TOSCA_TIME,
    ORC_TOSCA_FREQUENCY,
    ORC_TOSCA_LIST,
    ORC_TOSCA_MAP,
    ORC_TOSCA_DATA, /* a declared data type */
} orc_tosca_kind_t;

/** A value that can be compared with another of its kind. */
typedef struct orc_tosca_value_t {
    orc_tosca_kind_t kind;
    const json_t *json;
    union {
        apr_time_t time;
        struct {
            json_int_t parts[3], build;
            const char *qualifier;
        } version;
        struct {
            json_int_t digits, factor; /* value = digits / 10^decimals * factor */
            int decimals;
        } unit;
    } as;
} orc_tosca_value_t;

/** The built-in type of that name; ORC_TOSCA_ANY for others. */
orc_tosca_kind_t orc_tosca_kind(const char *type);

/**
 * Takes a JSON value for one of a simple kind (not list, map, data).
 * @return 0, or -1 with *problem, "is no integer"
 */
int orc_tosca_value_read(orc_tosca_value_t *value, const char **problem, orc_tosca_kind_t kind, const json_t *json);

/** True when values of the kind have an order. */
int orc_tosca_kind_has_order(orc_tosca_kind_t kind);

/** <0, 0, >0. For kinds without an order: 0 when equal. Both values of the same kind. */
int orc_tosca_value_compare(const orc_tosca_value_t *a, const orc_tosca_value_t *b);

/** A scalar of the document as the JSON value that its declared kind makes of it; what doesn't fit is read by YAML's
 * rules. A new reference. */
json_t *orc_tosca_scalar_to_json(const orc_yaml_node_t *scalar, orc_tosca_kind_t kind);

/* orc_tosca_schema.c: what an input, a property or an entry_schema declares */

typedef struct orc_tosca_schema_t {
    orc_tosca_kind_t kind;              /* of the value, after derived_from */
    const char *type;                   /* as declared, for messages */
    const char *data_type;              /* full name when it is a declared data type, else NULL */
    const orc_yaml_node_t *entry;       /* entry_schema: a type's name or a mapping, or NULL */
    const orc_yaml_node_t *constraints; /* or NULL */
} orc_tosca_schema_t;

/** Reads a declaration: a mapping with `type`, or a type's name alone. */
void orc_tosca_schema(orc_tosca_schema_t *schema, const orc_tosca_template_t *tosca, const orc_yaml_node_t *declared);

/** A node of the document as JSON, by what is declared for it. A new reference. */
json_t *orc_tosca_to_json(const orc_tosca_template_t *tosca, const orc_yaml_node_t *node,
                          const orc_yaml_node_t *declared);

/** The same by a declaration that was read before. */
json_t *orc_tosca_to_json_as(const orc_tosca_template_t *tosca, const orc_yaml_node_t *node,
                             const orc_tosca_schema_t *schema);

/** Where a check puts what it finds. */
typedef struct orc_tosca_check_t {
    const orc_tosca_template_t *tosca;
    apr_pool_t *pool;
    orc_error_t *error; /* NULL while all is well */
    apr_size_t steps;   /* spent of ORC_TOSCA_MAX_STEPS */
    int patterns;       /* spent of ORC_TOSCA_MAX_PATTERNS */
    int only_types;     /* constraints are not looked at */
} orc_tosca_check_t;

/** Adds a mistake, up to ORC_TOSCA_MAX_MISTAKES, and none once the steps are spent. */
void orc_tosca_mistake(orc_tosca_check_t *check, const orc_json_path_t *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * Takes steps for work that is about to be done.
 * @return 0, or -1 when there is nothing more to do: they are spent, which is a mistake, or there are mistakes enough
 */
int orc_tosca_spend(orc_tosca_check_t *check, const orc_json_path_t *at, apr_size_t steps);

/** Checks a value against a declaration: types, entries, properties, constraints; every mistake with its pointer. */
void orc_tosca_check_value(orc_tosca_check_t *check, const orc_yaml_node_t *declared, const json_t *value,
                           const orc_json_path_t *at);

/** Strings made what the declaration says where they spell it: "2" for an integer. A new reference. */
json_t *orc_tosca_coerce(const orc_tosca_template_t *tosca, const orc_yaml_node_t *declared, const json_t *value,
                         apr_pool_t *pool);

/* orc_tosca_constraints.c */

/** Checks a value against one list of constraints. `schema` says the kind of the value. */
void orc_tosca_check_constraints(orc_tosca_check_t *check, const orc_tosca_schema_t *schema,
                                 const orc_yaml_node_t *constraints, const json_t *value, const orc_json_path_t *at);

/** What is wrong with a list of constraints as it is written (an unknown one, an operand of the wrong shape, a bad
 * pattern, one too many in `check`), or NULL. `where` is set with it. */
const char *orc_tosca_constraints_mistake(const orc_yaml_node_t **where, orc_tosca_check_t *check,
                                          const orc_yaml_node_t *constraints);

/* orc_tosca_pattern.c */

/** @return NULL, or what is wrong with the pattern, in `pool` */
const char *orc_tosca_pattern_mistake(const char *pattern, apr_pool_t *pool);

/** @return 1 when the whole text matches, 0 when not, -1 when it took more work than is allowed */
int orc_tosca_pattern_match(const char *pattern, const char *text, apr_size_t length);

/* orc_tosca_shape.c */

/** Checks the shape of the document and fills the template's parts. */
orc_error_t *orc_tosca_check_shape(orc_tosca_template_t *tosca, const char *pointer);

/* orc_tosca_requirements.c */

/** Resolves the requirements of every node template to others of the document; refuses cycles. */
orc_error_t *orc_tosca_check_requirements(orc_tosca_template_t *tosca, const char *pointer);

/* orc_tosca_fragment.c */

/** Fills `missing`: the first thing that the document names and that must be in another one. */
void orc_tosca_find_missing(orc_tosca_template_t *tosca);

/** "line 3, column 5", in the pool. */
const char *orc_tosca_position(const orc_yaml_node_t *node, apr_pool_t *pool);

/** The name in `{get_input: x}` or `{get_input: [x]}`; NULL for anything else. */
const char *orc_tosca_input_name(const orc_yaml_node_t *node);

/** A count or a name that is written down or comes from an input (`{get_input: x}`); NULL when it is anything else. In
 * `pool`. */
const json_t *orc_tosca_resolve(const orc_yaml_node_t *node, const json_t *inputs, apr_pool_t *pool);

#endif
