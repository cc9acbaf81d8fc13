/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_status.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_status.h>
#include <stddef.h>

#include "mo_child.h"
#include "mo_link.h"
#include "mo_request.h"
#include "mo_status_tables.h"
#include "mo_stream.h"
#include "orc_db_probe.h"
#include "orc_json.h"
#include "orc_time.h"

APLOG_USE_MODULE(orchestrator);

enum {
    STALLED_SECONDS = 60, /* an engine whose poller took no turn for so long */
    STALE_SECONDS = 60,   /* counts of the database that are older say little of now */
};

/* What the page tells, read once per request. */
typedef struct facts_t {
    const char *version, *places, *engine, *database, *im;
    apr_int64_t uptime;
    apr_int64_t children, in_flight, followers, follower_places, connections, waiting, shed;
    apr_int64_t informational, success, redirection, client_error, server_error, refused_tokens;
    const orc_engine_status_t *status;
    apr_int64_t daemon, daemon_deaths, heartbeat_age, operations, calls, finished, failed;
    apr_int64_t unwanted, stuck, oldest_unwanted, counts_age;
    apr_int64_t callbacks, oldest_callback, callbacks_told, callbacks_failed, callbacks_given_up;
} facts_t;

typedef enum {
    TEXT,
    HEALTH,
    GAUGE,
    AGE, /* a gauge of seconds; -1: never */
    COUNTER,
} kind_t;

/* The one list of everything that is told once; rendered as HTML, as lines, as JSON and for Prometheus. */
typedef struct metric_t {
    const char *label;  /* for people, and without its spaces the key of ?auto */
    const char *name;   /* in JSON, and behind "orchestrator_" for Prometheus */
    const char *series; /* Prometheus's name and labels when they aren't `name` */
    kind_t kind;
    size_t offset; /* in facts_t */
    const char *help;
    const char *heading; /* of the table that begins with it, for people; or NULL */
    apr_int64_t bad;     /* a number that is no good sign, nor is a higher one; 0: there is none */
    /* Writes, for people, what follows the table that ends with it; or NULL. */
    void (*below)(request_rec *r, const orc_engine_status_t *engine);
} metric_t;

#define AT(member) offsetof(facts_t, member)

