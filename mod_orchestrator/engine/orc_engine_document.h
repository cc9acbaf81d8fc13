/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_DOCUMENT_H
#define ORC_ENGINE_DOCUMENT_H

#include "orc_engine_step.h"
#include "orc_tosca.h"

/* The document that IM gets of a task's deployment. */

/** A sealed value of the task's. `row`: the id that it was sealed for; `text`: sealed, or NULL: *value stays. False: it
 * can't be opened, and *step says what comes: without the key an operation waits for the administrator as long as it
 * may; what no key opens is damaged. */
int orc_task_open(orc_step_t *step, orc_task_t *task, json_t **value, orc_sealed_t column, const char *row,
                  const char *text);

/** The inputs as they were given, secrets in their places (work->inputs), when the claim brought the template. False:
 * as orc_task_open. */
int orc_task_open_inputs(orc_step_t *step, orc_task_t *task);

/** A template of the task's as it was stored (work->content, ...), in its pool. */
orc_error_t *orc_task_template(orc_tosca_template_t **tosca, orc_task_t *task, const char *content);

#define ORC_ENGINE_MARK "PAAS_UPDATE" /* name of the tag that tells which document IM merged last */

/** An update's text, which IM merges into the document that it has. */
typedef struct orc_merging_t {
    const char *into; /* that one; NULL: it gives none */
    const char *mark; /* what is found in the merged one then, as the value of ORC_ENGINE_MARK */
} orc_merging_t;

/**
 * The text for IM, with the flavors and images that the place offers for it now.
 * @param at      where it is, or is to be
 * @param content the template, as it was stored
 * @param inputs  as they were given, secrets in their places
 * @param tag     what the infrastructure is found by; or NULL
 * @param merging of an update; NULL: there is nothing at IM yet
 */
orc_error_t *orc_task_render(const char **text, orc_task_t *task, const orc_address_t *at, const char *content,
                             const json_t *inputs, const char *tag, const orc_merging_t *merging);

#endif
