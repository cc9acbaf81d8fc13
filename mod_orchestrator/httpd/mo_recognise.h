/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_RECOGNISE_H
#define MO_RECOGNISE_H

#include "mo_places.h"
#include "orc_error.h"
#include "orc_identity.h"

/* Which requests are ours. The place is the one that SetHandler binds in the configuration that httpd merged for a
 * request, so it is looked for whenever that may have changed: in time for what other modules refuse early, and at last
 * when the administrator's rewrites, aliases and conditions are through. An internal redirect is a request of its own.
 */

/** What the hooks remember of a request to one of our places. */
typedef struct mo_request_t {
    const char *id; /* X-Request-ID, the client's or ours */
    const mo_base_t *base;
    const char *uri;            /* that was recognised */
    const char *path;           /* below the base, without trailing slash */
    orc_identity_t *identity;   /* whom mo_auth let in with this request's token, else NULL */
    const orc_error_t *refusal; /* why mo_auth refused the request, for the answer's text */
    int is_unasked;             /* mo_auth let it in without a token, as an open route's */
    int is_looking;             /* its subrequest ends where its configuration is known */
} mo_request_t;

/** NULL when the request is none of ours. */
mo_request_t *mo_request_of(const request_rec *r);

/** The request's id, made when it has none yet, put into the answer and the notes. */
const char *mo_request_id(request_rec *r);

/** The method as surfaces know it: HEAD is GET. */
const char *mo_request_method(const request_rec *r);

/**
 * pre_translate_name hook: a path that httpd would not decode (%2F, %00) and refuse before anybody has asked who sends
 * it stays as it was sent, if it may be ours. No route has it, and that is said to those who may know.
 */
int mo_recognise_undecodable(request_rec *r);

/** translate_name hook, first; always declines. */
int mo_recognise(request_rec *r);

/**
 * The first place of a surface that answers in the host of a request of ours, whoever asks; NULL when there is none.
 * Costs what httpd does for a subrequest before it asks who sends it.
 */
const mo_base_t *mo_recognise_beside(request_rec *r, const orc_surface_t *surface);

/** post_perdir_config hook, first: the same at last. 404, as httpd would have said, for an undecoded path that is not
 * ours. */
int mo_recognise_finally(request_rec *r);

/** translate_name hook, last, and map_to_storage hook, first: our URIs are no files. */
int mo_recognise_no_file(request_rec *r);

/**
 * type_checker hook, first: what is no file has no type that its name or its first bytes tell (mod_mime_magic refuses
 * what it can't open), and no other file is to be had under a similar name (MultiViews).
 */
int mo_recognise_no_type(request_rec *r);

/**
 * fixups hook, last: SetHandler has the last word over modules that set a handler of their own for some requests
 * (WebDAV, RewriteRule's [H=]). For them our URI would be a file of the whole host.
 */
int mo_recognise_handler(request_rec *r);

/** log_transaction hook: counts. */
int mo_recognise_count(request_rec *r);

#endif
