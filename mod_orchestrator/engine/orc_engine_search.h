/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_SEARCH_H
#define ORC_ENGINE_SEARCH_H

#include "orc_engine_step.h"

/*
 * What became of a creation that was never answered: IM lists the person's infrastructures; those that nobody owns are
 * asked for their document, which holds the attempt's tag. A tag never changes, so what was read once is kept.
 */

#define ORC_ENGINE_TAG "PAAS_ATTEMPT" /* name of the tag that an attempt's infrastructure is found by */

/** Goes on with what was found: the infrastructure, or NULL when IM has none with that tag. */
typedef orc_step_t orc_search_found_t(orc_task_t *task, const char *infra);

/** No tag is known yet. */
orc_tags_t *orc_tags_make(apr_pool_t *pool);

/**
 * Looks for the infrastructure of a tag.
 * @param operation that noted the tag
 * @param tag       NULL: there is none, so nothing is found
 * @param failed    goes on with IM's answer when that doesn't tell
 */
orc_step_t orc_task_search(orc_task_t *task, const orc_address_t *at, const char *operation, const char *tag,
                           orc_search_found_t *found, orc_answer_t *failed);

#endif