static const metric_t metrics[] = {
    {"Version", "version", NULL, TEXT, AT(version), .help = "version of the module", .heading = "Service"},
    {"Places", "places", NULL, TEXT, AT(places), .help = "surfaces and the URLs that they are bound at"},
    {"Uptime", "uptime_seconds", NULL, AGE, AT(uptime), .help = "seconds since this httpd was started"},
    {"Database", "database", NULL, HEALTH, AT(database), .help = "the database answers"},
    {"Infrastructure Manager", "im", NULL, HEALTH, AT(im), .help = "the default IM answers the daemon"},
    {"Engine", "engine", NULL, TEXT, AT(engine), .help = "what this host's engine is at"},

    {"Infrastructures Unwanted", "infrastructures_unwanted", NULL, GAUGE, AT(unwanted),
     .help = "infrastructures that nobody wants and that are not gone", .heading = "All hosts, as the database says"},
    {"Infrastructures Stuck", "infrastructures_stuck", NULL, GAUGE, AT(stuck),
     .help = "those of them that IM refuses to delete", .bad = 1},
    {"Oldest Unwanted", "infrastructures_oldest_unwanted_seconds", NULL, AGE, AT(oldest_unwanted),
     .help = "seconds since the first of them is unwanted"},
    {"Callbacks Waiting", "callbacks_waiting", NULL, GAUGE, AT(callbacks),
     .help = "states of deployments that receivers of callbacks are still to be told"},
    {"Oldest Callback", "callbacks_oldest_seconds", NULL, AGE, AT(oldest_callback),
     .help = "seconds since the first of them changed"},
    {"Age Of Counts", "counts_age_seconds", NULL, AGE, AT(counts_age),
     .help = "seconds since infrastructures and work were counted", .bad = STALE_SECONDS + 1,
     .below = mo_status_counts_html},

    {"Daemon", "daemon_pid", NULL, GAUGE, AT(daemon), .help = "process id of the daemon, 0: none",
     .heading = "Engine of this host"},
    {"Daemon Deaths", "daemon_deaths", "daemon_deaths_total", COUNTER, AT(daemon_deaths),
     .help = "times the daemon died and was started again"},
    {"Engine Heartbeat Age", "engine_heartbeat_age_seconds", NULL, AGE, AT(heartbeat_age),
     .help = "seconds since the engine's last turn", .bad = STALLED_SECONDS + 1},
    {"Operations At Work", "operations_at_work", NULL, GAUGE, AT(operations),
     .help = "operations that this host works on"},
    {"Operations Ended", "operations_ended", "operations_ended_total", COUNTER, AT(finished),
     .help = "operations that ended here since the daemon's start"},
    {"Operations Failed", "operations_failed", "operations_failed_total", COUNTER, AT(failed),
     .help = "those of them that failed"},
    {"Callbacks Told", "callbacks_told", "callbacks_told_total", COUNTER, AT(callbacks_told),
     .help = "states of deployments that receivers took"},
    {"Callbacks Failed", "callbacks_failed", "callbacks_failed_total", COUNTER, AT(callbacks_failed),
     .help = "tries that did not succeed"},
    {"Callbacks Given Up", "callbacks_given_up", "callbacks_given_up_total", COUNTER, AT(callbacks_given_up),
     .help = "those that are not tried again", .bad = 1},
    {"Calls In Flight", "calls_in_flight", NULL, GAUGE, AT(calls), .help = "calls to IM and other services",
     .below = mo_status_endpoints_html},

    {"Requests In Flight", "requests_in_flight", NULL, GAUGE, AT(in_flight), .help = "requests that are being answered",
     .heading = "Requests to this host"},
    {"Followers", "followers", NULL, GAUGE, AT(followers), .help = "answers that go on while something happens"},
    {"Follower Places", "follower_places", NULL, GAUGE, AT(follower_places), .help = "how many of these there may be"},
    {"Responses 1xx", "responses_1xx", "responses_total{class=\"1xx\"}", COUNTER, AT(informational),
     .help = "answers by class of status"},
    {"Responses 2xx", "responses_2xx", "responses_total{class=\"2xx\"}", COUNTER, AT(success), .help = NULL},
    {"Responses 3xx", "responses_3xx", "responses_total{class=\"3xx\"}", COUNTER, AT(redirection), .help = NULL},
    {"Responses 4xx", "responses_4xx", "responses_total{class=\"4xx\"}", COUNTER, AT(client_error), .help = NULL},
    {"Responses 5xx", "responses_5xx", "responses_total{class=\"5xx\"}", COUNTER, AT(server_error), .help = NULL},
    {"Refused Tokens", "refused_tokens", "refused_tokens_total", COUNTER, AT(refused_tokens),
     .help = "access tokens that were not accepted"},
    {"Children", "children", NULL, GAUGE, AT(children), .help = "processes of httpd that serve requests"},
    {"Database Connections In Use", "database_connections", NULL, GAUGE, AT(connections),
     .help = "connections at work"},
    {"Database Waits", "database_waiting", NULL, GAUGE, AT(waiting), .help = "threads that wait for a connection"},
    {"Database Shed", "database_shed", "database_shed_total", COUNTER, AT(shed),
     .help = "requests that got no connection in time"},
};

enum { METRICS = sizeof metrics / sizeof *metrics };

static const char *text_of(const facts_t *facts, const metric_t *metric)
{
    return *(const char *const *)((const char *)facts + metric->offset);
}

static apr_int64_t number_of(const facts_t *facts, const metric_t *metric)
{
    return *(const apr_int64_t *)((const char *)facts + metric->offset);
}

static int is_text(const metric_t *metric)
{
    return metric->kind == TEXT || metric->kind == HEALTH;
}

/* ---- reading ---- */

/* By orc_db_state_t, and by the engine's word on IM. */
static const char *const health[] = {"unknown", "healthy", "unhealthy"};

static const char *database_health(const mo_config_t *config, apr_pool_t *pool)
{
    apr_time_t until = orc_time_monotonic() + apr_time_from_msec(config->values->health_timeout_ms);

    return config->child ? health[orc_db_probe(config->child->service.db_probe, until)] : "unhealthy";
}

