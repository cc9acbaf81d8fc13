/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_http_transfer.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "orc_url.h"

enum { MAX_HEADER_BYTES = 64 * 1024, FIRST_CAPACITY = 4096 };

static apr_status_t release(void *data)
{
    orc_http_transfer_t *transfer = data;

    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->lines);
    free(transfer->body);
    return APR_SUCCESS;
}

static int has_control(const char *text)
{
    for (; *text; text++) {
        if (apr_iscntrl(*text) && *text != '\t')
            return 1;
    }
    return 0;
}

/* "https://host:port" of a URL: the key of its window. */
static orc_error_t *origin_of(const char **origin, const char *url, apr_pool_t *pool)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL;
    orc_error_t *error = NULL;

    if (!parts || curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        (strcmp(scheme, "http") && strcmp(scheme, "https")) ||
        curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK || !*host ||
        curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
        error = orc_error(pool, 500, "http.request", "\"%s\" is no absolute http or https URL.", url);
    else
        *origin = apr_pstrcat(pool, scheme, "://", host, ":", port, NULL);
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
    return error;
}

orc_error_t *orc_http_transfer_make(orc_http_transfer_t **out, const orc_http_request_t *request, apr_pool_t *pool)
{
    orc_http_transfer_t *transfer = apr_pcalloc(pool, sizeof *transfer);
    apr_array_header_t *headers;
    const char *origin = NULL;
    int i;

    if (!*request->method || has_control(request->method) || has_control(request->url))
        return orc_error(pool, 500, "http.request", "The method or the URL of a request has control characters.");
    ORC_TRY(origin_of(&origin, request->url, pool));
    headers = apr_array_make(pool, 8, sizeof(const char *));
    for (i = 0; request->headers && i < request->headers->nelts; i++) {
        const char *line = APR_ARRAY_IDX(request->headers, i, const char *);

        if (has_control(line) || !strchr(line, ':'))
            return orc_error(pool, 500, "http.request", "A header of a request to %s has control characters.", origin);
        APR_ARRAY_PUSH(headers, const char *) = apr_pstrdup(pool, line);
    }
    transfer->pool = pool;
    transfer->request = *request;
    transfer->request.method = apr_pstrdup(pool, request->method);
    transfer->request.url = apr_pstrdup(pool, request->url);
    transfer->request.endpoint = request->endpoint ? orc_url_trimmed(request->endpoint, pool) : origin;
    transfer->request.headers = headers;
    if (request->body)
        transfer->request.body = apr_pstrmemdup(pool, request->body, request->body_length);
    if (!request->max_response)
        transfer->request.max_response = ORC_HTTP_MAX_RESPONSE;
    transfer->headers = apr_table_make(pool, 8);
    apr_pool_cleanup_register(pool, transfer, release, apr_pool_cleanup_null);
    *out = transfer;
    return NULL;
}

static size_t on_header(char *line, size_t size, size_t count, void *data)
{
    orc_http_transfer_t *transfer = data;
    size_t length = size * count;
    const char *colon = memchr(line, ':', length);
    char *name, *value;

    if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) { /* a 1xx answer came before this one */
        apr_table_clear(transfer->headers);
        return length;
    }
    transfer->header_bytes += length;
    if (transfer->header_bytes > MAX_HEADER_BYTES) {
        transfer->is_too_large = 1;
        return 0;
    }
    if (colon) {
        name = apr_pstrmemdup(transfer->pool, line, (apr_size_t)(colon - line));
        value = apr_pstrmemdup(transfer->pool, colon + 1, length - (size_t)(colon + 1 - line));
        apr_collapse_spaces(name, name);
        while (apr_isspace(*value))
            value++;
        length = strlen(value);
        while (length > 0 && apr_isspace(value[length - 1]))
            value[--length] = '\0';
        apr_table_setn(transfer->headers, name, value);
    }
    return size * count;
}

static int reserve(orc_http_transfer_t *transfer, size_t needed)
{
    size_t capacity = transfer->capacity ? transfer->capacity : FIRST_CAPACITY;
    char *body;

    while (capacity < needed + 1)
        capacity *= 2;
    if (capacity == transfer->capacity)
        return 1;
    body = realloc(transfer->body, capacity);
    if (!body)
        return 0;
    transfer->body = body;
    transfer->capacity = capacity;
    return 1;
}

/* Forgets all but the last `kept` bytes. */
static void drop_front(orc_http_transfer_t *transfer, size_t kept)
{
    if (transfer->length > kept) {
        memmove(transfer->body, transfer->body + transfer->length - kept, kept);
        transfer->length = kept;
        transfer->is_cut = 1;
    }
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
    orc_http_transfer_t *transfer = data;
    size_t max = transfer->request.max_response, length = size * count;
    long status = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (transfer->request.keeps_tail && status / 100 == 2) {
        if (transfer->length + length > 2 * max) /* so that a byte is moved once in a while, not each time */
            drop_front(transfer, max);
    }
    else if (transfer->length + length > max) {
        transfer->is_too_large = 1;
        return 0;
    }
    if (!reserve(transfer, transfer->length + length))
        return 0;
    memcpy(transfer->body + transfer->length, bytes, length);
    transfer->length += length;
    return length;
}

static long milliseconds(apr_interval_time_t time)
{
    apr_interval_time_t ms = (time + 999) / 1000;

    return ms < 1 ? 1 : ms > 24 * 3600 * 1000 ? 24 * 3600 * 1000 : (long)ms;
}

