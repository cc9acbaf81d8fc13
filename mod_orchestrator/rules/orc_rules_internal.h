/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_INTERNAL_H
#define ORC_RULES_INTERNAL_H

#include "orc_id.h"
#include "orc_rules.h"
#include "orc_rules_callers.h"
#include "orc_rules_parsed.h"

enum { ORC_RULES_LOOKS = 4 }; /* at IM's logs that a process takes at once */

struct orc_rules_t {
    orc_rules_callers_t *callers;
    orc_rules_parsed_t *parsed;
    apr_thread_mutex_t *lock;                       /* over what follows */
    char looks[ORC_RULES_LOOKS][ORC_ID_LENGTH + 1]; /* deployments whose log somebody is getting from IM; "": free */
};

#endif
