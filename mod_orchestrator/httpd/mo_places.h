/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_PLACES_H
#define MO_PLACES_H

#include "mo_config.h"
#include "orc_surface.h"

/* Where surfaces are bound: <Location>s with the SetHandler of one of them, the same one as often as the administrator
 * likes. */

/** A place where a surface is bound. */
struct mo_base_t {
    const void *handler; /* httpd's compiled SetHandler, which the requests of this place have */
    const orc_surface_t *surface;
    const server_rec *server;        /* whose configuration has it; the main server's is in every virtual host too */
    const ap_directive_t *directive; /* the SetHandler */
    const char *path;                /* of the <Location>, without trailing slash; "" for the root */
    apr_size_t length;               /* of the path */
    const char *url;                 /* the path as a URL has it */
};

/**
 * Fills config->bases: the main server's, then those of each virtual host, in the order of the file.
 * @return what is wrong, with directive and line: a surface bound where it can't be; NULL
 */
const char *mo_places_find(mo_config_t *config, server_rec *main_server, apr_pool_t *pool);

/** The place of a request as its configuration is merged so far; NULL when it is none of ours. */
const mo_base_t *mo_places_of(const mo_config_t *config, const request_rec *r);

/** True when the server's configuration, and no .htaccess file, gave a request a handler: by SetHandler, in plain text.
 */
int mo_places_is_set(request_rec *r, const char *handler);

/** True for the path of a place and for those below it. */
int mo_places_covers(const mo_base_t *base, const char *path);

/** The place of a server that a path leads to, as far as a path alone can tell; NULL when it leads to none. */
const mo_base_t *mo_places_at(const mo_config_t *config, const server_rec *server, const char *path);

/** The first place of a surface; NULL when it is bound nowhere. */
const mo_base_t *mo_places_first(const mo_config_t *config, const orc_surface_t *surface);

/** The surface that a handler's name means, in any case; NULL when it means none. */
const orc_surface_t *mo_places_surface(const char *handler);

#endif
