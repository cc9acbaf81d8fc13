/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_places.h"

#include <apr_fnmatch.h>
#include <apr_strings.h>
#include <http_core.h>

#include "mo_surfaces.h"
#include "mo_tree.h"
#include "orc_url.h"

/* SetHandler's argument is an expression. Its text is to be had from the configuration tree only, and its compiled form
 * from the sections of a server; that one knows the line it was made of. The compiled form is what a request finds
 * again, whatever else was merged meanwhile. */

const orc_surface_t *mo_places_surface(const char *handler)
{
    const orc_surface_t *const *surface;

    for (surface = mo_surfaces; handler && *surface; surface++) {
        if (ap_cstr_casecmp((*surface)->handler, handler) == 0)
            return *surface;
    }
    return NULL;
}

/* The surface that a directive binds; NULL for every other directive. */
static const orc_surface_t *bound_by(const ap_directive_t *node, apr_pool_t *pool)
{
    return mo_tree_is(node, "SetHandler") ? mo_places_surface(mo_tree_word(node, pool)) : NULL;
}

/* The surface that a RewriteRule's flags name. */
static const orc_surface_t *flagged_by(const ap_directive_t *node, apr_pool_t *pool)
{
    static const char *const names[] = {"H", "handler", "T", "type", NULL};
    const orc_surface_t *surface = NULL;
    const char *arguments = node->args;
    char *flag, *state;

    (void)ap_getword_conf(pool, &arguments);
    (void)ap_getword_conf(pool, &arguments);
    flag = apr_strtok(ap_getword_conf(pool, &arguments), "[], \t", &state);
    for (; flag && !surface; flag = apr_strtok(NULL, "[], \t", &state)) {
        const char *value = flag;

        if (mo_tree_is_one_of(ap_getword(pool, &value, '='), names))
            surface = mo_places_surface(value);
    }
    return surface;
}

/* The surface that is bound in a way that leads to no path; httpd takes a type for a handler where there is no other.
 */
static const orc_surface_t *misbound_by(const ap_directive_t *node, apr_pool_t *pool)
{
    static const char *const names[] = {"AddHandler", "AddType", "ForceType", NULL};

    if (mo_tree_is(node, "RewriteRule"))
        return flagged_by(node, pool);
    return mo_tree_is_one_of(node->directive, names) ? mo_places_surface(mo_tree_word(node, pool)) : NULL;
}

/* The path of the <Location> that a directive stands in; NULL when it stands elsewhere, or where paths have a pattern.
 */
static const char *location_path(const ap_directive_t *node, apr_pool_t *pool)
{
    const char *path = node->parent && mo_tree_is(node->parent, "<Location") ? mo_tree_word(node->parent, pool) : "";

    return *path == '/' && !apr_fnmatch_test(path) ? path : NULL;
}

/* True for a path as httpd makes it of a URL: decoded, without "//", "/./" and "/../". A <Location> of any other never
 * counts. */
static int is_reachable(const char *path, apr_pool_t *pool)
{
    char *cleaned = apr_pstrdup(pool, path);

    return ap_unescape_url(cleaned) != HTTP_NOT_FOUND && strcmp(cleaned, path) == 0 &&
           ap_normalize_path(cleaned, AP_NORMALIZE_MERGE_SLASHES) && strcmp(cleaned, path) == 0;
}

/* The first directive that binds a surface where no path leads to it. */
static const ap_directive_t *find_wrong(const ap_directive_t *node, apr_pool_t *pool)
{
    for (; node; node = node->next) {
        const ap_directive_t *wrong = node->first_child ? find_wrong(node->first_child, pool) : NULL;

        if (wrong)
            return wrong;
        if (misbound_by(node, pool) || (bound_by(node, pool) && !location_path(node, pool)))
            return node;
        if (bound_by(node, pool) && !is_reachable(location_path(node, pool), pool))
            return node->parent;
    }
    return NULL;
}

/* True for what stands in the server's own <VirtualHost>, or outside of all of them. Several may include one file. */
static int is_of(const ap_directive_t *node, const server_rec *server)
{
    const ap_directive_t *host = mo_tree_host(node);

    if (!host || !server->is_virtual)
        return !host && !server->is_virtual;
    return host->line_num == (int)server->defn_line_number && strcmp(host->filename, server->defn_name) == 0;
}

/* True for the line that a compiled handler was made of. */
static int is_made_of(const ap_expr_info_t *handler, const ap_directive_t *node)
{
    return node->line_num == (int)handler->line_number && strcmp(node->filename, handler->filename) == 0;
}

/* Which directive became the handler of which section. */
typedef struct claim_t {
    const ap_expr_info_t *handler;
    const ap_directive_t *directive;
} claim_t;

static int is_claimed(const apr_array_header_t *claims, const ap_expr_info_t *handler, const ap_directive_t *node)
{
    int i;

    for (i = 0; i < claims->nelts; i++) {
        const claim_t *claim = &APR_ARRAY_IDX(claims, i, claim_t);

        if (claim->handler == handler || claim->directive == node)
            return 1;
    }
    return 0;
}

/* The directive that became the handler of a section, whatever it binds: the last one that stands there. A file that is
 * included several times, with other variables, has several of one line; the sections come in their order. */
static const ap_directive_t *find_directive(const ap_directive_t *node, const core_dir_config *section,
                                            const server_rec *server, const apr_array_header_t *claims,
                                            apr_pool_t *pool)
{
    for (; node; node = node->next) {
        const ap_directive_t *found =
            node->first_child ? find_directive(node->first_child, section, server, claims, pool) : NULL;
        const char *path;

        if (found)
            return found;
        if (is_made_of(section->expr_handler, node) && mo_tree_is(node, "SetHandler") &&
            !mo_tree_last(node->next, "SetHandler", 0) && (path = location_path(node, pool)) &&
            strcmp(path, section->d) == 0 && is_of(node, server) && !is_claimed(claims, NULL, node))
            return node;
    }
    return NULL;
}

