/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <stddef.h>

#include "mo_setting.h"
#include "mo_setting_files.h"
#include "mo_setting_issuer.h"
#include "mo_setting_values.h"

/* The table of directives: the setter of each, where its value goes, its limits. */

#define AT(member)               (&(mo_target_t){offsetof(orc_config_t, member), 0, 0})
#define AT_ISSUER(member)        (&(mo_target_t){offsetof(orc_issuer_config_t, member), 0, 0})
#define NUMBER(member, min, max) (&(mo_target_t){offsetof(orc_config_t, member), min, max})
#define SECOND                   APR_INT64_C(1000000)
#define DAY                      (86400 * SECOND)

const command_rec mo_directives[] = {
    AP_INIT_TAKE1("OrchestratorProviders", mo_load_providers, NULL, RSRC_CONF, "JSON file of the resource providers"),
    AP_INIT_TAKE1("OrchestratorIM", mo_set_url, AT(im_url), RSRC_CONF,
                  "URL of the Infrastructure Manager, for providers without one of their own"),
    AP_INIT_TAKE1("OrchestratorIMAuth", mo_set_im_auth, AT(im_auth), RSRC_CONF,
                  "credential line(s) for IM itself; {access_token} stands for the person's token"),
    AP_INIT_TAKE1("OrchestratorSecretKeyFile", mo_load_secret_key, NULL, RSRC_CONF,
                  "file with the keys that seal secrets in the database, one a line, the first one seals"),
    AP_INIT_TAKE1("OrchestratorToscaTypes", mo_load_types, NULL, RSRC_CONF, "folder of TOSCA type files (*.yaml)"),
    AP_INIT_FLAG("OrchestratorMigrate", mo_set_migrate, NULL, RSRC_CONF,
                 "On: bring the database's schema up to date at start"),
    AP_INIT_TAKE1("OrchestratorDatabase", mo_set_database, AT(database_url), RSRC_CONF,
                  "libpq connection string of the daemon; without it, what DBDParams says"),
    AP_INIT_TAKE1("OrchestratorDatabaseTimeout", mo_set_time, NUMBER(database_timeout, SECOND / 10, 3600 * SECOND),
                  RSRC_CONF, "time that PostgreSQL has for one statement of a request (8s)"),
    AP_INIT_FLAG("OrchestratorEngine", mo_set_engine, NULL, RSRC_CONF, "Off: this host works on no operations"),
    AP_INIT_TAKE1("OrchestratorPublicURL", mo_set_public_url, AT(public_url), RSRC_CONF,
                  "URL of the API as clients see it; without it, from ServerName and the <Location>"),
    AP_INIT_TAKE1("OrchestratorJwksFile", mo_set_jwks_file, NULL, RSRC_CONF,
                  "file that the daemon keeps the keys of all issuers in"),
    AP_INIT_TAKE1("OrchestratorUsersInput", mo_set_text, AT(users_input), RSRC_CONF,
                  "name of the template input that lists the owners (users)"),
    AP_INIT_TAKE1("OrchestratorCAFile", mo_set_ca_file, NULL, RSRC_CONF,
                  "CA certificates (PEM) that outgoing TLS trusts; without it, the system's"),
    AP_INIT_ITERATE("OrchestratorTrustedProxy", mo_add_trusted_proxy, NULL, RSRC_CONF,
                    "addresses or networks of proxies whose X-Forwarded-Proto and X-Forwarded-Host are believed"),
    AP_INIT_TAKE1("OrchestratorMaxQueued", mo_set_number, NUMBER(max_queued_per_group, 1, 1000000), RSRC_CONF,
                  "operations of one user group that may wait for their turn (20)"),
    AP_INIT_TAKE1("OrchestratorMaxOperations", mo_set_number, NUMBER(max_operations, 1, 100000), RSRC_CONF,
                  "operations that this host works on at once (1000)"),
    AP_INIT_TAKE1("OrchestratorMaxTemplates", mo_set_number, NUMBER(max_templates, 1, 1000000), RSRC_CONF,
                  "templates that one person may keep (1000)"),
    AP_INIT_TAKE1("OrchestratorMaxTemplateBytes", mo_set_size,
                  NUMBER(max_template_bytes, 1024 * 1024, 1024LL * 1024 * 1024 * 1024), RSRC_CONF,
                  "bytes of all templates together that one person may keep (67108864)"),
    AP_INIT_TAKE1("OrchestratorMaxBody", mo_set_size, NUMBER(max_body, 1024, 1024 * 1024 * 1024), RSRC_CONF,
                  "bytes of a request body (8388608)"),
    AP_INIT_TAKE1("OrchestratorIMMaxInFlight", mo_set_number, NUMBER(im_max_in_flight, 1, 1000), RSRC_CONF,
                  "calls in flight to one IM (4)"),
    AP_INIT_TAKE1("OrchestratorIMTimeout", mo_set_time, NUMBER(im_timeout, SECOND / 10, DAY), RSRC_CONF,
                  "time that IM has for an answer (60s)"),
    AP_INIT_TAKE1("OrchestratorIMCreateTimeout", mo_set_time, NUMBER(im_create_timeout, SECOND / 10, DAY), RSRC_CONF,
                  "time that IM has for a creation, and how long an unanswered one is looked for (60s)"),
    AP_INIT_TAKE2("OrchestratorPollInterval", mo_set_poll_interval, NUMBER(poll_min, SECOND / 100, DAY), RSRC_CONF,
                  "shortest and longest time between two looks at an infrastructure (5s 30s)"),
    AP_INIT_TAKE1("OrchestratorLease", mo_set_time, NUMBER(lease, SECOND, DAY), RSRC_CONF,
                  "how long a host keeps an operation without a sign of life (60s)"),
    AP_INIT_TAKE1("OrchestratorPublicAddressRecheck", mo_set_time, NUMBER(public_address_recheck, 0, DAY), RSRC_CONF,
                  "a complete deployment with public addresses is looked at once more after this time (100s)"),
    AP_INIT_TAKE1("OrchestratorDeleteRecheck", mo_set_time, NUMBER(delete_recheck, 0, DAY), RSRC_CONF,
                  "a deleted infrastructure is looked for once more after this time (30s)"),
    AP_INIT_TAKE1("OrchestratorDeleteRepeat", mo_set_time, NUMBER(delete_repeat, SECOND / 10, DAY), RSRC_CONF,
                  "a deletion that moves nothing for this time is asked for again (20s)"),
    AP_INIT_TAKE1("OrchestratorHealthTimeout", mo_set_health_timeout,
                  NUMBER(health_timeout_ms, SECOND / 100, 60 * SECOND), RSRC_CONF,
                  "time that all health probes have together (2s)"),
    AP_INIT_RAW_ARGS("<OrchestratorIssuer", mo_read_issuer, NULL, RSRC_CONF,
                     "the URL of an issuer of access tokens; its settings inside"),
    AP_INIT_ITERATE("OrchestratorAudience", mo_add_issuer_text, AT_ISSUER(audiences), RSRC_CONF,
                    "audiences of which a token must have one; none: any"),
    AP_INIT_TAKE1("OrchestratorAdminGroup", mo_set_issuer_group, AT_ISSUER(admin_group), RSRC_CONF,
                  "group whose members are administrators"),
    AP_INIT_ITERATE("OrchestratorUserGroups", mo_add_issuer_group, AT_ISSUER(groups), RSRC_CONF,
                    "groups that may use the service; none: every person of the issuer"),
    AP_INIT_TAKE1("OrchestratorGroupsClaim", mo_set_issuer_text, AT_ISSUER(groups_claim), RSRC_CONF,
                  "claim that lists a person's groups (groups)"),
    AP_INIT_TAKE1("OrchestratorClientId", mo_set_issuer_text, AT_ISSUER(client_id), RSRC_CONF,
                  "client id at the issuer, to refresh and exchange tokens"),
    AP_INIT_TAKE1("OrchestratorClientSecretFile", mo_load_client_secret, NULL, RSRC_CONF,
                  "file with the client's secret, for its owner only"),
    AP_INIT_TAKE1("OrchestratorTokenEndpoint", mo_set_issuer_url, AT_ISSUER(token_endpoint), RSRC_CONF,
                  "token endpoint; without it, what the issuer's discovery document says"),
    AP_INIT_TAKE1("OrchestratorUserInfoEndpoint", mo_set_issuer_url, AT_ISSUER(userinfo_endpoint), RSRC_CONF,
                  "userinfo endpoint; without it, what the issuer's discovery document says"),
    AP_INIT_TAKE1("OrchestratorJwksUri", mo_set_issuer_url, AT_ISSUER(jwks_uri), RSRC_CONF,
                  "key set; without it, what the issuer's discovery document says"),
    {NULL},
};
