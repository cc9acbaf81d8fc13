/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_collect.h"

#include <stdlib.h>
#include <string.h>

#include "orc_engine_judge.h"
#include "orc_engine_machine.h"
#include "orc_enums.h"
#include "orc_words.h"

enum { FAILURES = 3 /* machines in a row of which IM tells nothing: then it is ill */ };

typedef struct orc_collection_t {
    orc_address_t at;
    const char *infra;
    orc_collected_done_t *done;
    orc_answer_t *failed;
    orc_collected_t collected;
    apr_array_header_t *ids; /* of machines */
    int next;
    int failures; /* machines in a row of which IM told nothing */
} orc_collection_t;

static orc_step_t ask(orc_task_t *task, orc_call_kind_t kind, const char *vm, orc_answer_t *answer)
{
    const orc_collection_t *collection = task->collection;
    orc_call_t call = orc_call_about(&collection->at, kind, collection->infra, answer);

    call.vm = vm;
    return orc_step_call(&call);
}

/* ---- machines ---- */

static orc_step_t next_machine(orc_task_t *task);

static void keep_machine(orc_task_t *task, const orc_im_result_t *result)
{
    orc_collection_t *collection = task->collection;
    orc_vm_t *machine = apr_array_push(collection->collected.machines);

    machine->id = APR_ARRAY_IDX(collection->ids, collection->next, const char *);
    machine->radl = orc_json_own(json_deep_copy(result->json), task->pool);
    machine->node = orc_engine_node_of(machine->radl);
    machine->is_taken = 0;
    collection->collected.has_public |= orc_engine_has_public_address(machine->radl);
    collection->failures = 0;
}

static int is_ill(const orc_im_result_t *result)
{
    return orc_engine_sickness(result) || result->kind == ORC_IM_TOKEN_REJECTED;
}

static orc_step_t on_machine(orc_task_t *task, const orc_im_result_t *result)
{
    orc_collection_t *collection = task->collection;

    if (result->kind == ORC_IM_OK)
        keep_machine(task, result);
    else if (orc_engine_sickness(result) && ++collection->failures < FAILURES)
        /* What was collected is not thrown away because of one: it is asked again behind the others. */
        APR_ARRAY_PUSH(collection->ids, const char *) = APR_ARRAY_IDX(collection->ids, collection->next, const char *);
    else if (is_ill(result))
        return collection->failed(task, result);
    collection->next++;
    return next_machine(task);
}

static int by_number(const void *first, const void *second)
{
    return atoi(((const orc_vm_t *)first)->id) - atoi(((const orc_vm_t *)second)->id);
}

static orc_step_t next_machine(orc_task_t *task)
{
    const orc_collection_t *collection = task->collection;
    apr_array_header_t *machines = collection->collected.machines;

    if (collection->next < collection->ids->nelts)
        return ask(task, ORC_CALL_VM, APR_ARRAY_IDX(collection->ids, collection->next, const char *), on_machine);
    qsort(machines->elts, (size_t)machines->nelts, sizeof(orc_vm_t), by_number);
    return collection->done(task, &collection->collected);
}

static orc_step_t on_machines(orc_task_t *task, const orc_im_result_t *result)
{
    orc_collection_t *collection = task->collection;

    if (result->kind != ORC_IM_OK)
        return collection->failed(task, result);
    collection->ids = orc_words_copy(result->ids, task->pool);
    return next_machine(task);
}

static orc_step_t on_outputs(orc_task_t *task, const orc_im_result_t *result)
{
    orc_collection_t *collection = task->collection;

    if (result->kind == ORC_IM_OK)
        collection->collected.outputs = orc_json_own(json_deep_copy(result->json), task->pool);
    else if (is_ill(result))
        return collection->failed(task, result);
    return ask(task, ORC_CALL_VMS, NULL, on_machines);
}

orc_step_t orc_task_collect(orc_task_t *task, const orc_address_t *at, const char *infra, orc_collected_done_t *done,
                            orc_answer_t *failed)
{
    orc_collection_t *collection = apr_pcalloc(task->pool, sizeof *collection);

    collection->at = *at;
    collection->infra = infra;
    collection->done = done;
    collection->failed = failed;
    collection->collected.outputs = orc_json_own(json_object(), task->pool);
    collection->collected.machines = apr_array_make(task->pool, 4, sizeof(orc_vm_t));
    task->collection = collection;
    return ask(task, ORC_CALL_OUTPUTS, NULL, on_outputs);
}

/* ---- resources ---- */

typedef int fits_t(const orc_vm_t *machine, const orc_store_resource_t *resource);

static int is_its_own(const orc_vm_t *machine, const orc_store_resource_t *resource)
{
    return resource->vm && strcmp(machine->id, resource->vm) == 0;
}

static int is_of_its_node(const orc_vm_t *machine, const orc_store_resource_t *resource)
{
    return machine->node && strcmp(machine->node, resource->node) == 0;
}

static int is_any(const orc_vm_t *machine, const orc_store_resource_t *resource)
{
    return 1;
}

static orc_vm_t *machine_for(const orc_collected_t *collected, const orc_store_resource_t *resource, fits_t *fits)
{
    int i;

    for (i = 0; i < collected->machines->nelts; i++) {
        orc_vm_t *machine = &APR_ARRAY_IDX(collected->machines, i, orc_vm_t);

        if (!machine->is_taken && fits(machine, resource)) {
            machine->is_taken = 1;
            return machine;
        }
    }
    return NULL;
}

orc_vm_t **orc_collected_assign(const orc_collected_t *collected, const apr_array_header_t *resources, apr_pool_t *pool)
{
    static fits_t *const ways[] = {is_its_own, is_of_its_node, is_any};
    orc_vm_t **chosen = apr_pcalloc(pool, (apr_size_t)(resources->nelts + 1) * sizeof *chosen);
    size_t way;
    int i;

    for (way = 0; way < sizeof ways / sizeof *ways; way++) {
        for (i = 0; i < resources->nelts; i++) {
            const orc_store_resource_t *resource = &APR_ARRAY_IDX(resources, i, orc_store_resource_t);

            if (resource->is_compute && resource->status != ORC_RESOURCE_DELETED && !chosen[i])
                chosen[i] = machine_for(collected, resource, ways[way]);
        }
    }
    return chosen;
}

void orc_collected_show(orc_task_t *task, const orc_store_resource_t *resource, int status, const orc_vm_t *machine)
{
    json_t *entry = json_pack("{s:i, s:i}", "position", resource->position, "status", status);

    json_array_append_new(orc_task_change_list(task, "resources"), entry);
    if (!machine)
        return;
    json_object_set_new(entry, "vm", json_string(machine->id));
    orc_machine_describe(task, entry, resource->id, machine->radl);
}

/* ---- outputs ---- */

void orc_collected_show_outputs(orc_task_t *task, json_t *outputs)
{
    json_t *changes = orc_task_changes(task), *deployment = json_object_get(changes, "deployment");

    if (!deployment) {
        deployment = json_object();
        json_object_set_new(changes, "deployment", deployment);
    }
    orc_machine_outputs(task, deployment, outputs);
}