static const mo_base_t *find_base(const mo_config_t *config, const void *handler)
{
    int i;

    for (i = 0; handler && i < config->bases->nelts; i++) {
        const mo_base_t *base = &APR_ARRAY_IDX(config->bases, i, mo_base_t);

        if (base->handler == handler)
            return base;
    }
    return NULL;
}

static void add_base(mo_config_t *config, const core_dir_config *section, const ap_directive_t *directive,
                     const server_rec *server, apr_pool_t *pool)
{
    mo_base_t *base = apr_array_push(config->bases);

    base->handler = section->expr_handler;
    base->surface = bound_by(directive, pool);
    base->server = server;
    base->directive = directive;
    base->length = orc_url_length(section->d);
    base->path = apr_pstrmemdup(pool, section->d, base->length);
    base->url = ap_os_escape_path(pool, base->path, 1);
}

/* Every virtual host has the main server's sections too, which were found there already. */
static void find_bases(mo_config_t *config, apr_array_header_t *claims, const server_rec *server, apr_pool_t *pool)
{
    const core_server_config *core = ap_get_core_module_config(server->module_config);
    int i;

    for (i = 0; core->sec_url && i < core->sec_url->nelts; i++) {
        const core_dir_config *section = ap_get_core_module_config(APR_ARRAY_IDX(core->sec_url, i, ap_conf_vector_t *));
        claim_t claim = {.handler = section->expr_handler};

        if (!claim.handler || is_claimed(claims, claim.handler, NULL))
            continue;
        claim.directive = find_directive(ap_conftree, section, server, claims, pool);
        if (!claim.directive)
            continue;
        APR_ARRAY_PUSH(claims, claim_t) = claim;
        if (bound_by(claim.directive, pool))
            add_base(config, section, claim.directive, server, pool);
    }
}

/* In the order of the file: httpd puts each host that it reads before those that it has. */
static void find_all(mo_config_t *config, const server_rec *main_server, apr_pool_t *pool)
{
    apr_array_header_t *hosts = apr_array_make(pool, 16, sizeof(const server_rec *));
    apr_array_header_t *claims = apr_array_make(pool, 16, sizeof(claim_t));
    const server_rec *server, **host;

    for (server = main_server->next; server; server = server->next)
        APR_ARRAY_PUSH(hosts, const server_rec *) = server;
    find_bases(config, claims, main_server, pool);
    while ((host = apr_array_pop(hosts)))
        find_bases(config, claims, *host, pool);
}

const char *mo_places_find(mo_config_t *config, server_rec *main_server, apr_pool_t *pool)
{
    const ap_directive_t *wrong = find_wrong(ap_conftree, pool);

    if (wrong && mo_tree_is(wrong, "<Location"))
        return apr_psprintf(pool,
                            "%s: no request has this path, as httpd decodes it and takes \"//\", \".\" and \"..\" out",
                            mo_tree_place(wrong, pool));
    if (wrong)
        return apr_psprintf(
            pool,
            "%s: the handler of a surface must stand directly in a <Location>, one whose path has no pattern, as "
            "SetHandler %s: links begin with that path",
            mo_tree_place(wrong, pool), (bound_by(wrong, pool) ? bound_by : misbound_by)(wrong, pool)->handler);
    find_all(config, main_server, pool);
    return NULL;
}

/* ---- what requests ask ---- */

int mo_places_covers(const mo_base_t *base, const char *path)
{
    return strncmp(path, base->path, base->length) == 0 && (!path[base->length] || path[base->length] == '/');
}

const mo_base_t *mo_places_of(const mo_config_t *config, const request_rec *r)
{
    const core_dir_config *section = ap_get_core_module_config(r->per_dir_config);

    return find_base(config, section->expr_handler);
}

/* True when a compiled handler was made of a SetHandler of the tree that has this argument. */
static int is_in_tree(const ap_directive_t *node, const ap_expr_info_t *handler, const char *name, apr_pool_t *pool)
{
    for (; node; node = node->next) {
        if (is_in_tree(node->first_child, handler, name, pool))
            return 1;
        if (is_made_of(handler, node) && mo_tree_is(node, "SetHandler") && strcmp(mo_tree_word(node, pool), name) == 0)
            return 1;
    }
    return 0;
}

/* A line that is included several times, with other variables, names it in one section and not in another. */
int mo_places_is_set(request_rec *r, const char *handler)
{
    const ap_expr_info_t *set = ((core_dir_config *)ap_get_core_module_config(r->per_dir_config))->expr_handler;
    const char *error = NULL, *named = set ? ap_expr_str_exec(r, set, &error) : NULL;

    return named && !error && strcmp(named, handler) == 0 && is_in_tree(ap_conftree, set, handler, r->pool);
}

const mo_base_t *mo_places_at(const mo_config_t *config, const server_rec *server, const char *path)
{
    const mo_base_t *found = NULL;
    int i;

    for (i = 0; i < config->bases->nelts; i++) {
        const mo_base_t *base = &APR_ARRAY_IDX(config->bases, i, mo_base_t);

        if ((base->server == server || !base->server->is_virtual) && mo_places_covers(base, path) &&
            (!found || base->length > found->length))
            found = base;
    }
    return found;
}

const mo_base_t *mo_places_first(const mo_config_t *config, const orc_surface_t *surface)
{
    int i;

    for (i = 0; i < config->bases->nelts; i++) {
        const mo_base_t *base = &APR_ARRAY_IDX(config->bases, i, mo_base_t);

        if (base->surface == surface)
            return base;
    }
    return NULL;
}
