/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_TEMPLATES_H
#define ORC_RULES_TEMPLATES_H

#include "orc_rules.h"
#include "orc_tosca.h"

#define ORC_RULES_TEMPLATES_PROVIDER_TYPE "openstack" /* of a template that names none */

/* Templates: everybody reads them; who made one, or an administrator, changes it. */

/** A template as somebody gives it. Members that are not given are NULL. */
typedef struct orc_rules_template_t {
    const char *content; /* `length` bytes, kept as they are */
    apr_size_t length;
    const char *name; /* a new one has exactly one name: this, or metadata.template_name */
    const char *version, *target_provider_type, *tosca_definition_version;
} orc_rules_template_t;

/** Adds what is wrong with a template that is to be stored, as it can be told without looking anything up. */
void orc_rules_templates_check(orc_error_t **error, const orc_rules_call_t *call, const orc_rules_template_t *given);

/** The same for the content of a change. */
void orc_rules_templates_check_content(orc_error_t **error, const orc_rules_call_t *call,
                                       const orc_rules_template_t *given);

/** Parses a text within the limits of templates, for whoever takes one; NULL, with mistakes of the member added, when
 * it is of no use. A key twice is none. */
const orc_tosca_template_t *orc_rules_templates_parse(orc_error_t **error, const orc_rules_call_t *call,
                                                      const char *member, const char *content, apr_size_t length);

/** Whether a template may have that name. */
int orc_rules_templates_is_name(const char *name);

/**
 * Stores a template.
 * @param id   a new UUID
 * @param also a statement in the same transaction, before it; or NULL
 * @return 422, 409 "template.exists" with the location of the template that has this content, 429 "templates.full"
 */
orc_error_t *orc_rules_templates_store(const orc_rules_call_t *call, const char *id, const orc_rules_template_t *given,
                                       const orc_db_step_t *also);

/**
 * Changes a template.
 * @param is_whole what is left out goes back to its default; else it stays. The name and the content stay in both
 * @return 422, 403, 404, 409 "template.in_use" (a deployment uses the content), 409 "template.exists", 429
 * "templates.full" (of who made it, when the content becomes longer)
 */
orc_error_t *orc_rules_templates_change(const orc_rules_call_t *call, const char *id, const orc_rules_template_t *given,
                                        int is_whole, const orc_rules_condition_t *condition);

/** @return 403, 404, 409 "template.in_use" */
orc_error_t *orc_rules_templates_delete(const orc_rules_call_t *call, const char *id,
                                        const orc_rules_condition_t *condition);

#endif
