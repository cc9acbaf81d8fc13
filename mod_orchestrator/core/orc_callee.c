/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_callee.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_uri.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_URL = 2000, MAX_NAME = 253, MAX_PORT = 65535 };

/* ---- addresses ---- */

typedef enum {
    NOBODYS,
    PRIVATE, /* somebody's, who has to be named */
    PUBLIC,
} reach_t;

typedef struct network_t {
    unsigned char bytes[16];
    int bits;
    reach_t reach;
} network_t;

/* The IANA registries of special-purpose addresses; the first one that fits counts. */
static const network_t networks4[] = {
    {{0}, 8, NOBODYS},
    {{10}, 8, PRIVATE},
    {{100, 64}, 10, PRIVATE},
    {{127}, 8, PRIVATE},
    {{169, 254}, 16, NOBODYS},
    {{172, 16}, 12, PRIVATE},
    {{192, 0, 0}, 24, NOBODYS},
    {{192, 0, 2}, 24, NOBODYS},
    {{192, 88, 99}, 24, NOBODYS},
    {{192, 168}, 16, PRIVATE},
    {{198, 18}, 15, PRIVATE},
    {{198, 51, 100}, 24, NOBODYS},
    {{203, 0, 113}, 24, NOBODYS},
    {{224}, 3, NOBODYS}, /* multicast, reserved, broadcast */
    {{0}, 0, PUBLIC},
};

/* Behind those that an IPv4 address is embedded in. */
static const network_t networks6[] = {
    {{[15] = 1}, 128, PRIVATE},
    {{0xfc}, 7, PRIVATE},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, NOBODYS},
    {{0x20, 0x01}, 23, NOBODYS}, /* protocols: Teredo, ORCHID, ... */
    {{0x3f, 0xff}, 20, NOBODYS},
    {{0x20}, 3, PUBLIC},
    {{0}, 0, NOBODYS}, /* unspecified, link-local, site-local, multicast, what is not given out */
};

/* Networks whose addresses are IPv4 addresses in another form, which begin at `at`. */
static const struct {
    unsigned char bytes[16];
    int bits, at;
} embeddings[] = {
    {{[10] = 0xff, [11] = 0xff}, 96, 12}, /* IPv4-mapped */
    {{0x00, 0x64, 0xff, 0x9b}, 96, 12},   /* NAT64 */
    {{0x20, 0x02}, 16, 2},                /* 6to4 */
};

static int is_within(const unsigned char *address, const unsigned char *network, int bits)
{
    int bytes = bits / 8, rest = bits % 8;
    unsigned char mask = (unsigned char)(0xff << (8 - rest));

    return memcmp(address, network, (size_t)bytes) == 0 &&
           (!rest || (address[bytes] & mask) == (network[bytes] & mask));
}

static reach_t reach_among(const network_t *networks, const unsigned char *address)
{
    while (!is_within(address, networks->bytes, networks->bits))
        networks++;
    return networks->reach;
}

static reach_t reach_of(int family, const unsigned char *address)
{
    size_t i;

    if (family == AF_INET)
        return reach_among(networks4, address);
    for (i = 0; i < sizeof embeddings / sizeof *embeddings; i++) {
        if (is_within(address, embeddings[i].bytes, embeddings[i].bits))
            return reach_among(networks4, address + embeddings[i].at);
    }
    return reach_among(networks6, address);
}

/* ---- names ---- */

static int read_address(unsigned char *bytes, const char *name)
{
    int family = strchr(name, ':') ? AF_INET6 : AF_INET;

    return inet_pton(family, name, bytes) == 1 ? family : 0;
}

/* In lower case; of an address its usual form. NULL: it is neither a name nor an address. */
static const char *usual_name(const char *text, apr_pool_t *pool)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    char *lower = apr_pstrdup(pool, text), *c, form[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    int family;

    for (c = lower; *c; c++)
        *c = (char)apr_tolower(*c);
    family = read_address(bytes, lower);
    if (family)
        return apr_pstrdup(pool, inet_ntop(family, bytes, form, sizeof form));
    return *lower && strlen(lower) <= MAX_NAME && strspn(lower, letters) == strlen(lower) ? lower : NULL;
}

/* A port, all of a text; 0: it is none. */
static int read_port(const char *text)
{
    size_t length = strlen(text);
    int port = length <= 5 && strspn(text, "0123456789") == length ? atoi(text) : 0;

    return port <= MAX_PORT ? port : 0;
}

/* Takes the port from the end of an entry; false: what stands there is none. */
static int split_port(int *port, char *text)
{
    char *colon = *text == '[' ? strchr(text, ']') : strchr(text, ':');

    *port = 0;
    if (*text == '[' && (!colon || (*++colon && *colon != ':')))
        return 0;
    if (!colon || !*colon)
        return 1;
    *colon = '\0';
    *port = read_port(colon + 1);
    return *port != 0;
}

