/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "../../orc_engine_judge.h"
#include "orc_create.h"
#include "orc_enums.h"
#include "orc_redact.h"
#include "orc_words.h"

/*
 * Collecting: what a configured infrastructure brought, outputs, machines, IM's log. It counts as complete when every
 * declared output has a value and, when a public address was asked for, a machine shows one. What is missing is waited
 * for until public_address_recheck after IM first said "configured"; what IM says then, is believed.
 */

typedef struct orc_collection_t {
    json_t *outputs; /* as IM gave them */
    apr_array_header_t *ids;
    int at;
    apr_array_header_t *machines; /* of machine_t */
    int has_public;
    int failures; /* machines in a row of which IM told nothing */
} orc_collection_t;

enum { FAILURES = 3 /* then IM is ill */ };

typedef struct machine_t {
    const char *id, *node;
    json_t *radl;
    int is_taken;
} machine_t;

static orc_collection_t *collection_of(const orc_task_t *task)
{
    return ((orc_create_t *)task->memory)->collection;
}

/* ---- resources ---- */

static machine_t *machine_for(const orc_collection_t *collection, const char *node)
{
    int i;

    for (i = 0; i < collection->machines->nelts; i++) {
        machine_t *machine = &APR_ARRAY_IDX(collection->machines, i, machine_t);

        if (!machine->is_taken && (!node || (machine->node && strcmp(machine->node, node) == 0)))
            return machine;
    }
    return NULL;
}

static json_t *describe(orc_task_t *task, const orc_store_resource_t *resource, machine_t *machine)
{
    json_t *entry = json_pack("{s:i, s:i}", "position", resource->position, "status", ORC_RESOURCE_STARTED);
    json_t *metadata;
    int redacted = 0;

    if (!machine)
        return entry;
    machine->is_taken = 1;
    metadata = json_pack("{s:{s:O}}", "VirtualMachineInfo", "vmProperties", machine->radl);
    json_object_set_new(entry, "vm", json_string(machine->id));
    json_object_set(entry, "metadata", orc_redact(metadata, &redacted, task->pool));
    if (redacted)
        json_object_set_new(entry, "sealed",
                            json_string(orc_secret_seal(task->config->secret_keys, ORC_SEALED_METADATA, resource->id,
                                                        orc_json_text(metadata, task->pool), task->pool)));
    json_decref(metadata);
    return entry;
}

/* Machines go to the compute resources of their node's name, in order; what is left over, in order. */
static void assign(orc_task_t *task, const apr_array_header_t *resources)
{
    orc_collection_t *collection = collection_of(task);
    machine_t **chosen = apr_pcalloc(task->pool, (apr_size_t)(resources->nelts + 1) * sizeof *chosen);
    json_t *list = orc_task_change_list(task, "resources");
    int i;

    for (i = 0; i < resources->nelts; i++) {
        const orc_store_resource_t *resource = &APR_ARRAY_IDX(resources, i, orc_store_resource_t);

        chosen[i] = resource->is_compute ? machine_for(collection, resource->node) : NULL;
        if (chosen[i])
            chosen[i]->is_taken = 1;
    }
    for (i = 0; i < resources->nelts; i++) {
        const orc_store_resource_t *resource = &APR_ARRAY_IDX(resources, i, orc_store_resource_t);

        if (resource->is_compute && !chosen[i])
            chosen[i] = machine_for(collection, NULL);
        json_array_append_new(list, describe(task, resource, chosen[i]));
    }
}

/* ---- the end ---- */

static orc_step_t on_resources(orc_task_t *task, const orc_found_t *found)
{
    orc_collection_t *collection = collection_of(task);
    json_t *deployment = json_object();
    int redacted = 0;

    assign(task, found->resources);
    json_object_set(deployment, "outputs", orc_redact(collection->outputs, &redacted, task->pool));
    if (redacted)
        json_object_set_new(
            deployment, "outputs_sealed",
            json_string(orc_secret_seal(task->config->secret_keys, ORC_SEALED_OUTPUTS, task->work->deployment_id,
                                        orc_json_text(collection->outputs, task->pool), task->pool)));
    json_object_set_new(orc_task_changes(task), "deployment", deployment);
    return orc_step_event(ORC_CREATE_COMPLETE);
}

static orc_step_t on_log(orc_task_t *task, const orc_im_result_t *result)
{
    /* Without it the deployment is complete all the same. */
    if (result->kind == ORC_IM_OK)
        json_object_set_new(orc_task_changes(task), "im_logs", json_stringn(result->text, result->length));
    return orc_step_read((orc_read_t){.kind = ORC_READ_RESOURCES, .then = on_resources});
}

