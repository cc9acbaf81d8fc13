/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_require.h"

#include <apr_strings.h>
#include <http_protocol.h>

#include "mo_tree.h"

/* mod_authz_core keeps what it was told to itself, so the directives are read here as it reads them: outside of
 * <RequireAll> one Require that is met is enough; and who is let in without a user is never asked for one. */

/* OPTIONS is open on every surface: nobody is asked for a token there, whatever is required. */
#define OPEN_METHODS (AP_METHOD_BIT << M_OPTIONS)

/* The bits that httpd has for methods; it knows those that a <Limit> names since it has read that. */
static apr_int64_t read_methods(const char *arguments, apr_pool_t *pool)
{
    const char *name;
    apr_int64_t methods = 0;

    while (*(name = ap_getword_conf(pool, &arguments)))
        methods |= AP_METHOD_BIT << ap_method_number_of(name);
    return methods;
}

/* Who comes in by what a Require says; -1: this is no provider that is known here. */
static int who_by(const char *arguments, apr_pool_t *pool)
{
    static const char *const with_user[] = {"valid-user", "user", "group", NULL};
    static const char *const without_user[] = {"ip",   "host", "forward-dns",       "local", "env",
                                               "expr", "ssl",  "ssl-verify-client", NULL};
    const char *word = ap_getword_conf(pool, &arguments);

    /* What only takes away stands among others in a <RequireAll>, and they decide. */
    if (ap_cstr_casecmp(word, "not") == 0)
        return MO_EVERYBODY;
    if (ap_cstr_casecmp(word, "all") == 0)
        return ap_cstr_casecmp(ap_getword_conf(pool, &arguments), "granted") == 0 ? MO_EVERYBODY : MO_NOBODY;
    if (ap_cstr_casecmp(word, "method") == 0)
        return read_methods(arguments, pool) & ~OPEN_METHODS ? MO_SOMEBODY : MO_NOBODY;
    if (mo_tree_is_one_of(word, without_user))
        return MO_SOMEBODY;
    return mo_tree_is_one_of(word, with_user) ? MO_NOBODY : -1;
}

/* What the <AuthzProviderAlias> of that name stands for: a provider and what it is told; "" when there is none. */
static const char *meant_by(const char *alias, apr_pool_t *pool)
{
    const ap_directive_t *node;

    for (node = ap_conftree; node; node = node->next) {
        const char *own, *provider;

        if (!mo_tree_is(node, "<AuthzProviderAlias"))
            continue;
        own = mo_tree_arguments(node, pool);
        provider = ap_getword_conf(pool, &own);
        if (strcmp(ap_getword_conf(pool, &own), alias) == 0)
            return apr_pstrcat(pool, provider, " ", ap_getword_conf(pool, &own), NULL);
    }
    return "";
}

static mo_verdict_t judge_require(const ap_directive_t *node, apr_pool_t *pool)
{
    int who = who_by(node->args, pool);

    if (who < 0)
        who = who_by(meant_by(mo_tree_word(node, pool), pool), pool);
    return (mo_verdict_t){who < 0 ? MO_NOBODY : (mo_who_t)who, node};
}

static int is_requirement(const ap_directive_t *node)
{
    static const char *const names[] = {"Require", "<RequireAny",  "<RequireAll", "<RequireNone",
                                        "<Limit",  "<LimitExcept", NULL};

    return mo_tree_is_one_of(node->directive, names);
}

static int has_requirement(const ap_directive_t *node)
{
    for (; node; node = node->next) {
        if (mo_tree_is(node, "Require") || has_requirement(node->first_child))
            return 1;
    }
    return 0;
}

static mo_verdict_t judge_all(const ap_directive_t *node, int must_all, apr_pool_t *pool);

static int is_limit(const ap_directive_t *node)
{
    return mo_tree_is(node, "<Limit") || mo_tree_is(node, "<LimitExcept");
}

/* The methods that it counts for. */
static apr_int64_t methods_of(const ap_directive_t *node, apr_pool_t *pool)
{
    apr_int64_t methods = is_limit(node) ? read_methods(mo_tree_arguments(node, pool), pool) : ~(apr_int64_t)0;

    return mo_tree_is(node, "<LimitExcept") ? ~methods : methods;
}

static mo_verdict_t judge(const ap_directive_t *node, apr_pool_t *pool)
{
    mo_verdict_t verdict = {MO_EVERYBODY, node};

    if (mo_tree_is(node, "Require"))
        return judge_require(node, pool);
    if (mo_tree_is(node, "<RequireNone"))
        return verdict;
    verdict = judge_all(node->first_child, mo_tree_is(node, "<RequireAll"), pool);
    if (!(methods_of(node, pool) & ~OPEN_METHODS))
        verdict.who = MO_NOBODY;
    else if (is_limit(node) && verdict.who == MO_EVERYBODY)
        verdict.who = MO_SOMEBODY;
    return verdict;
}

mo_verdict_t mo_require_join(mo_verdict_t one, mo_verdict_t other, int must_all)
{
    if (!one.because || !other.because)
        return one.because ? one : other;
    return (must_all ? other.who < one.who : other.who > one.who) ? other : one;
}

static mo_verdict_t judge_all(const ap_directive_t *node, int must_all, apr_pool_t *pool)
{
    const ap_directive_t *limit = NULL;
    mo_verdict_t verdict = {MO_NOBODY, NULL};
    apr_int64_t asked = OPEN_METHODS;

    for (; node; node = node->next) {
        if (!is_requirement(node) || (!mo_tree_is(node, "Require") && !has_requirement(node->first_child)))
            continue;
        verdict = mo_require_join(verdict, judge(node, pool), must_all);
        asked |= methods_of(node, pool);
        limit = node;
    }
    /* The methods that a <Limit> leaves out are asked nothing, unless something else asks them. */
    if (limit && ~asked && verdict.who == MO_NOBODY)
        verdict = (mo_verdict_t){MO_SOMEBODY, limit};
    return verdict;
}

mo_verdict_t mo_require_judge(const ap_directive_t *section, apr_pool_t *pool)
{
    return judge_all(section->first_child, 0, pool);
}
