/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "orc_runs_one.h"
#include "orc_runs_routes.h"
#include "orc_surface_list.h"
#include "orc_time.h"

enum {
    PAGE_SIZE = 20,
    MAX_DIGITS = 15, /* of milliseconds: longer ones are in no year that PostgreSQL or RFC 3339 knows */
};

static const apr_time_t last_time = 253402300800 * APR_USEC_PER_SEC; /* the year 10000 begins */

static apr_int64_t number_of(const orc_request_t *request, const char *name, apr_int64_t otherwise)
{
    const char *value = orc_request_parameter(request, name);

    return value ? apr_atoi64(value) : otherwise;
}

/* ---- what is asked for ---- */

static int is_number(const char *text)
{
    size_t length = strspn(text, "0123456789");

    return length > 0 && length <= MAX_DIGITS && !text[length];
}

/* Milliseconds since 1970, or RFC 3339. */
static const char *read_date(orc_error_t **error, const orc_request_t *request, const char *name)
{
    const char *text = orc_request_parameter(request, name);
    apr_time_t when = 0;
    int is_date;

    if (!text)
        return NULL;
    is_date = is_number(text) ? (when = apr_atoi64(text) * 1000) < last_time : orc_time_parse(&when, text);
    if (!is_date)
        orc_error_add_parameter(error, request->pool, name,
                                "must be a time in milliseconds since 1970, or of RFC 3339 (a + is written %%2B)");
    return is_date ? orc_time_text(when, request->pool) : NULL;
}

static void add(orc_surface_plan_t *plan, const orc_store_filter_t *filter, const char *value)
{
    apr_array_header_t *values;

    if (!value)
        return;
    values = apr_array_make(plan->where.pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(values, const char *) = value;
    orc_store_where_add(&plan->where, filter, values);
}

/* Dates are those that clients are shown, with their milliseconds, so that each finds its run. */
static orc_surface_plan_t *make_plan(orc_error_t **error, const orc_request_t *request, int first)
{
    static const orc_store_filter_t status = {"b.status", NULL, NULL, ORC_STORE_TEXT, ORC_STORE_IS};
    static const char shown[] = "date_trunc('milliseconds', b.created_at)";
    const orc_store_filter_t since = {shown, NULL, NULL, ORC_STORE_TIME, ORC_STORE_AT_LEAST};
    const orc_store_filter_t until = {shown, NULL, NULL, ORC_STORE_TIME, ORC_STORE_AT_MOST};
    orc_surface_plan_t *plan = apr_pcalloc(request->pool, sizeof *plan);

    plan->where = orc_store_where_make(first, request->pool);
    plan->size = (int)number_of(request, "_pageSize", PAGE_SIZE);
    plan->offset = number_of(request, "_offset", 0);
    plan->order = apr_array_make(request->pool, 2, sizeof(orc_store_key_t));
    APR_ARRAY_PUSH(plan->order, orc_store_key_t) = (orc_store_key_t){"created_at", "b.created_at", 1, 1, 1};
    APR_ARRAY_PUSH(plan->order, orc_store_key_t) = (orc_store_key_t){"id", "b.id", 1, 1, 1};
    add(plan, &status, orc_request_parameter(request, "_status"));
    add(plan, &since, read_date(error, request, "startDate"));
    add(plan, &until, read_date(error, request, "endDate"));
    plan->is_usual = !*plan->where.text;
    return plan;
}

/* ---- the list ---- */

/* Newest first. An administrator's is looked for in everybody's creations. */
orc_error_t *orc_runs_list(const orc_request_t *request, orc_response_t *response)
{
    const orc_identity_t *who = request->identity;
    orc_surface_list_t list = {.what = "run", .size_name = "_pageSize", .is_costly = who->is_admin};
    orc_error_t *error = NULL;
    const char *group;

    ORC_TRY(orc_runs_namespace(&group, request));
    list.rows.base = who->is_admin
                         ? orc_sql_run_list_all(.caller = who->user_id, .user_group = group)
                         : orc_sql_run_list_own(.caller = who->user_id, .user_group = group, .issuer = who->issuer);
    list.plan = make_plan(&error, request, orc_surface_list_first(&list));
    ORC_TRY(error);
    return orc_surface_list(request, response, &list);
}
