/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_status_tables.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <stddef.h>

#include "mo_shared.h"

#define LONG_DUE    apr_time_from_sec(60)  /* for work that is nobody's */
#define LONG_UNTOLD apr_time_from_sec(600) /* for what a receiver of callbacks does not take */

/* What is told of each row, once for all forms. */
typedef struct column_t {
    const char *label; /* for people, and without its spaces in the key of ?auto */
    const char *name;  /* in JSON */
    const char *series, *type, *help;
    enum { NUMBER, DURATION, BREAKER } form; /* DURATION: microseconds, for machines in seconds */
    size_t offset;                           /* in a row, of a volatile apr_uint64_t */
} column_t;

/* A row begins with its name. */
typedef struct table_t {
    const char *caption;
    const char *label;       /* of a row: for people, and what its keys of ?auto begin with */
    const char *list, *name; /* in JSON: the array, and a row's name */
    const char *tag;         /* Prometheus's label */
    const column_t *columns; /* ended by one without a label */
    size_t count, rows, row,
        most; /* offsets of both in orc_engine_status_t, bytes of a row, how many there are at most */
    int (*is_bad)(const void *row);
} table_t;

#define AT(member) offsetof(orc_kind_status_t, member)

static const column_t kind_columns[] = {
    {"Pending", "pending", "work_pending", "gauge", "waits for its turn to begin", NUMBER, AT(pending)},
    {"Oldest Pending", "oldest_pending_seconds", "work_oldest_pending_seconds", "gauge",
     "how long the first of it has waited", DURATION, AT(oldest_pending)},
    {"At Work", "at_work", "work_at_work", "gauge", "has begun and not ended, on all hosts", NUMBER, AT(at_work)},
    {"Due", "due", "work_due", "gauge", "of it, what no daemon has in hand though it is time", NUMBER, AT(due)},
    {"Oldest Due", "oldest_due_seconds", "work_oldest_due_seconds", "gauge", "how long that has been so", DURATION,
     AT(oldest_due)},
    {0},
};

#undef AT
#define AT(member) offsetof(orc_endpoint_status_t, member)

static const column_t endpoint_columns[] = {
    {"Breaker", "breaker", "endpoint_breaker", "gauge", "0: called, 1: not called for some time, 2: until it fails",
     BREAKER, AT(breaker)},
    {"Calls In Flight", "calls_in_flight", "endpoint_calls_in_flight", "gauge", "calls to it", NUMBER, AT(in_flight)},
    {"Calls Waiting", "calls_waiting", "endpoint_calls_waiting", "gauge", "calls that wait for others to end", NUMBER,
     AT(waiting)},
    {"Lost Time", "lost_seconds", "endpoint_lost_seconds_total", "counter",
     "seconds of calls that failed, since the daemon's start", DURATION, AT(lost)},
    {0},
};

#undef AT
#define AT(member) offsetof(orc_callee_status_t, member)

static const column_t callee_columns[] = {
    {"Waiting", "waiting", "callback_host_waiting", "gauge", "states of deployments that it is still to be told",
     NUMBER, AT(waiting)},
    {"Failures", "failures", "callback_host_failures", "gauge", "tries to tell it these that did not succeed", NUMBER,
     AT(failures)},
    {"Oldest", "oldest_seconds", "callback_host_oldest_seconds", "gauge", "how long the first of them has waited",
     DURATION, AT(oldest)},
    {0},
};

#undef AT
#define AT(member) offsetof(orc_engine_status_t, member)

static int kind_is_bad(const void *row)
{
    return mo_read(((const orc_kind_status_t *)row)->oldest_due) > LONG_DUE;
}

static int endpoint_is_bad(const void *row)
{
    return mo_read(((const orc_endpoint_status_t *)row)->breaker) == ORC_BREAKER_OPEN;
}

/* A receiver that did not take something for so long is away. */
static int callee_is_bad(const void *row)
{
    return mo_read(((const orc_callee_status_t *)row)->oldest) > LONG_UNTOLD;
}

