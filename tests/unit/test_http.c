/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* orc_http against a small server in threads of this process, and the breaker against a clock of the test. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "orc_breaker.h"
#include "orc_http.h"
#include "orc_secret.h"

static apr_pool_t *pool;

/* ---- the server: what it does is in the path ---- */

static int listener, port;
static atomic_int requests, at_once, most_at_once, connections;

static void say(int socket, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(socket, text, length, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        text += sent;
        length -= (size_t)sent;
    }
}

static void answer(int socket, int status, size_t length)
{
    char head[128], *body = calloc(1, length + 1);
    int size =
        snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nX-Test:  a b \r\n\r\n", status, length);

    memset(body, 'x', length);
    if (length > 0)
        body[length - 1] = 'y';
    say(socket, head, (size_t)size);
    say(socket, body, length);
    free(body);
}

/* Reads one request; false when the connection ended. */
static int read_request(int socket, char *request, size_t size)
{
    size_t length = 0;

    for (request[0] = '\0'; !strstr(request, "\r\n\r\n");) {
        ssize_t got = length + 1 < size ? recv(socket, request + length, size - 1 - length, 0) : 0;

        if (got <= 0)
            return 0;
        length += (size_t)got;
        request[length] = '\0';
    }
    return 1;
}

static void reset(int socket)
{
    struct linger now = {.l_onoff = 1};

    setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* Takes so many milliseconds, and remembers the most that did so at once. */
static void count_window(int milliseconds)
{
    int now = ++at_once, most;

    while ((most = most_at_once) < now && !atomic_compare_exchange_weak(&most_at_once, &most, now))
        ;
    usleep((useconds_t)milliseconds * 1000);
    at_once--;
}

static void *serve_connection(void *data)
{
    int socket = (int)(intptr_t)data, served = 0, number;
    char request[8192], path[64];

    while (read_request(socket, request, sizeof request)) {
        sscanf(request, "%*s %63s", path);
        /* Who sent that may have gone away, and be read when the next test counts already. */
        if (strncmp(path, "/wait/", 6) != 0) {
            requests++;
            connections += served == 0;
        }
        if (strcmp(path, "/reset") == 0 || (strcmp(path, "/stale") == 0 && served > 0)) {
            reset(socket);
            break;
        }
        if (sscanf(path, "/wait/%d", &number) == 1)
            usleep((useconds_t)number * 1000);
        if (sscanf(path, "/window/%d", &number) == 1)
            count_window(number);
        number = 2;
        sscanf(path, "/bytes/%d", &number);
        if (strcmp(path, "/half") == 0) {
            say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", 44);
            break;
        }
        answer(socket,
               strcmp(path, "/500") == 0        ? 500
               : strcmp(path, "/503") == 0      ? 503
               : strcmp(path, "/redirect") == 0 ? 302
                                                : 200,
               (size_t)number);
        served++;
    }
    close(socket);
    return NULL;
}

static void *serve(void *data)
{
    for (;;) {
        int socket = accept(listener, NULL, NULL);
        pthread_t thread;

        if (socket < 0)
            return NULL;
        if (pthread_create(&thread, NULL, serve_connection, (void *)(intptr_t)socket) == 0)
            pthread_detach(thread);
    }
}

static int listen_on(int *number)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int made = socket(AF_INET, SOCK_STREAM, 0);

    bind(made, (struct sockaddr *)&address, sizeof address);
    listen(made, 64);
    getsockname(made, (struct sockaddr *)&address, &length);
    *number = ntohs(address.sin_port);
    return made;
}

static pthread_t server;

static int setup(void **state)
{
    apr_initialize();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    apr_pool_create(&pool, NULL);
    listener = listen_on(&port);
    return orc_secret_init(pool) || pthread_create(&server, NULL, serve, NULL);
}

static int teardown(void **state)
{
    shutdown(listener, SHUT_RDWR);
    pthread_join(server, NULL);
    close(listener);
    apr_pool_destroy(pool);
    curl_global_cleanup();
    apr_terminate();
    return 0;
}

/* ---- the client ---- */

static orc_http_t *client(orc_http_options_t options)
{
    orc_http_t *http;

    assert_null(orc_http_make(&http, &options, pool));
    requests = most_at_once = connections = 0;
    return http;
}

