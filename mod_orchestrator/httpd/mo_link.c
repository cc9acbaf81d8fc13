/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_link.h"

#include <apr_strings.h>
#include <apr_uri.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_ssl.h>

#include "mo_query.h"
#include "mo_surfaces.h"
#include "mo_tree.h"

static int is_listed(const apr_array_header_t *names, const char *host, int with_wildcards)
{
    int i;

    for (i = 0; names && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);

        if (name && (with_wildcards ? ap_strcasecmp_match(host, name) == 0 : ap_cstr_casecmp(host, name) == 0))
            return 1;
    }
    return 0;
}

/* True when the client's Host is a name or alias of its server. */
static int is_own_name(const request_rec *r)
{
    const server_rec *server = r->server;

    return r->hostname && ((server->server_hostname && ap_cstr_casecmp(r->hostname, server->server_hostname) == 0) ||
                           is_listed(server->names, r->hostname, 0) || is_listed(server->wild_names, r->hostname, 1));
}

static int is_from_trusted_proxy(const request_rec *r, const mo_config_t *config)
{
    int i;

    for (i = 0; i < config->trusted_proxies->nelts; i++) {
        if (apr_ipsubnet_test(APR_ARRAY_IDX(config->trusted_proxies, i, apr_ipsubnet_t *), r->connection->client_addr))
            return 1;
    }
    return 0;
}

/* Last element of a forwarded header, or NULL. The trusted proxy appended that one; those before it, anybody wrote. */
static const char *forwarded(const request_rec *r, const char *name)
{
    const char *value = apr_table_get(r->headers_in, name), *comma;
    apr_size_t length;

    if (!value)
        return NULL;
    if ((comma = strrchr(value, ',')))
        value = comma + 1;
    value += strspn(value, " \t");
    length = strlen(value);
    while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
        length--;
    return length > 0 ? apr_pstrmemdup(r->pool, value, length) : NULL;
}

/* "host" or "host:port", without a port that the scheme implies. */
static const char *authority(const char *host, apr_port_t port, const char *scheme, apr_pool_t *pool)
{
    if (strchr(host, ':') && *host != '[')
        host = apr_pstrcat(pool, "[", host, "]", NULL);
    return !port || port == (strcmp(scheme, "https") == 0 ? 443 : 80) ? host
                                                                      : apr_psprintf(pool, "%s:%d", host, (int)port);
}

/* Not the port of this httpd where something before it takes TLS off, or puts it on. */
static apr_port_t clients_port(const request_rec *r, const char *scheme)
{
    conn_rec *connection = r->connection->master ? r->connection->master : r->connection;
    const char *spoken = ap_ssl_conn_is_ssl(connection) ? "https" : "http";

    if (r->server->port)
        return r->server->port;
    return strcmp(scheme, spoken) == 0 ? connection->local_addr->port : 0;
}

static const char *own_authority(request_rec *r, const char *scheme)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    const server_rec *server = r->server;
    const char *host = apr_table_get(r->headers_in, "Host");

    if (core->use_canonical_name != USE_CANONICAL_NAME_ON && core->use_canonical_name != USE_CANONICAL_NAME_DNS &&
        is_own_name(r) && host && mo_query_is_host(host))
        return host;
    return authority(server->server_hostname ? server->server_hostname : r->connection->local_ip,
                     clients_port(r, scheme), scheme, r->pool);
}

/* Where the path of one of the first surface's places begins, at the end of a path; the longest one, or NULL. */
static const char *find_place(const mo_config_t *config, const char *path)
{
    const char *end = path + strlen(path), *found = NULL;
    int i;

    for (i = 0; i < config->bases->nelts; i++) {
        const mo_base_t *base = &APR_ARRAY_IDX(config->bases, i, mo_base_t);
        apr_size_t length = strlen(base->url);

        if (base->surface == mo_surfaces[0] && length <= (apr_size_t)(end - path) &&
            strcmp(end - length, base->url) == 0 && (!found || end - length < found))
            found = end - length;
    }
    return found;
}

/* The public URL is the first surface's; the others are taken to be beside it, as httpd has them: what a proxy has
 * before that one's path is before theirs, too. */
static const char *public_url(const mo_config_t *config, const mo_base_t *base, apr_pool_t *pool)
{
    const char *url = config->values->public_url, *path, *place;

    if (base->surface == mo_surfaces[0])
        return url;
    path = strstr(url, "://") + 3;
    path += strcspn(path, "/");
    place = find_place(config, path);
    return apr_pstrcat(pool, apr_pstrmemdup(pool, url, (place ? place : path) - url), base->url, NULL);
}

const char *mo_link_base_url(request_rec *r, const mo_base_t *base)
{
    const mo_config_t *config = mo_config_of(r->server);
    const char *scheme = ap_http_scheme(r), *host = NULL, *value;

    if (config->has_public_url)
        return public_url(config, base, r->pool);
    if (is_from_trusted_proxy(r, config)) {
        value = forwarded(r, "X-Forwarded-Proto");
        if (value && ap_cstr_casecmp(value, "https") == 0)
            scheme = "https";
        else if (value && ap_cstr_casecmp(value, "http") == 0)
            scheme = "http";
        value = forwarded(r, "X-Forwarded-Host");
        if (value && mo_query_is_host(value))
            host = value;
    }
    if (!host)
        host = own_authority(r, scheme);
    return apr_pstrcat(r->pool, scheme, "://", host, base->url, NULL);
}

/* What this httpd speaks there, by mod_ssl's directive: there is no connection yet. */
static const char *spoken_scheme(const mo_base_t *base, apr_pool_t *pool)
{
    const ap_directive_t *host = base->directive ? mo_tree_host(base->directive) : NULL;
    const ap_directive_t *engine = host ? mo_tree_last(host->first_child, "SSLEngine", 0) : NULL;

    if (!engine)
        engine = mo_tree_last(ap_conftree, "SSLEngine", 0);
    return engine && ap_cstr_casecmp(mo_tree_word(engine, pool), "on") == 0 ? "https" : "http";
}

/* A port that httpd listens on, of a server that has no other one: the scheme's own, or else the first. */
static apr_port_t listened_port(const char *scheme, apr_pool_t *pool)
{
    const ap_directive_t *node;
    apr_port_t found = 0, port;
    char *host, *scope;

    for (node = ap_conftree; node; node = node->next) {
        if (!mo_tree_is(node, "Listen") ||
            apr_parse_addr_port(&host, &scope, &port, mo_tree_word(node, pool), pool) != APR_SUCCESS)
            continue;
        if (!found || port == apr_uri_port_of_scheme(scheme))
            found = port;
    }
    return found;
}

/* That of ServerName, or else of the <VirtualHost> or Listen if that is where the clients come in; 0: nothing says it.
 */
static apr_port_t own_port(const server_rec *server, const char *scheme, int is_spoken, apr_pool_t *pool)
{
    if (server->port || !is_spoken)
        return server->port;
    return server->addrs && server->addrs->host_port ? server->addrs->host_port : listened_port(scheme, pool);
}

const char *mo_link_own_url(const mo_base_t *base, apr_pool_t *pool)
{
    const server_rec *server = base->server;
    const char *spoken = spoken_scheme(base, pool);
    const char *scheme = server->server_scheme ? server->server_scheme : spoken;

    return apr_pstrcat(pool, scheme, "://",
                       authority(server->server_hostname ? server->server_hostname : "localhost",
                                 own_port(server, scheme, strcmp(scheme, spoken) == 0, pool), scheme, pool),
                       base->url, NULL);
}
