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
    const char *sla;     /* the agreement that it rests on, by which a template may ask for it; or NULL */
} orc_provider_project_t;

/** A size of machines. */
typedef struct orc_flavor_t {
    const char *name;
    apr_int64_t vcpus, ram, disk, gpus; /* ram in MiB, disk in GiB */
    const apr_array_header_t *projects; /* of const char *, that may use it; NULL: all */
} orc_flavor_t;

typedef struct orc_image_t {
    const char *name;
    const char *url;                                          /* what IM is told, or NULL: as the template has it */
    const char *type, *distribution, *version, *architecture; /* or NULL: not known */
    const apr_array_header_t *projects;                       /* as of a flavor */
} orc_image_t;

typedef struct orc_network_t {
    const char *name;
    int is_public;
    const apr_array_header_t *projects; /* as of a flavor */
} orc_network_t;

/** What there is at a provider; a list that is NULL is not known, and anything may be there. */
typedef struct orc_offer_t {
    const apr_array_header_t *flavors;  /* of orc_flavor_t */
    const apr_array_header_t *images;   /* of orc_image_t */
    const apr_array_header_t *networks; /* of orc_network_t */
} orc_offer_t;

typedef struct orc_region_t {
    const char *name;
    orc_offer_t offer; /* lists of its own */
} orc_region_t;

typedef struct orc_provider_t {
    const char *name;
    const char *type;   /* "openstack", "kubernetes", ... */
    const char *im_url; /* its own IM endpoint, or NULL: the default one */
    const char *auth;   /* credential line(s) for IM with {access_token}, {project}, {region}, {name} */
    int is_enabled;
    const apr_array_header_t *regions;  /* of orc_region_t */
    const apr_array_header_t *projects; /* of orc_provider_project_t */
    const apr_array_header_t *issuers;  /* of const char *, without trailing slashes; empty: every issuer */
    orc_offer_t offer;                  /* of the regions that have no such list of their own */
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

/** What a group of an issuer has at a provider, as the file says it of the group or of every one; NULL when the
 * provider doesn't serve them. */
const orc_provider_project_t *orc_provider_share(const orc_provider_t *provider, const char *issuer, const char *group);

/** The project of that. */
const char *orc_provider_project(const orc_provider_t *provider, const char *issuer, const char *group);

/** True when an SLA that a template asks for is the agreement on which that rests, or the provider by its name; NULL is
 * any. */
int orc_provider_is_meant(const orc_provider_t *provider, const orc_provider_project_t *share, const char *sla);

/** What there is in a region (NULL: in no particular one): its own lists, else the provider's. */
orc_offer_t orc_provider_offer(const orc_provider_t *provider, const char *region);

/** True when the provider has that region; NULL is any region. */
int orc_provider_has_region(const orc_provider_t *provider, const char *region);

#endif
