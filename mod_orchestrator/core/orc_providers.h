/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_PROVIDERS_H
#define ORC_PROVIDERS_H

#include <apr_tables.h>

#include "orc_error.h"

/* The resource providers of the administrator's file (OrchestratorProviders); immutable once loaded. */

/** Which project a user group has at a provider. */
typedef struct orc_provider_project_t {
    const char *group;   /* user group, or "*" for every group */
    const char *project; /* tenant or namespace at the provider */
} orc_provider_project_t;

typedef struct orc_provider_t {
    const char *name;
    const char *type;   /* "openstack", "kubernetes", ... */
    const char *im_url; /* its own IM endpoint, or NULL: the default one */
    const char *auth;   /* credential line(s) for IM with {access_token}, {project}, {region}, {name} */
    int is_enabled;
    const apr_array_header_t *regions;  /* of const char * */
    const apr_array_header_t *projects; /* of orc_provider_project_t */
    const apr_array_header_t *issuers;  /* of const char *, without trailing slashes; empty: every issuer */
} orc_provider_t;

typedef struct orc_providers_t {
    const apr_array_header_t *list; /* of const orc_provider_t *, in the file's order */
} orc_providers_t;

/**
 * Reads and checks the file: unknown members, wrong types and doubled names are refused.
 * @return 500 "providers" naming the file and every mistake by its JSON pointer
 */
orc_error_t *orc_providers_load(orc_providers_t **providers, const char *path, apr_pool_t *pool);

/** The first placeholder of credential lines ("{name}") that is none of `known`, which a NULL ends; NULL: none. */
const char *orc_providers_unknown(const char *auth, const char *const *known, apr_pool_t *pool);

/** The provider of that name, or NULL. */
const orc_provider_t *orc_providers_find(const orc_providers_t *providers, const char *name);

/** True when an IM endpoint is the default one or a provider's own, a disabled provider's too. No token goes to another
 * one, wherever it is from. `im_url`: the default, or NULL. */
int orc_providers_have_endpoint(const orc_providers_t *providers, const char *im_url, const char *endpoint);

/** The project that a group of an issuer has at a provider; NULL when the provider doesn't serve them. */
const char *orc_provider_project(const orc_provider_t *provider, const char *issuer, const char *group);

/** True when the provider has that region; NULL is any region. */
int orc_provider_has_region(const orc_provider_t *provider, const char *region);

#endif
