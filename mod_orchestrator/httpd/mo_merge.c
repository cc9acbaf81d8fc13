/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_merge.h"

#include <apr_fnmatch.h>
#include <apr_strings.h>

#include "mo_tree.h"

/* The directives are read here as httpd merges them for a request. Of all sections that cover a path, the last one with
 * a Require counts, unless AuthMerging says otherwise. */

/* True for the path that a pattern names, and for all below it. */
static int is_below(const char *path, const char *pattern)
{
    apr_size_t length = strlen(pattern);

    return length > 0 && strncmp(pattern, path, length) == 0 &&
           (pattern[length - 1] == '/' || path[length] == '/' || !path[length]);
}

int mo_merge_covers(const ap_directive_t *section, const char *path, apr_pool_t *pool)
{
    const char *arguments = mo_tree_arguments(section, pool);
    const char *pattern = ap_getword_conf(pool, &arguments);
    ap_regex_t *regex = NULL;

    if (mo_tree_is(section, "<LocationMatch"))
        regex = ap_pregcomp(pool, pattern, AP_REG_EXTENDED);
    else if (strcmp(pattern, "~") == 0)
        regex = ap_pregcomp(pool, ap_getword_conf(pool, &arguments), AP_REG_EXTENDED);
    if (regex)
        return ap_regexec(regex, path, 0, NULL, 0) == 0;
    if (apr_fnmatch_test(pattern))
        return apr_fnmatch(pattern, path, APR_FNM_PATHNAME) == APR_SUCCESS;
    return is_below(path, pattern);
}

int mo_merge_is_condition(const ap_directive_t *node)
{
    static const char *const names[] = {"<If", "<ElseIf", "<Else", NULL};

    return mo_tree_is_one_of(node->directive, names);
}

static int is_proxy(const ap_directive_t *node)
{
    return mo_tree_is(node, "ProxyPass") || mo_tree_is(node, "ProxyPassMatch");
}

static void read_directives(mo_merged_t *merged, const ap_directive_t *node)
{
    static const char *const limits[] = {"<Limit", "<LimitExcept", NULL};
    static const char *const denials[] = {"Order", "Deny", NULL};

    for (; node; node = node->next) {
        if (mo_tree_is(node, "SetHandler"))
            merged->handler = node;
        else if (mo_tree_is(node, "AuthType"))
            merged->auth_type = node;
        else if (mo_tree_is(node, "Satisfy"))
            merged->satisfy = node;
        else if (mo_tree_is_one_of(node->directive, denials))
            merged->denial = node;
        else if (is_proxy(node))
            merged->own_proxy = node;
        else if (mo_tree_is_one_of(node->directive, limits)) /* these count for every method */
            read_directives(merged, node->first_child);
        else if (mo_merge_is_condition(node))
            APR_ARRAY_PUSH(merged->conditions, const ap_directive_t *) = node;
    }
}

/* The last AuthMerging of a section: in a <Limit>, too, it counts for every method. */
static const ap_directive_t *merging_of(const ap_directive_t *node)
{
    const ap_directive_t *found = NULL, *own;

    for (; node; node = node->next) {
        if (mo_tree_is(node, "AuthMerging"))
            own = node;
        else
            own = mo_merge_is_condition(node) ? NULL : merging_of(node->first_child);
        found = own ? own : found;
    }
    return found;
}

void mo_merge_section(mo_merged_t *merged, const ap_directive_t *section, apr_pool_t *pool)
{
    mo_verdict_t own = mo_require_judge(section, pool);
    const ap_directive_t *merging = merging_of(section->first_child);
    const char *how;

    read_directives(merged, section->first_child);
    if (!own.because && !merging)
        return;
    how = merging ? mo_tree_word(merging, pool) : "Off";
    /* Off that is written down counts where no Require is, too. */
    if (!own.because && merged->verdict.because && ap_cstr_casecmp(how, "Off") == 0)
        merged->unmerged = merging;
    merged->verdict = ap_cstr_casecmp(how, "Off") == 0
                          ? own
                          : mo_require_join(merged->verdict, own, ap_cstr_casecmp(how, "And") == 0);
}

/* True for a ProxyPass outside of all sections that has the path. */
static int proxies(const ap_directive_t *node, const char *path, apr_pool_t *pool)
{
    const char *pattern;
    ap_regex_t *regex;

    if (!is_proxy(node))
        return 0;
    pattern = mo_tree_word(node, pool);
    if (mo_tree_is(node, "ProxyPass"))
        return is_below(path, pattern);
    regex = ap_pregcomp(pool, pattern, AP_REG_EXTENDED);
    return regex && ap_regexec(regex, path, 0, NULL, 0) == 0;
}

void mo_merge_sections(mo_merged_t *merged, const ap_directive_t *node, const char *path, apr_pool_t *pool)
{
    for (; node; node = node->next) {
        if (mo_tree_is(node, "<VirtualHost")) /* of which there may be thousands */
            continue;
        if (mo_merge_is_condition(node))
            APR_ARRAY_PUSH(merged->conditions, const ap_directive_t *) = node;
        else if (mo_tree_is(node, "<Location") || mo_tree_is(node, "<LocationMatch")) {
            if (mo_merge_covers(node, path, pool))
                mo_merge_section(merged, node, pool);
        }
        else if (!merged->proxy && proxies(node, path, pool))
            merged->proxy = node;
    }
}

const ap_directive_t *mo_merge_proxy(const mo_merged_t *merged, apr_pool_t *pool)
{
    const ap_directive_t *proxy = merged->own_proxy ? merged->own_proxy : merged->proxy;
    const char *arguments = proxy ? proxy->args : "";

    if (!merged->own_proxy)
        (void)ap_getword_conf(pool, &arguments);
    return proxy && strcmp(ap_getword_conf(pool, &arguments), "!") != 0 ? proxy : NULL;
}

int mo_merge_is_conditional(const mo_merged_t *merged, apr_pool_t *pool)
{
    int i;

    for (i = 0; i < merged->conditions->nelts; i++) {
        if (mo_require_judge(APR_ARRAY_IDX(merged->conditions, i, const ap_directive_t *), pool).because)
            return 1;
    }
    return 0;
}
