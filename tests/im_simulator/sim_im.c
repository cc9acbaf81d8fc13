/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_call.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <stdlib.h>
#include <string.h>

#define NOT_FOUND "Invalid infrastructure ID or access not granted."

static void show_cloud(sim_call_t *call)
{
    static const char *const quotas[] = {"cores", "ram", "instances", "floating_ips", "security_groups"};
    json_t *result;

    if (!sim_auth_cloud_by_id(call->auth, sim_parameter(call, 0))) {
        sim_fail_route(call, 400, apr_psprintf(call->pool, "Cloud ID %s not found.", sim_parameter(call, 0)));
        return;
    }
    if (!strcmp(strrchr(call->route->path, '/'), "/images")) {
        sim_answer_json(call, json_pack("{s:[{s:s, s:s}, {s:s, s:s}]}", "images", "uri",
                                        "mock0://linux.for.ev.er/image1", "name", "Image Name1", "uri",
                                        "mock0://linux.for.ev.er/image2", "name", "Image Name2"));
        return;
    }
    result = json_object();
    for (size_t i = 0; i < sizeof(quotas) / sizeof(*quotas); i++) {
        json_object_set_new(result, quotas[i], json_pack("{s:i, s:i}", "used", 1, "limit", 10));
    }
    sim_answer_json(call, json_pack("{s:o}", "quotas", result));
}

static json_t *statistics_of(const sim_infrastructure_t *infrastructure)
{
    char date[32];
    apr_time_exp_t time;

    apr_time_exp_gmt(&time, apr_time_from_msec(infrastructure->created_at));
    apr_snprintf(date, sizeof(date), "%04d-%02d-%02d %02d:%02d:%02d", time.tm_year + 1900, time.tm_mon + 1,
                 time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec);
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:s, s:s, s:b, s:b, s:s, s:s, s:s}", "creation_date", date,
                     "tosca_name", "", "vm_count", infrastructure->vms_made, "cpu_count", infrastructure->vms_made,
                     "memory_size", 1000 * infrastructure->vms_made, "cloud_type",
                     infrastructure->cloud_type ? infrastructure->cloud_type : "", "cloud_host", "", "hybrid", 0,
                     "deleted", infrastructure->is_over || infrastructure->gone_at, "im_user", infrastructure->owner,
                     "inf_id", infrastructure->id, "last_date", date);
}

static void show_stats(sim_call_t *call)
{
    const apr_array_header_t *all = sim_store_all(call->server->store);
    const char *date = apr_table_get(call->request->query, "init_date");
    json_t *result;

    if (date && (strlen(date) < 8 || date[strspn(date, "0123456789-/")])) {
        sim_fail(call, 400, "Incorrect format in init_date parameter: YYYY/MM/dd");
        return;
    }
    result = json_array();
    for (int i = all->nelts - 1; i >= 0; i--) {
        const sim_infrastructure_t *infrastructure = APR_ARRAY_IDX(all, i, sim_infrastructure_t *);
        if (!strcmp(infrastructure->owner, call->who.username)) {
            json_array_append_new(result, statistics_of(infrastructure));
        }
    }
    sim_answer_json(call, json_pack("{s:o}", "stats", result));
}

typedef void route_fn(sim_call_t *call);

static route_fn *const functions[SIM_CLASS_COUNT] = {
    [SIM_CLASS_LIST] = sim_route_list,       [SIM_CLASS_INFO] = sim_route_info,
    [SIM_CLASS_UPDATE] = sim_route_update,   [SIM_CLASS_DELETE] = sim_route_delete,
    [SIM_CLASS_STATE] = sim_route_state,     [SIM_CLASS_CONTMSG] = sim_route_contmsg,
    [SIM_CLASS_OUTPUTS] = sim_route_outputs, [SIM_CLASS_TOSCA] = sim_route_tosca,
    [SIM_CLASS_RADL] = sim_route_radl,       [SIM_CLASS_AUTHORIZATION] = sim_route_authorization,
    [SIM_CLASS_POWER] = sim_route_power,     [SIM_CLASS_RECONFIGURE] = sim_route_reconfigure,
    [SIM_CLASS_VM] = sim_route_vm,           [SIM_CLASS_VM_DELETE] = sim_route_vm_delete,
    [SIM_CLASS_CLOUD] = show_cloud,          [SIM_CLASS_STATS] = show_stats,
};

