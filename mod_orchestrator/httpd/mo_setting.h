/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_SETTING_H
#define MO_SETTING_H

#include "mo_config.h"

/* What the setters of all directives share: the context, the message, what many kinds of argument must be. */

/** Where a plain value goes, and its limits; the limits of times are in microseconds. */
typedef struct mo_target_t {
    size_t offset; /* in orc_config_t, or in orc_issuer_config_t inside <OrchestratorIssuer> */
    apr_int64_t least, most;
} mo_target_t;

/** What a setter returns when its argument is wrong: the directive's name and `what`, in the configuration's pool. */
const char *mo_setting_wrong(cmd_parms *cmd, const char *what);

/** Context check of every directive outside of <OrchestratorIssuer>; *config is the one to fill in. NULL, or what is
 * wrong. */
const char *mo_setting_enter(cmd_parms *cmd, mo_config_t **config);

/** The same of every directive inside; *issuer is the one whose block is being read. */
const char *mo_setting_enter_issuer(cmd_parms *cmd, orc_issuer_config_t **issuer);

/** NULL, or what is wrong with a URL. */
const char *mo_setting_check_url(cmd_parms *cmd, const char *text);

/** Full path, in the configuration's pool, of a file or folder that must exist; NULL and *error otherwise, which is
 * NULL on success. */
const char *mo_setting_existing(cmd_parms *cmd, const char *argument, apr_filetype_e type, const char **error);

/** Writes a text, which must not be blank, to the directive's target; `values` is what the target's offset is in. The
 * argument itself is kept. NULL, or what is wrong. */
const char *mo_setting_keep_text(cmd_parms *cmd, void *values, const char *argument);

/** Notes a file that holds a secret, by a path that the configuration's pool has. Which group httpd's children belong
 * to is known when all is read: mo_config_check looks at these again. */
void mo_setting_note_secret(cmd_parms *cmd, const char *path);

#endif