enum { WORK, CALLEES, ENDPOINTS, TABLES };

static const table_t tables[] = {
    [WORK] = {"Work of all hosts", "Work", "work", "kind", "kind", kind_columns, AT(kind_count), AT(kinds),
              sizeof(orc_kind_status_t), ORC_STATUS_KINDS, kind_is_bad},
    [CALLEES] = {"Receivers of callbacks that something waits for", "Callback", "callback_hosts", "host", "host",
                 callee_columns, AT(callee_count), AT(callees), sizeof(orc_callee_status_t), ORC_STATUS_HOSTS,
                 callee_is_bad},
    [ENDPOINTS] = {"Endpoints that this host calls", "Endpoint", "endpoints", "url", "endpoint", endpoint_columns,
                   AT(endpoint_count), AT(endpoints), sizeof(orc_endpoint_status_t), ORC_STATUS_ENDPOINTS,
                   endpoint_is_bad},
};

/* ---- reading ---- */

static size_t count_of(const table_t *table, const orc_engine_status_t *engine)
{
    const volatile apr_uint32_t *count = (const volatile apr_uint32_t *)((const char *)engine + table->count);
    apr_uint32_t rows = __atomic_load_n(count, __ATOMIC_ACQUIRE);

    return rows < table->most ? rows : table->most;
}

/* Its name, too. */
static const char *row_of(const table_t *table, const orc_engine_status_t *engine, size_t number)
{
    return (const char *)engine + table->rows + number * table->row;
}

static apr_uint64_t value_of(const column_t *column, const char *row)
{
    return mo_read(*(const volatile apr_uint64_t *)(row + column->offset));
}

static double seconds(apr_uint64_t microseconds)
{
    return (double)microseconds / APR_USEC_PER_SEC;
}

static const char *breaker(apr_uint64_t value)
{
    static const char *const words[] = {"closed", "open", "on probation"};

    return words[value <= ORC_BREAKER_PROBATION ? value : ORC_BREAKER_CLOSED];
}

/* ---- writing ---- */

static const char *number(const column_t *column, const char *row, apr_pool_t *pool)
{
    apr_uint64_t value = value_of(column, row);

    return column->form == DURATION ? apr_psprintf(pool, "%.3f", seconds(value))
                                    : apr_psprintf(pool, "%" APR_UINT64_T_FMT, value);
}

static const char *line(const column_t *column, const char *row, apr_pool_t *pool)
{
    return column->form == BREAKER ? breaker(value_of(column, row)) : number(column, row, pool);
}

static const char *text(const column_t *column, const char *row, apr_pool_t *pool)
{
    apr_uint64_t value = value_of(column, row);

    if (column->form != DURATION)
        return line(column, row, pool);
    return value ? mo_status_duration(value, pool) : "&ndash;";
}

static json_t *json(const column_t *column, const char *row)
{
    apr_uint64_t value = value_of(column, row);

    switch (column->form) {
    case DURATION:
        return json_real(seconds(value));
    case BREAKER:
        return json_string(breaker(value));
    default:
        return json_integer((json_int_t)value);
    }
}

const char *mo_status_duration(apr_uint64_t microseconds, apr_pool_t *pool)
{
    static const struct {
        apr_uint64_t seconds;
        const char *unit, *below;
        apr_uint64_t seconds_below;
    } units[] = {{86400, "d", "h", 3600}, {3600, "h", "min", 60}, {60, "min", "s", 1}};
    apr_uint64_t whole = microseconds / APR_USEC_PER_SEC;
    size_t i = 0;

    if (microseconds && !whole)
        return apr_psprintf(pool, "%" APR_UINT64_T_FMT " ms", microseconds / 1000);
    while (i < sizeof units / sizeof *units && whole < units[i].seconds)
        i++;
    if (i == sizeof units / sizeof *units)
        return apr_psprintf(pool, "%" APR_UINT64_T_FMT " s", whole);
    return apr_psprintf(pool, "%" APR_UINT64_T_FMT " %s %" APR_UINT64_T_FMT " %s", whole / units[i].seconds,
                        units[i].unit, whole % units[i].seconds / units[i].seconds_below, units[i].below);
}

