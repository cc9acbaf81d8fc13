/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_access.h"

#include <apr_strings.h>

#include "mo_merge.h"
#include "mo_probes.h"
#include "mo_tree.h"
#include "orc_url.h"
#include "orc_words.h"

/* What covers a part of a place only is found by asking for a path of each route, and for what the <Location>s below
 * the place name. */

/** What all checks of a place have in common. */
typedef struct check_t {
    const mo_base_t *base;
    const char *section;          /* where it is bound, for messages */
    apr_array_header_t *warnings; /* of const char * */
    apr_array_header_t *hosts;    /* of const ap_directive_t *: <VirtualHost>s; NULL: outside of all */
    apr_array_header_t *probes;   /* of mo_probe_t */
    int is_answered;              /* some of it is */
    const ap_directive_t *proxy;  /* one that answers instead */
    const ap_directive_t *other;  /* another SetHandler that counts instead */
    apr_pool_t *pool;
} check_t;

/* ---- what is wrong ---- */

static void add_warning(check_t *check, const char *text)
{
    if (!orc_words_contain(check->warnings, text))
        APR_ARRAY_PUSH(check->warnings, const char *) = text;
}

static void warn(check_t *check, const ap_directive_t *because)
{
    add_warning(check,
                apr_psprintf(check->pool,
                             "%s: whom it lets in without a user is not asked for a token, and gets a 401 from %s (%s)",
                             mo_tree_place(because, check->pool), check->base->surface->handler, check->section));
}

static void warn_of_type(check_t *check, const ap_directive_t *type)
{
    add_warning(check, apr_psprintf(check->pool,
                                    "%s: where it holds for %s (%s), nobody is asked for a token, and everybody gets a "
                                    "401; where something else answers, SetHandler None beside it says so",
                                    mo_tree_place(type, check->pool), check->base->surface->handler, check->section));
}

/* True for a directive that surely keeps people out: it stands in a <Location> of the place or below it, or where the
 * place itself stands. A condition for more than that may never be met there, and in a host for more than that
 * something else may answer, of which nothing is known here: a redirect, a RewriteRule that proxies. */
static int is_certain(const check_t *check, const ap_directive_t *node)
{
    const ap_directive_t *host = mo_tree_host(node), *own = mo_tree_host(check->base->directive);
    int is_conditional = 0;

    for (node = node->parent; node && !mo_tree_is(node, "<Location"); node = node->parent)
        is_conditional = is_conditional || mo_merge_is_condition(node);
    if (node && mo_places_covers(check->base, mo_tree_word(node, check->pool)))
        return 1;
    return !is_conditional && (!host || host == own);
}

static int is_ours(check_t *check, const mo_merged_t *merged, apr_pool_t *pool)
{
    const ap_directive_t *proxy;

    if (merged->handler != check->base->directive) {
        check->other = merged->handler ? merged->handler : check->other;
        return 0;
    }
    proxy = mo_merge_proxy(merged, pool);
    if (proxy)
        check->proxy = proxy;
    else
        check->is_answered = 1;
    return !proxy;
}

static int has_type(const mo_merged_t *merged, apr_pool_t *pool)
{
    const char *type = merged->auth_type ? mo_tree_word(merged->auth_type, pool) : "";

    return ap_cstr_casecmp(type, MO_AUTH_TYPE) == 0 || strstr(type, "%{");
}

/* What is wrong with an AuthType that is not ours. */
static const char *refuse_type(check_t *check, const mo_merged_t *merged)
{
    if (!merged->auth_type)
        return apr_psprintf(check->pool, "%s: AuthType " MO_AUTH_TYPE " is missing: nobody would be asked for a token",
                            check->section);
    if (is_certain(check, merged->auth_type))
        return apr_psprintf(check->pool,
                            "%s: must be " MO_AUTH_TYPE " where %s is bound (%s); where something else is to answer, "
                            "SetHandler None has to stand beside it",
                            mo_tree_place(merged->auth_type, check->pool), check->base->surface->handler,
                            check->section);
    warn_of_type(check, merged->auth_type);
    return NULL;
}

