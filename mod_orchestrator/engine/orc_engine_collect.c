/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "orc_engine_internal.h"
#include "orc_engine_judge.h"
#include "orc_engine_story.h"
#include "orc_log.h"
#include "orc_redact.h"

/*
 * What a configured infrastructure brought: outputs, machines, IM's log. It counts as complete when every declared
 * output has a value and, when a public address was asked for, a machine shows one. What is missing is waited for until
 * public_address_recheck after IM first said "configured"; what IM says then, is believed.
 */

typedef struct collection_t {
    json_t *outputs; /* as IM gave them */
    apr_array_header_t *ids;
    int at;
    apr_array_header_t *machines; /* of machine_t */
    int has_public;
} collection_t;

typedef struct machine_t {
    const char *id, *node;
    json_t *radl;
    int is_taken;
} machine_t;

static void call(orc_task_t *task, orc_call_kind_t kind, const char *vm, orc_task_answer_t *answer)
{
    orc_call_t wanted = orc_task_call_about(json_object_get(task->progress, "attempt"), kind, answer);

    wanted.vm = vm;
    orc_task_call(task, &wanted);
}

/* ---- resources ---- */

static machine_t *machine_for(const collection_t *collection, const char *node)
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
        json_object_set_new(
            entry, "sealed",
            json_string(orc_secret_seal(task->engine->config->secret_keys, ORC_SEALED_METADATA, resource->id,
                                        orc_json_text(metadata, task->pool), task->pool)));
    json_decref(metadata);
    return entry;
}

/* Machines go to the compute resources of their node's name, in order; what is left over, in order. */
static orc_error_t *assign(orc_task_t *task)
{
    collection_t *collection = task->collection;
    apr_array_header_t *resources;
    machine_t **chosen;
    orc_error_t *error;
    json_t *list;
    orc_db_t *db;
    int i;

    error = orc_db_open(&db, task->engine->source, task->pool);
    if (!error)
        error = orc_store_resources(&resources, db, task->work->deployment_id, task->pool);
    orc_db_close(db);
    if (error)
        return error;
    chosen = apr_pcalloc(task->pool, (apr_size_t)(resources->nelts + 1) * sizeof *chosen);
    list = orc_task_change_list(task, "resources");
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
    return NULL;
}

/* ---- the end ---- */

static void complete(orc_task_t *task)
{
    collection_t *collection = task->collection;
    json_t *deployment = json_object();
    orc_error_t *error = assign(task);
    int redacted = 0;

    if (error) {
        json_decref(deployment);
        orc_log(ORC_LOG_INFO, "operation %s: %s", task->work->id, orc_error_line(error, task->pool));
        orc_task_end(task, apr_time_from_sec(1));
        return;
    }
    json_object_set(deployment, "outputs", orc_redact(collection->outputs, &redacted, task->pool));
    if (redacted)
        json_object_set_new(deployment, "outputs_sealed",
                            json_string(orc_secret_seal(task->engine->config->secret_keys, ORC_SEALED_OUTPUTS,
                                                        task->work->deployment_id,
                                                        orc_json_text(collection->outputs, task->pool), task->pool)));
    json_object_set_new(orc_task_changes(task), "deployment", deployment);
    orc_task_event(task, ORC_EVENT_COMPLETE);
}

static void on_log(orc_task_t *task, const orc_im_result_t *result)
{
    /* Without it the deployment is complete all the same. */
    if (result->kind == ORC_IM_OK)
        json_object_set_new(orc_task_changes(task), "im_logs", json_stringn(result->text, result->length));
    complete(task);
}

static void judge(orc_task_t *task)
{
    const collection_t *collection = task->collection;
    apr_array_header_t *missing =
        orc_engine_missing_outputs(collection->outputs, json_object_get(task->progress, "outputs"), task->pool);
    int lacks_address = json_is_true(json_object_get(task->progress, "public")) && !collection->has_public;
    const char *what = missing->nelts
                           ? apr_pstrcat(task->pool, "the outputs ", apr_array_pstrcat(task->pool, missing, ','), NULL)
                           : "a public address";

    if (!missing->nelts && !lacks_address) {
        call(task, ORC_CALL_CONTMSG, NULL, on_log);
    }
    else if (orc_task_since(task, task->progress, "configured_since") < task->engine->config->public_address_recheck) {
        orc_task_describe(task, "%s: is configured, but lacks %s; that may come.",
                          orc_json_string(json_object_get(task->progress, "attempt"), "name"), what);
        orc_task_poll(task);
    }
    else {
        orc_story_log(orc_task_changes(task), "warning", "resources_configuration",
                      (int)orc_json_integer(json_object_get(task->progress, "attempt"), "number", 0),
                      "The Infrastructure Manager says it is configured, but does not give %s.", what);
        call(task, ORC_CALL_CONTMSG, NULL, on_log);
    }
}

/* ---- machines ---- */

static void next_machine(orc_task_t *task);

static void on_machine(orc_task_t *task, const orc_im_result_t *result)
{
    collection_t *collection = task->collection;

    if (result->kind == ORC_IM_OK) {
        machine_t *machine = apr_array_push(collection->machines);

        machine->id = APR_ARRAY_IDX(collection->ids, collection->at, const char *);
        machine->radl = orc_json_own(json_deep_copy(result->json), task->pool);
        machine->node = orc_engine_node_of(machine->radl);
        machine->is_taken = 0;
        collection->has_public |= orc_engine_has_public_address(machine->radl);
    }
    else if (orc_create_is_sick(task, result)) {
        return;
    }
    collection->at++;
    next_machine(task);
}

static void next_machine(orc_task_t *task)
{
    collection_t *collection = task->collection;

    if (collection->at < collection->ids->nelts)
        call(task, ORC_CALL_VM, APR_ARRAY_IDX(collection->ids, collection->at, const char *), on_machine);
    else
        judge(task);
}

static int by_number(const void *first, const void *second)
{
    return atoi(*(const char *const *)first) - atoi(*(const char *const *)second);
}

static void on_machines(orc_task_t *task, const orc_im_result_t *result)
{
    collection_t *collection = task->collection;
    int i;

    if (result->kind != ORC_IM_OK) {
        if (!orc_create_is_sick(task, result))
            orc_task_poll(task);
        return;
    }
    for (i = 0; i < result->ids->nelts; i++)
        APR_ARRAY_PUSH(collection->ids, const char *) =
            apr_pstrdup(task->pool, APR_ARRAY_IDX(result->ids, i, const char *));
    qsort(collection->ids->elts, (size_t)collection->ids->nelts, sizeof(const char *), by_number);
    next_machine(task);
}

static void on_outputs(orc_task_t *task, const orc_im_result_t *result)
{
    collection_t *collection = task->collection;

    if (result->kind == ORC_IM_OK)
        collection->outputs = orc_json_own(json_deep_copy(result->json), task->pool);
    else if (orc_create_is_sick(task, result))
        return;
    call(task, ORC_CALL_VMS, NULL, on_machines);
}

void orc_task_collect(orc_task_t *task)
{
    collection_t *collection = apr_pcalloc(task->pool, sizeof *collection);

    collection->outputs = orc_json_own(json_object(), task->pool);
    collection->ids = apr_array_make(task->pool, 4, sizeof(const char *));
    collection->machines = apr_array_make(task->pool, 4, sizeof(machine_t));
    task->collection = collection;
    call(task, ORC_CALL_OUTPUTS, NULL, on_outputs);
}