static void set_method(CURL *easy, const orc_http_request_t *request)
{
    const char *method = request->method;

    if (request->body || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(request->body ? request->body_length : 0));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body ? request->body : "");
    }
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    /* When a kept connection breaks, libcurl sends the request again by itself. A POST must never go out twice, nor a
     * PUT (IM's reboot of a machine is one), so it has a connection of its own. It is closed afterwards: kept, a
     * thousand of them would leave the server a thousand idle connections. */
    if (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0) {
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    }
}

/* Called behind connecting and TLS. */
static int on_connected(void *data, char *to, char *from, int to_port, int from_port)
{
    orc_http_transfer_t *transfer = data;

    transfer->is_withheld = !transfer->request.may_send(transfer->request.sender);
    return transfer->is_withheld ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* The address is the one that is connected to: nobody looks the name up again in between. */
static curl_socket_t on_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    orc_http_transfer_t *transfer = data;

    if (!transfer->request.may_connect(transfer->request.sender, &address->addr)) {
        transfer->is_forbidden = 1;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int set_headers(orc_http_transfer_t *transfer)
{
    /* no "Expect: 100-continue", and no type that curl would make up for a body without one */
    struct curl_slist *lines = curl_slist_append(NULL, "Expect:");
    int i, has_type = 0;

    for (i = 0; lines && i < transfer->request.headers->nelts; i++) {
        const char *line = APR_ARRAY_IDX(transfer->request.headers, i, const char *);
        struct curl_slist *longer = curl_slist_append(lines, line);

        has_type |= strncasecmp(line, "Content-Type:", 13) == 0;
        if (!longer)
            return curl_slist_free_all(lines), 0;
        lines = longer;
    }
    transfer->lines = lines;
    return lines && (has_type || curl_slist_append(lines, "Content-Type:")) &&
           curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, lines) == CURLE_OK;
}

orc_error_t *orc_http_transfer_prepare(orc_http_transfer_t *transfer, const char *ca_file,
                                       apr_interval_time_t connect_timeout)
{
    const orc_http_request_t *request = &transfer->request;
    CURL *easy = transfer->easy = curl_easy_init();

    if (!easy || !set_headers(transfer))
        return orc_error(transfer->pool, 503, "http", "There is no memory for a request to %s.", request->endpoint);
    set_method(easy, request);
    if (request->may_send) {
        curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
        curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    }
    if (request->may_connect) {
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
        curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* it would look the name up itself */
    }
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* No LOW_SPEED limit: IM is silent for as long as a slow cloud takes; the timeout of the call is the bound. */
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(request->timeout));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     milliseconds(connect_timeout < request->timeout ? connect_timeout : request->timeout));
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "mod_orchestrator");
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    if (!request->keeps_tail)
        curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->max_response);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    return NULL;
}

static orc_error_t *failure(const orc_http_transfer_t *transfer, orc_http_outcome_t outcome, CURLcode result)
{
    const char *endpoint = transfer->request.endpoint;
    orc_error_t *error;

    if (transfer->is_too_large || result == CURLE_FILESIZE_EXCEEDED)
        error = orc_error(transfer->pool, 503, "http", "The answer of %s has more than %" APR_SIZE_T_FMT " bytes.",
                          endpoint, transfer->request.max_response);
    else if (transfer->is_withheld)
        error = orc_error(transfer->pool, 503, "http", "The request to %s was not wanted any more.", endpoint);
    else if (result == CURLE_OPERATION_TIMEDOUT)
        error = orc_error(transfer->pool, 503, "http", "%s gave no whole answer within %ld ms.", endpoint,
                          milliseconds(transfer->request.timeout));
    else if (outcome == ORC_HTTP_NOT_SENT && transfer->is_forbidden)
        error = orc_error(transfer->pool, 503, "http", "%s has no address that may be called.", endpoint);
    else if (outcome == ORC_HTTP_NOT_SENT)
        error = orc_error(transfer->pool, 503, "http", "No connection to %s could be made.", endpoint);
    else
        error = orc_error(transfer->pool, 503, "http", "The connection to %s broke before the answer was complete.",
                          endpoint);
    error->cause = apr_psprintf(transfer->pool, "%s: %s", curl_easy_strerror(result), transfer->message);
    error->system = (int)result;
    error->retriable = 1;
    return error;
}

void orc_http_transfer_end(orc_http_response_t *response, orc_http_transfer_t *transfer, CURLcode result)
{
    curl_off_t elapsed = 0;
    long status = 0, sent = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &sent);
    curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &elapsed);
    if (transfer->request.keeps_tail)
        drop_front(transfer, transfer->request.max_response);
    response->pool = transfer->pool;
    response->headers = transfer->headers;
    response->body = "";
    response->elapsed = elapsed;
    if (result != CURLE_OK) {
        response->outcome = sent == 0 || transfer->is_withheld ? ORC_HTTP_NOT_SENT : ORC_HTTP_UNKNOWN;
        response->error = failure(transfer, response->outcome, result);
        return;
    }
    response->outcome = ORC_HTTP_ANSWERED;
    response->status = (int)status;
    if (transfer->body) {
        transfer->body[transfer->length] = '\0';
        response->body = transfer->body;
        response->length = transfer->length;
        response->is_cut = transfer->is_cut;
    }
}