/* httpd has nothing to authorise with there. It is a mistake, or where it may never hold, a warning. */
static const char *refuse_unmerged(check_t *check, const mo_merged_t *merged, int is_strict)
{
    const char *text =
        apr_psprintf(check->pool,
                     "%s: leaves no Require where %s is bound (%s), and every request is a 500: Require "
                     "valid-user has to stand beside it",
                     mo_tree_place(merged->unmerged, check->pool), check->base->surface->handler, check->section);

    if (is_strict && is_certain(check, merged->unmerged))
        return text;
    add_warning(check, text);
    return NULL;
}

/* Where nobody is asked for a token, httpd's own demands hold, but it has to have somebody to ask when it makes any. */
static const char *check_open(check_t *check, const mo_merged_t *merged, int is_strict)
{
    const mo_verdict_t verdict = merged->verdict;
    int is_none = merged->auth_type && ap_cstr_casecmp(mo_tree_word(merged->auth_type, check->pool), "None") == 0;

    if (!is_none)
        return !verdict.because && merged->unmerged ? refuse_unmerged(check, merged, is_strict) : NULL;
    if (verdict.because && verdict.who == MO_NOBODY)
        add_warning(check,
                    apr_psprintf(check->pool,
                                 "%s: leaves a Require that asks for a user (%s), and every request for a route "
                                 "of %s that needs no token is a 500: Require all granted has to stand beside it",
                                 mo_tree_place(merged->auth_type, check->pool),
                                 mo_tree_place(verdict.because, check->pool), check->base->surface->handler));
    return NULL;
}

/* Each <If> by itself, as if it were met. Who is let in there may be right, which its condition only knows. */
static const char *check_conditions(check_t *check, const mo_merged_t *merged, const mo_probe_t *probe,
                                    apr_pool_t *pool)
{
    const char *mistake = NULL;
    int i;

    for (i = 0; !mistake && i < merged->conditions->nelts; i++) {
        const ap_directive_t *condition = APR_ARRAY_IDX(merged->conditions, i, const ap_directive_t *);
        mo_verdict_t own = mo_require_judge(condition, pool);
        mo_merged_t met = *merged;

        met.conditions = apr_array_make(pool, 2, sizeof(const ap_directive_t *));
        mo_merge_section(&met, condition, pool);
        if (is_ours(check, &met, pool)) {
            if (probe->is_open)
                mistake = check_open(check, &met, 0);
            else if (!has_type(&met, pool))
                mistake = refuse_type(check, &met);
            else if (own.because && own.who != MO_NOBODY)
                warn(check, own.because);
            else if (met.unmerged && !met.verdict.because)
                mistake = refuse_unmerged(check, &met, 0);
        }
        if (!mistake)
            mistake = check_conditions(check, &met, probe, pool);
    }
    return mistake;
}

static const char *check_merged(check_t *check, const mo_merged_t *merged, const mo_probe_t *probe, apr_pool_t *pool)
{
    mo_verdict_t verdict = merged->verdict;
    int is_strict = probe->is_route && !mo_merge_is_conditional(merged, pool);

    if (probe->is_open)
        return check_open(check, merged, is_strict);
    if (!has_type(merged, pool))
        return refuse_type(check, merged);
    if (!verdict.because && merged->unmerged)
        return refuse_unmerged(check, merged, is_strict);
    if (!verdict.because && is_strict)
        return apr_psprintf(check->pool, "%s: Require valid-user is missing: nobody would be asked for a token",
                            check->section);
    if (verdict.who == MO_EVERYBODY && is_strict && is_certain(check, verdict.because))
        return apr_psprintf(check->pool,
                            "%s: lets everybody in without asking for a token, which %s needs (%s): write Require "
                            "valid-user; where something else is to answer, SetHandler None has to stand beside it",
                            mo_tree_place(verdict.because, check->pool), check->base->surface->handler, check->section);
    if (verdict.because && verdict.who != MO_NOBODY)
        warn(check, verdict.because);
    else if (merged->satisfy && ap_cstr_casecmp(mo_tree_word(merged->satisfy, pool), "any") == 0)
        warn(check, merged->satisfy);
    return NULL;
}