static orc_http_request_t get(const char *path)
{
    orc_http_request_t request = {.method = "GET",
                                  .url = apr_psprintf(pool, "http://127.0.0.1:%d%s", port, path),
                                  .timeout = apr_time_from_sec(5)};

    return request;
}

/* What a callback saw. */
typedef struct seen_t {
    int count, good, status, system, retriable, is_cut;
    orc_http_outcome_t outcome;
    char body[64];
    apr_size_t length;
    const char *code, *header;
} seen_t;

static void see(void *baton, const orc_http_response_t *response)
{
    seen_t *seen = baton;

    seen->count++;
    seen->good += response->status == 200;
    seen->outcome = response->outcome;
    seen->status = response->status;
    seen->length = response->length;
    seen->is_cut = response->is_cut;
    seen->system = response->error ? response->error->system : 0;
    seen->retriable = response->error ? response->error->retriable : 0;
    seen->code = response->error ? response->error->code : NULL; /* a literal */
    seen->header = apr_pstrdup(pool, apr_table_get(response->headers, "X-TEST"));
    apr_cpystrn(seen->body, response->body, sizeof seen->body);
    assert_int_equal(response->error == NULL, response->outcome == ORC_HTTP_ANSWERED);
}

static void wait_for(orc_http_t *http, const int *count, int wanted)
{
    apr_time_t deadline = apr_time_now() + apr_time_from_sec(10);

    while (*count < wanted && apr_time_now() < deadline)
        assert_null(orc_http_wait(http, apr_time_from_msec(100), NULL, 0, pool));
    assert_int_equal(*count, wanted);
}

static seen_t call(orc_http_t *http, orc_http_request_t request)
{
    seen_t seen = {0};

    assert_null(orc_http_submit(NULL, http, &request, see, &seen, pool));
    wait_for(http, &seen.count, 1);
    return seen;
}

static void an_answer_has_status_headers_and_body(void **state)
{
    orc_http_t *http = client(orc_http_defaults());
    seen_t seen = call(http, get("/ok"));

    assert_int_equal(seen.outcome, ORC_HTTP_ANSWERED);
    assert_int_equal(seen.status, 200);
    assert_string_equal(seen.body, "xy");
    assert_string_equal(seen.header, "a b");
    assert_int_equal(call(http, get("/500")).status, 500);
    assert_int_equal(call(http, get("/redirect")).status, 302);
    assert_int_equal(requests, 3);
    assert_int_equal(connections, 1);
}

static void a_call_tells_not_sent_from_unknown(void **state)
{
    orc_http_t *http = client(orc_http_defaults());
    orc_http_request_t request = get("/ok");
    seen_t seen;
    int closed;

    close(listen_on(&closed));
    request.url = apr_psprintf(pool, "http://127.0.0.1:%d/", closed);
    seen = call(http, request);
    assert_int_equal(seen.outcome, ORC_HTTP_NOT_SENT);
    assert_int_equal(seen.system, CURLE_COULDNT_CONNECT);
    assert_true(seen.retriable);
    request.url = "http://no-such-host.invalid/";
    assert_int_equal(call(http, request).outcome, ORC_HTTP_NOT_SENT);
    request.url = apr_psprintf(pool, "https://127.0.0.1:%d/", port); /* it speaks no TLS */
    request.timeout = apr_time_from_msec(300);
    assert_int_equal(call(http, request).outcome, ORC_HTTP_NOT_SENT);
    assert_int_equal(call(http, get("/reset")).outcome, ORC_HTTP_UNKNOWN);
    assert_int_equal(call(http, get("/half")).outcome, ORC_HTTP_UNKNOWN);
    request = get("/wait/1000");
    request.timeout = apr_time_from_msec(100);
    seen = call(http, request);
    assert_int_equal(seen.outcome, ORC_HTTP_UNKNOWN);
    assert_int_equal(seen.system, CURLE_OPERATION_TIMEDOUT);
}

static void a_post_goes_out_once_even_when_a_kept_connection_breaks(void **state)
{
    orc_http_t *http = client(orc_http_defaults());
    orc_http_request_t request = get("/stale");

    assert_int_equal(call(http, request).status, 200);
    assert_int_equal(requests, 1);
    request.method = "POST";
    request.body = "x";
    request.body_length = 1;
    assert_int_equal(call(http, request).status, 200); /* on a new connection, where it is the first */
    assert_int_equal(requests, 2);
    assert_int_equal(connections, 2);
}

