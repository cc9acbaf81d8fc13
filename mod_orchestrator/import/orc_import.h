/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_IMPORT_H
#define ORC_IMPORT_H

#include "orc_import_mapping.h"
#include "orc_service.h"

/** How an import is carried out. */
typedef struct orc_import_t {
    orc_import_source_t *source;
    const orc_import_mapping_t *mapping;
    const orc_service_t *service;
    int is_dry;
    void (*tell)(const char *line); /* what an administrator has to know, line by line */
} orc_import_t;

/** What came of it. */
typedef struct orc_import_sum_t {
    int persons, new_persons, refused_persons, new_templates;
    int taken, known, refused; /* deployments */
} orc_import_sum_t;

/**
 * Takes everybody and every deployment over that is not here yet. Each is a transaction of its own, so what was done
 * before an error stays, and is known to the next run.
 */
orc_error_t *orc_import(orc_import_sum_t *sum, const orc_import_t *import, apr_pool_t *pool);

#endif
