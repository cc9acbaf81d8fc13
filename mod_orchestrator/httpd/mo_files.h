/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_FILES_H
#define MO_FILES_H

#include "mo_config.h"

/**
 * Looks at the files that directives name, once it is known which user and group httpd's children and the daemon have:
 * what they must not read, and what they must. As root it forks for a moment, to see with their eyes.
 * @return what is wrong, with directive and line; NULL
 */
const char *mo_files_check(const mo_config_t *config, server_rec *main_server, apr_pool_t *pool);

#endif
