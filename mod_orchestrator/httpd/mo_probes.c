/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_probes.h"

#include <apr_hash.h>
#include <apr_strings.h>

#include "mo_tree.h"
#include "orc_url.h"

typedef struct probes_t {
    const mo_base_t *base;
    apr_array_header_t *list; /* of mo_probe_t */
    apr_hash_t *known;        /* their paths */
    apr_pool_t *pool;
} probes_t;

static void add_probe(probes_t *probes, const char *below, int is_route, int is_open)
{
    const char *path = apr_pstrcat(probes->pool, probes->base->path, below, NULL);

    /* Hosts that a macro makes have the same sections. */
    if (apr_hash_get(probes->known, path, APR_HASH_KEY_STRING))
        return;
    apr_hash_set(probes->known, path, APR_HASH_KEY_STRING, path);
    APR_ARRAY_PUSH(probes->list, mo_probe_t) = (mo_probe_t){path, is_route, is_open};
}

/* A path of a route: its parameters are ids. */
static const char *example(const char *pattern, apr_pool_t *pool)
{
    const char *path = "";
    size_t length;

    for (; *pattern; pattern += length + strcspn(pattern + length, "}") + (pattern[length] != '\0')) {
        length = strcspn(pattern, "{");
        path = apr_pstrcat(pool, path, apr_pstrmemdup(pool, pattern, length),
                           pattern[length] ? "6fa459ea-ee8a-4ca4-894e-db77e160355e" : "", NULL);
    }
    return path;
}

/* The <Location>s below the place, but for those of its open routes, which are asked about anyway. */
static void add_sections(probes_t *probes, const ap_directive_t *node)
{
    const mo_base_t *base = probes->base;

    for (; node; node = node->next) {
        const char *path = mo_tree_is(node, "<Location") ? mo_tree_word(node, probes->pool) : "";

        if (mo_tree_is(node, "<VirtualHost"))
            add_sections(probes, node->first_child);
        if (!mo_places_covers(base, path) || !path[base->length] || !path[base->length + 1])
            continue;
        path = orc_url_trimmed(path + base->length, probes->pool);
        if (!orc_surface_is_open(base->surface, "GET", path))
            add_probe(probes, apr_pstrcat(probes->pool, path, "/-", NULL), 0, 0);
    }
}

apr_array_header_t *mo_probes_of(const mo_base_t *base, apr_pool_t *pool)
{
    probes_t probes = {base, apr_array_make(pool, 64, sizeof(mo_probe_t)), apr_hash_make(pool), pool};
    const orc_route_t *route;

    add_probe(&probes, "/-", 1, 0);
    for (route = base->surface->routes; route->id; route++)
        add_probe(&probes, example(route->path, pool), 1, (route->flags & ORC_ROUTE_OPEN) != 0);
    add_sections(&probes, ap_conftree);
    return probes.list;
}
