/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_settings.h"

#include <apr_strings.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NUMBER APR_INT64_C(1000000000)

/* ---- numbers of the settings ---- */

typedef struct {
    const char *name;
    size_t offset;
    apr_int64_t fallback; /* when neither given nor set by the behaviour */
} number_t;

#define NUMBER(field, fallback)                                                                                        \
    {                                                                                                                  \
#field, offsetof(sim_settings_t, field), fallback                                                              \
    }

static const number_t numbers[] = {
    NUMBER(launch_ms, 50),    NUMBER(boot_ms, 0),      NUMBER(config_ms, 0),  NUMBER(delete_ms, 50),
    NUMBER(busy_ms, 0),       NUMBER(gone_ms, -1),     NUMBER(outputs_ms, 0), NUMBER(unconfigured_ms, -1),
    NUMBER(unknown_ms, 0),    NUMBER(back_ms, 500),    NUMBER(failed_vms, 0), NUMBER(failed_adds, 0),
    NUMBER(unconfigured, 0),  NUMBER(stuck, 0),        NUMBER(refuse, 0),     NUMBER(lost, 0),
    NUMBER(back, 0),          NUMBER(undocumented, 0), NUMBER(nameless, 0),   NUMBER(power_ms, 0),
    NUMBER(power_refused, 0), NUMBER(new_ip, 0),
};

/* What a behaviour sets, unless the key is given. */
typedef struct {
    const char *behaviour;
    const char *name;
    apr_int64_t value;
} preset_t;

static const preset_t presets[] = {
    {"normal", NULL, 0},
    {"slow_boot", "launch_ms", 200},
    {"slow_boot", "boot_ms", 1000},
    {"slow_boot", "config_ms", 1000},
    {"one_vm_failed", "failed_vms", 1},
    {"all_vms_failed", "failed_vms", MAX_NUMBER},
    {"unconfigured", "unconfigured", 1},
    {"configured_then_unconfigured", "unconfigured_ms", 1000},
    {"pending_for_ever", "stuck", 1},
    {"no_outputs_at_first", "outputs_ms", 1000},
    {"unknown_state", "unknown_ms", 1000},
    {"vm_gone", "gone_ms", 1000},
    {"delete_refused", "refuse", MAX_NUMBER},
    {"delete_lost", "lost", 1},
    {"back_after_404", "back", 1},
    {"delete_409", "busy_ms", 1000},
    {"no_document", "undocumented", 1},
};

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static apr_int64_t *number_of(sim_settings_t *settings, const char *name, apr_int64_t *fallback)
{
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (!strcmp(numbers[i].name, name)) {
            if (fallback) {
                *fallback = numbers[i].fallback;
            }
            return (apr_int64_t *)((char *)settings + numbers[i].offset);
        }
    }
    return NULL;
}

static int is_behaviour(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(presets); i++) {
        if (!strcmp(presets[i].behaviour, name)) {
            return 1;
        }
    }
    return 0;
}

static const char *read_number(apr_int64_t *number, const char *key, const char *value, apr_pool_t *pool)
{
    char *end;
    apr_int64_t read;

    errno = 0;
    read = apr_strtoi64(value, &end, 10);
    if (errno || end == value || *end || read < 0 || read > MAX_NUMBER) {
        return apr_psprintf(pool, "im_simulator: %s is no number from 0 to %" APR_INT64_T_FMT ": %s", key, MAX_NUMBER,
                            value);
    }
    *number = read;
    return NULL;
}

/* ---- faults ---- */

typedef struct {
    const char *name;
    sim_fault_kind_t kind;
    const char *on; /* the routes when `on` is not given */
} fault_name_t;

