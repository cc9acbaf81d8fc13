/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_setting_files.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <string.h>

#include "mo_setting.h"
#include "orc_providers.h"
#include "orc_tosca.h"

/* Context check of a directive that names something that must exist; *path is its full path. */
static const char *enter_existing(cmd_parms *cmd, mo_config_t **config, const char **path, const char *argument,
                                  apr_filetype_e type)
{
    const char *error = mo_setting_enter(cmd, config);

    if (!error)
        *path = mo_setting_existing(cmd, argument, type, &error);
    return error;
}

const char *mo_load_providers(cmd_parms *cmd, void *unused, const char *argument)
{
    orc_providers_t *providers;
    mo_config_t *config;
    const char *path, *error = enter_existing(cmd, &config, &path, argument, APR_REG);
    orc_error_t *failure;

    if (error)
        return error;
    failure = orc_providers_load(&providers, path, cmd->pool);
    if (failure)
        return mo_setting_wrong(cmd, orc_error_line(failure, cmd->pool));
    config->providers = providers;
    return NULL;
}

const char *mo_load_types(cmd_parms *cmd, void *unused, const char *argument)
{
    orc_tosca_types_t *types;
    mo_config_t *config;
    const char *path, *error = enter_existing(cmd, &config, &path, argument, APR_DIR);
    orc_error_t *failure;

    if (error)
        return error;
    failure = orc_tosca_types_load(&types, path, cmd->pool);
    if (failure)
        return mo_setting_wrong(cmd, orc_error_line(failure, cmd->pool));
    config->types = types;
    return NULL;
}

const char *mo_load_secret_key(cmd_parms *cmd, void *unused, const char *argument)
{
    mo_config_t *config;
    const char *path, *error = enter_existing(cmd, &config, &path, argument, APR_REG);
    orc_error_t *failure;

    if (error)
        return error;
    failure = orc_secret_init(cmd->temp_pool);
    if (!failure)
        failure = orc_secret_keys_load(&config->values->secret_keys, path, cmd->pool);
    if (failure)
        return mo_setting_wrong(cmd, orc_error_line(failure, cmd->pool));
    config->has_secret_key = 1;
    mo_setting_note_secret(cmd, path);
    return NULL;
}

/* The file itself is the daemon's to make; its folder must be there. */
const char *mo_set_jwks_file(cmd_parms *cmd, void *unused, const char *argument)
{
    mo_config_t *config;
    const char *error = mo_setting_enter(cmd, &config), *slash;
    char *path = ap_server_root_relative(cmd->pool, argument);
    apr_finfo_t info;

    if (error)
        return error;
    slash = path ? strrchr(path, '/') : NULL;
    if (slash && !slash[1])
        slash = NULL;
    if (!slash || !mo_setting_existing(cmd, apr_pstrmemdup(cmd->pool, path, slash - path + 1), APR_DIR, &error))
        return error ? error : mo_setting_wrong(cmd, "must be the name of a file");
    if (apr_stat(&info, path, APR_FINFO_TYPE, cmd->temp_pool) == APR_SUCCESS && info.filetype != APR_REG)
        return mo_setting_wrong(cmd, apr_pstrcat(cmd->pool, argument, " is no file", NULL));
    config->values->jwks_file = path;
    return NULL;
}

const char *mo_set_ca_file(cmd_parms *cmd, void *unused, const char *argument)
{
    mo_config_t *config;
    const char *path, *error = enter_existing(cmd, &config, &path, argument, APR_REG);

    if (!error)
        config->values->ca_file = path;
    return error;
}