static const char *engine_state(const mo_config_t *config, apr_int64_t age)
{
    if (!config->runs_engine)
        return "off";
    if (!mo_read(config->shared->engine.pid))
        return "not running";
    if (age < 0)
        return "starting";
    return age > STALLED_SECONDS ? "stalled" : "running";
}

static void read_requests(facts_t *facts, mo_shared_t *shared)
{
    mo_slot_t sum = mo_shared_sum(shared);

    facts->children = sum.pid;
    facts->in_flight = sum.in_flight;
    facts->followers = sum.followers;
    facts->follower_places = mo_stream_places();
    facts->connections = sum.connections;
    facts->waiting = sum.waiting;
    facts->shed = (apr_int64_t)mo_read(shared->shed);
    facts->informational = (apr_int64_t)mo_read(shared->responses[1]);
    facts->success = (apr_int64_t)mo_read(shared->responses[2]);
    facts->redirection = (apr_int64_t)mo_read(shared->responses[3]);
    facts->client_error = (apr_int64_t)mo_read(shared->responses[4]);
    facts->server_error = (apr_int64_t)mo_read(shared->responses[5]);
    facts->refused_tokens = (apr_int64_t)mo_read(shared->refused_tokens);
}

/* In seconds; none is negative when somebody sets the clock back. */
static apr_int64_t age_of(apr_uint64_t time)
{
    apr_time_t now = apr_time_now();

    if (!time)
        return -1;
    return (apr_time_t)time > now ? 0 : apr_time_sec(now - (apr_time_t)time);
}

static void read_engine(facts_t *facts, const mo_config_t *config)
{
    const orc_engine_status_t *engine = &config->shared->engine;
    apr_uint32_t im = mo_read(engine->im_healthy);

    facts->status = engine;
    facts->daemon = mo_read(engine->pid);
    facts->daemon_deaths = mo_read(config->shared->daemon_deaths);
    facts->heartbeat_age = age_of(mo_read(engine->heartbeat));
    facts->operations = mo_read(engine->operations);
    facts->calls = mo_read(engine->calls);
    facts->finished = mo_read(engine->finished);
    facts->failed = mo_read(engine->failed);
    facts->callbacks_told = (apr_int64_t)mo_read(engine->callbacks_told);
    facts->callbacks_failed = (apr_int64_t)mo_read(engine->callbacks_failed);
    facts->callbacks_given_up = (apr_int64_t)mo_read(engine->callbacks_given_up);
    facts->im = health[im < 3 ? im : 0];
    facts->engine = engine_state(config, facts->heartbeat_age);
}

static void read_counts(facts_t *facts, const orc_engine_status_t *engine)
{
    facts->unwanted = (apr_int64_t)mo_read(engine->unwanted);
    facts->stuck = (apr_int64_t)mo_read(engine->stuck);
    facts->oldest_unwanted = apr_time_sec((apr_int64_t)mo_read(engine->oldest_unwanted));
    facts->callbacks = (apr_int64_t)mo_read(engine->callbacks);
    facts->oldest_callback = apr_time_sec((apr_int64_t)mo_read(engine->oldest_callback));
    facts->counts_age = age_of(mo_read(engine->counted));
}

static const char *list_places(const mo_config_t *config, apr_pool_t *pool)
{
    const char *line = "";
    int i;

    for (i = 0; i < config->bases->nelts; i++) {
        const mo_base_t *base = &APR_ARRAY_IDX(config->bases, i, mo_base_t);

        line = apr_pstrcat(pool, line, i ? ", " : "", base->surface->handler, " ", mo_link_own_url(base, pool), NULL);
    }
    return line;
}

static void read_facts(facts_t *facts, const mo_config_t *config, apr_pool_t *pool)
{
    facts->version = ORC_VERSION;
    facts->places = list_places(config, pool);
    facts->uptime = apr_time_sec(orc_time_monotonic() - config->shared->started);
    facts->database = database_health(config, pool);
    read_requests(facts, config->shared);
    read_engine(facts, config);
    read_counts(facts, &config->shared->engine);
}