static int never(void *sender)
{
    ++*(int *)sender;
    return 0;
}

static void what_is_not_wanted_any_more_is_not_sent(void **state)
{
    orc_http_options_t options = orc_http_defaults();
    orc_http_request_t request = get("/ok");
    orc_http_t *http;
    seen_t seen;
    int asked = 0;

    options.breaker_failures = 1;
    http = client(options);
    request.method = "POST";
    request.may_send = never;
    request.sender = &asked;
    seen = call(http, request);
    assert_int_equal(seen.outcome, ORC_HTTP_NOT_SENT);
    assert_int_equal(asked, 1);
    assert_int_equal(requests, 0);
    assert_int_equal(call(http, get("/ok")).status, 200); /* which says nothing against the server */
}

typedef struct gate_t {
    int is_open, asked;
    in_addr_t address;
} gate_t;

static int at_gate(void *sender, const struct sockaddr *address)
{
    gate_t *gate = sender;

    gate->asked++;
    gate->address = ((const struct sockaddr_in *)address)->sin_addr.s_addr;
    return gate->is_open;
}

/* A proxy would look up by itself what was asked for. */
static void only_addresses_that_may_be_are_connected_to(void **state)
{
    orc_http_t *http = client(orc_http_defaults());
    orc_http_request_t request = get("/ok");
    gate_t gate = {0};
    seen_t seen;

    setenv("http_proxy", "http://127.0.0.1:1", 1);
    request.may_connect = at_gate;
    request.sender = &gate;
    seen = call(http, request);
    assert_int_equal(seen.outcome, ORC_HTTP_NOT_SENT);
    assert_int_equal(connections, 0);
    gate.is_open = 1;
    assert_int_equal(call(http, request).status, 200);
    assert_int_equal(gate.asked, 2);
    assert_int_equal(gate.address, htonl(INADDR_LOOPBACK));
    unsetenv("http_proxy");
}

static void the_window_bounds_calls_and_timeouts_do_not_count_queueing(void **state)
{
    orc_http_options_t options = orc_http_defaults();
    orc_http_request_t request = get("/window/400");
    orc_http_t *http;
    seen_t seen = {0};
    int i;

    options.max_in_flight = 3;
    http = client(options);
    request.timeout = apr_time_from_msec(1900); /* less than the last one waits for its turn */
    for (i = 0; i < 18; i++)
        assert_null(orc_http_submit(NULL, http, &request, see, &seen, pool));
    assert_int_equal(orc_http_in_flight(http), 3);
    wait_for(http, &seen.count, 18);
    assert_int_equal(seen.good, 18);
    assert_int_equal(most_at_once, 3);
    assert_int_equal(orc_http_in_flight(http), 0);
}

static void the_queue_is_bounded_and_first_come_first_served(void **state)
{
    orc_http_options_t options = orc_http_defaults();
    orc_http_t *http;
    orc_http_request_t request = get("/bytes/1");
    orc_error_t *error;
    seen_t first = {0}, second = {0}, third = {0};

    options.max_in_flight = 1;
    options.max_queued = 2;
    http = client(options);
    assert_null(orc_http_submit(NULL, http, &request, see, &first, pool));
    assert_null(orc_http_submit(NULL, http, &request, see, &second, pool));
    assert_null(orc_http_submit(NULL, http, &request, see, &third, pool));
    error = orc_http_submit(NULL, http, &request, see, &first, pool);
    assert_string_equal(error->code, "http.queue");
    assert_true(error->retriable);
    wait_for(http, &second.count, 1);
    assert_int_equal(first.count, 1);
    wait_for(http, &third.count, 1);
    request.endpoint = "another"; /* has a window of its own */
    assert_null(orc_http_submit(NULL, http, &request, see, &first, pool));
    wait_for(http, &first.count, 2);
}

static void bodies_have_a_limit_and_a_tail_can_be_kept(void **state)
{
    orc_http_t *http = client(orc_http_defaults());
    orc_http_request_t request = get("/bytes/100000");
    seen_t seen;

    request.max_response = 1000;
    seen = call(http, request);
    assert_int_equal(seen.outcome, ORC_HTTP_UNKNOWN);
    request.keeps_tail = 1;
    seen = call(http, request);
    assert_int_equal(seen.status, 200);
    assert_int_equal(seen.length, 1000);
    assert_true(seen.is_cut);
    request.url = get("/bytes/1000").url;
    seen = call(http, request);
    assert_int_equal(seen.length, 1000);
    assert_false(seen.is_cut);
}

