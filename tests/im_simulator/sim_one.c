/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_call.h"

#include "sim_yaml.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

void sim_route_list(sim_call_t *call)
{
    const char *filter = call->server->generation == 1 ? apr_table_get(call->request->query, "filter") : NULL;
    apr_array_header_t *uris = apr_array_make(call->pool, 64, sizeof(char *));
    sim_infrastructure_t *infrastructure = NULL;
    regex_t regex;

    if (filter && regcomp(&regex, filter, REG_EXTENDED | REG_NOSUB)) {
        sim_fail_route(call, 400, "Invalid filter.");
        return;
    }
    /* Without its database it is what IM has in its memory, and no error. */
    while ((infrastructure = sim_store_next(call->server->store, infrastructure))) {
        if (sim_store_knows(call->server->store, infrastructure) && sim_is_owner(call, infrastructure) &&
            (!filter || !regexec(&regex, infrastructure->source, 0, NULL, 0))) {
            APR_ARRAY_PUSH(uris, const char *) = sim_infrastructure_uri(call, infrastructure->id);
        }
    }
    if (filter) {
        regfree(&regex);
    }
    sim_answer_uris(call, uris);
}

static const char *vm_uri(const sim_call_t *call, int id)
{
    return apr_psprintf(call->pool, "%s/vms/%d", sim_infrastructure_uri(call, call->infrastructure->id), id);
}

/* VMs whose launch failed are not among them. */
void sim_route_info(sim_call_t *call)
{
    apr_array_header_t *uris = apr_array_make(call->pool, 8, sizeof(char *));
    const sim_infrastructure_t *infrastructure = call->infrastructure;

    for (int i = 0; i < infrastructure->vms->nelts; i++) {
        int was_there;
        const sim_vm_t *vm = sim_infrastructure_vm(call->server->store, infrastructure, i, &was_there);
        if (vm && !vm->failed) {
            APR_ARRAY_PUSH(uris, const char *) = vm_uri(call, i);
        }
    }
    sim_answer_uris(call, uris);
}

void sim_route_state(sim_call_t *call)
{
    json_t *vm_states;
    const char *name = sim_infrastructure_state(call->server->store, call->infrastructure, &vm_states);
    sim_answer_json(call, json_pack("{s:{s:s, s:o}}", "state", "state", name, "vm_states", vm_states));
}

void sim_route_delete(sim_call_t *call)
{
    apr_int64_t wait_ms;
    int is_async, force;

    if (!sim_query_flag(call, &is_async, "async", 0) || !sim_query_flag(call, &force, "force", 0)) {
        return;
    }
    switch (sim_infrastructure_delete(call->server->store, call->infrastructure, is_async, force, &wait_ms)) {
    case SIM_DELETE_BUSY:
        sim_fail_route(call, 409, "Invalid State to perform this operation.");
        break;
    case SIM_DELETE_REFUSED:
        sim_fail_route(call, 400, "Error destroying the infrastructure: \nthe cloud refuses to delete the VM\n");
        break;
    default:
        if (call->late_fault.kind == SIM_FAULT_RESURRECT) {
            sim_store_bring_back(call->server->store, call->infrastructure->id, call->late_fault.delay_ms);
        }
        sim_answer_empty(call);
        call->reply->wait_ms = is_async ? 0 : wait_ms;
    }
}

void sim_route_update(sim_call_t *call)
{
    sim_infrastructure_t *infrastructure = call->infrastructure;
    apr_array_header_t *added = apr_array_make(call->pool, 4, sizeof(int)), *uris;
    sim_template_t *tmpl = sim_read_template(call, call->pool), *before = infrastructure->tmpl;
    sim_reader_t reader = {call->server->generation, sim_store_verifies(call->server->store), 0};
    sim_node_t *merged;
    const char *problem;
    int context;

    if (!tmpl || !sim_query_flag(call, &context, "context", 1)) {
        return;
    }
    if (!before || (infrastructure->settings.undocumented && call->server->generation == 1)) {
        sim_fail_route(call, 400, "'TOSCA'");
        return;
    }
    merged = sim_node_merge(sim_node_merge(NULL, before->document, infrastructure->pool), tmpl->document,
                            infrastructure->pool);
    infrastructure->tmpl = sim_template_merged(&problem, merged, before, &reader, infrastructure->pool);
    if (!infrastructure->tmpl ||
        (problem = sim_infrastructure_scale(call->server->store, infrastructure, call->auth, added))) {
        infrastructure->tmpl = before;
        sim_fail_route(call, 400, problem);
        return;
    }
    if (call->late_fault.kind == SIM_FAULT_UPDATE_HALF) {
        infrastructure->tmpl = before;
    }
    infrastructure->configure_from = sim_store_now(call->server->store);
    uris = apr_array_make(call->pool, 4, sizeof(char *));
    for (int i = 0; i < added->nelts; i++) {
        APR_ARRAY_PUSH(uris, const char *) = vm_uri(call, APR_ARRAY_IDX(added, i, int));
    }
    sim_answer_uris(call, uris);
    call->reply->infrastructure_id = context ? apr_pstrdup(call->pool, infrastructure->id) : NULL;
    call->reply->wait_ms = added->nelts ? infrastructure->settings.launch_ms : 0;
}

