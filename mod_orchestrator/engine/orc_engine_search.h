/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_SEARCH_H
#define ORC_ENGINE_SEARCH_H

#include "orc_engine_step.h"

/*
 * What became of a creation that was never answered: IM lists the person's infrastructures; those that nobody owns are
 * asked for their document, which holds the attempt's tag. A tag never changes, so what was read once is kept. An IM
 * that died in the middle of a creation has no document for what it made; what it made of it (RADL) has the name, if
 * the launch was over. As long as neither tells of one whose it is, the question is open.
 */

#define ORC_ENGINE_TAG "PAAS_ATTEMPT" /* name of the tag that an attempt's infrastructure is found by */

typedef enum {
    ORC_SEARCH_FOUND,
    ORC_SEARCH_ABSENT,   /* IM has none with that tag */
    ORC_SEARCH_UNLISTED, /* nor does it list others that the person has there: it has perhaps lost its database */
    ORC_SEARCH_OPEN,     /* one of which IM tells nothing may be it */
} orc_search_outcome_t;

/** Goes on with what was found: the infrastructure, or NULL. */
typedef orc_step_t orc_search_done_t(orc_task_t *task, orc_search_outcome_t outcome, const char *infra);

/** The name that an attempt's infrastructure has at IM: of the deployment, for people, and of this attempt alone. */
const char *orc_search_name(const char *deployment, const char *tag, apr_pool_t *pool);

/** No tag is known yet. */
orc_tags_t *orc_tags_make(apr_pool_t *pool);

/**
 * Looks for the infrastructure of a tag, of the task's deployment.
 * @param failed goes on with IM's answer when IM is ill, or takes no token
 */
orc_step_t orc_task_search(orc_task_t *task, const orc_address_t *at, const char *tag, orc_search_done_t *done,
                           orc_answer_t *failed);

#endif
