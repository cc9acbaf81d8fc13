/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_setting_values.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <errno.h>
#include <string.h>

#include "mo_setting.h"
#include "orc_callee.h"
#include "orc_db_check.h"
#include "orc_im_lines.h"
#include "orc_maintenance.h"
#include "orc_providers.h"
#include "orc_url.h"
#include "orc_words.h"

const char *mo_set_text(cmd_parms *cmd, void *unused, const char *argument)
{
    mo_config_t *config;
    const char *error = mo_setting_enter(cmd, &config);

    return error ? error : mo_setting_keep_text(cmd, config->values, argument);
}

/* IM's own line knows the person only, and no provider. */
const char *mo_set_im_auth(cmd_parms *cmd, void *unused, const char *argument)
{
    static const char *const known[] = {"access_token", NULL};
    const char *name = orc_providers_unknown(argument, known, cmd->temp_pool), *c;

    if (name)
        return mo_setting_wrong(
            cmd, apr_pstrcat(cmd->pool, "has the placeholder {", name, "}; known is {access_token}", NULL));
    for (c = argument; *c && (!apr_iscntrl(*c) || *c == '\t'); c++)
        ;
    if (*c || !argument[strspn(argument, " \t")] || orc_im_lines_mistake(argument))
        return mo_setting_wrong(cmd, "must be a line such as \"type = InfrastructureManager; token = {access_token}\"");
    return mo_set_text(cmd, unused, argument);
}

const char *mo_set_database(cmd_parms *cmd, void *unused, const char *argument)
{
    const char *mistake = orc_db_conninfo_mistake(argument, cmd->pool);

    return mistake ? mo_setting_wrong(cmd, mistake) : mo_set_text(cmd, unused, argument);
}

const char *mo_set_url(cmd_parms *cmd, void *unused, const char *argument)
{
    const char *error = mo_setting_check_url(cmd, argument);

    return error ? error : mo_set_text(cmd, unused, orc_url_trimmed(argument, cmd->pool));
}

const char *mo_set_public_url(cmd_parms *cmd, void *unused, const char *argument)
{
    mo_config_of(cmd->server)->has_public_url = 1;
    return mo_set_url(cmd, unused, argument);
}

/* A whole number, for a member that is an int (mo_set_number) or a size (mo_set_size). */
static const char *parse_number(cmd_parms *cmd, const char *argument, apr_int64_t *value)
{
    const mo_target_t *target = cmd->info;
    char *end;

    errno = 0;
    *value = apr_strtoi64(argument, &end, 10);
    if (errno != 0 || !apr_isdigit(*argument) || *end || *value < target->least || *value > target->most)
        return mo_setting_wrong(
            cmd, apr_psprintf(cmd->pool, "must be a whole number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT,
                              target->least, target->most));
    return NULL;
}

const char *mo_set_number(cmd_parms *cmd, void *unused, const char *argument)
{
    const mo_target_t *target = cmd->info;
    mo_config_t *config;
    const char *error = mo_setting_enter(cmd, &config);
    apr_int64_t value;

    if (error || (error = parse_number(cmd, argument, &value)))
        return error;
    *(int *)((char *)config->values + target->offset) = (int)value;
    return NULL;
}

const char *mo_set_size(cmd_parms *cmd, void *unused, const char *argument)
{
    const mo_target_t *target = cmd->info;
    mo_config_t *config;
    const char *error = mo_setting_enter(cmd, &config);
    apr_int64_t value;

    if (error || (error = parse_number(cmd, argument, &value)))
        return error;
    *(apr_size_t *)((char *)config->values + target->offset) = (apr_size_t)value;
    return NULL;
}

/* httpd reads the first letters of a unit only, so that 5sundays were five seconds. */
static int has_unit(const char *time)
{
    static const char *const units[] = {"", "ms", "s", "min", "h", NULL};

    return apr_isdigit(*time) && orc_words_find(units, time + strspn(time, "0123456789"));
}

static const char *parse_time(cmd_parms *cmd, const char *argument, apr_interval_time_t *value)
{
    const mo_target_t *target = cmd->info;

    if (!has_unit(argument) || ap_timeout_parameter_parse(argument, value, "s") != APR_SUCCESS)
        return mo_setting_wrong(cmd, "must be a time such as 500ms, 5s or 2min");
    if (*value < target->least || *value > target->most)
        return mo_setting_wrong(cmd, apr_psprintf(cmd->pool,
                                                  "must be a time from %" APR_INT64_T_FMT "ms to %" APR_INT64_T_FMT "s",
                                                  target->least / 1000, target->most / APR_USEC_PER_SEC));
    return NULL;
}

