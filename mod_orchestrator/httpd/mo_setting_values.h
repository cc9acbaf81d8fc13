/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_SETTING_VALUES_H
#define MO_SETTING_VALUES_H

#include "mo_private.h"

/* Setters of plain values: texts, URLs, numbers, sizes, times, flags. Each returns NULL, or what is wrong, which httpd
 * prints behind file and line. Those that serve many directives write where cmd->info, an mo_target_t, says. */

const char *mo_set_text(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_set_im_auth(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_set_database(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_set_url(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_set_public_url(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_set_number(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_set_size(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_set_time(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_set_health_timeout(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_set_poll_interval(cmd_parms *cmd, void *unused, const char *least, const char *most);
const char *mo_set_looks(cmd_parms *cmd, void *unused, int count, char *const arguments[]);
const char *mo_add_maintenance_window(cmd_parms *cmd, void *unused, int count, char *const arguments[]);
const char *mo_add_callee(cmd_parms *cmd, void *unused, const char *argument);
const char *mo_set_engine(cmd_parms *cmd, void *unused, int on);
const char *mo_set_migrate(cmd_parms *cmd, void *unused, int on);
const char *mo_add_trusted_proxy(cmd_parms *cmd, void *unused, const char *argument);

#endif
