/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_JUDGE_H
#define ORC_ENGINE_JUDGE_H

#include "orc_im.h"

/* What IM's answers mean for an attempt. Pure. Why: README.md, "Decisions". */

typedef enum {
    ORC_VERDICT_BUSY,       /* machines are being made */
    ORC_VERDICT_WORKING,    /* machines run and are being configured */
    ORC_VERDICT_CONFIGURED, /* every machine is */
    ORC_VERDICT_DOUBTFUL,   /* a state that may heal: a restart of IM, a cloud that doesn't answer */
    ORC_VERDICT_FAILED,     /* a machine, or all of it, failed for good */
} orc_verdict_t;

/**
 * Reads the machines' states, not only the aggregate, which depends on their order.
 * @param machines how many there are to be; fewer count as still being made
 * @param reason   for a person, "machine 1 is failed"; NULL for the first three verdicts. In `pool`
 */
orc_verdict_t orc_engine_judge(orc_im_state_t state, const apr_array_header_t *vm_states, int machines,
                               const char **reason, apr_pool_t *pool);

/** Names of declared outputs, of const char *, that have no complete value yet: absent, null, or a list with a null. */
apr_array_header_t *orc_engine_missing_outputs(const json_t *outputs, const json_t *declared, apr_pool_t *pool);

/** True when a machine's description (IM's radl) shows an address that the world can reach. */
int orc_engine_has_public_address(const json_t *radl);

/** The node a machine was made of: the name of its system; NULL when the description has none. */
const char *orc_engine_node_of(const json_t *radl);

/** The last line of a text of IM that tells of an error, for a person: without secrets, at most 500 bytes in `pool`;
 * NULL without one. */
const char *orc_engine_reason_in(const char *contmsg, apr_pool_t *pool);

#endif
