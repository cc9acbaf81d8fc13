/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_VISIT_H
#define ORC_RULES_VISIT_H

#include "orc_gate.h"
#include "orc_identity.h"

/*
 * A person's request while it is at work. One person takes nothing from the others, whatever they send at once: a visit
 * waits, without a connection of the database, until its person has less at work, and is told 429 when that takes too
 * long. No visit waits while it holds what another one needs, so none waits for another for ever.
 */
typedef struct orc_rules_visit_t orc_rules_visit_t;

typedef struct orc_rules_t orc_rules_t; /* orc_rules.h */

/** Where visits are, and what they share with others. All zero: a process that is alone, and has no end of anything. */
typedef struct orc_rules_host_t {
    orc_gate_memory_t *here, *costly; /* who is at work on this host, and with what costs much */
    orc_gate_memory_t *following;     /* who follows something */
    orc_gate_memory_t *looks;         /* who looks at IM's log of a deployment */
    int workers;                      /* threads that requests have on this host */
    int connections;                  /* of the database, of this process */
    int followers;                    /* that one person may be of this host's */
} orc_rules_host_t;

/**
 * Begins a visit. It waits for nobody.
 * @param rules of the process
 * @param pool  outlives the visit
 * @return 429 "busy.caller" when the person has too many of the host's workers
 */
orc_error_t *orc_rules_visit_begin(orc_rules_visit_t **visit, orc_rules_t *rules, const orc_identity_t *who,
                                   apr_pool_t *pool);

/**
 * The request is here as a whole, and what comes now needs the database: waits for its person's turn. Nothing happens
 * when `visit` is NULL.
 * @return 429 "busy.caller" when that takes too long
 */
orc_error_t *orc_rules_visit_turn(orc_rules_visit_t *visit);

/**
 * What comes now costs much: of this a person has two at once on a host. Said between two units of work, never within
 * one. Nothing happens when it was said before, or `visit` is NULL: nobody waits for it.
 * @return 429 "busy.caller"
 */
orc_error_t *orc_rules_visit_costs(orc_rules_visit_t *visit);

/**
 * The answer is a stream that may wait: of these a person has so many at once on a host. Nothing happens when `visit`
 * is NULL.
 * @param pool whose end is the stream's; the visit may end before
 * @return 429 "busy.followers"
 */
orc_error_t *orc_rules_visit_follows(orc_rules_visit_t *visit, apr_pool_t *pool);

/** Whether it was said that it costs much. */
int orc_rules_visit_is_costly(const orc_rules_visit_t *visit);

/** It needs the database no more: what is left is to send the answer. Safe on NULL. */
void orc_rules_visit_is_answered(orc_rules_visit_t *visit);

/** Safe on NULL. */
void orc_rules_visit_end(orc_rules_visit_t *visit);

#endif