static void an_open_breaker_refuses_at_once_and_lets_one_call_see(void **state)
{
    orc_http_options_t options = orc_http_defaults();
    orc_http_t *http;
    orc_http_request_t request = get("/503"), good = get("/ok");
    orc_error_t *error;
    seen_t seen = {0}, queued = {0};
    char *endpoint = apr_psprintf(pool, "http://127.0.0.1:%d", port);
    orc_http_state_t seen_so[2];
    int i;

    options.max_in_flight = 1;
    options.breaker_failures = 3;
    options.breaker_min = apr_time_from_sec(2);
    http = client(options);
    for (i = 0; i < 3; i++)
        assert_null(orc_http_submit(NULL, http, &request, see, &seen, pool));
    assert_null(orc_http_submit(NULL, http, &request, see, &queued, pool));
    assert_int_equal(orc_http_look(seen_so, 2, http), 1);
    assert_string_equal(seen_so[0].endpoint, endpoint);
    assert_int_equal(seen_so[0].in_flight, 1);
    assert_int_equal(seen_so[0].waiting, 3);
    assert_int_equal(seen_so[0].breaker, ORC_BREAKER_CLOSED);
    wait_for(http, &seen.count, 3);
    wait_for(http, &queued.count, 1);
    assert_int_equal(orc_http_look(seen_so, 2, http), 1);
    assert_int_equal(seen_so[0].breaker, ORC_BREAKER_OPEN);
    assert_true(seen_so[0].lost > 0);
    assert_string_equal(queued.code, "http.breaker");
    assert_int_equal(queued.outcome, ORC_HTTP_NOT_SENT);
    assert_int_equal(requests, 3);
    assert_true(orc_http_closed_for(http, endpoint) > 0);
    assert_true(orc_http_closed_for(http, apr_pstrcat(pool, endpoint, "//", NULL)) > 0);
    error = orc_http_submit(NULL, http, &good, see, &seen, pool);
    assert_string_equal(error->code, "http.breaker");
    assert_true(error->retriable && error->retry_after >= 1 && error->retry_after <= 3);
    assert_non_null(strstr(error->detail, "held back until"));
    while (orc_http_closed_for(http, endpoint))
        assert_null(orc_http_wait(http, orc_http_closed_for(http, endpoint), NULL, 0, pool));
    assert_null(orc_http_submit(NULL, http, &good, see, &seen, pool));
    error = orc_http_submit(NULL, http, &good, see, &seen, pool); /* while the one is under way */
    assert_string_equal(error->code, "http.breaker");
    wait_for(http, &seen.count, 4);
    assert_int_equal(orc_http_closed_for(http, endpoint), 0);
    assert_int_equal(call(http, good).status, 200);
}

/* Of hosts that anybody may name there is no end; one that is not called makes room for another. */
static void endpoints_have_no_end(void **state)
{
    orc_http_t *http = client(orc_http_defaults());
    orc_http_request_t request = get("/ok");
    int i;

    for (i = 0; i < 1100; i++) {
        request.endpoint = apr_psprintf(pool, "http://host-%d.example.org", i);
        assert_int_equal(call(http, request).status, 200);
    }
    assert_int_equal(orc_http_room(http, request.endpoint), 4);
}

static void only_a_server_that_is_away_opens_the_breaker(void **state)
{
    orc_http_options_t options = orc_http_defaults();
    char *endpoint = apr_psprintf(pool, "http://127.0.0.1:%d", port);
    orc_http_t *http;
    int i;

    options.breaker_failures = 3;
    http = client(options);
    for (i = 0; i < 6; i++)
        assert_int_equal(call(http, get("/500")).status, 500);
    assert_int_equal(orc_http_closed_for(http, endpoint), 0);
    for (i = 0; i < 3; i++)
        assert_int_equal(call(http, get(i == 1 ? "/reset" : "/503")).outcome,
                         i == 1 ? ORC_HTTP_UNKNOWN : ORC_HTTP_ANSWERED);
    assert_true(orc_http_closed_for(http, endpoint) > 0);
}