static const fault_name_t fault_names[] = {
    {"hang", SIM_FAULT_HANG, "all"},
    {"hang_after", SIM_FAULT_HANG_AFTER, "create"},
    {"slow", SIM_FAULT_SLOW, "all"},
    {"slow_create", SIM_FAULT_SLOW, "create"},
    {"queued", SIM_FAULT_QUEUED, "create,delete"},
    {"reset", SIM_FAULT_RESET_BEFORE, "all"},
    {"reset_before", SIM_FAULT_RESET_BEFORE, "create"},
    {"reset_after", SIM_FAULT_RESET_AFTER, "create"},
    {"lost", SIM_FAULT_LOST, "all"},
    {"launcher_dies", SIM_FAULT_LAUNCHER_DIES, "create"},
    {"update_half", SIM_FAULT_UPDATE_HALF, "update"},
    {"resurrect", SIM_FAULT_RESURRECT, "delete"},
    {"bad_json", SIM_FAULT_BAD_JSON, "all"},
    {"token_expired", SIM_FAULT_TOKEN_EXPIRED, "all"},
    {"token_401", SIM_FAULT_TOKEN_401, "all"},
    {"token_400", SIM_FAULT_TOKEN_400, "all"},
    {"iam_outage", SIM_FAULT_IAM_OUTAGE, "all"},
    {"read_only", SIM_FAULT_READ_ONLY, "create,update,delete,vm_delete,power,reconfigure"},
    {"bad_template", SIM_FAULT_BAD_TEMPLATE, "create"},
    {"no_database", SIM_FAULT_NO_DATABASE,
     "list,info,update,delete,state,contmsg,outputs,tosca,radl,authorization,power,"
     "reconfigure,vm,vm_delete"},
    {"no_document", SIM_FAULT_NO_DOCUMENT, "tosca,outputs"},
    {"conflict", SIM_FAULT_CONFLICT, "delete"},
};

static void fault_init(sim_fault_t *fault)
{
    memset(fault, 0, sizeof(*fault));
    fault->first = fault->for_ms = fault->armed_at = -1;
    fault->delay_ms = 1000;
    fault->fraction = 1;
}

static const char *set_fault_kind(sim_fault_t *fault, const char *name, apr_pool_t *pool)
{
    fault->name = apr_pstrdup(pool, name);
    if (!strncmp(name, "http_", 5)) {
        fault->kind = SIM_FAULT_HTTP;
        fault->status = atoi(name + 5);
        if (fault->status >= 400 && fault->status <= 599) {
            fault->routes = fault->routes ? fault->routes : sim_route_classes("all");
            return NULL;
        }
    }
    for (size_t i = 0; i < COUNT_OF(fault_names); i++) {
        if (!strcmp(fault_names[i].name, name)) {
            fault->kind = fault_names[i].kind;
            fault->routes = fault->routes ? fault->routes : sim_route_classes(fault_names[i].on);
            return NULL;
        }
    }
    return apr_psprintf(pool, "im_simulator: unknown fault: %s", name);
}

/* One key of a fault. *known is cleared when the key is none. */
static const char *set_fault_key(sim_fault_t *fault, int *known, const char *key, const char *value, apr_pool_t *pool)
{
    char *end;

    if (!strcmp(key, "fault")) {
        return set_fault_kind(fault, value, pool);
    }
    if (!strcmp(key, "on")) {
        fault->routes = sim_route_classes(value);
        return fault->routes ? NULL : apr_psprintf(pool, "im_simulator: unknown route in on: %s", value);
    }
    if (!strcmp(key, "first")) {
        return read_number(&fault->first, key, value, pool);
    }
    if (!strcmp(key, "after")) {
        return read_number(&fault->after, key, value, pool);
    }
    if (!strcmp(key, "for_ms")) {
        return read_number(&fault->for_ms, key, value, pool);
    }
    if (!strcmp(key, "ms")) {
        return read_number(&fault->delay_ms, key, value, pool);
    }
    if (!strcmp(key, "fraction")) {
        fault->fraction = strtod(value, &end);
        return *end || end == value || !(fault->fraction >= 0 && fault->fraction <= 1)
                   ? apr_psprintf(pool, "im_simulator: fraction is no number from 0 to 1: %s", value)
                   : NULL;
    }
    if (!strcmp(key, "cloud")) {
        fault->cloud = apr_pstrdup(pool, value);
    }
    else if (!strcmp(key, "host")) {
        fault->host = apr_pstrdup(pool, value);
    }
    else if (!strcmp(key, "key")) {
        fault->key = apr_pstrdup(pool, value);
    }
    else {
        *known = 0;
    }
    return NULL;
}

