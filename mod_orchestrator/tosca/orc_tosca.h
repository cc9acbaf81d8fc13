/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_TOSCA_H
#define ORC_TOSCA_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "orc_error.h"
#include "orc_json.h"

/* TOSCA documents: from YAML text to a checked template, from inputs to a topology of resources, and back to text for
 * IM. Everything here is pure: no network, no database, no clock. */

/** The type files an administrator installed (OrchestratorToscaTypes). Read-only after loading, shared by threads. */
typedef struct orc_tosca_types_t orc_tosca_types_t;

/**
 * Loads every *.yaml and *.yml file of a directory as TOSCA type definitions, in the order of their names: a type that
 * two files declare is the later one's. (A key twice in a mapping counts the last time, as IM reads it: INDIGO's own
 * file has some.)
 * @param types     in `pool`, immutable afterwards
 * @param directory absolute path
 * @return 500 "tosca.types" naming the file, line and column of the first mistake
 */
orc_error_t *orc_tosca_types_load(orc_tosca_types_t **types, const char *directory, apr_pool_t *pool);

/** True when `type` is `ancestor` or derives from it, by the type files (a type that no file knows derives from itself
 * only). */
int orc_tosca_types_derives(const orc_tosca_types_t *types, const char *type, const char *ancestor);

/** Every type that is `ancestor` or derives from it by the type files; of const char *, at least `ancestor` itself. */
apr_array_header_t *orc_tosca_types_descendants(const orc_tosca_types_t *types, const char *ancestor, apr_pool_t *pool);

/**
 * A parsed and checked template. Lives in the pool that it was parsed into and never changes afterwards; the types that
 * it was parsed with must live as long.
 */
typedef struct orc_tosca_template_t orc_tosca_template_t;

typedef struct orc_tosca_summary_t {
    const char *definitions_version;    /* tosca_definitions_version */
    const char *template_name;          /* metadata.template_name, or NULL */
    const char *template_version;       /* metadata.template_version as it is written, or NULL */
    const apr_array_header_t *repeated; /* of const char *: where a key is twice in a mapping; the first of them */
    int is_fragment; /* names nodes or inputs that are not in it, or has no node: can be stored, not deployed */
} orc_tosca_summary_t;

/**
 * Parses and checks a template: YAML within the budgets of README.md, "Limits", one document, no cycles of
 * aliases or requirements, a known tosca_definitions_version, a topology_template of the right shape. A key that a
 * mapping has twice counts the last time, and is told in the summary: who takes a new template decides on it, and what
 * was stored once can be used.
 * @param text   as it was given, not changed; at most 1 MiB
 * @param types  for derived types; types declared in the template itself count too
 * @return 422 "template" with a field at `pointer` for each mistake, whose detail begins with line and column
 */
orc_error_t *orc_tosca_parse(orc_tosca_template_t **tosca, const char *text, apr_size_t length,
                             const orc_tosca_types_t *types, const char *pointer, apr_pool_t *pool);

/** What a template says of itself. */
const orc_tosca_summary_t *orc_tosca_summary(const orc_tosca_template_t *tosca);

/**
 * Checks given inputs against topology_template.inputs: types, constraints, required ones, unknown ones.
 * @param given    a JSON object: input name to value
 * @param pointer  JSON pointer of that object in the request, "/template_inputs"
 * @param complete every input: the given value, else its default, else null; a JSON object in `pool`. Values are what
 *                 their declaration says, in depth: a float is 1.0 however it was given. Defaults are read by the
 *                 declared type: a string keeps its text, numbers and booleans are YAML 1.1's; get_input and concat in
 *                 them are worked out. An input with `required: false` may be given as null.
 * @return 422 "inputs" naming every wrong value at once, once each; also those that IM would take for a function
 */
orc_error_t *orc_tosca_inputs(json_t **complete, const orc_tosca_template_t *tosca, const json_t *given,
                              const char *pointer, apr_pool_t *pool);

/**
 * For old clients: the given inputs with strings coerced to the declared types ("2" for an integer, "true" for a
 * boolean, JSON text for a list or a map; a number or a boolean for a string becomes its text). "" for anything but a
 * string was not given, and neither was null. What the template does not declare is left out, and noted. Nothing is
 * checked: orc_tosca_inputs does.
 * @param given   a JSON object
 * @param notes   of const char *, sentences for people; values are in none of them
 * @return what was given, without defaults; in `pool`
 */
json_t *orc_tosca_inputs_coerce(apr_array_header_t *notes, const orc_tosca_template_t *tosca, const json_t *given,
                                apr_pool_t *pool);

/** One resource to be: a node template times its count. */
typedef struct orc_tosca_node_t {
    const char *name;                /* node template's name */
    const char *type;                /* its TOSCA type */
    int index;                       /* which instance of the node, from 0 */
    int is_compute;                  /* IM makes a machine of it: a Compute, a container application, ... */
    apr_array_header_t *required_by; /* of int: positions in the topology of the instances that require this one */
} orc_tosca_node_t;

/** What a placement has to know of a topology. */
typedef struct orc_tosca_demand_t {
    int machines;     /* instances that IM makes machines of */
    int wants_public; /* a node asks for a public address (network_name or network_type PUBLIC) */
} orc_tosca_demand_t;

/**
 * The resources of a deployment: one per node template, times scalable.count (a node hosted on a scaled one: once per
 * host, unless IM makes a machine of it; count 0: none), in document order. `complete` is what orc_tosca_inputs gave.
 * @param nodes  of orc_tosca_node_t, in `pool`
 * @return 422 "inputs", with pointers, when a count is no number from 0 to 1000, when the whole has more than 10000
 * resources or all counts of machines are 0; other 422s are about the template: "template.fragment" (a part of another
 * one), "template.version" (uses what no version of TOSCA has that IM knows), "template.machines" (there is no machine,
 * with a pointer)
 */