/* Reads the header's lines and who calls; 0 when it is answered with an error. Wrong credentials come later. */
static int authenticate(sim_call_t *call)
{
    const char *header = call->request->authorization;

    if (!header || !*header) {
        sim_fail(call, 401, "No authentication data provided");
        return 0;
    }
    call->who = sim_auth_identity(call->auth, call->server->issuers, call->server->generation, call->pool);
    if (call->auth->bad_id && call->server->generation == 2) {
        sim_reply_text(call->reply, 500, "text/plain; charset=utf-8", "Internal Server Error");
        return 0;
    }
    if (call->auth->bad_id) {
        sim_fail(call, 401, "No authentication data provided");
        return 0;
    }
    return 1;
}

/* Faults that wait for calls without an infrastructure, from the line alone. */
static int is_struck_by_line(sim_call_t *call)
{
    sim_settings_t settings;

    sim_settings_init(&settings);
    return call->cloud && !sim_settings_line(&settings, call->cloud, call->pool) &&
           sim_is_struck_by_settings(call, &settings);
}

/* IM reads what it has forgotten back before it looks whose it is. */
static void run_allowed(sim_call_t *call, int is_about_one)
{
    if (is_about_one) {
        sim_store_read_back(call->server->store, call->infrastructure);
    }
    if (is_about_one && !sim_is_owner(call, call->infrastructure)) {
        sim_fail_route(call, 403, "Access to this infrastructure not granted.");
    }
    else {
        functions[call->route->route_class](call);
    }
}

/* Everything but version and creation, with the lock. */
static void run(sim_call_t *call)
{
    int is_about_one = !strncmp(call->route->path, "/infrastructures/", 17);

    if (is_about_one) {
        call->infrastructure = sim_store_find(call->server->store, sim_parameter(call, 0));
    }
    if (call->infrastructure && !sim_store_knows(call->server->store, call->infrastructure)) {
        call->infrastructure = NULL;
    }
    if (call->infrastructure
            ? sim_is_struck(call, call->infrastructure->settings.faults, call->infrastructure->settings.fault_count)
            : is_struck_by_line(call)) {
        return;
    }
    if (call->who.problem) {
        sim_fail_credentials(call, call->who.malformed ? 400 : call->route->auth_status, call->who.problem);
    }
    else if (is_about_one && !call->infrastructure) {
        sim_fail_route(call, 404, NOT_FOUND);
    }
    else {
        run_allowed(call, is_about_one);
    }
}

static int is_struck_by_server(sim_call_t *call)
{
    int count, is_answered;
    sim_fault_t *faults;

    sim_store_lock(call->server->store);
    faults = sim_store_faults(&count, call->server->store);
    is_answered =
        (!call->request->was_queued && sim_is_queued(call, faults, count)) || sim_is_struck(call, faults, count);
    sim_store_unlock(call->server->store);
    return is_answered;
}

/* The call's lines are read before the faults of the server strike, which may ask for a cloud. */
static void answer_route(sim_call_t *call)
{
    int is_open = call->route->route_class == SIM_CLASS_VERSION;

    if (call->request->authorization) {
        call->auth = sim_auth_read(call->request->authorization, call->pool);
        call->cloud = sim_auth_cloud(call->auth);
    }
    if (is_struck_by_server(call) || (!is_open && !authenticate(call)) || !sim_negotiate(call)) {
        return;
    }
    if (is_open) {
        sim_answer_named(call, "version", call->server->version);
    }
    else if (call->route->route_class == SIM_CLASS_CREATE) {
        sim_create(call);
    }
    else {
        sim_store_lock(call->server->store);
        run(call);
        sim_store_unlock(call->server->store);
    }
}

void sim_im_answer(sim_reply_t *reply, const sim_server_t *server, const sim_request_t *request)
{
    sim_call_t call = {.server = server, .request = request, .reply = reply, .pool = request->pool};
    int is_known_path;

    call.route = sim_route_find(&call.parameters, &is_known_path, request->method, request->path, request->pool);
    if (!call.route) {
        sim_answer_unknown_route(&call, is_known_path);
        return;
    }
    answer_route(&call);
    sim_apply_late_fault(&call);
}
