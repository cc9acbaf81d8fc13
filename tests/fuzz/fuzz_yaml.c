/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "fuzz.h"

#include "orc_yaml.h"

/* Any bytes as YAML: refused with a position, or a tree within the budgets whose text reads back as the same tree. */

enum { LARGEST_WRITTEN = 5000 /* nodes */ };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    apr_initialize();
    return 0;
}

static void check_tree(const orc_yaml_node_t *root, apr_pool_t *pool)
{
    const orc_yaml_node_t *again;
    orc_yaml_mistake_t mistake;
    const char *text;
    json_t *left, *right;

    HOLDS(root->weight <= ORC_YAML_MAX_NODES * ORC_YAML_TRUSTED);
    HOLDS(root->height <= ORC_YAML_MAX_DEPTH * ORC_YAML_TRUSTED);
    /* Written in full, what aliases blew up takes long and says nothing new. */
    if (root->weight > LARGEST_WRITTEN)
        return;
    text = orc_yaml_write(root, pool);
    if (strlen(text) > ORC_YAML_MAX_BYTES)
        return;
    HOLDS(!orc_yaml_read(&again, &mistake, text, strlen(text), ORC_YAML_LAST_KEY, pool));
    left = orc_yaml_to_json(root);
    right = orc_yaml_to_json(again);
    HOLDS(json_equal(left, right));
    HOLDS(!strcmp(text, orc_yaml_write(again, pool)));
    json_decref(left);
    json_decref(right);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const orc_yaml_node_t *root;
    orc_yaml_mistake_t mistake;
    apr_pool_t *pool;
    int keys;

    apr_pool_create(&pool, NULL);
    for (keys = ORC_YAML_TOLD_KEYS; keys <= ORC_YAML_LAST_KEY; keys++)
        if (!orc_yaml_read(&root, &mistake, (const char *)data, size, (orc_yaml_keys_t)keys, pool))
            check_tree(root, pool);
        else
            HOLDS(mistake.line > 0 && mistake.column > 0 && mistake.what);
    apr_pool_destroy(pool);
    return 0;
}
