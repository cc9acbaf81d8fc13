/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_config.h"

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <stddef.h>

#include "mo_tree.h"
#include "orc_db_check.h"
#include "orc_identity.h"
#include "orc_providers.h"
#include "orc_secret_file.h"
#include "orc_tosca.h"
#include "orc_url.h"
#include "orc_words.h"

/* Setters of the directives. Each returns NULL, or what is wrong, which httpd prints behind file and line. */

enum { MAX_SECRET_FILE = 4096 };

/** Where a plain value goes, and its limits; the limits of times are in microseconds. */
typedef struct target_t {
    size_t offset; /* in orc_config_t, or in orc_issuer_config_t inside <OrchestratorIssuer> */
    apr_int64_t least, most;
} target_t;

#define AT(member)               (&(target_t){offsetof(orc_config_t, member), 0, 0})
#define AT_ISSUER(member)        (&(target_t){offsetof(orc_issuer_config_t, member), 0, 0})
#define NUMBER(member, min, max) (&(target_t){offsetof(orc_config_t, member), min, max})
#define SECOND                   APR_INT64_C(1000000)
#define DAY                      (86400 * SECOND)

static const char *wrong(cmd_parms *cmd, const char *what)
{
    return apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", what, NULL);
}

/* Context check of every directive; *config is the one to fill in. */
static const char *enter(cmd_parms *cmd, mo_config_t **config)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    *config = mo_config_of(cmd->server);
    if (error)
        return error;
    if ((*config)->issuer)
        return wrong(cmd, "must not be inside <OrchestratorIssuer>");
    (*config)->has_directives = 1;
    return NULL;
}

static const char *enter_issuer(cmd_parms *cmd, orc_issuer_config_t **issuer)
{
    *issuer = mo_config_of(cmd->server)->issuer;
    return *issuer ? NULL : wrong(cmd, "must be inside <OrchestratorIssuer>");
}

static const char *check_url(cmd_parms *cmd, const char *text)
{
    const char *mistake = orc_url_mistake(text, cmd->temp_pool);

    return mistake ? wrong(cmd, mistake) : NULL;
}

/* Full path of a file that must exist; NULL and an error text otherwise. */
static const char *existing(cmd_parms *cmd, const char *argument, apr_filetype_e type, const char **error)
{
    const char *path = ap_server_root_relative(cmd->pool, argument);
    apr_finfo_t info;
    apr_status_t status = path ? apr_stat(&info, path, APR_FINFO_TYPE, cmd->temp_pool) : APR_EBADPATH;
    char reason[120];

    *error = NULL;
    if (status != APR_SUCCESS && !APR_STATUS_IS_INCOMPLETE(status)) {
        apr_strerror(status, reason, sizeof reason);
        *error = wrong(cmd, apr_pstrcat(cmd->pool, argument, ": ", reason, NULL));
    }
    else if (info.filetype != type) {
        *error = wrong(cmd, apr_pstrcat(cmd->pool, argument, type == APR_DIR ? " is no folder" : " is no file", NULL));
    }
    return *error ? NULL : path;
}

/* Context check of a directive that names something that must exist; *path is its full path. */
static const char *enter_existing(cmd_parms *cmd, mo_config_t **config, const char **path, const char *argument,
                                  apr_filetype_e type)
{
    const char *error = enter(cmd, config);

    if (!error)
        *path = existing(cmd, argument, type, &error);
    return error;
}

/* ---- plain values ---- */

/* `values` is what the target's offset is in. */
static const char *keep_text(cmd_parms *cmd, void *values, const char *argument)
{
    const target_t *target = cmd->info;

    if (!argument[strspn(argument, " \t")])
        return wrong(cmd, "must not be empty");
    *(const char **)((char *)values + target->offset) = argument;
    return NULL;
}

static const char *set_text(cmd_parms *cmd, void *unused, const char *argument)
{
    mo_config_t *config;
    const char *error = enter(cmd, &config);

    return error ? error : keep_text(cmd, config->values, argument);
}