/* A JSON value as the text that a line of the header would hold. NULL when it is no scalar. */
static const char *scalar_text(json_t *value, apr_pool_t *pool)
{
    if (json_is_string(value)) {
        return json_string_value(value);
    }
    if (json_is_integer(value)) {
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
    }
    if (json_is_real(value)) {
        return apr_psprintf(pool, "%f", json_real_value(value));
    }
    return json_is_boolean(value) ? (json_is_true(value) ? "1" : "0") : NULL;
}

static const char *unknown_key(const char *key, apr_pool_t *pool)
{
    return apr_psprintf(pool, "im_simulator: unknown key: %s", key);
}

const char *sim_fault_read(sim_fault_t *fault, json_t *object, apr_pool_t *pool)
{
    const char *key, *problem = NULL;
    json_t *value;

    fault_init(fault);
    if (!json_is_object(object)) {
        return "im_simulator: a fault is an object";
    }
    json_object_foreach(object, key, value)
    {
        const char *text = scalar_text(value, pool);
        int known = text != NULL;
        problem = known ? set_fault_key(fault, &known, key, text, pool) : NULL;
        if (problem || !known) {
            return problem ? problem : unknown_key(key, pool);
        }
    }
    return fault->kind ? NULL : "im_simulator: fault is missing";
}

static int is_wanted(const char *wanted, const char *value)
{
    return !wanted || (value && !strcmp(wanted, value));
}

int sim_fault_strikes(sim_fault_t *fault, const sim_struck_call_t *call)
{
    apr_int64_t nth;
    int strikes;

    if (!fault->kind || !(fault->routes & (1u << call->route)) || !is_wanted(fault->cloud, call->cloud) ||
        !is_wanted(fault->host, call->host)) {
        return 0;
    }
    if (fault->armed_at < 0) {
        fault->armed_at = call->now;
    }
    if (fault->for_ms >= 0 && call->now - fault->armed_at >= fault->for_ms) {
        return 0;
    }
    nth = fault->seen++ - fault->after;
    if (nth < 0 || (fault->first >= 0 && nth >= fault->first)) {
        return 0;
    }
    /* Spread evenly and repeatably: the n-th call strikes when the running total crosses an integer. */
    strikes = floor((double)(nth + 1) * fault->fraction) > floor((double)nth * fault->fraction);
    fault->struck += strikes;
    return strikes;
}

sim_fault_t sim_fault_copy(const sim_fault_t *fault, apr_pool_t *pool)
{
    sim_fault_t copy = *fault;

    copy.name = apr_pstrdup(pool, fault->name);
    copy.cloud = fault->cloud ? apr_pstrdup(pool, fault->cloud) : NULL;
    copy.host = fault->host ? apr_pstrdup(pool, fault->host) : NULL;
    copy.key = fault->key ? apr_pstrdup(pool, fault->key) : NULL;
    return copy;
}

json_t *sim_fault_json(const sim_fault_t *fault)
{
    return json_pack("{s:s, s:s*, s:s*, s:s*, s:I, s:I}", "fault", fault->name, "cloud", fault->cloud, "host",
                     fault->host, "key", fault->key, "seen", (json_int_t)fault->seen, "struck",
                     (json_int_t)fault->struck);
}

/* ---- settings ---- */

void sim_settings_init(sim_settings_t *settings)
{
    memset(settings, 0, sizeof(*settings));
    settings->behaviour = "normal";
    settings->lost_as = "unknown";
    settings->says = "";
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        *number_of(settings, numbers[i].name, NULL) = -1;
    }
}

static sim_fault_t *first_fault(sim_settings_t *settings)
{
    if (!settings->fault_count) {
        fault_init(&settings->faults[settings->fault_count++]);
    }
    return &settings->faults[0];
}

static const char *set_behaviour(sim_settings_t *settings, const char *value, apr_pool_t *pool)
{
    const char *problem;

    if (is_behaviour(value)) {
        settings->behaviour = apr_pstrdup(pool, value);
        return NULL;
    }
    problem = set_fault_kind(first_fault(settings), value, pool);
    return problem ? apr_psprintf(pool, "im_simulator: unknown behaviour: %s", value) : NULL;
}

