/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_TOSCA_INTERNAL_H
#define ORC_TOSCA_INTERNAL_H

#include <apr_hash.h>

#include "orc_hash.h"
#include "orc_tosca.h"
#include "orc_words.h"
#include "orc_yaml.h"

/* What the files of this room share and nobody else sees. */

enum {
    ORC_TOSCA_MAX_ANCESTORS = 32,    /* steps of derived_from that are followed, and of inputs that name inputs */
    ORC_TOSCA_MAX_COUNT = 1000,      /* of one node */
    ORC_TOSCA_MAX_RESOURCES = 10000, /* of one topology */
    ORC_TOSCA_MAX_RELATIONS = 20000, /* of all required_by together */
    ORC_TOSCA_MAX_MISTAKES = 50,     /* named in one answer */
    ORC_TOSCA_MAX_STEPS = 1000000,   /* of work in one check: a value, a clause, a property or an operand looked at */
    ORC_TOSCA_STEP_BYTES = 16,       /* of text that are looked at in one step */
    ORC_TOSCA_PATTERN_STEPS = 2000,  /* for trying a pattern on a text, and more for a long one */
    ORC_TOSCA_MAX_PATTERNS = 1000,   /* in one template */
    ORC_TOSCA_MAX_MADE = 262144,     /* nodes and bytes that functions in the defaults of inputs make */
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
    const char *unsupported; /* what it uses that no version of TOSCA has that IM knows, with line and column */
    orc_tosca_summary_t summary;
};

/* orc_tosca_types.c */

/** The keys under which a document declares types; ends with NULL. */
extern const char *const orc_tosca_type_sections[];

/** Types declared by a document's sections (node_types, data_types, ...). */
orc_tosca_types_t *orc_tosca_types_of(const orc_yaml_node_t *root, apr_pool_t *pool);

/** A type's declaration, the template's own before the installed ones; NULL when nobody declares it. `section`:
 * "node_types", ... */
const orc_yaml_node_t *orc_tosca_type(const orc_tosca_template_t *tosca, const char *section, const char *name);

/** True when the node type is `ancestor` or derives from it; short names ("Compute") stand for tosca.nodes.*. */
int orc_tosca_derives(const orc_tosca_template_t *tosca, const char *section, const char *name, const char *ancestor);

/**
 * What a type or one of its ancestors declares of a name: `members` is "properties", "capabilities", ...
 * @param closed when given, set to whether every ancestor is declared, so that a property that isn't found doesn't
 * exist
 */
const orc_yaml_node_t *orc_tosca_type_member(const orc_tosca_template_t *tosca, const char *section, const char *type,
                                             const char *members, const char *name, int *closed);

/** The same of "properties". */
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

/** True for the kinds whose values are one scalar. */
int orc_tosca_kind_is_scalar(orc_tosca_kind_t kind);

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

/** What is declared for a member of a value: a property of a data type by its name, else an entry (`name` may be NULL).
 */
void orc_tosca_schema_of_member(orc_tosca_schema_t *member, const orc_tosca_template_t *tosca,
                                const orc_tosca_schema_t *schema, const char *name);

/** False for what is declared with `required: false`. */
int orc_tosca_is_required(const orc_yaml_node_t *declared);

/** The value of a function in a value; a new reference. */
typedef json_t *orc_tosca_work_out_t(void *baton, const char *function, const orc_yaml_node_t *operand);

/** A node of the document as JSON, by what is declared for it. Without `work_out` a function is what it looks like. A
 * new reference. */
json_t *orc_tosca_to_json_as(const orc_tosca_template_t *tosca, const orc_yaml_node_t *node,
                             const orc_tosca_schema_t *schema, orc_tosca_work_out_t *work_out, void *baton);

