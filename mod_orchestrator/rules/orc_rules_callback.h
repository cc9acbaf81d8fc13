/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_CALLBACK_H
#define ORC_RULES_CALLBACK_H

#include "orc_rules.h"

/** A URL that the states of a deployment are told. */
typedef struct orc_rules_callback_t {
    const char *url;  /* as it was given; NULL: nobody is told any more */
    const char *host; /* who is called for it, "name:port"; NULL: nobody is */
    const char *note; /* for the deployment's log, when nobody is called though somebody is named; or NULL */
} orc_rules_callback_t;

/**
 * Looks at a URL that somebody wants a deployment's states to be told. Whoever it names may be named; called are the
 * hosts that OrchestratorCallbackHosts lists.
 * @param callback out; in the call's pool
 * @return what is wrong with the URL ("must be ..."), or NULL
 */
const char *orc_rules_callback_read(orc_rules_callback_t *callback, const orc_rules_call_t *call, const char *url);

#endif