/* Who names the same path once more means it; but of two surfaces, only one has a path. */
static int is_meant(const check_t *check, const ap_directive_t *other)
{
    const char *path = mo_tree_word(other->parent, check->pool);
    const orc_surface_t *surface = mo_places_surface(mo_tree_word(other, check->pool));

    return mo_places_covers(check->base, path) && orc_url_length(path) == check->base->length &&
           (!surface || surface == check->base->surface);
}

/* A place that answers nothing: a <Location> that stands behind it counts for its paths, too. */
static void warn_of_others(check_t *check)
{
    const char *handler = check->base->surface->handler;

    if (check->proxy)
        add_warning(check,
                    apr_psprintf(check->pool,
                                 "%s: answers all requests for %s (%s), and has their tokens: where it is not to, "
                                 "ProxyPass ! has to stand in that section",
                                 mo_tree_place(check->proxy, check->pool), handler, check->section));
    else if (check->other && !is_meant(check, check->other))
        add_warning(check, apr_psprintf(check->pool,
                                        "%s: counts instead of SetHandler %s (%s) for all its paths, because it stands "
                                        "behind it: what is for more has to stand before it, and two surfaces need a "
                                        "path each",
                                        mo_tree_place(check->other, check->pool), handler, check->section));
}

/* With what stands outside of all hosts in `common`, whose own comes behind it. */
static const char *check_host(check_t *check, const mo_merged_t *common, const ap_directive_t *host,
                              const mo_probe_t *probe, apr_pool_t *pool)
{
    mo_merged_t merged = *common;
    const char *mistake = NULL;

    merged.conditions = apr_array_copy(pool, common->conditions);
    if (host)
        mo_merge_sections(&merged, host->first_child, probe->path, pool);
    if (is_ours(check, &merged, pool))
        mistake = check_merged(check, &merged, probe, pool);
    return mistake ? mistake : check_conditions(check, &merged, probe, pool);
}

static const char *check_probe(check_t *check, const mo_probe_t *probe, apr_pool_t *pool)
{
    mo_merged_t common = {.verdict = {MO_NOBODY, NULL},
                          .conditions = apr_array_make(pool, 4, sizeof(const ap_directive_t *))};
    const char *mistake = NULL;
    apr_pool_t *own;
    int i;

    apr_pool_create(&own, pool);
    mo_merge_sections(&common, ap_conftree, probe->path, pool);
    for (i = 0; !mistake && i < check->hosts->nelts; i++) {
        mistake = check_host(check, &common, APR_ARRAY_IDX(check->hosts, i, const ap_directive_t *), probe, own);
        apr_pool_clear(own);
    }
    return mistake;
}

/* ---- the whole ---- */

/* The hosts that have the place: one that stands in a host, that one; else what is outside of all (NULL), and all. */
static apr_array_header_t *find_hosts(const mo_base_t *base, apr_pool_t *pool)
{
    apr_array_header_t *hosts = apr_array_make(pool, 16, sizeof(const ap_directive_t *));
    const ap_directive_t *own = mo_tree_host(base->directive), *node;

    if (!own)
        APR_ARRAY_PUSH(hosts, const ap_directive_t *) = NULL;
    for (node = ap_conftree; node; node = node->next) {
        if (mo_tree_is(node, "<VirtualHost") && (!own || node == own))
            APR_ARRAY_PUSH(hosts, const ap_directive_t *) = node;
    }
    return hosts;
}

const char *mo_access_check(apr_array_header_t *warnings, const mo_base_t *base, apr_pool_t *pool)
{
    check_t check = {.base = base, .warnings = warnings, .pool = pool};
    const char *mistake = NULL;
    apr_pool_t *own;
    int i;

    check.section = mo_tree_place(base->directive->parent, pool);
    check.hosts = find_hosts(base, pool);
    check.probes = mo_probes_of(base, pool);
    apr_pool_create(&own, pool);
    for (i = 0; !mistake && i < check.probes->nelts; i++) {
        mistake = check_probe(&check, &APR_ARRAY_IDX(check.probes, i, mo_probe_t), own);
        apr_pool_clear(own);
    }
    apr_pool_destroy(own);
    if (!mistake && !check.is_answered)
        warn_of_others(&check);
    return mistake;
}