orc_error_t *orc_tosca_topology(apr_array_header_t **nodes, orc_tosca_demand_t *demand,
                                const orc_tosca_template_t *tosca, const json_t *complete, apr_pool_t *pool);

/** From a number to another; `most` is INFINITY when nothing is too much. */
typedef struct orc_tosca_bounds_t {
    double least, most;
} orc_tosca_bounds_t;

/** What a Compute node asks of the machines that are made of it. */
typedef struct orc_tosca_machine_t {
    const char *name;                         /* of the node template */
    orc_tosca_bounds_t cpus, ram, disk, gpus; /* capability `host`; ram and disk in bytes */
    const char *flavor;                       /* its instance_type, or NULL: by size */
    const char *image;                        /* capability `os`: a URL or a name, or NULL: by what follows */
    const char *type, *distribution, *version, *architecture; /* or NULL: any */
} orc_tosca_machine_t;

/** What a template asks of the place where it is deployed. */
typedef struct orc_tosca_needs_t {
    apr_array_header_t *machines; /* of orc_tosca_machine_t: nodes that have instances */
    const char *sla, *region;     /* of its SlaPlacement policies, or NULL */
    int is_torn;                  /* these ask for different places */
} orc_tosca_needs_t;

/**
 * Reads what is written down or comes from inputs; anything else asks for nothing. A number is the least that will do,
 * a list of two a range, and so are the clauses in_range, greater_or_equal, less_or_equal and equal.
 * @param complete what orc_tosca_inputs gave
 */
orc_tosca_needs_t *orc_tosca_needs(const orc_tosca_template_t *tosca, const json_t *complete, apr_pool_t *pool);

/** One owner's account on the machines. */
typedef struct orc_tosca_user_t {
    const char *os_user_name;
    const char *os_user_ssh_public_key;
} orc_tosca_user_t;

/** What a node's machines are made with at the place that was chosen. */
typedef struct orc_tosca_choice_t {
    const char *node;
    const char *flavor, *image; /* the name, the URL; NULL: as the template has it */
} orc_tosca_choice_t;

#define ORC_TOSCA_DROPPED "PAAS_DROPPED" /* value of an output that IM has by a former template only */

typedef struct orc_tosca_rendering_t {
    const json_t *inputs;    /* as given, checked before */
    const char *users_input; /* name of the input that lists the owners ("users"); ignored when the template has none */
    const apr_array_header_t *users;   /* of orc_tosca_user_t, or NULL */
    const apr_array_header_t *tags;    /* of orc_tosca_tag_t: see orc_tosca_render */
    const apr_array_header_t *choices; /* of orc_tosca_choice_t, or NULL */
    const char *infra_name;            /* metadata.infra_name, or NULL */
    const char *into;                  /* the document that IM has, which the text is to be merged into; or NULL */
    const char *mark_name, *mark;      /* one more tag, in `metadata` alone; or NULL */
} orc_tosca_rendering_t;

typedef struct orc_tosca_tag_t {
    const char *name, *value;
} orc_tosca_tag_t;

/**
 * The text for IM (of a template that orc_tosca_inputs and orc_tosca_topology took), which leaves nothing to be read in
 * another way: every input with its complete, typed value as its default (none when it is null), values of declared
 * types and counts written as these, the owners in the users input, the tags in `metadata` and on every compute node,
 * the choices on theirs, a version of TOSCA that IM knows. Byte-stable: the same arguments give the same bytes.
 *
 * A text that IM merges into another one (an update) takes nothing away from that: an input whose value would keep
 * something of its former one has another name ("ports__2"), wherever it is used. What IM made of a `random(8)` stays.
 * Of a node that IM has and the template does not, there is no instance, and such an output's value is
 * ORC_TOSCA_DROPPED.
 */
orc_error_t *orc_tosca_render(const char **text, const orc_tosca_template_t *tosca,
                              const orc_tosca_rendering_t *rendering, apr_pool_t *pool);

/** True when the template has the input that lists the owners. */
int orc_tosca_lists_owners(const orc_tosca_template_t *tosca, const char *users_input);

/** The input that says which instances of a node go when its count falls (its scalable.removal_list is {get_input: x});
 * NULL: none does. */
const char *orc_tosca_removal_input(const orc_tosca_template_t *tosca, const char *node);

/** The instances that go by a list that is written in the template itself, in scalable.removal_list: an object of
 * arrays by node; without those whose list is empty, or from an input. In the pool. */
const json_t *orc_tosca_removals(const orc_tosca_template_t *tosca, apr_pool_t *pool);

/** The template's text, written anew, without these lists. */
const char *orc_tosca_without_removals(const orc_tosca_template_t *tosca, apr_pool_t *pool);

/** Value of a tag in a document that IM gives back (/tosca: keys re-ordered), or NULL. Never fails: what can't be read
 * has no tag. */
const char *orc_tosca_find_tag(const char *text, apr_size_t length, const char *name, apr_pool_t *pool);

/** About how many bytes of memory a parsed template takes. */
apr_size_t orc_tosca_size(const orc_tosca_template_t *tosca);

/** Names of the template's outputs, of const char *, in document order. */
apr_array_header_t *orc_tosca_output_names(const orc_tosca_template_t *tosca, apr_pool_t *pool);

#endif
