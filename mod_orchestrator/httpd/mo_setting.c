/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_setting.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <string.h>

#include "orc_url.h"

const char *mo_setting_wrong(cmd_parms *cmd, const char *what)
{
    return apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", what, NULL);
}

const char *mo_setting_enter(cmd_parms *cmd, mo_config_t **config)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    *config = mo_config_of(cmd->server);
    if (error)
        return error;
    if ((*config)->issuer)
        return mo_setting_wrong(cmd, "must not be inside <OrchestratorIssuer>");
    (*config)->has_directives = 1;
    return NULL;
}

const char *mo_setting_enter_issuer(cmd_parms *cmd, orc_issuer_config_t **issuer)
{
    *issuer = mo_config_of(cmd->server)->issuer;
    return *issuer ? NULL : mo_setting_wrong(cmd, "must be inside <OrchestratorIssuer>");
}

const char *mo_setting_check_url(cmd_parms *cmd, const char *text)
{
    const char *mistake = orc_url_mistake(text, cmd->temp_pool);

    return mistake ? mo_setting_wrong(cmd, mistake) : NULL;
}

const char *mo_setting_existing(cmd_parms *cmd, const char *argument, apr_filetype_e type, const char **error)
{
    const char *path = ap_server_root_relative(cmd->pool, argument);
    apr_finfo_t info;
    apr_status_t status = path ? apr_stat(&info, path, APR_FINFO_TYPE, cmd->temp_pool) : APR_EBADPATH;
    char reason[120];

    *error = NULL;
    if (status != APR_SUCCESS && !APR_STATUS_IS_INCOMPLETE(status)) {
        apr_strerror(status, reason, sizeof reason);
        *error = mo_setting_wrong(cmd, apr_pstrcat(cmd->pool, argument, ": ", reason, NULL));
    }
    else if (info.filetype != type) {
        *error = mo_setting_wrong(
            cmd, apr_pstrcat(cmd->pool, argument, type == APR_DIR ? " is no folder" : " is no file", NULL));
    }
    return *error ? NULL : path;
}

const char *mo_setting_keep_text(cmd_parms *cmd, void *values, const char *argument)
{
    const mo_target_t *target = cmd->info;

    if (!argument[strspn(argument, " \t")])
        return mo_setting_wrong(cmd, "must not be empty");
    *(const char **)((char *)values + target->offset) = argument;
    return NULL;
}

void mo_setting_note_secret(cmd_parms *cmd, const char *path)
{
    mo_secret_file_t *file = apr_array_push(mo_config_of(cmd->server)->secret_files);

    file->directive = cmd->directive;
    file->path = path;
}