/* What hangs takes all the time there is, whatever answers at once beside it. */
static void quick_answers_do_not_hide_calls_that_hang(void **state)
{
    orc_http_options_t options = orc_http_defaults();
    char *endpoint = apr_psprintf(pool, "http://127.0.0.1:%d", port);
    orc_http_request_t hung = get("/wait/1000");
    orc_http_t *http;
    int i;

    hung.timeout = apr_time_from_msec(50);
    options.breaker_failures = 3;
    http = client(options);
    for (i = 0; i < 3; i++) {
        assert_int_equal(orc_http_closed_for(http, endpoint), 0);
        assert_int_equal(call(http, get("/ok")).status, 200);
        assert_int_equal(call(http, hung).outcome, ORC_HTTP_UNKNOWN);
    }
    assert_true(orc_http_closed_for(http, endpoint) > 0);
}

static void a_canceled_call_has_no_callback_and_frees_its_slot(void **state)
{
    orc_http_options_t options = orc_http_defaults();
    orc_http_t *http;
    orc_http_request_t slow = get("/wait/5000"), good = get("/ok");
    orc_http_call_t *in_flight, *queued, *last;
    seen_t canceled = {0}, seen = {0};

    options.max_in_flight = 1;
    http = client(options);
    assert_null(orc_http_submit(&in_flight, http, &slow, see, &canceled, pool));
    assert_null(orc_http_submit(&queued, http, &slow, see, &canceled, pool));
    assert_null(orc_http_submit(NULL, http, &good, see, &seen, pool));
    assert_null(orc_http_submit(&last, http, &slow, see, &canceled, pool));
    assert_null(orc_http_wait(http, apr_time_from_msec(10), NULL, 0, pool));
    orc_http_cancel(queued);
    orc_http_cancel(last);
    orc_http_cancel(in_flight);
    assert_int_equal(orc_http_in_flight(http), 0);
    wait_for(http, &seen.count, 1);
    assert_int_equal(canceled.count, 0);
}

static void waiting_ends_with_a_descriptor(void **state)
{
    orc_http_t *http = client(orc_http_defaults());
    apr_time_t before = apr_time_now();
    struct pollfd fd = {.events = POLLIN};
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    fd.fd = ends[0];
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_null(orc_http_wait(http, apr_time_from_sec(30), &fd, 1, pool));
    assert_true(fd.revents & POLLIN);
    assert_true(apr_time_now() - before < apr_time_from_sec(20));
    close(ends[0]);
    close(ends[1]);
}

static void what_can_not_be_sent_is_refused(void **state)
{
    static const char *const urls[] = {"",          "ftp://127.0.0.1/",  "file:///etc/passwd",
                                       "127.0.0.1", "http://h/\r\nX: y", "/infrastructures"};
    orc_http_t *http = client(orc_http_defaults());
    apr_array_header_t *headers = apr_array_make(pool, 1, sizeof(const char *));
    orc_http_request_t request = get("/ok");
    size_t i;

    APR_ARRAY_PUSH(headers, const char *) = "X-Request-ID: a\r\nX-Evil: b";
    request.headers = headers;
    assert_string_equal(orc_http_submit(NULL, http, &request, see, NULL, pool)->code, "http.request");
    for (i = 0; i < sizeof urls / sizeof *urls; i++) {
        request = get("/");
        request.url = urls[i];
        assert_string_equal(orc_http_submit(NULL, http, &request, see, NULL, pool)->code, "http.request");
    }
    assert_int_equal(requests, 0);
}

static void a_blocking_call_is_bounded(void **state)
{
    orc_http_request_t request = get("/ok");
    orc_http_response_t *response;
    apr_time_t before = apr_time_now();

    assert_null(orc_http_fetch(&response, &request, NULL, pool));
    assert_string_equal(response->body, "xy");
    request = get("/wait/3000");
    request.timeout = apr_time_from_msec(100);
    assert_non_null(orc_http_fetch(&response, &request, NULL, pool));
    assert_int_equal(response->error->system, CURLE_OPERATION_TIMEDOUT);
    assert_true(apr_time_now() - before < apr_time_from_sec(2));
    request.url = "gopher://x/";
    assert_string_equal(orc_http_fetch(&response, &request, NULL, pool)->code, "http.request");
    assert_int_equal(response->outcome, ORC_HTTP_NOT_SENT);
}

