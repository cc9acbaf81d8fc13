/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_IMPORT_MAPPING_H
#define ORC_IMPORT_MAPPING_H

#include "orc_import_source.h"
#include "orc_providers.h"

/* What the former orchestrator's names are called here: the administrator's mapping file (README.md). */

typedef struct orc_import_mapping_t orc_import_mapping_t;

/**
 * Reads the mapping file; without a path nothing is called otherwise.
 * @return 500 "import.mapping" naming every mistake by its JSON pointer
 */
orc_error_t *orc_import_mapping_load(orc_import_mapping_t **mapping, const char *path, apr_pool_t *pool);

/** Where something is, as it is called here. */
typedef struct orc_import_place_t {
    const char *endpoint; /* of IM */
    const char *provider;
    const char *region, *project; /* or NULL */
} orc_import_place_t;

/**
 * The place of an infrastructure.
 * @param im_url  the default IM endpoint of this service, or NULL
 * @param notes   of const char *
 * @return 422 "adoption": why it is at no place that is known here
 */
orc_error_t *orc_import_mapping_place(orc_import_place_t *place, const orc_import_mapping_t *mapping,
                                      const orc_import_old_t *old, const char *user_group,
                                      const orc_providers_t *providers, const char *im_url, apr_array_header_t *notes,
                                      apr_pool_t *pool);

/** The user group of a deployment; NULL: it has none. */
const char *orc_import_mapping_group(const orc_import_mapping_t *mapping, const char *user_group);

#endif