const char *mo_set_time(cmd_parms *cmd, void *unused, const char *argument)
{
    const mo_target_t *target = cmd->info;
    mo_config_t *config;
    const char *error = mo_setting_enter(cmd, &config);
    apr_interval_time_t value;

    if (error || (error = parse_time(cmd, argument, &value)))
        return error;
    *(apr_interval_time_t *)((char *)config->values + target->offset) = value;
    return NULL;
}

const char *mo_set_health_timeout(cmd_parms *cmd, void *unused, const char *argument)
{
    mo_config_t *config;
    const char *error = mo_setting_enter(cmd, &config);
    apr_interval_time_t value;

    if (error || (error = parse_time(cmd, argument, &value)))
        return error;
    config->values->health_timeout_ms = (int)apr_time_as_msec(value);
    return NULL;
}

const char *mo_set_poll_interval(cmd_parms *cmd, void *unused, const char *least, const char *most)
{
    mo_config_t *config;
    const char *error = mo_setting_enter(cmd, &config);

    if (error || (error = parse_time(cmd, least, &config->values->poll_min)) ||
        (error = parse_time(cmd, most, &config->values->poll_max)))
        return error;
    if (config->values->poll_min > config->values->poll_max)
        return mo_setting_wrong(cmd, "the first interval must not be longer than the second");
    return NULL;
}

const char *mo_set_looks(cmd_parms *cmd, void *unused, int count, char *const arguments[])
{
    mo_config_t *config;
    const char *error = mo_setting_enter(cmd, &config);
    int i;

    if (!error && (count < 1 || count > ORC_MAX_LOOKS))
        error = mo_setting_wrong(cmd, apr_psprintf(cmd->pool, "takes 1 to %d times", ORC_MAX_LOOKS));
    for (i = 0; !error && i < count; i++)
        error = parse_time(cmd, arguments[i], &config->values->looks[i]);
    if (!error)
        config->values->look_count = count;
    return error;
}

const char *mo_add_maintenance_window(cmd_parms *cmd, void *unused, int count, char *const arguments[])
{
    mo_config_t *config;
    const char *error = mo_setting_enter(cmd, &config), *mistake;
    orc_maintenance_t window;

    if (error)
        return error;
    if (count < 3 || count > 4)
        return mo_setting_wrong(cmd, "takes a provider or region, days, hours, and perhaps a time zone");
    mistake = orc_maintenance_read(&window, arguments[0], arguments[1], arguments[2], count > 3 ? arguments[3] : NULL,
                                   cmd->pool);
    if (mistake)
        return mo_setting_wrong(cmd, mistake);
    APR_ARRAY_PUSH((apr_array_header_t *)config->values->windows, orc_maintenance_t) = window;
    return NULL;
}

const char *mo_add_callee(cmd_parms *cmd, void *unused, const char *argument)
{
    mo_config_t *config;
    const char *error = mo_setting_enter(cmd, &config), *mistake;
    orc_callee_t callee;

    if (error)
        return error;
    mistake = orc_callee_read(&callee, argument, cmd->pool);
    if (mistake)
        return mo_setting_wrong(cmd, apr_psprintf(cmd->pool, "\"%s\" %s", argument, mistake));
    APR_ARRAY_PUSH((apr_array_header_t *)config->values->callees, orc_callee_t) = callee;
    return NULL;
}

const char *mo_set_engine(cmd_parms *cmd, void *unused, int on)
{
    mo_config_t *config;
    const char *error = mo_setting_enter(cmd, &config);

    config->runs_engine = on;
    return error;
}

const char *mo_set_migrate(cmd_parms *cmd, void *unused, int on)
{
    mo_config_t *config;
    const char *error = mo_setting_enter(cmd, &config);

    config->migrates = on;
    return error;
}

const char *mo_add_trusted_proxy(cmd_parms *cmd, void *unused, const char *argument)
{
    mo_config_t *config;
    const char *error = mo_setting_enter(cmd, &config);
    char *address = apr_pstrdup(cmd->temp_pool, argument), *mask = strchr(address, '/');
    apr_ipsubnet_t *subnet;

    if (error)
        return error;
    if (mask)
        *mask++ = '\0';
    if (apr_ipsubnet_create(&subnet, address, mask, cmd->pool) != APR_SUCCESS)
        return mo_setting_wrong(
            cmd, apr_pstrcat(cmd->pool, argument, " is no IP address and no network such as 10.0.0.0/8", NULL));
    APR_ARRAY_PUSH(config->trusted_proxies, apr_ipsubnet_t *) = subnet;
    return NULL;
}