static void a_client_that_ends_drops_its_calls(void **state)
{
    orc_http_options_t options = orc_http_defaults();
    orc_http_request_t slow = get("/wait/5000");
    seen_t seen = {0};
    apr_pool_t *own;
    orc_http_t *http;
    int i;

    apr_pool_create(&own, pool);
    assert_null(orc_http_make(&http, &options, own));
    for (i = 0; i < 10; i++)
        assert_null(orc_http_submit(NULL, http, &slow, see, &seen, pool));
    assert_null(orc_http_wait(http, apr_time_from_msec(20), NULL, 0, pool));
    apr_pool_destroy(own);
    assert_int_equal(seen.count, 0);
}

/* ---- the breaker; times in seconds ---- */

static void an_answer_forgets_failures_that_took_no_time(void **state)
{
    orc_breaker_t breaker;
    int i;

    orc_breaker_init(&breaker, 3, 10, 100);
    for (i = 0; i < 10; i++) {
        orc_breaker_failed(&breaker, 0, 0, i, 0.5);
        orc_breaker_failed(&breaker, 0, 0, i, 0.5);
        orc_breaker_succeeded(&breaker, 0, i);
    }
    assert_true(orc_breaker_admit(&breaker, 10));
    for (i = 0; i < 3; i++)
        orc_breaker_failed(&breaker, 0, 0, 100, 0.5);
    assert_false(orc_breaker_admit(&breaker, 109));
    assert_int_equal(orc_breaker_remaining(&breaker, 104), 6);
    orc_breaker_failed(&breaker, 0, 0, 109, 0.5); /* a call that was under way when it opened changes nothing */
    assert_int_equal(orc_breaker_remaining(&breaker, 109), 1);
    assert_true(orc_breaker_admit(&breaker, 110));
    assert_false(orc_breaker_admit(&breaker, 110));
}

/* Four calls time out each minute, and six are answered at once meanwhile: never five failures in a row. */
static void time_that_is_lost_opens_a_breaker_whatever_is_answered_at_once(void **state)
{
    orc_breaker_t breaker;
    int minute, i;

    orc_breaker_init(&breaker, 5, 1, 60);
    for (minute = 1; minute <= 2; minute++) {
        assert_false(breaker.is_open);
        for (i = 0; i < 6; i++)
            orc_breaker_succeeded(&breaker, 0, 60 * (minute - 1) + 10 * i);
        for (i = 0; i < 4; i++)
            orc_breaker_failed(&breaker, 0, 60, 60 * minute, 0.5);
    }
    assert_true(breaker.is_open);
    assert_int_equal(breaker.lost, 8 * 60);
}

/* A time-out now and then among answers that take as long together, or hours later, is none of an ill service. */
static void time_that_is_lost_is_paid_by_answers_and_by_time(void **state)
{
    orc_breaker_t breaker;
    apr_time_t now = 0;
    int i;

    orc_breaker_init(&breaker, 2, 1, 60);
    for (i = 0; i < 100; i++) {
        orc_breaker_failed(&breaker, 0, 60, now, 0.5);
        orc_breaker_succeeded(&breaker, 30, now + 40);
        orc_breaker_succeeded(&breaker, 30, now + 80);
        now += 100;
    }
    for (i = 0; i < 100; i++) {
        orc_breaker_failed(&breaker, 0, 60, now, 0.5);
        now += 3600;
        orc_breaker_succeeded(&breaker, 0, now);
    }
    assert_false(breaker.is_open);
    orc_breaker_failed(&breaker, 0, 60, now, 0.5);
    orc_breaker_succeeded(&breaker, 30, now + 40);
    orc_breaker_failed(&breaker, 0, 60, now + 100, 0.5);
    assert_true(breaker.is_open);
}

