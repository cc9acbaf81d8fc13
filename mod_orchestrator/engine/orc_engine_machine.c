/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_machine.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_redact.h"
#include "orc_tosca.h"

#define INTERFACE  "net_interface."
#define CONNECTION ".connection"

static const orc_field_t fields[] = {
    ORC_FIELD(orc_machine_t, position, NUMBER, 0),
    ORC_FIELD(orc_machine_t, id, TEXT, ORC_FIELD_ALWAYS),
    ORC_FIELD(orc_machine_t, node, TEXT, ORC_FIELD_ALWAYS),
    ORC_FIELD(orc_machine_t, vm, TEXT, 0),
    ORC_FIELD_AS(orc_machine_t, "compute", is_compute, FLAG, 0),
    ORC_FIELD(orc_machine_t, status, NUMBER, 0),
    ORC_FIELD(orc_machine_t, version, NUMBER, 0),
    ORC_FIELD_END,
};
static const orc_fields_t machine_fields = {sizeof(orc_machine_t), fields};

apr_array_header_t *orc_machines_of(const orc_task_t *task)
{
    apr_array_header_t *list;
    const json_t *array = task->work->resources;

    if (!array || orc_fields_read_list(&list, &machine_fields, array, ORC_FIELD_ALWAYS, task->pool))
        list = apr_array_make(task->pool, 1, sizeof(orc_machine_t *));
    return list;
}

orc_address_t orc_machine_address(const orc_task_t *task)
{
    const orc_work_t *work = task->work;
    const orc_address_t at = {work->im_endpoint, work->target_provider, work->target_region, work->target_project};

    return at;
}

const orc_im_vm_state_t *orc_machine_state(const apr_array_header_t *vm_states, const char *vm)
{
    int i;

    for (i = 0; i < vm_states->nelts; i++) {
        const orc_im_vm_state_t *one = &APR_ARRAY_IDX(vm_states, i, orc_im_vm_state_t);

        if (strcmp(one->vm, vm) == 0)
            return one;
    }
    return NULL;
}

/* `name`: the value without secrets; `sealed`: the member for all of it, when there are any. */
static void put(const orc_task_t *task, json_t *object, const char *name, const char *sealed, const json_t *value,
                orc_sealed_t column, const char *row)
{
    int redacted = 0;

    json_object_set(object, name, orc_redact(value, &redacted, task->pool));
    if (redacted)
        json_object_set_new(object, sealed,
                            json_string(orc_secret_seal(task->config->secret_keys, column, row,
                                                        orc_json_text(value, task->pool), task->pool)));
}

void orc_machine_describe(const orc_task_t *task, json_t *entry, const char *resource_id, const json_t *radl)
{
    json_t *metadata = json_pack("{s:{s:O}}", "VirtualMachineInfo", "vmProperties", (json_t *)radl);

    put(task, entry, "metadata", "sealed", metadata, ORC_SEALED_METADATA, resource_id);
    json_decref(metadata);
}

/* What a former template had, IM goes on giving. */
static const json_t *without_dropped(const json_t *outputs, apr_pool_t *pool)
{
    json_t *kept = orc_json_own(json_object(), pool), *value;
    const char *name;

    json_object_foreach((json_t *)outputs, name, value)
    {
        if (!json_is_string(value) || strcmp(json_string_value(value), ORC_TOSCA_DROPPED) != 0)
            json_object_set(kept, name, value);
    }
    return kept;
}

void orc_machine_outputs(const orc_task_t *task, json_t *deployment, const json_t *outputs)
{
    put(task, deployment, "outputs", "outputs_sealed", without_dropped(outputs, task->pool), ORC_SEALED_OUTPUTS,
        task->work->deployment_id);
}

void orc_machine_log(orc_task_t *task, const orc_im_result_t *result)
{
    json_t *changes = orc_task_changes(task);
    const char *text;
    int redacted;

    if (result->kind != ORC_IM_OK)
        return;
    text = apr_pstrmemdup(task->pool, result->text, result->length);
    json_object_set_new(changes, "im_logs", json_string(orc_redact_text(text, &redacted, task->pool)));
    if (redacted)
        json_object_set_new(changes, "im_logs_sealed",
                            json_string(orc_secret_seal(task->config->secret_keys, ORC_SEALED_IM_LOGS,
                                                        task->work->deployment_id, text, task->pool)));
}

/* "net_interface.N.connection" is the network, "net_interface.N.ip" the address there. */
static int has_address(const json_t *system, const char *connection, apr_size_t prefix)
{
    char key[128];

    (void)apr_snprintf(key, sizeof key, "%.*s.ip", (int)prefix, connection);
    if (json_object_get(system, key))
        return 1;
    (void)apr_snprintf(key, sizeof key, "%.*s.ipv6", (int)prefix, connection);
    return json_object_get(system, key) != NULL;
}

int orc_machine_has_addresses(const json_t *radl)
{
    apr_size_t i, length, end = strlen(CONNECTION);

    for (i = 0; i < json_array_size(radl); i++) {
        json_t *part = json_array_get(radl, i), *value;
        const char *key;

        json_object_foreach(part, key, value)
        {
            length = strlen(key);
            if (strncmp(key, INTERFACE, strlen(INTERFACE)) == 0 && length > end &&
                strcmp(key + length - end, CONNECTION) == 0 && !has_address(part, key, length - end))
                return 0;
        }
    }
    return 1;
}
