/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_INTERNAL_H
#define ORC_RULES_INTERNAL_H

#include "orc_gate.h"
#include "orc_rules.h"
#include "orc_rules_callers.h"
#include "orc_rules_news.h"
#include "orc_rules_parsed.h"

struct orc_rules_t {
    orc_rules_callers_t *callers;
    orc_rules_parsed_t *parsed;
    orc_gate_t *looks; /* at IM's logs, by deployment */
    orc_news_t *news;  /* of operations that somebody follows */
    /* orc_rules_visit.h, by person */
    orc_gate_t *here;      /* requests that hold a worker */
    orc_gate_t *turns;     /* those that may hold a connection of the database */
    orc_gate_t *costly;    /* those that cost much */
    orc_gate_t *following; /* streams that may wait */
};

#endif
