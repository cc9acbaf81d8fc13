/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_SETTING_FILES_H
#define MO_SETTING_FILES_H

#include "mo_private.h"

/* Setters of files: what they hold is read here, so that httpd names the line. Each returns NULL, or what is wrong. */

const char *mo_load_providers(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_load_types(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_load_secret_key(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_set_jwks_file(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_set_ca_file(cmd_parms *cmd, void *unused, const char *argument);

#endif