/* One key of the settings or of their first fault. *known is cleared when the key is none. */
static const char *set_key(sim_settings_t *settings, int *known, const char *key, const char *value, apr_pool_t *pool)
{
    static const char *const fault_keys[] = {"fault", "on", "first", "after", "for_ms", "ms", "fraction", "key", NULL};
    apr_int64_t *number = number_of(settings, key, NULL);

    if (number) {
        return read_number(number, key, value, pool);
    }
    if (!strcmp(key, "behaviour")) {
        return set_behaviour(settings, value, pool);
    }
    if (!strcmp(key, "lost_as")) {
        settings->lost_as = !strcmp(value, "configured") ? "configured" : "unknown";
        return settings->lost_as[0] == value[0] ? NULL : "im_simulator: lost_as is unknown or configured";
    }
    if (!strcmp(key, "says")) {
        settings->says = apr_pstrdup(pool, value);
        return NULL;
    }
    for (const char *const *name = fault_keys; *name; name++) {
        if (!strcmp(*name, key)) {
            return set_fault_key(first_fault(settings), known, key, value, pool);
        }
    }
    *known = 0;
    return NULL;
}

/* A queue holds calls up before IM has read what they say. NULL, or why that can't be. */
static const char *find_queue(const sim_settings_t *settings)
{
    for (int i = 0; i < settings->fault_count; i++) {
        if (settings->faults[i].kind == SIM_FAULT_QUEUED) {
            return "im_simulator: queued is a fault of the control surface only";
        }
    }
    return NULL;
}

const char *sim_settings_line(sim_settings_t *settings, const apr_table_t *line, apr_pool_t *pool)
{
    const apr_array_header_t *pairs = apr_table_elts(line);

    for (int i = 0; i < pairs->nelts; i++) {
        apr_table_entry_t *pair = &APR_ARRAY_IDX(pairs, i, apr_table_entry_t);
        int known = 1;
        const char *problem = set_key(settings, &known, pair->key, pair->val, pool);
        if (problem) {
            return problem;
        }
    }
    return find_queue(settings);
}

static const char *add_faults(sim_settings_t *settings, json_t *list, apr_pool_t *pool)
{
    json_t *object;
    size_t i;

    if (!json_is_array(list)) {
        return "im_simulator: faults is a list";
    }
    json_array_foreach(list, i, object)
    {
        const char *problem;
        if (settings->fault_count == SIM_MAX_FAULTS) {
            return "im_simulator: too many faults";
        }
        problem = sim_fault_read(&settings->faults[settings->fault_count++], object, pool);
        if (problem) {
            return problem;
        }
    }
    return NULL;
}

const char *sim_settings_metadata(sim_settings_t *settings, json_t *object, apr_pool_t *pool)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object)) {
        return "im_simulator: metadata.im_simulator is no map";
    }
    if (json_object_get(object, "fault") || json_object_get(object, "behaviour")) {
        settings->fault_count = 0; /* the template's word replaces the line's */
    }
    json_object_foreach(object, key, value)
    {
        const char *text = scalar_text(value, pool), *problem;
        int known = 1;
        problem = !strcmp(key, "faults") ? add_faults(settings, value, pool)
                  : text                 ? set_key(settings, &known, key, text, pool)
                                         : apr_psprintf(pool, "im_simulator: %s is no scalar", key);
        if (problem || !known) {
            return problem ? problem : unknown_key(key, pool);
        }
    }
    return find_queue(settings);
}

void sim_settings_finish(sim_settings_t *settings)
{
    for (size_t i = 0; i < COUNT_OF(presets); i++) {
        if (presets[i].name && !strcmp(presets[i].behaviour, settings->behaviour)) {
            apr_int64_t *number = number_of(settings, presets[i].name, NULL);
            *number = *number < 0 ? presets[i].value : *number;
        }
    }
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        apr_int64_t fallback, *number = number_of(settings, numbers[i].name, &fallback);
        *number = *number < 0 ? fallback : *number;
    }
}