/** Where a check puts what it finds. */
typedef struct orc_tosca_check_t {
    const orc_tosca_template_t *tosca;
    apr_pool_t *pool;
    orc_error_t *error; /* NULL while all is well */
    apr_size_t steps;   /* spent of ORC_TOSCA_MAX_STEPS */
    int patterns;       /* spent of ORC_TOSCA_MAX_PATTERNS */
    int only_types;     /* constraints are not looked at */
    int is_of_values;   /* a pointer is one value: its first mistake is told, and no other */
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

/* orc_tosca_coerce.c */

/** A given value as its declaration has it: 1 for a float is 1.0, 7 for a version "7". A new reference. */
json_t *orc_tosca_normal(const orc_tosca_template_t *tosca, const orc_yaml_node_t *declared, const json_t *value,
                         apr_pool_t *pool);

/** The same, and strings made what the declaration says where they spell it: "2" for an integer. A new reference. */
json_t *orc_tosca_coerce(const orc_tosca_template_t *tosca, const orc_yaml_node_t *declared, const json_t *value,
                         apr_pool_t *pool);

/** Whether a declaration's type is of a kind. */
int orc_tosca_is_of_kind(const orc_tosca_template_t *tosca, const orc_yaml_node_t *declared, orc_tosca_kind_t kind);

/* orc_tosca_inputs.c */

/** The inputs of one deployment while their values are found. */
typedef struct orc_tosca_inputs_t {
    orc_tosca_check_t *check;
    const json_t *given;       /* name to value, or NULL */
    const orc_json_path_t *at; /* of the object of inputs */
    json_t **values;           /* per declared input, NULL: not known yet */
    char *is_open;             /* per declared input: its value is being found */
    char *is_wrong;            /* per declared input: what is wrong with it was told */
    int depth;                 /* inputs that are open */
    apr_size_t made;           /* nodes and bytes that functions in defaults made */
} orc_tosca_inputs_t;

/** The value of the input that is declared at that place; NULL when it is being found, or needs too many others. */
const json_t *orc_tosca_input_value(orc_tosca_inputs_t *inputs, int place);

/** Every input's value by its declared type: the given one, else the default, else null. In the check's pool, in the
 * order of the declarations; what is wrong goes to the check. */
json_t *orc_tosca_complete(orc_tosca_check_t *check, const json_t *given, const orc_json_path_t *at);

/* orc_tosca_defaults.c */

/** What the default of a declaration stands for; a new reference. `mistake` is set when that can't be known: "names an
 * input that is not there"; to "" when it stands on an input that is wrong itself. */
json_t *orc_tosca_default(const char **mistake, orc_tosca_inputs_t *inputs, const orc_yaml_node_t *declared);

/* orc_tosca_functions.c */

/** Name of the function that a node is ({get_input: x}), or NULL. */
const char *orc_tosca_function(const orc_yaml_node_t *node);

/** The same of JSON. */
const char *orc_tosca_function_of_json(const json_t *value);

/** True for a value of an input that IM replaces when it is the default: "random(8)" of a string. */
int orc_tosca_is_made_by_im(const orc_yaml_node_t *declared, const json_t *value);

/** True for a text that IM makes one of in a string: "random(8)". */
int orc_tosca_is_random(const char *text);

/** The name in `{get_input: x}` or `{get_input: [x]}`; NULL for anything else. */
const char *orc_tosca_input_name(const orc_yaml_node_t *node);

/** A count or a name that is written down or comes from an input (`{get_input: x}`); NULL when it is anything else. In
 * `pool`. */
const json_t *orc_tosca_resolve(const orc_yaml_node_t *node, const json_t *inputs, apr_pool_t *pool);

/* orc_tosca_typed.c */

/** A part of the document (an input's declaration, a section of types) with each `default` and each operand of a
 * constraint written as the declared type. Shared with the original where nothing changes. */
const orc_yaml_node_t *orc_tosca_typed_declarations(const orc_tosca_template_t *tosca, const orc_yaml_node_t *node,
                                                    apr_pool_t *pool);

/** A part of the document with the names and texts that functions are about ({get_input: NO}, {concat: [v, 1.10]})
 * written as texts. Not for a value alone. */
const orc_yaml_node_t *orc_tosca_typed_functions(const orc_tosca_template_t *tosca, const orc_yaml_node_t *node,
                                                 apr_pool_t *pool);

/** What is declared of a property of a capability. `capability`: what a node type says of it, a capability type's name
 * or a mapping with `type` and properties of its own; or NULL. */
const orc_yaml_node_t *orc_tosca_capability_property(const orc_tosca_template_t *tosca,
                                                     const orc_yaml_node_t *capability, const char *name);

/** The template of a node, a relationship, a group or a policy with its properties, its attributes and the inputs of
 * its operations written as its type declares them, and the names that it refers to as texts. `section`: where that
 * type is, "node_types", ... */
const orc_yaml_node_t *orc_tosca_typed_template(const orc_tosca_template_t *tosca, const char *section,
                                                const orc_yaml_node_t *node, apr_pool_t *pool);

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

/* orc_tosca_needs.c */

/** Policies without those that say where a deployment belongs: IM's parser refuses what only INDIGO's types know. */
const orc_yaml_node_t *orc_tosca_without_placements(const orc_tosca_template_t *tosca, const orc_yaml_node_t *policies,
                                                    apr_pool_t *pool);

/** A node with the least of each range of its capability `host` in the range's place: IM takes a number for the least.
 */
const orc_yaml_node_t *orc_tosca_without_ranges(const orc_tosca_template_t *tosca, const orc_yaml_node_t *node,
                                                const json_t *complete, apr_pool_t *pool);

/* orc_tosca_topology.c */

/** How many there are of a node, and why. */
typedef struct orc_tosca_count_t {
    const char *name;               /* the property of the `scalable` capability that says so; NULL: none does */
    const orc_yaml_node_t *written; /* its value */
    json_int_t number;              /* 1 when nothing is said, -1 for what is no number */
} orc_tosca_count_t;

/** Reads one of the numbers in a node's `scalable` capability.
 * @return 0 when it is not there, or has no value: *count stays as it is */
int orc_tosca_instances(orc_tosca_count_t *count, const orc_yaml_node_t *node, const char *name, const json_t *inputs,
                        apr_pool_t *pool);

/** Reads the count of a node template as IM does: scalable.count, else default_instances, else min_instances, written
 * down or from an input; one without a value counts as not there. */
void orc_tosca_count(orc_tosca_count_t *count, const orc_yaml_node_t *node, const json_t *inputs, apr_pool_t *pool);

/* orc_tosca_merge.c */

/** A document for IM that IM is to merge into the one that it has: inputs get names under which their values stay what
 * they are, random ones the values that they have. */
const orc_yaml_node_t *orc_tosca_merging(const orc_tosca_template_t *tosca, const orc_yaml_node_t *root,
                                         const char *into, apr_pool_t *pool);

/* orc_tosca_grammar.c */

/** Refuses keynames that TOSCA doesn't have at the root and in topology_template, and fills `unsupported`. */
void orc_tosca_check_grammar(orc_tosca_check_t *check, orc_tosca_template_t *tosca, const orc_json_path_t *at);

/** The version of TOSCA that IM is told: one that it knows and whose grammar has all that the template uses. */
const char *orc_tosca_version_for_im(const orc_tosca_template_t *tosca);

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

#endif
