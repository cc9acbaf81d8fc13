/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_CALLEE_H
#define ORC_CALLEE_H

#include <apr_tables.h>
#include <sys/socket.h>

/*
 * Whom callbacks may call: URLs are anybody's, so hosts are the administrator's (OrchestratorCallbackHosts), and what a
 * name leads to is looked at once more when the connection is made. Pure.
 */

/** One entry: "host", "host:port", "[2001:db8::1]:8443", or "*.domain" for all names below it. */
typedef struct orc_callee_t {
    const char *name; /* in lower case; of an address the usual form, without brackets; of "*.domain" ".domain" */
    int port;         /* 0: that of the URL's scheme */
    int is_address, is_domain;
} orc_callee_t;

/** Reads an entry; what is wrong with it ("must be ..."), or NULL. */
const char *orc_callee_read(orc_callee_t *callee, const char *text, apr_pool_t *pool);

/** What a callback's URL says. */
typedef struct orc_callee_url_t {
    const char *url;  /* made anew of its parts, so that whoever calls it reads the same host in it as we did */
    const char *name; /* as an orc_callee_t has it */
    const char *host; /* "name:port", "[address]:port": whose queue it is */
    int port, has_default_port, has_user;
} orc_callee_url_t;

/** Reads a URL; what is wrong with it ("must be ..."), or NULL: it is an http or https URL, whoever it calls. */
const char *orc_callee_url(orc_callee_url_t *url, const char *text, apr_pool_t *pool);

/** The first entry (of orc_callee_t) that lists the URL's host and port; NULL: nobody may call it. So it is with a user
 * or password in it, which would be anybody's to read. */
const orc_callee_t *orc_callee_find(const apr_array_header_t *callees, const orc_callee_url_t *url);

/**
 * Whether a connection to an address may be made for a host that is listed so. An address that is listed: to that one.
 * A name: to whatever is public, private, shared (CGNAT) or the machine itself, since the administrator named it. A
 * domain: to public addresses only. What an IPv4 address is embedded in (IPv4-mapped, NAT64, 6to4) is that address.
 * Link-local, multicast, reserved and unspecified addresses are nobody's.
 */
int orc_callee_may_connect(const orc_callee_t *callee, const struct sockaddr *address);

#endif
