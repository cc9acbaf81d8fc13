/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_tree.h"

#include <apr_strings.h>

int mo_tree_is(const ap_directive_t *node, const char *name)
{
    return ap_cstr_casecmp(node->directive, name) == 0;
}

int mo_tree_is_one_of(const char *word, const char *const *words)
{
    while (*words && ap_cstr_casecmp(word, *words) != 0)
        words++;
    return *words != NULL;
}

const char *mo_tree_arguments(const ap_directive_t *node, apr_pool_t *pool)
{
    apr_size_t length = strlen(node->args);

    if (*node->directive == '<' && length > 0 && node->args[length - 1] == '>')
        length--;
    return apr_pstrmemdup(pool, node->args, length);
}

const char *mo_tree_word(const ap_directive_t *node, apr_pool_t *pool)
{
    const char *arguments = mo_tree_arguments(node, pool);

    return ap_getword_conf(pool, &arguments);
}

const ap_directive_t *mo_tree_host(const ap_directive_t *node)
{
    while (node && !mo_tree_is(node, "<VirtualHost"))
        node = node->parent;
    return node;
}

const ap_directive_t *mo_tree_last(const ap_directive_t *node, const char *name, int is_in_host)
{
    const ap_directive_t *found = NULL;

    for (; node; node = node->next) {
        const ap_directive_t *inside =
            is_in_host && mo_tree_is(node, "<VirtualHost") ? mo_tree_last(node->first_child, name, 0) : NULL;

        if (inside || (!is_in_host && mo_tree_is(node, name)))
            found = inside ? inside : node;
    }
    return found;
}

const char *mo_tree_place(const ap_directive_t *node, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s%s on line %d of %s", node->directive, *node->directive == '<' ? ">" : "",
                        node->line_num, node->filename);
}