/* A line of IM's log with its time. */
static const char *log_line(const sim_call_t *call, apr_int64_t ms, const char *text)
{
    apr_time_exp_t time;
    apr_time_exp_gmt(&time, apr_time_from_msec(ms));
    return apr_psprintf(call->pool, "%04d-%02d-%02d %02d:%02d:%02d.%06d: %s\n", time.tm_year + 1900, time.tm_mon + 1,
                        time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec, time.tm_usec, text);
}

static const char *contextualization_log(const sim_call_t *call, const char *current)
{
    const sim_infrastructure_t *infrastructure = call->infrastructure;
    const sim_settings_t *settings = &infrastructure->settings;
    apr_int64_t at = infrastructure->launched_at;

    if (!infrastructure->tmpl->configures) {
        return apr_pstrcat(call->pool, "Contextualization disabled by the RADL/TOSCA template.\n\n",
                           strcmp(current, "unconfigured")
                               ? NULL
                               : log_line(call, at + (settings->unconfigured_ms > 0 ? settings->unconfigured_ms : 0),
                                          "Error waiting all the VMs to have all the requested IPs"),
                           NULL);
    }
    return apr_pstrcat(
        call->pool, log_line(call, at, "Select master VM"), log_line(call, at, "Wait master VM to boot"),
        log_line(call, at + settings->boot_ms, "Wait master VM to have the SSH active."),
        log_line(call, at + settings->boot_ms, "Copying YAML, hosts and inventory files."),
        strcmp(current, "unconfigured")
            ? NULL
            : log_line(
                  call, at + settings->boot_ms + settings->config_ms,
                  "Contextualization Error: a task of the playbook failed: No package matching 'nosuch' is available"),
        NULL);
}

void sim_route_contmsg(sim_call_t *call)
{
    sim_infrastructure_t *infrastructure = call->infrastructure;
    const char *current = sim_infrastructure_state(call->server->store, infrastructure, NULL), *text = "";
    int header_only;

    if (!sim_query_flag(call, &header_only, "headeronly", 0)) {
        return;
    }
    if (infrastructure->failure) {
        text = log_line(call, infrastructure->created_at, infrastructure->failure);
    }
    else if (sim_store_now(call->server->store) < infrastructure->launched_at || infrastructure->settings.stuck) {
        text = "";
    }
    else if (infrastructure->all_failed) {
        text = apr_pstrcat(call->pool, log_line(call, infrastructure->launched_at, "All VMs failed. No contextualize."),
                           log_line(call, infrastructure->launched_at, sim_launch_error(call, infrastructure)), NULL);
    }
    else if (infrastructure->settings.failed_vms && !infrastructure->tmpl->configures) {
        text = "";
    }
    else {
        text = contextualization_log(call, current);
    }
    for (int i = 0; !header_only && infrastructure->tmpl && infrastructure->tmpl->configures && *text &&
                    i < infrastructure->vms->nelts;
         i++) {
        const sim_vm_t *vm = &APR_ARRAY_IDX(infrastructure->vms, i, sim_vm_t);
        if (!vm->destroyed) {
            text = apr_psprintf(call->pool, "%sVM %d:\n%s\n%s\n", text, vm->id,
                                vm->failed ? sim_launch_error(call, infrastructure) : "Contextualization agent output",
                                "****************************************");
        }
    }
    sim_answer_named(call, "contmsg", apr_pstrcat(call->pool, text, *text ? infrastructure->settings.says : "", NULL));
}

/* 403 in 2.0, 400 in 1.19 for what was not made from TOSCA. 0 when it is answered with this error. */
static int has_template(sim_call_t *call, const char *what)
{
    const char *text =
        apr_psprintf(call->pool, "'%s' infrastructure property is not valid in this infrastructure", what);

    if (call->infrastructure->tmpl && !(call->infrastructure->settings.undocumented && strcmp(what, "radl"))) {
        return 1;
    }
    if (call->server->generation == 1) {
        sim_fail_route(call, 400, apr_pstrcat(call->pool, "403 Forbidden: ", text, NULL));
    }
    else {
        sim_fail(call, 403, text);
    }
    return 0;
}

