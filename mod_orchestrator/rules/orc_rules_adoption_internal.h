/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_ADOPTION_INTERNAL_H
#define ORC_RULES_ADOPTION_INTERNAL_H

#include "orc_rules_adoption.h"
#include "orc_rules_callback.h"
#include "orc_store_imports.h"

/* What the files of adoptions share. */

/** What a status of the former orchestrator becomes. */
typedef struct orc_rules_fate_t {
    const char *status;
    const char *creation;     /* the state of its creation */
    const char *after;        /* the type of what came behind that, or NULL */
    const char *after_state;  /* NULL: it is asked for now */
    int needs_infrastructure; /* without one it is none of these */
    int is_watched;
    const char *reason; /* of a failure that the former orchestrator tells no reason of, or that is told now */
    int is_told_now;    /* the reason is this one, whatever the former orchestrator said */
} orc_rules_fate_t;

/** True when it is deleted, and when its deletion is asked for now. */
int orc_rules_fate_is_gone(const orc_rules_fate_t *fate);
int orc_rules_fate_is_asked(const orc_rules_fate_t *fate);

struct orc_rules_adoption_t {
    const orc_rules_adoptee_t *adoptee;
    const orc_rules_fate_t *fate;
    const char *operation_id, *after_id; /* of the creation; of what came behind it, or NULL */
    const char *reason;                  /* of a failure, without secrets; or NULL */
    const char *issuer;                  /* without slashes at its end */
    const char *user_group;
    orc_store_template_t template_row;
    const char *inputs, *inputs_sealed, *outputs, *outputs_sealed;
    const char *resources, *relations;
    orc_rules_callback_t callback;
    const char *lines;                     /* of its log */
    orc_rules_adopted_creation_t creation; /* with the tag of its infrastructure */
};

/** Renders the nodes as rows of resources, in the topology's order (`topology`: of orc_tosca_node_t, or NULL: not
 * known). */
void orc_rules_adoption_nodes(orc_rules_adoption_t *adoption, const apr_array_header_t *topology,
                              const orc_secret_keys_t *keys, apr_pool_t *pool);

/** The JSON text of a value without its secrets, and, when there are any, all of it sealed for its place. */
void orc_rules_adoption_seal(const char **shown, const char **sealed, const json_t *value,
                             const orc_secret_keys_t *keys, orc_sealed_t column, const char *row, apr_pool_t *pool);

#endif
