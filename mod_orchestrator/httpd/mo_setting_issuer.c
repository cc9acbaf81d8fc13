/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_setting_issuer.h"

#include <apr_strings.h>
#include <string.h>

#include "mo_setting.h"
#include "mo_tree.h"
#include "orc_identity.h"
#include "orc_secret_file.h"
#include "orc_url.h"
#include "orc_words.h"

enum { MAX_SECRET_FILE = 4096 };

/* Of what an issuer has one of, the first would be forgotten; outside of the block the last one counts, as everywhere.
 */
static int is_there_twice(const ap_directive_t *directive)
{
    static const char *const lists[] = {"OrchestratorAudience", "OrchestratorUserGroups", "OrchestratorServiceAccounts",
                                        NULL};
    const ap_directive_t *other = directive->next;

    while (other && ap_cstr_casecmp(other->directive, directive->directive) != 0)
        other = other->next;
    return other && !mo_tree_is_one_of(directive->directive, lists);
}

static const char *walk_issuer(cmd_parms *cmd, mo_config_t *config)
{
    ap_directive_t *child;

    for (child = cmd->directive->first_child; child; child = child->next) {
        const char *mistake = ap_cstr_casecmpn(child->directive, "Orchestrator", 12) != 0
                                  ? " must not be inside <OrchestratorIssuer>"
                              : is_there_twice(child) ? " is there twice in this <OrchestratorIssuer>"
                                                      : NULL;

        if (!mistake)
            continue;
        cmd->err_directive = child;
        return apr_pstrcat(cmd->pool, child->directive, mistake, NULL);
    }
    return cmd->directive->first_child ? ap_walk_config(cmd->directive->first_child, cmd, cmd->context) : NULL;
}

const char *mo_read_issuer(cmd_parms *cmd, void *unused, const char *arguments)
{
    const char *end = strrchr(arguments, '>'), *error, *url;
    mo_config_t *config;
    orc_issuer_config_t *issuer = apr_pcalloc(cmd->pool, sizeof *issuer);

    if ((error = mo_setting_enter(cmd, &config)))
        return error;
    if (!end)
        return apr_pstrcat(cmd->pool, cmd->cmd->name, "> directive missing closing '>'", NULL);
    arguments = apr_pstrmemdup(cmd->pool, arguments, end - arguments);
    url = ap_getword_conf(cmd->pool, &arguments);
    if (*arguments)
        return apr_pstrcat(cmd->pool, cmd->cmd->name, "> takes one argument, the issuer's URL", NULL);
    if ((error = mo_setting_check_url(cmd, url)))
        return error;
    if (orc_config_issuer(config->values, url))
        return apr_pstrcat(cmd->pool, cmd->cmd->name, " ", url, "> is there twice", NULL);
    issuer->url = orc_url_trimmed(url, cmd->pool);
    issuer->groups_claim = "groups";
    issuer->audiences = apr_array_make(cmd->pool, 2, sizeof(const char *));
    issuer->groups = apr_array_make(cmd->pool, 2, sizeof(const char *));
    issuer->service_accounts = apr_array_make(cmd->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH((apr_array_header_t *)config->values->issuers, orc_issuer_config_t *) = issuer;
    config->issuer = issuer;
    error = walk_issuer(cmd, config);
    config->issuer = NULL;
    if (!error && issuer->client_secret && !issuer->client_id)
        error = "OrchestratorClientSecretFile needs an OrchestratorClientId beside it";
    if (!error && issuer->client_id && orc_words_contain(issuer->service_accounts, issuer->client_id))
        error = "OrchestratorServiceAccounts must not name the OrchestratorClientId: people's tokens, which are "
                "refreshed or exchanged with it, name it too";
    return error;
}

const char *mo_set_issuer_text(cmd_parms *cmd, void *unused, const char *argument)
{
    orc_issuer_config_t *issuer;
    const char *error = mo_setting_enter_issuer(cmd, &issuer);

    return error ? error : mo_setting_keep_text(cmd, issuer, argument);
}

const char *mo_set_issuer_endpoint(cmd_parms *cmd, void *unused, const char *argument)
{
    const char *mistake = orc_url_endpoint_mistake(argument, cmd->temp_pool);

    return mistake ? mo_setting_wrong(cmd, mistake) : mo_set_issuer_text(cmd, unused, argument);
}

const char *mo_add_issuer_text(cmd_parms *cmd, void *unused, const char *argument)
{
    const mo_target_t *target = cmd->info;
    orc_issuer_config_t *issuer;
    const char *error = mo_setting_enter_issuer(cmd, &issuer);

    if (error)
        return error;
    if (!argument[strspn(argument, " \t")])
        return mo_setting_wrong(cmd, "must not be empty");
    APR_ARRAY_PUSH(*(apr_array_header_t **)((char *)issuer + target->offset), const char *) = argument;
    return NULL;
}

/* Groups are compared as claims and bodies have them. */
const char *mo_set_issuer_group(cmd_parms *cmd, void *unused, const char *argument)
{
    return mo_set_issuer_text(cmd, unused, orc_group_name(argument));
}

const char *mo_add_issuer_group(cmd_parms *cmd, void *unused, const char *argument)
{
    return mo_add_issuer_text(cmd, unused, orc_group_name(argument));
}

const char *mo_load_client_secret(cmd_parms *cmd, void *unused, const char *argument)
{
    orc_issuer_config_t *issuer;
    const char *error = mo_setting_enter_issuer(cmd, &issuer), *path;
    orc_error_t *failure;
    char *text;

    if (error || !(path = mo_setting_existing(cmd, argument, APR_REG, &error)))
        return error;
    failure = orc_secret_file_read_line(&text, path, MAX_SECRET_FILE, cmd->pool);
    if (failure)
        return mo_setting_wrong(cmd, orc_error_line(failure, cmd->pool));
    issuer->client_secret = text;
    mo_setting_note_secret(cmd, path);
    return NULL;
}
