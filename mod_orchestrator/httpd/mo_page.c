/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_page.h"

#include <apr_strings.h>

#include "mo_merge.h"
#include "mo_tree.h"
#include "orc_words.h"

/* What the sections say of the page that one of them binds. Those with a pattern have no path to ask about: they have
 * what they say themselves, and what is said of everything. */
static mo_merged_t merge(const ap_directive_t *section, apr_pool_t *pool)
{
    const ap_directive_t *host = mo_tree_host(section);
    const char *path = mo_tree_is(section, "<Location") ? mo_tree_word(section, pool) : "/";
    mo_merged_t merged = {.verdict = {MO_NOBODY, NULL},
                          .conditions = apr_array_make(pool, 4, sizeof(const ap_directive_t *))};

    if (*path != '/')
        path = "/";
    mo_merge_sections(&merged, ap_conftree, path, pool);
    if (host)
        mo_merge_sections(&merged, host->first_child, path, pool);
    if (!mo_merge_covers(section, path, pool))
        mo_merge_section(&merged, section, pool);
    return merged;
}

/* httpd shows to everybody what no Require is for: AuthType alone asks nobody. */
static int is_for_everybody(const mo_merged_t *merged, apr_pool_t *pool)
{
    return !merged->verdict.because && !merged->unmerged && !merged->denial && !mo_merge_proxy(merged, pool) &&
           !mo_merge_is_conditional(merged, pool);
}

static void check_section(apr_array_header_t *warnings, const ap_directive_t *section, apr_pool_t *pool)
{
    const ap_directive_t *handler = mo_tree_last(section->first_child, "SetHandler", 0);
    mo_merged_t merged;
    const char *text;

    if (!handler || strcmp(mo_tree_word(handler, pool), MO_HANDLER_STATUS) != 0)
        return;
    merged = merge(section, pool);
    if (merged.handler != handler || !is_for_everybody(&merged, pool))
        return;
    text = apr_pstrcat(pool, mo_tree_place(handler, pool),
                       ": has no Require beside it, and nobody is asked who reads the status page, whatever AuthType "
                       "says: write Require local, or Require all granted where everybody may",
                       NULL);
    if (!orc_words_contain(warnings, text))
        APR_ARRAY_PUSH(warnings, const char *) = text;
}

static void check_sections(apr_array_header_t *warnings, const ap_directive_t *node, apr_pool_t *pool)
{
    for (; node; node = node->next) {
        if (mo_tree_is(node, "<VirtualHost"))
            check_sections(warnings, node->first_child, pool);
        else if (mo_tree_is(node, "<Location") || mo_tree_is(node, "<LocationMatch"))
            check_section(warnings, node, pool);
    }
}

void mo_page_check(apr_array_header_t *warnings, apr_pool_t *pool)
{
    check_sections(warnings, ap_conftree, pool);
}
