/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_CONFIG_H
#define MO_CONFIG_H

#include <apr_network_io.h>

#include "mo_private.h"
#include "orc_config.h"

typedef struct mo_base_t mo_base_t; /* mo_places.h: a place where a surface is bound */

/** A file that holds a secret, and the directive that names it. */
typedef struct mo_secret_file_t {
    const ap_directive_t *directive;
    const char *path;
} mo_secret_file_t;

/** What a configuration says; one per (re)start, made by the main server and shared by its virtual hosts. */
typedef struct mo_config_t {
    orc_config_t *values;
    orc_issuer_config_t *issuer; /* the block that is being read, else NULL */
    const struct orc_tosca_types_t *types;
    const struct orc_providers_t *providers;
    apr_array_header_t *trusted_proxies; /* of apr_ipsubnet_t * */
    apr_array_header_t *bases;           /* of mo_base_t */
    apr_array_header_t *secret_files;    /* of mo_secret_file_t */
    int has_secret_key;
    int has_directives;
    int has_public_url; /* OrchestratorPublicURL was given, not derived */
    int runs_engine;
    int migrates;
    const char *dbd_params;             /* DBDParams: libpq's connection string of the children */
    apr_array_header_t *dbd_statements; /* of const char *: DBDInitSQL, what their sessions begin with */
    int db_max;                         /* DBDMax: connections per child */
    struct mo_shared_t *shared;         /* mo_shared.h: counters that all processes see */
    struct mo_child_t *child;           /* mo_child.h: what the threads of one child share; NULL in the parent */
} mo_config_t;

/** Per-server configuration callbacks of the module record. */
void *mo_config_create(apr_pool_t *pool, server_rec *server);
void *mo_config_merge(apr_pool_t *pool, void *base, void *overrides);

/** The configuration of the running httpd; never NULL. */
mo_config_t *mo_config_of(const server_rec *server);

/** check_config hook: finds the surfaces' places and DBDParams, and names what is missing or in the wrong place. */
int mo_config_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/** True when the configuration asks for anything of this module. */
int mo_config_is_used(const mo_config_t *config);

/** The directives, for the module record. */
extern const command_rec mo_directives[];

#endif