/* ---- rendering ---- */

static void write_prefixed(request_rec *r, const facts_t *facts, const char *prefix)
{
    int i;

    for (i = 0; i < METRICS; i++) {
        char *key = apr_pstrdup(r->pool, metrics[i].label);

        apr_collapse_spaces(key, key);
        if (is_text(&metrics[i]))
            ap_rprintf(r, "%s%s: %s\n", prefix, key, text_of(facts, &metrics[i]));
        else
            ap_rprintf(r, "%s%s: %" APR_INT64_T_FMT "\n", prefix, key, number_of(facts, &metrics[i]));
    }
    mo_status_tables_lines(r, facts->status, prefix);
}

static void write_lines(request_rec *r, const facts_t *facts)
{
    write_prefixed(r, facts, "");
}

static void write_json(request_rec *r, const facts_t *facts)
{
    json_t *object = orc_json_own(json_object(), r->pool);
    int i;

    for (i = 0; i < METRICS; i++) {
        json_object_set_new(object, metrics[i].name,
                            is_text(&metrics[i]) ? json_string(text_of(facts, &metrics[i]))
                                                 : json_integer(number_of(facts, &metrics[i])));
    }
    mo_status_tables_json(object, facts->status);
    ap_rputs(orc_json_text(object, r->pool), r);
}

static void write_prometheus_head(request_rec *r, const metric_t *metric, const char *series)
{
    apr_size_t length = strcspn(series, "{");
    const char *name = apr_pstrmemdup(r->pool, series, length);

    if (!metric->help)
        return;
    ap_rprintf(r, "# HELP orchestrator_%s %s\n# TYPE orchestrator_%s %s\n", name, metric->help, name,
               metric->kind == COUNTER ? "counter" : "gauge");
}

/* Texts become labels of a constant 1, health 1 or 0. */
static void write_prometheus(request_rec *r, const facts_t *facts)
{
    int i;

    for (i = 0; i < METRICS; i++) {
        const metric_t *metric = &metrics[i];
        const char *series = metric->series ? metric->series : metric->name;

        if (metric->kind == TEXT)
            series = apr_psprintf(r->pool, "%s_info{%s=\"%s\"}", metric->name, metric->name, text_of(facts, metric));
        else if (metric->kind == HEALTH)
            series = apr_pstrcat(r->pool, metric->name, "_healthy", NULL);
        write_prometheus_head(r, metric, series);
        if (metric->kind == TEXT)
            ap_rprintf(r, "orchestrator_%s 1\n", series);
        else if (metric->kind == HEALTH)
            ap_rprintf(r, "orchestrator_%s %d\n", series, strcmp(text_of(facts, metric), "healthy") == 0);
        else
            ap_rprintf(r, "orchestrator_%s %" APR_INT64_T_FMT "\n", series, number_of(facts, metric));
    }
    mo_status_tables_metrics(r, facts->status);
}

static int is_bad(const facts_t *facts, const metric_t *metric)
{
    static const char *const words[] = {"unhealthy", "stalled", "not running"};
    size_t i;

    if (!is_text(metric))
        return metric->bad && number_of(facts, metric) >= metric->bad;
    for (i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(text_of(facts, metric), words[i]) == 0)
            return 1;
    }
    return 0;
}

static const char *for_people(const facts_t *facts, const metric_t *metric, apr_pool_t *pool)
{
    apr_int64_t number;

    if (is_text(metric))
        return ap_escape_html(pool, text_of(facts, metric));
    number = number_of(facts, metric);
    if (metric->kind != AGE)
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, number);
    return number < 0 ? "never" : mo_status_duration((apr_uint64_t)apr_time_from_sec(number), pool);
}

static void write_tables(request_rec *r, const facts_t *facts)
{
    int i;

    for (i = 0; i < METRICS; i++) {
        const metric_t *metric = &metrics[i];

        if (metric->heading)
            ap_rprintf(r, "<table class=\"orchestrator\">\n<caption>%s</caption>\n", metric->heading);
        ap_rprintf(r, "<tr%s><th scope=\"row\">%s</th><td>%s</td></tr>\n",
                   is_bad(facts, metric) ? " class=\"bad\"" : "", metric->label, for_people(facts, metric, r->pool));
        if (i + 1 == METRICS || metrics[i + 1].heading)
            ap_rputs("</table>\n", r);
        if (metric->below)
            metric->below(r, facts->status);
    }
}

