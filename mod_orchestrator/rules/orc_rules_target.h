/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_TARGET_H
#define ORC_RULES_TARGET_H

#include "orc_rules.h"
#include "orc_tosca.h"

/** Where a deployment is to go, as far as somebody says so. */
typedef struct orc_rules_target_t {
    const char *user_group;
    const char *provider, *region;  /* of the body; or NULL */
    const orc_tosca_needs_t *needs; /* of the template, whose SlaPlacement policies say it, too; or NULL */
} orc_rules_target_t;

/**
 * Adds to `unfit` what names no place that serves the caller's user group: target_provider, target_region, and
 * template_id for the template's policies. A provider that serves others is nowhere.
 */
void orc_rules_target_check(orc_error_t **unfit, const orc_rules_call_t *call, const orc_rules_target_t *target);

#endif
