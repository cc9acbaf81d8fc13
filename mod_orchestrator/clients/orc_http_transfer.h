/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_HTTP_TRANSFER_H
#define ORC_HTTP_TRANSFER_H

#include <curl/curl.h>

#include "orc_http.h"

/* One request over one easy handle: what orc_http and orc_http_fetch have in common. Private to this room. */

typedef struct orc_http_transfer_t {
    apr_pool_t *pool;
    orc_http_request_t request; /* a copy in `pool`; `endpoint` and `max_response` are always set */
    CURL *easy;                 /* NULL until orc_http_transfer_prepare */
    struct curl_slist *lines;
    apr_table_t *headers;
    apr_size_t header_bytes;
    char *body;
    apr_size_t length, capacity;
    int is_cut, is_too_large;
    int is_withheld;  /* may_send said no */
    int is_forbidden; /* may_connect said no, to one address at least */
    char message[CURL_ERROR_SIZE];
} orc_http_transfer_t;

/**
 * Copies and checks a request. 500 "http.request" for a URL that isn't an absolute http or https one, or for control
 * characters in the method, URL or a header.
 * @param pool lives as long as the transfer; destroying it releases the handle
 */
orc_error_t *orc_http_transfer_make(orc_http_transfer_t **transfer, const orc_http_request_t *request,
                                    apr_pool_t *pool);

/** Makes the easy handle with all options. */
orc_error_t *orc_http_transfer_prepare(orc_http_transfer_t *transfer, const char *ca_file,
                                       apr_interval_time_t connect_timeout);

/** Fills in how it ended. */
void orc_http_transfer_end(orc_http_response_t *response, orc_http_transfer_t *transfer, CURLcode result);

#endif
