/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_KINDS_H
#define ORC_KINDS_H

#include "../orc_engine_step.h"

/* The kinds of work that this version does. */

/** All of them, ended by NULL. */
extern const orc_kind_t *const orc_kinds[];

/** The kind of a word; NULL for one that another version does. */
const orc_kind_t *orc_kinds_find(const char *word);

/** What a claim may bring, "KIND/PHASE" of all, of const char *. Another version's work is left to it. */
const apr_array_header_t *orc_kinds_phases(apr_pool_t *pool);

/** Of these, those that need the template. */
const apr_array_header_t *orc_kinds_with_template(apr_pool_t *pool);

/** Those that look at resources. */
const apr_array_header_t *orc_kinds_with_resources(apr_pool_t *pool);

/** Those that look at infrastructures of their deployment. */
const apr_array_header_t *orc_kinds_watching(apr_pool_t *pool);

/** Those that begin with a deletion at IM, which waits for no call of another sort. */
const apr_array_header_t *orc_kinds_deleting(apr_pool_t *pool);

#endif