/* Of the tables, also in mod_status's page, which has none. */
static const char style[] = "<style>\n"
                            ".orchestrator{border-collapse:collapse;width:100%;max-width:50em;margin:1.5em 0}\n"
                            ".orchestrator caption{text-align:left;font-weight:bold;padding:.3em .5em}\n"
                            ".orchestrator th,.orchestrator td{border-bottom:1px solid #8886;padding:.3em .5em;"
                            "text-align:left;font-weight:inherit}\n"
                            ".orchestrator td,.rows tbody th{overflow-wrap:anywhere}\n"
                            ".orchestrator td,.orchestrator th+th{text-align:right;font-variant-numeric:tabular-nums}\n"
                            ".orchestrator .bad{background:#e334;font-weight:bold}\n"
                            "@media(max-width:40em){.rows thead{display:none}.rows tr,.rows tr>*{display:block}\n"
                            ".orchestrator.rows tbody th{font-weight:bold}.orchestrator.rows td{padding-left:1.5em}\n"
                            ".rows td:before{content:attr(data-label);float:left}}\n"
                            "</style>\n";

static void write_page(request_rec *r, const facts_t *facts)
{
    ap_rvputs(r,
              "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<title>Orchestrator Status</title>\n",
              style,
              "<style>:root{color-scheme:light dark}\n"
              "body{font-family:sans-serif;margin:1em auto;padding:0 1em;max-width:50em;line-height:1.4}</style>\n"
              "</head><body>\n",
              NULL);
    ap_rprintf(r, "<h1>Orchestrator Status for %s</h1>\n", ap_escape_html(r->pool, ap_get_server_name(r)));
    write_tables(r, facts);
    ap_rputs("<p>For machines: <a href=\"?auto\">lines</a>, <a href=\"?json\">JSON</a>, "
             "<a href=\"?metrics\">Prometheus</a>.</p>\n</body></html>\n",
             r);
}

/* The last one is for every other query. */
static const struct {
    const char *query, *type;
    void (*write)(request_rec *r, const facts_t *facts);
} forms[] = {
    {"auto", "text/plain; charset=utf-8", write_lines},
    {"json", "application/json", write_json},
    {"metrics", "text/plain; version=0.0.4; charset=utf-8", write_prometheus},
    {NULL, "text/html; charset=utf-8", write_page},
};

int mo_status_handle(request_rec *r)
{
    const mo_config_t *config = mo_config_of(r->server);
    facts_t facts;
    int i = 0;

    if (!r->handler || strcmp(r->handler, MO_HANDLER_STATUS) != 0)
        return DECLINED;
    /* Whoever may write an .htaccess file can not show it. */
    if (!mo_places_is_set(r, MO_HANDLER_STATUS)) {
        mo_request_log_unbound(r);
        return HTTP_NOT_FOUND;
    }
    ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, -1);
    if (r->method_number != M_GET)
        return HTTP_METHOD_NOT_ALLOWED;
    if (!config->shared)
        return HTTP_SERVICE_UNAVAILABLE;
    read_facts(&facts, config, r->pool);
    while (forms[i].query && (!r->args || strcmp(r->args, forms[i].query) != 0))
        i++;
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    ap_set_content_type(r, forms[i].type);
    forms[i].write(r, &facts);
    return OK;
}

int mo_status_section(request_rec *r, int flags)
{
    const mo_config_t *config = mo_config_of(r->server);
    facts_t facts;

    if (!mo_config_is_used(config) || !config->shared)
        return DECLINED;
    read_facts(&facts, config, r->pool);
    if (flags & AP_STATUS_SHORT) {
        write_prefixed(r, &facts, "Orchestrator");
        return OK;
    }
    ap_rvputs(r, "<hr />\n", style, "<h2>Orchestrator</h2>\n", NULL);
    write_tables(r, &facts);
    return OK;
}
