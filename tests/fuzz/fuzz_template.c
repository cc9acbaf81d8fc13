/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "fuzz.h"

#include "orc_tosca.h"

/* Any bytes as a template: refused with a position, or it goes all the way to resources and to text for IM, which is a
 * template again and carries the tags. */

enum { MAX_AGAIN = 500000 }; /* bytes: functions in defaults may make a small template long */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    apr_initialize();
    return 0;
}

static const char *render(const orc_tosca_template_t *tosca, apr_pool_t *pool)
{
    apr_array_header_t *tags = apr_array_make(pool, 1, sizeof(orc_tosca_tag_t));
    apr_array_header_t *users = apr_array_make(pool, 1, sizeof(orc_tosca_user_t));
    orc_tosca_rendering_t rendering = {
        .users_input = "users", .users = users, .tags = tags, .infra_name = "a deployment"};
    orc_tosca_tag_t *tag = apr_array_push(tags);
    orc_tosca_user_t *user = apr_array_push(users);
    const char *text;

    tag->name = "PAAS_DEP_UUID";
    tag->value = "1";
    user->os_user_name = "alice";
    user->os_user_ssh_public_key = "ssh-ed25519 AAAA";
    HOLDS(!orc_tosca_render(&text, tosca, &rendering, pool));
    return text;
}

static void check_rendering(const orc_tosca_template_t *tosca, apr_pool_t *pool)
{
    const char *text = render(tosca, pool), *tag;
    orc_tosca_template_t *again;

    if (strlen(text) > MAX_AGAIN)
        return;
    HOLDS(!orc_tosca_parse(&again, text, strlen(text), NULL, "/content", pool));
    HOLDS(!strcmp(render(again, pool), text));
    tag = orc_tosca_find_tag(text, strlen(text), "PAAS_DEP_UUID", pool);
    HOLDS(tag && !strcmp(tag, "1"));
}

static void check_topology(const orc_tosca_template_t *tosca, apr_pool_t *pool)
{
    apr_array_header_t *nodes;
    orc_tosca_demand_t demand;
    json_t *complete, *none = orc_json_own(json_object(), pool);
    orc_error_t *error = orc_tosca_inputs(&complete, tosca, none, "/template_inputs", pool);

    HOLDS(!error || (error->status == 422 && error->fields && error->fields->nelts > 0));
    error = orc_tosca_topology(&nodes, &demand, tosca, complete, pool);
    HOLDS(!error || error->status == 422);
    HOLDS(error || (nodes->nelts <= 10000 && demand.machines <= nodes->nelts));
    HOLDS(error || orc_tosca_needs(tosca, complete, pool)->machines->nelts <= demand.machines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    orc_tosca_template_t *tosca;
    orc_error_t *error;
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL);
    orc_tosca_find_tag((const char *)data, size, "PAAS_DEP_UUID", pool);
    if (!(error = orc_tosca_parse(&tosca, (const char *)data, size, NULL, "/content", pool))) {
        check_rendering(tosca, pool);
        check_topology(tosca, pool);
    }
    else {
        HOLDS(error->status == 422 && error->fields && error->fields->nelts > 0);
    }
    apr_pool_destroy(pool);
    return 0;
}