void sim_route_outputs(sim_call_t *call)
{
    sim_outputs_t baton = {call->server, call->infrastructure};
    const sim_vms_t vms = {sim_vm_count, sim_vm_attribute, &baton};
    const char *problem;
    json_t *outputs;

    if (!has_template(call, "outputs")) {
        return;
    }
    outputs = sim_template_outputs(&problem, call->infrastructure->tmpl, &vms, call->server->generation,
                                   call->infrastructure->pool, call->pool);
    if (outputs) {
        sim_answer_json(call, json_pack("{s:o}", "outputs", outputs));
    }
    else {
        sim_fail_route(call, 400, problem);
    }
}

void sim_route_tosca(sim_call_t *call)
{
    const char *text;

    if (has_template(call, "tosca")) {
        text = sim_yaml_write(call->infrastructure->tmpl->document, call->pool);
        if (text) {
            sim_answer_named(call, "tosca", text);
        }
        else {
            sim_fail_route(call, 400, "the template can not be written");
        }
    }
}

void sim_route_radl(sim_call_t *call)
{
    if (has_template(call, "radl")) {
        sim_answer_named(call, "radl", sim_infrastructure_radl(call->infrastructure, call->pool));
    }
}

static void show_owners(sim_call_t *call)
{
    const apr_array_header_t *owners = call->infrastructure->owners;
    json_t *names = json_array();
    const char *text = "";

    for (int i = 0; i < owners->nelts; i++) {
        const char *name = APR_ARRAY_IDX(owners, i, sim_owner_t).username;
        json_array_append_new(names, json_string(name));
        text = apr_pstrcat(call->pool, text, *text ? "\n" : "", name, NULL);
    }
    if (call->media == SIM_MEDIA_JSON) {
        sim_answer_json(call, json_pack("{s:o}", "authorization", names));
    }
    else {
        json_decref(names);
        sim_answer_text(call, text);
    }
}

static void change_owners(sim_call_t *call)
{
    json_t *body = json_loadb(call->request->body, call->request->length, 0, NULL);
    sim_auth_t auth = {apr_array_make(call->pool, 1, sizeof(apr_table_t *)), NULL};
    apr_table_t *line = apr_table_make(call->pool, 4);
    static const char *const keys[] = {"username", "password", "token"};
    int overwrite, is_json = json_is_object(body);
    sim_identity_t who;

    apr_table_setn(line, "type", "InfrastructureManager");
    for (int i = 0; i < 3; i++) {
        const char *value = json_string_value(json_object_get(body, keys[i]));
        if (value) {
            apr_table_set(line, keys[i], value);
        }
    }
    json_decref(body);
    APR_ARRAY_PUSH(auth.lines, apr_table_t *) = line;
    who = sim_auth_identity(&auth, call->server->issuers, call->server->generation, call->pool);
    if (!is_json) {
        sim_fail(call, 400,
                 apr_pstrcat(call->pool,
                             call->server->generation == 1 ? call->route->error : "Error parsing auth data: ",
                             "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)", NULL));
    }
    else if (who.problem) {
        sim_fail_route(
            call, 400,
            apr_table_get(line, "username") || apr_table_get(line, "token")
                ? who.problem
                : "Invalid new infrastructure data provided: No username nor token for the InfrastructureManager.");
    }
    else if (sim_query_flag(call, &overwrite, "overwrite", 0)) {
        if (overwrite) {
            apr_array_clear(call->infrastructure->owners);
        }
        sim_add_owner(call->infrastructure, &who);
        sim_answer_empty(call);
    }
}

void sim_route_authorization(sim_call_t *call)
{
    if (strcmp(call->route->method, "GET")) {
        change_owners(call);
    }
    else {
        show_owners(call);
    }
}

void sim_route_reconfigure(sim_call_t *call)
{
    const char *vms = apr_table_get(call->request->query, "vm_list");

    if (vms && (!*vms || vms[strspn(vms, "0123456789,")])) {
        sim_fail(call, 400, "Incorrect vm_list format.");
        return;
    }
    call->infrastructure->configure_from = sim_store_now(call->server->store);
    call->infrastructure->forced_state = NULL;
    sim_answer_empty(call);
    call->reply->infrastructure_id = apr_pstrdup(call->pool, call->infrastructure->id);
}