static orc_step_t judge(orc_task_t *task)
{
    const orc_create_t *memory = task->memory;
    const orc_collection_t *collection = memory->collection;
    apr_array_header_t *missing = orc_engine_missing_outputs(collection->outputs, memory->outputs, task->pool);
    int lacks_address = memory->is_public && !collection->has_public;
    const char *what = missing->nelts
                           ? apr_pstrcat(task->pool, "the outputs ", apr_array_pstrcat(task->pool, missing, ','), NULL)
                           : "a public address";

    if (!missing->nelts && !lacks_address)
        return orc_create_call(task, ORC_CALL_CONTMSG, NULL, on_log);
    if (orc_task_since(task, memory->configured_since) < task->config->public_address_recheck) {
        orc_task_describe(task, "%s: is configured, but lacks %s; that may come.", memory->attempt->name, what);
        return orc_step_poll(task);
    }
    orc_story_log(orc_task_changes(task), "warning", "resources_configuration", (int)memory->attempt->number,
                  "The Infrastructure Manager says it is configured, but does not give %s.", what);
    return orc_create_call(task, ORC_CALL_CONTMSG, NULL, on_log);
}

/* ---- machines ---- */

static orc_step_t next_machine(orc_task_t *task);

static orc_step_t on_machine(orc_task_t *task, const orc_im_result_t *result)
{
    orc_collection_t *collection = collection_of(task);
    orc_step_t step;

    if (result->kind == ORC_IM_OK) {
        machine_t *machine = apr_array_push(collection->machines);

        machine->id = APR_ARRAY_IDX(collection->ids, collection->at, const char *);
        machine->radl = orc_json_own(json_deep_copy(result->json), task->pool);
        machine->node = orc_engine_node_of(machine->radl);
        machine->is_taken = 0;
        collection->has_public |= orc_engine_has_public_address(machine->radl);
    }
    else if (orc_engine_sickness(result) && ++collection->failures < FAILURES) {
        /* What was collected is not thrown away because of one: it is asked again behind the others. */
        APR_ARRAY_PUSH(collection->ids, const char *) = APR_ARRAY_IDX(collection->ids, collection->at, const char *);
    }
    else if (orc_create_is_sick(&step, task, result)) {
        return step;
    }
    if (result->kind == ORC_IM_OK)
        collection->failures = 0;
    collection->at++;
    return next_machine(task);
}

static orc_step_t next_machine(orc_task_t *task)
{
    const orc_collection_t *collection = collection_of(task);

    if (collection->at < collection->ids->nelts)
        return orc_create_call(task, ORC_CALL_VM, APR_ARRAY_IDX(collection->ids, collection->at, const char *),
                               on_machine);
    return judge(task);
}

static int by_number(const void *first, const void *second)
{
    return atoi(*(const char *const *)first) - atoi(*(const char *const *)second);
}

static orc_step_t on_machines(orc_task_t *task, const orc_im_result_t *result)
{
    orc_collection_t *collection = collection_of(task);
    orc_step_t step;

    if (result->kind != ORC_IM_OK)
        return orc_create_is_sick(&step, task, result) ? step : orc_step_poll(task);
    collection->ids = orc_words_copy(result->ids, task->pool);
    qsort(collection->ids->elts, (size_t)collection->ids->nelts, sizeof(const char *), by_number);
    return next_machine(task);
}

static orc_step_t on_outputs(orc_task_t *task, const orc_im_result_t *result)
{
    orc_collection_t *collection = collection_of(task);
    orc_step_t step;

    if (result->kind == ORC_IM_OK)
        collection->outputs = orc_json_own(json_deep_copy(result->json), task->pool);
    else if (orc_create_is_sick(&step, task, result))
        return step;
    return orc_create_call(task, ORC_CALL_VMS, NULL, on_machines);
}

orc_step_t orc_create_collect(orc_task_t *task)
{
    orc_collection_t *collection = apr_pcalloc(task->pool, sizeof *collection);

    collection->outputs = orc_json_own(json_object(), task->pool);
    collection->machines = apr_array_make(task->pool, 4, sizeof(machine_t));
    ((orc_create_t *)task->memory)->collection = collection;
    return orc_create_call(task, ORC_CALL_OUTPUTS, NULL, on_outputs);
}