/* IM's own line knows the person only, and no provider. */
static const char *set_im_auth(cmd_parms *cmd, void *unused, const char *argument)
{
    static const char *const known[] = {"access_token", NULL};
    const char *name = orc_providers_unknown(argument, known, cmd->temp_pool), *c;

    if (name)
        return wrong(cmd, apr_pstrcat(cmd->pool, "has the placeholder {", name, "}; known is {access_token}", NULL));
    for (c = argument; *c && (!apr_iscntrl(*c) || *c == '\t'); c++)
        ;
    if (*c || !strchr(argument, '='))
        return wrong(cmd, "must be a line such as \"type = InfrastructureManager; token = {access_token}\"");
    return set_text(cmd, unused, argument);
}

static const char *set_database(cmd_parms *cmd, void *unused, const char *argument)
{
    const char *mistake = orc_db_conninfo_mistake(argument);

    return mistake ? wrong(cmd, mistake) : set_text(cmd, unused, argument);
}

static const char *set_url(cmd_parms *cmd, void *unused, const char *argument)
{
    const char *error = check_url(cmd, argument);

    return error ? error : set_text(cmd, unused, orc_url_trimmed(argument, cmd->pool));
}

static const char *set_public_url(cmd_parms *cmd, void *unused, const char *argument)
{
    mo_config_of(cmd->server)->has_public_url = 1;
    return set_url(cmd, unused, argument);
}

/* A whole number, for a member that is an int (set_number) or a size (set_size). */
static const char *parse_number(cmd_parms *cmd, const char *argument, apr_int64_t *value)
{
    const target_t *target = cmd->info;
    char *end;

    errno = 0;
    *value = apr_strtoi64(argument, &end, 10);
    if (errno != 0 || !apr_isdigit(*argument) || *end || *value < target->least || *value > target->most)
        return wrong(cmd,
                     apr_psprintf(cmd->pool, "must be a whole number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT,
                                  target->least, target->most));
    return NULL;
}

static const char *set_number(cmd_parms *cmd, void *unused, const char *argument)
{
    const target_t *target = cmd->info;
    mo_config_t *config;
    const char *error = enter(cmd, &config);
    apr_int64_t value;

    if (error || (error = parse_number(cmd, argument, &value)))
        return error;
    *(int *)((char *)config->values + target->offset) = (int)value;
    return NULL;
}

static const char *set_size(cmd_parms *cmd, void *unused, const char *argument)
{
    const target_t *target = cmd->info;
    mo_config_t *config;
    const char *error = enter(cmd, &config);
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
    const target_t *target = cmd->info;

    if (!has_unit(argument) || ap_timeout_parameter_parse(argument, value, "s") != APR_SUCCESS)
        return wrong(cmd, "must be a time such as 500ms, 5s or 2min");
    if (*value < target->least || *value > target->most)
        return wrong(cmd, apr_psprintf(cmd->pool, "must be a time from %" APR_INT64_T_FMT "ms to %" APR_INT64_T_FMT "s",
                                       target->least / 1000, target->most / SECOND));
    return NULL;
}

static const char *set_time(cmd_parms *cmd, void *unused, const char *argument)
{
    const target_t *target = cmd->info;
    mo_config_t *config;
    const char *error = enter(cmd, &config);
    apr_interval_time_t value;

    if (error || (error = parse_time(cmd, argument, &value)))
        return error;
    *(apr_interval_time_t *)((char *)config->values + target->offset) = value;
    return NULL;
}

static const char *set_health_timeout(cmd_parms *cmd, void *unused, const char *argument)
{
    mo_config_t *config;
    const char *error = enter(cmd, &config);
    apr_interval_time_t value;

    if (error || (error = parse_time(cmd, argument, &value)))
        return error;
    config->values->health_timeout_ms = (int)apr_time_as_msec(value);
    return NULL;
}

static const char *set_poll_interval(cmd_parms *cmd, void *unused, const char *least, const char *most)
{
    mo_config_t *config;
    const char *error = enter(cmd, &config);

    if (error || (error = parse_time(cmd, least, &config->values->poll_min)) ||
        (error = parse_time(cmd, most, &config->values->poll_max)))
        return error;
    if (config->values->poll_min > config->values->poll_max)
        return wrong(cmd, "the first interval must not be longer than the second");
    return NULL;
}

