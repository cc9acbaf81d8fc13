/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_IMPORT_OLD_H
#define ORC_IMPORT_OLD_H

#include "orc_import.h"
#include "orc_rules_adoption.h"

/**
 * A deployment of the old database, in the words of the rules.
 * @param notes of const char *: what has to be known of it
 * @return 422 "adoption": why it can't be taken over; else what is wrong with the old database
 */
orc_error_t *orc_import_old_read(orc_rules_adoptee_t *adoptee, const orc_import_t *import, const char *id,
                                 apr_array_header_t *notes, apr_pool_t *pool);

#endif
