/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_CONFIG_H
#define ORC_CONFIG_H

#include <apr_tables.h>
#include <apr_time.h>

#include "orc_secret.h"

/* What an administrator configured, as plain values: httpd/ fills it from directives, tests fill it by hand. Immutable
 * once the server runs; shared by all threads and inherited by the daemon. Absent texts are NULL. */

/** One <OrchestratorIssuer> block. */
typedef struct orc_issuer_config_t {
    const char *url;                     /* as given, without trailing slashes */
    const apr_array_header_t *audiences; /* of const char *: a token needs one of them; empty: aud is not checked */
    const char *groups_claim;            /* claim that lists a person's groups ("groups") */
    const char *admin_group;             /* members are administrators (orc_group_name), or NULL */
    const apr_array_header_t *groups; /* of const char *, as orc_group_name has them: authorised groups; empty: all */
    const apr_array_header_t *service_accounts; /* of const char *: client ids whose tokens are service accounts' */
    const char *client_id;                      /* for token refresh and exchange, or NULL */
    const char *client_secret;                  /* read from OrchestratorIssuer's ClientSecretFile, or NULL */
    const char *token_endpoint;                 /* NULL: asked for at .well-known/openid-configuration */
    const char *userinfo_endpoint;              /* NULL: asked for there */
    const char *jwks_uri;                       /* NULL: asked for there */
} orc_issuer_config_t;

enum { ORC_MAX_LOOKS = 8 };

typedef struct orc_config_t {
    const char *public_url; /* absolute URL of the v1 surface as clients see it, "https://host/api/v1" (PAAS_URL tag) */
    const char *database_url;          /* libpq connection string */
    orc_secret_keys_t *secret_keys;    /* OrchestratorSecretKeyFile */
    const char *jwks_file;             /* merged keys of all issuers, written by the daemon, read by mo_auth */
    const char *users_input;           /* "users": the input that lists the owners */
    const char *ca_file;               /* CA bundle for outgoing TLS, or NULL: the system's */
    const apr_array_header_t *issuers; /* of orc_issuer_config_t * */

    const char *im_url;             /* default IM endpoint */
    const char *im_auth;            /* template of IM's own credential line(s); "{access_token}" is filled in */
    int im_max_in_flight;           /* calls in flight per endpoint (4) */
    apr_interval_time_t im_timeout; /* of one call, in microseconds (60 s) */
    apr_interval_time_t
        im_create_timeout; /* of a create call; also how long an unanswered create is looked for (60 s) */
    apr_interval_time_t poll_min, poll_max;     /* poll interval: grows from 5 s to 30 s */
    apr_interval_time_t public_address_recheck; /* a complete deployment with public addresses is looked at once more
                                                   after this (100 s) */
    apr_interval_time_t looks[ORC_MAX_LOOKS]; /* what is gone is looked at again after these, one after the other (30 s,
                                                 10 min, 1 h, 1 day); so is what was never answered */
    int look_count;
    apr_interval_time_t sweep_interval;   /* IM's list of a person is compared with what is known so often (1 day) */
    apr_interval_time_t watch_interval;   /* a complete deployment is looked at so often (5 min); 0: it is not */
    apr_interval_time_t retention;        /* an operation goes so long after its end (90 days) */
    apr_interval_time_t follow_heartbeat; /* a follower who is told nothing gets a sign of life so often (15 s) */
    apr_interval_time_t delete_repeat;    /* a delete is sent again when nothing moved for so long (20 s) */

    const apr_array_header_t *callees; /* of orc_callee_t: whom callbacks call; empty: nobody is called */

    const apr_array_header_t *windows; /* of orc_maintenance_t, in order: the first one that fits counts */

    int max_queued_per_group;      /* operations that wait for their turn (20) */
    int max_templates;             /* that one person may keep (1000) */
    apr_size_t max_template_bytes; /* of their contents together (64 MiB) */
    int max_orchestrations;        /* of one person that have not ended (100) */
    int max_operations;            /* operations at work at once per daemon (1000) */
    int max_operations_per_group;  /* of one group, of all daemons together (500) */
    apr_interval_time_t lease;     /* how long a claimed operation belongs to its daemon unless renewed (60 s) */
    apr_size_t max_body;           /* bytes of a request body (8 MiB: a template of 1 MiB, each byte of it escaped) */
    int health_timeout_ms;         /* bound of all health probes together (2000) */

    apr_interval_time_t database_timeout; /* that a statement of a request has (8 s) */
} orc_config_t;

/** A configuration with every default in place; lists are empty, texts without a default NULL. */
orc_config_t *orc_config_make(apr_pool_t *pool);

/** The issuer block for an `iss` value, trailing slashes ignored; NULL when it isn't configured. */
const orc_issuer_config_t *orc_config_issuer(const orc_config_t *config, const char *issuer);

#endif
