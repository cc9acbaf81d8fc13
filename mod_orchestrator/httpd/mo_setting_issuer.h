/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_SETTING_ISSUER_H
#define MO_SETTING_ISSUER_H

#include "mo_private.h"

/* The block <OrchestratorIssuer>, and the setters of what stands in it. Each returns NULL, or what is wrong.
 * Those that serve many directives write where cmd->info, an mo_target_t, says. */

const char *mo_read_issuer(cmd_parms *cmd, void *unused, const char *arguments);
const char *mo_set_issuer_text(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_set_issuer_endpoint(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_add_issuer_text(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_set_issuer_group(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_add_issuer_group(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_load_client_secret(cmd_parms *cmd, void *unused, const char *argument);

#endif