/* An IPv6 address stands in brackets, and nothing else does. */
static const char *unbracketed(char *text)
{
    size_t length = strlen(text);

    if (*text != '[')
        return text;
    text[length - 1] = '\0';
    return strchr(text, ':') ? text + 1 : NULL;
}

const char *orc_callee_read(orc_callee_t *callee, const char *given, apr_pool_t *pool)
{
    char *text = apr_pstrdup(pool, given);
    unsigned char address[16];
    const char *name;
    int family;

    memset(callee, 0, sizeof *callee);
    callee->is_domain = strncmp(text, "*.", 2) == 0;
    if (callee->is_domain)
        text++;
    name = split_port(&callee->port, text) ? unbracketed(text) : NULL;
    name = name ? usual_name(name, pool) : NULL;
    if (!name || (callee->is_domain ? !name[1] || name[1] == '.' : *name == '.'))
        return "must be a host's name or address such as dashboard.example.org, dashboard.example.org:5001, "
               "[2001:db8::1]:443 or *.example.org";
    family = read_address(address, name);
    callee->name = name;
    callee->is_address = family != 0;
    if (family && reach_of(family, address) == NOBODYS)
        return "must be an address that one machine can have and others can call";
    return NULL;
}

/* ---- URLs ---- */

static int is_graphic(const char *text)
{
    while (apr_isgraph(*text) && !(*text & 0x80) && *text != '\\')
        text++;
    return !*text;
}

const char *orc_callee_url(orc_callee_url_t *url, const char *text, apr_pool_t *pool)
{
    const char *host;
    apr_uri_t uri;
    int is_https;

    memset(url, 0, sizeof *url);
    if (strlen(text) > MAX_URL)
        return "must be a URL of at most 2,000 bytes";
    if (!is_graphic(text) || apr_uri_parse(pool, text, &uri) != APR_SUCCESS || !uri.scheme || !uri.hostname)
        return "must be an http or https URL";
    is_https = strcasecmp(uri.scheme, "https") == 0;
    url->name = usual_name(uri.hostname, pool);
    url->port = uri.port_str && *uri.port_str ? read_port(uri.port_str) : is_https ? 443 : 80;
    if ((!is_https && strcasecmp(uri.scheme, "http") != 0) || !url->name || !url->port)
        return "must be an http or https URL";
    host = strchr(url->name, ':') ? apr_pstrcat(pool, "[", url->name, "]", NULL) : url->name;
    url->has_default_port = url->port == (is_https ? 443 : 80);
    url->has_user = uri.user || uri.password;
    url->host = apr_psprintf(pool, "%s:%d", host, url->port);
    url->url = apr_pstrcat(pool, is_https ? "https://" : "http://", url->host, uri.path ? uri.path : "/",
                           uri.query ? "?" : "", uri.query ? uri.query : "", NULL);
    return NULL;
}

static int lists(const orc_callee_t *callee, const orc_callee_url_t *url)
{
    size_t length = strlen(url->name), tail = strlen(callee->name);

    if (callee->port ? callee->port != url->port : !url->has_default_port)
        return 0;
    if (!callee->is_domain)
        return strcmp(callee->name, url->name) == 0;
    return length > tail && strcmp(url->name + length - tail, callee->name) == 0;
}

const orc_callee_t *orc_callee_find(const apr_array_header_t *callees, const orc_callee_url_t *url)
{
    int i;

    for (i = 0; callees && !url->has_user && i < callees->nelts; i++) {
        const orc_callee_t *callee = &APR_ARRAY_IDX(callees, i, orc_callee_t);

        if (lists(callee, url))
            return callee;
    }
    return NULL;
}

/* ---- connections ---- */

static const unsigned char *bytes_of(const struct sockaddr *address)
{
    switch (address->sa_family) {
    case AF_INET:
        return (const unsigned char *)&((const struct sockaddr_in *)address)->sin_addr;
    case AF_INET6:
        return (const unsigned char *)&((const struct sockaddr_in6 *)address)->sin6_addr;
    default:
        return NULL;
    }
}

int orc_callee_may_connect(const orc_callee_t *callee, const struct sockaddr *address)
{
    const unsigned char *bytes = bytes_of(address);
    unsigned char listed[16];
    reach_t reach;

    if (!bytes)
        return 0;
    reach = reach_of(address->sa_family, bytes);
    if (callee->is_address)
        return reach != NOBODYS && read_address(listed, callee->name) == address->sa_family &&
               memcmp(listed, bytes, address->sa_family == AF_INET ? 4 : 16) == 0;
    return callee->is_domain ? reach == PUBLIC : reach != NOBODYS;
}