static const char *set_engine(cmd_parms *cmd, void *unused, int on)
{
    mo_config_t *config;
    const char *error = enter(cmd, &config);

    config->runs_engine = on;
    return error;
}

static const char *set_migrate(cmd_parms *cmd, void *unused, int on)
{
    mo_config_t *config;
    const char *error = enter(cmd, &config);

    config->migrates = on;
    return error;
}

static const char *add_trusted_proxy(cmd_parms *cmd, void *unused, const char *argument)
{
    mo_config_t *config;
    const char *error = enter(cmd, &config);
    char *address = apr_pstrdup(cmd->temp_pool, argument), *mask = strchr(address, '/');
    apr_ipsubnet_t *subnet;

    if (error)
        return error;
    if (mask)
        *mask++ = '\0';
    if (apr_ipsubnet_create(&subnet, address, mask, cmd->pool) != APR_SUCCESS)
        return wrong(cmd,
                     apr_pstrcat(cmd->pool, argument, " is no IP address and no network such as 10.0.0.0/8", NULL));
    APR_ARRAY_PUSH(config->trusted_proxies, apr_ipsubnet_t *) = subnet;
    return NULL;
}

/* ---- files ---- */

static const char *load_providers(cmd_parms *cmd, void *unused, const char *argument)
{
    orc_providers_t *providers;
    mo_config_t *config;
    const char *path, *error = enter_existing(cmd, &config, &path, argument, APR_REG);
    orc_error_t *failure;

    if (error)
        return error;
    failure = orc_providers_load(&providers, path, cmd->pool);
    if (failure)
        return wrong(cmd, orc_error_line(failure, cmd->pool));
    config->providers = providers;
    return NULL;
}

static const char *load_types(cmd_parms *cmd, void *unused, const char *argument)
{
    orc_tosca_types_t *types;
    mo_config_t *config;
    const char *path, *error = enter_existing(cmd, &config, &path, argument, APR_DIR);
    orc_error_t *failure;

    if (error)
        return error;
    failure = orc_tosca_types_load(&types, path, cmd->pool);
    if (failure)
        return wrong(cmd, orc_error_line(failure, cmd->pool));
    config->types = types;
    return NULL;
}

/* Which group httpd's children belong to is known when all is read: mo_config_check looks at these again. */
static void note_secret_file(cmd_parms *cmd, const char *path)
{
    mo_secret_file_t *file = apr_array_push(mo_config_of(cmd->server)->secret_files);

    file->directive = cmd->directive;
    file->path = path;
}

static const char *load_secret_key(cmd_parms *cmd, void *unused, const char *argument)
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
        return wrong(cmd, orc_error_line(failure, cmd->pool));
    config->has_secret_key = 1;
    note_secret_file(cmd, path);
    return NULL;
}

/* The file itself is the daemon's to make; its folder must be there. */
static const char *set_jwks_file(cmd_parms *cmd, void *unused, const char *argument)
{
    mo_config_t *config;
    const char *error = enter(cmd, &config), *slash;
    char *path = ap_server_root_relative(cmd->pool, argument);
    apr_finfo_t info;

    if (error)
        return error;
    slash = path ? strrchr(path, '/') : NULL;
    if (slash && !slash[1])
        slash = NULL;
    if (!slash || !existing(cmd, apr_pstrmemdup(cmd->pool, path, slash - path + 1), APR_DIR, &error))
        return error ? error : wrong(cmd, "must be the name of a file");
    if (apr_stat(&info, path, APR_FINFO_TYPE, cmd->temp_pool) == APR_SUCCESS && info.filetype != APR_REG)
        return wrong(cmd, apr_pstrcat(cmd->pool, argument, " is no file", NULL));
    config->values->jwks_file = path;
    return NULL;
}