static void write_html(request_rec *r, const table_t *table, const orc_engine_status_t *engine)
{
    size_t i, count = count_of(table, engine);
    const column_t *column;

    ap_rprintf(r, "<table class=\"orchestrator rows\">\n<caption>%s</caption>\n<thead><tr><th scope=\"col\">%s</th>",
               table->caption, table->label);
    for (column = table->columns; column->label; column++)
        ap_rprintf(r, "<th scope=\"col\">%s</th>", column->label);
    ap_rputs("</tr></thead>\n<tbody>\n", r);
    for (i = 0; i < count; i++) {
        const char *row = row_of(table, engine, i);

        ap_rprintf(r, "<tr%s><th scope=\"row\">%s</th>", table->is_bad(row) ? " class=\"bad\"" : "",
                   ap_escape_html(r->pool, row));
        for (column = table->columns; column->label; column++)
            ap_rprintf(r, "<td data-label=\"%s\">%s</td>", column->label, text(column, row, r->pool));
        ap_rputs("</tr>\n", r);
    }
    ap_rputs("</tbody></table>\n", r);
}

void mo_status_counts_html(request_rec *r, const orc_engine_status_t *engine)
{
    write_html(r, &tables[WORK], engine);
    write_html(r, &tables[CALLEES], engine);
}

void mo_status_endpoints_html(request_rec *r, const orc_engine_status_t *engine)
{
    write_html(r, &tables[ENDPOINTS], engine);
}

static void write_lines(request_rec *r, const table_t *table, const orc_engine_status_t *engine, const char *prefix)
{
    size_t i, count = count_of(table, engine);
    const column_t *column;

    for (i = 0; i < count; i++) {
        const char *row = row_of(table, engine, i);

        for (column = table->columns; column->label; column++) {
            char *key = apr_pstrdup(r->pool, column->label);

            apr_collapse_spaces(key, key);
            ap_rprintf(r, "%s%s%s %s: %s\n", prefix, table->label, key, row, line(column, row, r->pool));
        }
    }
}

void mo_status_tables_lines(request_rec *r, const orc_engine_status_t *engine, const char *prefix)
{
    int i;

    for (i = 0; i < TABLES; i++)
        write_lines(r, &tables[i], engine, prefix);
}

static json_t *list(const table_t *table, const orc_engine_status_t *engine)
{
    size_t i, count = count_of(table, engine);
    json_t *rows = json_array();
    const column_t *column;

    for (i = 0; i < count; i++) {
        const char *row = row_of(table, engine, i);
        json_t *object = json_pack("{s:s}", table->name, row);

        for (column = table->columns; column->label; column++)
            json_object_set_new(object, column->name, json(column, row));
        json_array_append_new(rows, object);
    }
    return rows;
}

void mo_status_tables_json(json_t *object, const orc_engine_status_t *engine)
{
    int i;

    for (i = 0; i < TABLES; i++)
        json_object_set_new(object, tables[i].list, list(&tables[i], engine));
}

/* URLs of the configuration, words of kinds and names of hosts have no character that a label's value would have to
 * escape. */
static void write_metrics(request_rec *r, const table_t *table, const orc_engine_status_t *engine)
{
    size_t i, count = count_of(table, engine);
    const column_t *column;

    for (column = table->columns; column->label; column++) {
        ap_rprintf(r, "# HELP orchestrator_%s %s\n# TYPE orchestrator_%s %s\n", column->series, column->help,
                   column->series, column->type);
        for (i = 0; i < count; i++) {
            const char *row = row_of(table, engine, i);

            ap_rprintf(r, "orchestrator_%s{%s=\"%s\"} %s\n", column->series, table->tag, row,
                       number(column, row, r->pool));
        }
    }
}

void mo_status_tables_metrics(request_rec *r, const orc_engine_status_t *engine)
{
    int i;

    for (i = 0; i < TABLES; i++)
        write_metrics(r, &tables[i], engine);
}