/* One call that was answered is no sound service: the next failure opens it again, and for longer. */
static void a_breaker_is_on_probation_until_the_loss_is_paid(void **state)
{
    orc_breaker_t breaker;
    apr_time_t now;

    orc_breaker_init(&breaker, 2, 10, 100);
    orc_breaker_failed(&breaker, 0, 60, 60, 0.5);
    orc_breaker_failed(&breaker, 0, 60, 60, 0.5);
    now = breaker.until;
    assert_true(orc_breaker_admit(&breaker, now));
    assert_int_equal(orc_breaker_state(&breaker), ORC_BREAKER_OPEN);
    orc_breaker_succeeded(&breaker, 1, now + 1);
    assert_int_equal(orc_breaker_state(&breaker), ORC_BREAKER_PROBATION);
    assert_true(orc_breaker_admit(&breaker, now + 1) && orc_breaker_admit(&breaker, now + 1));
    orc_breaker_failed(&breaker, 0, 60, now + 60, 0.5);
    assert_int_equal(orc_breaker_remaining(&breaker, now + 60), 20);
    now = breaker.until;
    assert_true(orc_breaker_admit(&breaker, now));
    orc_breaker_succeeded(&breaker, 180, now);
    assert_int_equal(orc_breaker_state(&breaker), ORC_BREAKER_CLOSED);
    orc_breaker_failed(&breaker, 0, 60, now, 0.5);
    assert_true(orc_breaker_admit(&breaker, now));
}

static void a_long_outage_is_not_paid_for_days(void **state)
{
    orc_breaker_t breaker;
    int i;

    orc_breaker_init(&breaker, 2, 10, 100);
    for (i = 0; i < 1000; i++)
        orc_breaker_failed(&breaker, 1, 60, 100 * i, 0.5);
    orc_breaker_succeeded(&breaker, 500, 100000);
    assert_int_equal(breaker.failures, 0);
    assert_int_equal(breaker.lost, 60000);
}

static void a_breakers_pauses_grow_with_jitter_to_their_limit(void **state)
{
    static const int pauses[] = {20, 40, 80, 100, 100};
    orc_breaker_t breaker;
    apr_time_t now = 0;
    size_t i;

    orc_breaker_init(&breaker, 1, 10, 100);
    orc_breaker_failed(&breaker, 0, 0, now, 0.0);
    assert_int_equal(breaker.until, 7); /* 75 % */
    for (i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        now = breaker.until;
        assert_true(orc_breaker_admit(&breaker, now));
        orc_breaker_failed(&breaker, 1, 0, now, 1.0);
        assert_int_equal(breaker.until - now, pauses[i] * 125 / 100);
    }
    now = breaker.until;
    assert_true(orc_breaker_admit(&breaker, now));
    orc_breaker_forget_probe(&breaker);
    assert_true(orc_breaker_admit(&breaker, now));
    orc_breaker_succeeded(&breaker, 0, now);
    orc_breaker_failed(&breaker, 0, 0, now, 0.5);
    assert_int_equal(breaker.until - now, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_has_status_headers_and_body),
        cmocka_unit_test(a_call_tells_not_sent_from_unknown),
        cmocka_unit_test(a_post_goes_out_once_even_when_a_kept_connection_breaks),
        cmocka_unit_test(what_is_not_wanted_any_more_is_not_sent),
        cmocka_unit_test(only_addresses_that_may_be_are_connected_to),
        cmocka_unit_test(the_window_bounds_calls_and_timeouts_do_not_count_queueing),
        cmocka_unit_test(the_queue_is_bounded_and_first_come_first_served),
        cmocka_unit_test(bodies_have_a_limit_and_a_tail_can_be_kept),
        cmocka_unit_test(an_open_breaker_refuses_at_once_and_lets_one_call_see),
        cmocka_unit_test(endpoints_have_no_end),
        cmocka_unit_test(only_a_server_that_is_away_opens_the_breaker),
        cmocka_unit_test(quick_answers_do_not_hide_calls_that_hang),
        cmocka_unit_test(a_canceled_call_has_no_callback_and_frees_its_slot),
        cmocka_unit_test(waiting_ends_with_a_descriptor),
        cmocka_unit_test(what_can_not_be_sent_is_refused),
        cmocka_unit_test(a_blocking_call_is_bounded),
        cmocka_unit_test(a_client_that_ends_drops_its_calls),
        cmocka_unit_test(an_answer_forgets_failures_that_took_no_time),
        cmocka_unit_test(time_that_is_lost_opens_a_breaker_whatever_is_answered_at_once),
        cmocka_unit_test(time_that_is_lost_is_paid_by_answers_and_by_time),
        cmocka_unit_test(a_breaker_is_on_probation_until_the_loss_is_paid),
        cmocka_unit_test(a_long_outage_is_not_paid_for_days),
        cmocka_unit_test(a_breakers_pauses_grow_with_jitter_to_their_limit),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