static const char *set_ca_file(cmd_parms *cmd, void *unused, const char *argument)
{
    mo_config_t *config;
    const char *path, *error = enter_existing(cmd, &config, &path, argument, APR_REG);

    if (!error)
        config->values->ca_file = path;
    return error;
}

/* ---- <OrchestratorIssuer> ---- */

/* Of what an issuer has one of, the first would be forgotten; outside of the block the last one counts, as everywhere.
 */
static int is_there_twice(const ap_directive_t *directive)
{
    static const char *const lists[] = {"OrchestratorAudience", "OrchestratorUserGroups", NULL};
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

static const char *read_issuer(cmd_parms *cmd, void *unused, const char *arguments)
{
    const char *end = strrchr(arguments, '>'), *error, *url;
    mo_config_t *config;
    orc_issuer_config_t *issuer = apr_pcalloc(cmd->pool, sizeof *issuer);

    if ((error = enter(cmd, &config)))
        return error;
    if (!end)
        return apr_pstrcat(cmd->pool, cmd->cmd->name, "> directive missing closing '>'", NULL);
    arguments = apr_pstrmemdup(cmd->pool, arguments, end - arguments);
    url = ap_getword_conf(cmd->pool, &arguments);
    if (*arguments)
        return apr_pstrcat(cmd->pool, cmd->cmd->name, "> takes one argument, the issuer's URL", NULL);
    if ((error = check_url(cmd, url)))
        return error;
    if (orc_config_issuer(config->values, url))
        return apr_pstrcat(cmd->pool, cmd->cmd->name, " ", url, "> is there twice", NULL);
    issuer->url = orc_url_trimmed(url, cmd->pool);
    issuer->groups_claim = "groups";
    issuer->audiences = apr_array_make(cmd->pool, 2, sizeof(const char *));
    issuer->groups = apr_array_make(cmd->pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH((apr_array_header_t *)config->values->issuers, orc_issuer_config_t *) = issuer;
    config->issuer = issuer;
    error = walk_issuer(cmd, config);
    config->issuer = NULL;
    if (!error && issuer->client_secret && !issuer->client_id)
        error = "OrchestratorClientSecretFile needs an OrchestratorClientId beside it";
    return error;
}

static const char *set_issuer_text(cmd_parms *cmd, void *unused, const char *argument)
{
    orc_issuer_config_t *issuer;
    const char *error = enter_issuer(cmd, &issuer);

    return error ? error : keep_text(cmd, issuer, argument);
}

static const char *set_issuer_url(cmd_parms *cmd, void *unused, const char *argument)
{
    const char *error = check_url(cmd, argument);

    return error ? error : set_issuer_text(cmd, unused, argument);
}

static const char *add_issuer_text(cmd_parms *cmd, void *unused, const char *argument)
{
    const target_t *target = cmd->info;
    orc_issuer_config_t *issuer;
    const char *error = enter_issuer(cmd, &issuer);

    if (error)
        return error;
    if (!argument[strspn(argument, " \t")])
        return wrong(cmd, "must not be empty");
    APR_ARRAY_PUSH(*(apr_array_header_t **)((char *)issuer + target->offset), const char *) = argument;
    return NULL;
}

/* Groups are compared as claims and bodies have them. */
static const char *set_issuer_group(cmd_parms *cmd, void *unused, const char *argument)
{
    return set_issuer_text(cmd, unused, orc_group_name(argument));
}

static const char *add_issuer_group(cmd_parms *cmd, void *unused, const char *argument)
{
    return add_issuer_text(cmd, unused, orc_group_name(argument));
}

static const char *load_client_secret(cmd_parms *cmd, void *unused, const char *argument)
{
    orc_issuer_config_t *issuer;
    const char *error = enter_issuer(cmd, &issuer), *path;
    orc_error_t *failure;
    char *text;

    if (error || !(path = existing(cmd, argument, APR_REG, &error)))
        return error;
    failure = orc_secret_file_read(&text, path, MAX_SECRET_FILE, cmd->pool);
    if (failure)
        return wrong(cmd, orc_error_line(failure, cmd->pool));
    apr_collapse_spaces(text, text);
    if (!*text)
        return wrong(cmd, apr_pstrcat(cmd->pool, argument, " is empty", NULL));
    issuer->client_secret = text;
    note_secret_file(cmd, path);
    return NULL;
}

/* ---- the table ---- */

const command_rec mo_directives[] = {
    AP_INIT_TAKE1("OrchestratorProviders", load_providers, NULL, RSRC_CONF, "JSON file of the resource providers"),
    AP_INIT_TAKE1("OrchestratorIM", set_url, AT(im_url), RSRC_CONF,
                  "URL of the Infrastructure Manager, for providers without one of their own"),
    AP_INIT_TAKE1("OrchestratorIMAuth", set_im_auth, AT(im_auth), RSRC_CONF,
                  "credential line(s) for IM itself; {access_token} stands for the person's token"),
    AP_INIT_TAKE1("OrchestratorSecretKeyFile", load_secret_key, NULL, RSRC_CONF,
                  "file with the keys that seal secrets in the database, one a line, the first one seals"),
    AP_INIT_TAKE1("OrchestratorToscaTypes", load_types, NULL, RSRC_CONF, "folder of TOSCA type files (*.yaml)"),
    AP_INIT_FLAG("OrchestratorMigrate", set_migrate, NULL, RSRC_CONF,
                 "On: bring the database's schema up to date at start"),
    AP_INIT_TAKE1("OrchestratorDatabase", set_database, AT(database_url), RSRC_CONF,
                  "libpq connection string of the daemon; without it, what DBDParams says"),
    AP_INIT_TAKE1("OrchestratorDatabaseTimeout", set_time, NUMBER(database_timeout, SECOND / 10, 3600 * SECOND),
                  RSRC_CONF, "time that PostgreSQL has for one statement of a request (8s)"),
    AP_INIT_FLAG("OrchestratorEngine", set_engine, NULL, RSRC_CONF, "Off: this host works on no operations"),
    AP_INIT_TAKE1("OrchestratorPublicURL", set_public_url, AT(public_url), RSRC_CONF,
                  "URL of the API as clients see it; without it, from ServerName and the <Location>"),
    AP_INIT_TAKE1("OrchestratorJwksFile", set_jwks_file, NULL, RSRC_CONF,
                  "file that the daemon keeps the keys of all issuers in"),
    AP_INIT_TAKE1("OrchestratorUsersInput", set_text, AT(users_input), RSRC_CONF,
                  "name of the template input that lists the owners (users)"),
    AP_INIT_TAKE1("OrchestratorCAFile", set_ca_file, NULL, RSRC_CONF,
                  "CA certificates (PEM) that outgoing TLS trusts; without it, the system's"),
    AP_INIT_ITERATE("OrchestratorTrustedProxy", add_trusted_proxy, NULL, RSRC_CONF,
                    "addresses or networks of proxies whose X-Forwarded-Proto and X-Forwarded-Host are believed"),
    AP_INIT_TAKE1("OrchestratorMaxQueued", set_number, NUMBER(max_queued_per_group, 1, 1000000), RSRC_CONF,
                  "operations of one user group that may wait for their turn (20)"),
    AP_INIT_TAKE1("OrchestratorMaxOperations", set_number, NUMBER(max_operations, 1, 100000), RSRC_CONF,
                  "operations that this host works on at once (1000)"),
    AP_INIT_TAKE1("OrchestratorMaxTemplates", set_number, NUMBER(max_templates, 1, 1000000), RSRC_CONF,
                  "templates that one person may keep (1000)"),
    AP_INIT_TAKE1("OrchestratorMaxTemplateBytes", set_size,
                  NUMBER(max_template_bytes, 1024 * 1024, 1024LL * 1024 * 1024 * 1024), RSRC_CONF,
                  "bytes of all templates together that one person may keep (67108864)"),
    AP_INIT_TAKE1("OrchestratorMaxBody", set_size, NUMBER(max_body, 1024, 1024 * 1024 * 1024), RSRC_CONF,
                  "bytes of a request body (8388608)"),
    AP_INIT_TAKE1("OrchestratorIMMaxInFlight", set_number, NUMBER(im_max_in_flight, 1, 1000), RSRC_CONF,
                  "calls in flight to one IM (4)"),
    AP_INIT_TAKE1("OrchestratorIMTimeout", set_time, NUMBER(im_timeout, SECOND / 10, DAY), RSRC_CONF,
                  "time that IM has for an answer (60s)"),
    AP_INIT_TAKE1("OrchestratorIMCreateTimeout", set_time, NUMBER(im_create_timeout, SECOND / 10, DAY), RSRC_CONF,
                  "time that IM has for a creation, and how long an unanswered one is looked for (60s)"),
    AP_INIT_TAKE2("OrchestratorPollInterval", set_poll_interval, NUMBER(poll_min, SECOND / 100, DAY), RSRC_CONF,
                  "shortest and longest time between two looks at an infrastructure (5s 30s)"),
    AP_INIT_TAKE1("OrchestratorLease", set_time, NUMBER(lease, SECOND, DAY), RSRC_CONF,
                  "how long a host keeps an operation without a sign of life (60s)"),
    AP_INIT_TAKE1("OrchestratorPublicAddressRecheck", set_time, NUMBER(public_address_recheck, 0, DAY), RSRC_CONF,
                  "a complete deployment with public addresses is looked at once more after this time (100s)"),
    AP_INIT_TAKE1("OrchestratorDeleteRecheck", set_time, NUMBER(delete_recheck, 0, DAY), RSRC_CONF,
                  "a deleted infrastructure is looked for once more after this time (30s)"),
    AP_INIT_TAKE1("OrchestratorDeleteRepeat", set_time, NUMBER(delete_repeat, SECOND / 10, DAY), RSRC_CONF,
                  "a deletion that moves nothing for this time is asked for again (20s)"),
    AP_INIT_TAKE1("OrchestratorHealthTimeout", set_health_timeout, NUMBER(health_timeout_ms, SECOND / 100, 60 * SECOND),
                  RSRC_CONF, "time that all health probes have together (2s)"),
    AP_INIT_RAW_ARGS("<OrchestratorIssuer", read_issuer, NULL, RSRC_CONF,
                     "the URL of an issuer of access tokens; its settings inside"),
    AP_INIT_ITERATE("OrchestratorAudience", add_issuer_text, AT_ISSUER(audiences), RSRC_CONF,
                    "audiences of which a token must have one; none: any"),
    AP_INIT_TAKE1("OrchestratorAdminGroup", set_issuer_group, AT_ISSUER(admin_group), RSRC_CONF,
                  "group whose members are administrators"),
    AP_INIT_ITERATE("OrchestratorUserGroups", add_issuer_group, AT_ISSUER(groups), RSRC_CONF,
                    "groups that may use the service; none: every person of the issuer"),
    AP_INIT_TAKE1("OrchestratorGroupsClaim", set_issuer_text, AT_ISSUER(groups_claim), RSRC_CONF,
                  "claim that lists a person's groups (groups)"),
    AP_INIT_TAKE1("OrchestratorClientId", set_issuer_text, AT_ISSUER(client_id), RSRC_CONF,
                  "client id at the issuer, to refresh and exchange tokens"),
    AP_INIT_TAKE1("OrchestratorClientSecretFile", load_client_secret, NULL, RSRC_CONF,
                  "file with the client's secret, for its owner only"),
    AP_INIT_TAKE1("OrchestratorTokenEndpoint", set_issuer_url, AT_ISSUER(token_endpoint), RSRC_CONF,
                  "token endpoint; without it, what the issuer's discovery document says"),
    AP_INIT_TAKE1("OrchestratorUserInfoEndpoint", set_issuer_url, AT_ISSUER(userinfo_endpoint), RSRC_CONF,
                  "userinfo endpoint; without it, what the issuer's discovery document says"),
    AP_INIT_TAKE1("OrchestratorJwksUri", set_issuer_url, AT_ISSUER(jwks_uri), RSRC_CONF,
                  "key set; without it, what the issuer's discovery document says"),
    {NULL},
};
