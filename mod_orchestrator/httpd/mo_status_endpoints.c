/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_status_endpoints.h"

#include <apr_strings.h>
#include <http_protocol.h>

#include "mo_shared.h"

/* What is told of an endpoint, once for all forms. A value is a number, of which `unit` make one. */
typedef struct column_t {
    const char *label; /* for people, and without its spaces the key of ?auto */
    const char *name;  /* in JSON */
    const char *series, *type, *help;
    const char *const *words; /* of the values, or NULL: they are numbers */
    double unit;
    apr_uint64_t (*value)(const orc_endpoint_status_t *endpoint);
} column_t;

static apr_uint64_t breaker_of(const orc_endpoint_status_t *endpoint)
{
    apr_uint32_t state = mo_read(endpoint->breaker);

    return state <= ORC_BREAKER_PROBATION ? state : ORC_BREAKER_CLOSED;
}

static apr_uint64_t in_flight_of(const orc_endpoint_status_t *endpoint)
{
    return mo_read(endpoint->in_flight);
}

static apr_uint64_t waiting_of(const orc_endpoint_status_t *endpoint)
{
    return mo_read(endpoint->waiting);
}

static apr_uint64_t lost_of(const orc_endpoint_status_t *endpoint)
{
    return mo_read(endpoint->lost);
}

static const char *const breaker_words[] = {"closed", "open", "on probation"};

static const column_t columns[] = {
    {"Breaker", "breaker", "endpoint_breaker", "gauge", "0: called, 1: not called for some time, 2: until it fails",
     breaker_words, 1, breaker_of},
    {"Calls In Flight", "calls_in_flight", "endpoint_calls_in_flight", "gauge", "calls to it", NULL, 1, in_flight_of},
    {"Calls Waiting", "calls_waiting", "endpoint_calls_waiting", "gauge", "calls that wait for others to end", NULL, 1,
     waiting_of},
    {"Lost Seconds", "lost_seconds", "endpoint_lost_seconds_total", "counter",
     "seconds of calls that failed, since the daemon's start", NULL, 1e6, lost_of},
};

enum { COLUMNS = sizeof columns / sizeof *columns };

static int count_of(const orc_engine_status_t *engine)
{
    apr_uint32_t count = __atomic_load_n(&engine->endpoint_count, __ATOMIC_ACQUIRE);

    return count < ORC_STATUS_ENDPOINTS ? (int)count : ORC_STATUS_ENDPOINTS;
}

static const char *number(const column_t *column, const orc_endpoint_status_t *endpoint, apr_pool_t *pool)
{
    apr_uint64_t value = column->value(endpoint);

    return column->unit > 1 ? apr_psprintf(pool, "%.3f", (double)value / column->unit)
                            : apr_psprintf(pool, "%" APR_UINT64_T_FMT, value);
}

static const char *text(const column_t *column, const orc_endpoint_status_t *endpoint, apr_pool_t *pool)
{
    return column->words ? column->words[column->value(endpoint)] : number(column, endpoint, pool);
}

void mo_status_endpoints_table(request_rec *r, const orc_engine_status_t *engine)
{
    int i, j, count = count_of(engine);

    ap_rputs("<table class=\"orchestrator endpoints\">\n<thead><tr><th scope=\"col\">Endpoint</th>", r);
    for (j = 0; j < COLUMNS; j++)
        ap_rprintf(r, "<th scope=\"col\">%s</th>", columns[j].label);
    ap_rputs("</tr></thead>\n", r);
    for (i = 0; i < count; i++) {
        const orc_endpoint_status_t *endpoint = &engine->endpoints[i];

        ap_rprintf(r, "<tr%s><th scope=\"row\">%s</th>",
                   breaker_of(endpoint) == ORC_BREAKER_OPEN ? " class=\"bad\"" : "",
                   ap_escape_html(r->pool, endpoint->url));
        for (j = 0; j < COLUMNS; j++)
            ap_rprintf(r, "<td>%s</td>", text(&columns[j], endpoint, r->pool));
        ap_rputs("</tr>\n", r);
    }
    ap_rputs("</table>\n", r);
}

void mo_status_endpoints_lines(request_rec *r, const orc_engine_status_t *engine, const char *prefix)
{
    int i, j, count = count_of(engine);

    for (i = 0; i < count; i++) {
        for (j = 0; j < COLUMNS; j++) {
            char *key = apr_pstrdup(r->pool, columns[j].label);

            apr_collapse_spaces(key, key);
            ap_rprintf(r, "%sEndpoint%s %s: %s\n", prefix, key, engine->endpoints[i].url,
                       text(&columns[j], &engine->endpoints[i], r->pool));
        }
    }
}

json_t *mo_status_endpoints_json(const orc_engine_status_t *engine)
{
    json_t *list = json_array();
    int i, j, count = count_of(engine);

    for (i = 0; i < count; i++) {
        const orc_endpoint_status_t *endpoint = &engine->endpoints[i];
        json_t *object = json_pack("{s:s}", "url", endpoint->url);

        for (j = 0; j < COLUMNS; j++) {
            const column_t *column = &columns[j];
            apr_uint64_t value = column->value(endpoint);

            json_object_set_new(object, column->name,
                                column->words      ? json_string(column->words[value])
                                : column->unit > 1 ? json_real((double)value / column->unit)
                                                   : json_integer((json_int_t)value));
        }
        json_array_append_new(list, object);
    }
    return list;
}

/* URLs of the configuration have no character that a label's value would have to escape. */
void mo_status_endpoints_metrics(request_rec *r, const orc_engine_status_t *engine)
{
    int i, j, count = count_of(engine);

    for (j = 0; j < COLUMNS; j++) {
        const column_t *column = &columns[j];

        ap_rprintf(r, "# HELP orchestrator_%s %s\n# TYPE orchestrator_%s %s\n", column->series, column->help,
                   column->series, column->type);
        for (i = 0; i < count; i++)
            ap_rprintf(r, "orchestrator_%s{endpoint=\"%s\"} %s\n", column->series, engine->endpoints[i].url,
                       number(column, &engine->endpoints[i], r->pool));
    }
}
