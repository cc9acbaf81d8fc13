/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_document.h"

#include <string.h>

#include "orc_engine_placement.h"
#include "orc_engine_search.h"

/* ---- what is sealed ---- */

int orc_task_open(orc_step_t *step, orc_task_t *task, json_t **value, orc_sealed_t column, const char *row,
                  const char *text)
{
    orc_secret_keys_t *keys = task->config->secret_keys;
    orc_error_t *error;
    char *opened;

    if (!text)
        return 1;
    error = orc_secret_open(&opened, keys, column, row, text, task->pool);
    if (!error) {
        *value = orc_json_own_text(opened, task->pool);
        return 1;
    }
    orc_secret_complain(keys, column, row, error, task->pool);
    if (error->retriable && task->now < task->work->deadline) {
        orc_task_describe(task, "Waits for the administrator: the key that its inputs are sealed with is missing.");
        *step = orc_step_poll(task);
    }
    else {
        *step = orc_step_damaged("its inputs can't be opened");
    }
    return 0;
}

int orc_task_open_inputs(orc_step_t *step, orc_task_t *task)
{
    orc_work_t *work = task->work;

    return !work->content ||
           orc_task_open(step, task, &work->inputs, ORC_SEALED_INPUTS, work->deployment_id, work->inputs_sealed);
}

/* ---- the document ---- */

orc_error_t *orc_task_template(orc_tosca_template_t **tosca, orc_task_t *task, const char *content)
{
    return orc_tosca_parse(tosca, content, strlen(content), task->service->types, "", task->pool);
}

static apr_array_header_t *users_of(const orc_task_t *task)
{
    const json_t *owners = task->work->owners;
    apr_array_header_t *users = apr_array_make(task->pool, 2, sizeof(orc_tosca_user_t));
    size_t i;

    for (i = 0; i < json_array_size(owners); i++) {
        orc_tosca_user_t *user = apr_array_push(users);

        user->os_user_name = orc_json_string(json_array_get(owners, i), "name");
        user->os_user_ssh_public_key = orc_json_string(json_array_get(owners, i), "key");
    }
    return users;
}

static void add_tag(apr_array_header_t *tags, const char *name, const char *value)
{
    orc_tosca_tag_t *tag;

    if (!value)
        return;
    tag = apr_array_push(tags);
    tag->name = name;
    tag->value = value;
}

orc_error_t *orc_task_render(const char **text, orc_task_t *task, const orc_address_t *at, const char *content,
                             const json_t *inputs, const char *tag, const orc_merging_t *merging)
{
    const orc_config_t *config = task->config;
    const orc_work_t *work = task->work;
    orc_tosca_rendering_t rendering = {0};
    apr_array_header_t *tags = apr_array_make(task->pool, 5, sizeof(orc_tosca_tag_t)), *choices;
    orc_tosca_template_t *tosca;

    ORC_TRY(orc_task_template(&tosca, task, content));
    ORC_TRY(orc_engine_choose(&choices, task->service->providers, at, tosca, inputs, task->pool));
    add_tag(tags, "PAAS_URL", config->public_url);
    add_tag(tags, "PAAS_DEP_UUID", work->deployment_id);
    add_tag(tags, "PAAS_DEP_USER_EMAIL", work->email);
    add_tag(tags, ORC_ENGINE_TAG, tag);
    rendering.inputs = inputs;
    rendering.users_input = config->users_input;
    rendering.users = users_of(task);
    rendering.tags = tags;
    rendering.choices = choices;
    rendering.infra_name = tag ? orc_search_name(work->deployment_id, tag, task->pool) : NULL;
    if (merging) {
        rendering.mark_name = ORC_ENGINE_MARK;
        rendering.mark = merging->mark;
        rendering.into = merging->into;
    }
    return orc_tosca_render(text, tosca, &rendering, task->pool);
}
