/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_HTTP_H
#define ORC_HTTP_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>
#include <poll.h>
#include <sys/socket.h>

#include "orc_engine_status.h"
#include "orc_error.h"

/* HTTP calls to other services: many at once from one thread over curl multi (orc_http_t), or one that blocks its
 * thread (orc_http_fetch). Redirects are never followed, TLS is always verified, only http and https are spoken.
 * The process has called curl_global_init. Source of the options: libcurl's manual, CURLOPT_* pages. */

enum { ORC_HTTP_MAX_RESPONSE = 8 * 1024 * 1024 }; /* bytes of a body unless a request says otherwise */

/** How far a call came: what the caller knows of the other side. */
typedef enum {
    ORC_HTTP_NOT_SENT, /* certainly nothing reached a server: name, connection or TLS failed, breaker open, queue full
                        */
    ORC_HTTP_UNKNOWN,  /* it may have been received and done, but no whole answer came */
    ORC_HTTP_ANSWERED, /* `status` and `body` are the answer */
} orc_http_outcome_t;

typedef struct orc_http_request_t {
    const char *method;   /* "GET" */
    const char *url;      /* absolute */
    const char *endpoint; /* of whose window, queue and breaker it is, without regard to slashes at its end; NULL: the
                             URL's scheme, host and port */
    const apr_array_header_t *headers; /* of const char *, "Name: value", or NULL. One with CR or LF is refused */
    const char *body;                  /* or NULL */
    apr_size_t body_length;
    apr_interval_time_t timeout;   /* of the transfer, from its start, not from the submission */
    apr_size_t max_response;       /* bytes of the body; 0: ORC_HTTP_MAX_RESPONSE */
    int keeps_tail;                /* true: of a longer 2xx body the last max_response bytes are kept (is_cut);
                                      false: a longer body is an error */
    int (*may_send)(void *sender); /* asked when there is a connection, just before the request goes out; false: nothing
                                      is sent, and the call ends as NOT_SENT. Or NULL */
    int (*may_connect)(void *sender, const struct sockaddr *address); /* asked for each address that the host's name
                              leads to, before it is connected to; what it refuses is not. No proxy then. Or NULL */
    void *sender;
    apr_size_t baton_size; /* 0: the callback gets the baton as it is; else a copy of so many bytes of it, which
                              lives as long as the call */
} orc_http_request_t;

/** A way an HTTP call ended. Lives in `pool`, which is destroyed when the callback returns (orc_http_fetch: the
 * caller's pool). */
typedef struct orc_http_response_t {
    apr_pool_t *pool;
    orc_http_outcome_t outcome;
    orc_error_t *error;   /* NULL if and only if ANSWERED; 503 "http", retriable, `system` is curl's code */
    int status;           /* HTTP status of the answer, whatever it is; 0 without one */
    apr_table_t *headers; /* of the answer, never NULL; names are case-insensitive */
    const char *body;     /* never NULL, NUL-terminated */
    apr_size_t length;
    int is_cut; /* the body is only the end of what was sent */
    apr_interval_time_t elapsed;
} orc_http_response_t;

/** Called once per submitted request, from orc_http_wait; may submit and cancel others. */
typedef void orc_http_done_t(void *baton, const orc_http_response_t *response);

typedef struct orc_http_options_t {
    int max_in_flight;               /* transfers at once per endpoint (4) */
    int max_queued;                  /* waiting requests per endpoint (4096) */
    int breaker_failures;            /* transport failures, 502, 503 or 504 that open an endpoint's breaker (5) */
    apr_interval_time_t breaker_min; /* first pause of an open breaker (1 s); doubles, jittered, at each failed probe */
    apr_interval_time_t breaker_max; /* longest pause (60 s) */
    apr_interval_time_t connect_timeout; /* (10 s), never more than the request's own */
    const char *ca_file;                 /* CA bundle, or NULL: the system's */
} orc_http_options_t;

typedef struct orc_http_t orc_http_t;
typedef struct orc_http_call_t orc_http_call_t;

/** The defaults that stand in brackets above. */
orc_http_options_t orc_http_defaults(void);

/**
 * Makes a client for one thread. Destroying `pool` ends it: calls in flight are dropped without their callback.
 */
orc_error_t *orc_http_make(orc_http_t **http, const orc_http_options_t *options, apr_pool_t *pool);

/**
 * Starts a request or queues it, first come, first served per endpoint. Everything it points at is copied.
 * @param call for orc_http_cancel, valid until the callback; may be NULL
 * @param pool of the error only
 * @return at once, and then without the callback: 503 "http.breaker" (retriable, retry_after; the detail says until
 * when), 503 "http.queue" (retriable), 500 "http.request" for a malformed URL or header. Nothing was sent.
 */
orc_error_t *orc_http_submit(orc_http_call_t **call, orc_http_t *http, const orc_http_request_t *request,
                             orc_http_done_t *done, void *baton, apr_pool_t *pool);

/** Forgets a call: queued, it isn't sent; in flight, its connection is closed. Its callback is not called. */
void orc_http_cancel(orc_http_call_t *call);

/**
 * Lets transfers go on, and waits until something happens: a transfer moves, one of `fds` is ready, or the time is
 * over. Calls the callbacks of what ended.
 * @param fds poll's own form; revents are set. May be NULL
 */
orc_error_t *orc_http_wait(orc_http_t *http, apr_interval_time_t timeout, struct pollfd *fds, int fd_count,
                           apr_pool_t *pool);

/** Lets transfers go on without waiting: what was submitted is on its way, as far as that goes at once. No callback is
 * called. */
void orc_http_push(orc_http_t *http);

/** The client's pool: what lives below it ends no later than the client. */
apr_pool_t *orc_http_pool(const orc_http_t *http);

/** Transfers in flight, all endpoints together. */
int orc_http_in_flight(const orc_http_t *http);

/** Time until an endpoint's open breaker lets the next call through; 0 when it does so, or is closed. */
apr_interval_time_t orc_http_closed_for(const orc_http_t *http, const char *endpoint);

/** How many calls to an endpoint would start at once now: as many as there are slots; of an open breaker the probe,
 * when it is time for it. */
int orc_http_room(const orc_http_t *http, const char *endpoint);

/** How an endpoint is. */
typedef struct orc_http_state_t {
    const char *endpoint; /* lives until the next call that is submitted */
    orc_breaker_state_t breaker;
    int in_flight, waiting;   /* calls */
    apr_interval_time_t lost; /* with calls that failed, since it was first called */
} orc_http_state_t;

/** Looks at the endpoints, `max` at most, those that were called first before the others; how many. An endpoint keeps
 * its place, unless there are more than a thousand: then one that nobody calls makes room for another. */
int orc_http_look(orc_http_state_t *states, int max, const orc_http_t *http);

/**
 * One call that blocks, for the threads of the API. No window, no breaker; never longer than request->timeout.
 * @param response in `pool`, never NULL
 * @return response->error
 */
orc_error_t *orc_http_fetch(orc_http_response_t **response, const orc_http_request_t *request, const char *ca_file,
                            apr_pool_t *pool);

#endif
