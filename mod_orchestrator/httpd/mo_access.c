/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_access.h"

#include <apr_fnmatch.h>
#include <apr_strings.h>

#include "mo_tree.h"

/* mod_authz_core keeps what it was told to itself, so the directives are read here as it reads them: of all sections
 * that cover a path, the last one with a Require counts, unless AuthMerging says otherwise; outside of <RequireAll> one
 * Require that is met is enough; and who is let in without a user is never asked for one. */

/** Who comes in without a user; in this order. */
typedef enum { NOBODY, SOMEBODY, EVERYBODY } who_t;

typedef struct verdict_t {
    who_t who;
    const ap_directive_t *because; /* the directive that lets them in; NULL: there is no Require */
} verdict_t;

typedef struct access_t {
    const ap_directive_t *handler, *auth_type, *satisfy; /* the last ones */
    verdict_t verdict;
    int is_conditional; /* a Require stands in an <If> */
} access_t;

static int is_one_of(const char *word, const char *const *words)
{
    while (*words && ap_cstr_casecmp(word, *words) != 0)
        words++;
    return *words != NULL;
}

/* ---- Require ---- */

static verdict_t judge_require(const ap_directive_t *node, apr_pool_t *pool)
{
    static const char *const without_user[] = {"ip", "host", "forward-dns", "local", "env", "expr", "method", NULL};
    const char *arguments = node->args;
    const char *word = ap_getword_conf(pool, &arguments);
    verdict_t verdict = {NOBODY, node};

    /* What only takes away stands among others in a <RequireAll>, and they decide. */
    if (ap_cstr_casecmp(word, "not") == 0)
        verdict.who = EVERYBODY;
    else if (ap_cstr_casecmp(word, "all") == 0)
        verdict.who = ap_cstr_casecmp(ap_getword_conf(pool, &arguments), "granted") == 0 ? EVERYBODY : NOBODY;
    else if (is_one_of(word, without_user))
        verdict.who = SOMEBODY;
    return verdict;
}

static int is_requirement(const ap_directive_t *node)
{
    static const char *const names[] = {"Require", "<RequireAny",  "<RequireAll", "<RequireNone",
                                        "<Limit",  "<LimitExcept", NULL};

    return is_one_of(node->directive, names);
}

static int has_requirement(const ap_directive_t *node)
{
    for (; node; node = node->next) {
        if (mo_tree_is(node, "Require") || has_requirement(node->first_child))
            return 1;
    }
    return 0;
}

static verdict_t judge_all(const ap_directive_t *node, int must_all, apr_pool_t *pool);

static int is_limit(const ap_directive_t *node)
{
    return mo_tree_is(node, "<Limit") || mo_tree_is(node, "<LimitExcept");
}

static verdict_t judge(const ap_directive_t *node, apr_pool_t *pool)
{
    verdict_t verdict = {EVERYBODY, node};

    if (mo_tree_is(node, "Require"))
        return judge_require(node, pool);
    if (mo_tree_is(node, "<RequireNone"))
        return verdict;
    verdict = judge_all(node->first_child, mo_tree_is(node, "<RequireAll"), pool);
    if (is_limit(node) && verdict.who == EVERYBODY)
        verdict.who = SOMEBODY;
    return verdict;
}

/* Of several that must all be met, the strictest one decides; else the most generous one. */
static verdict_t join(verdict_t one, verdict_t other, int must_all)
{
    if (!one.because || !other.because)
        return one.because ? one : other;
    return (must_all ? other.who < one.who : other.who > one.who) ? other : one;
}

static verdict_t judge_all(const ap_directive_t *node, int must_all, apr_pool_t *pool)
{
    const ap_directive_t *limit = NULL;
    verdict_t verdict = {NOBODY, NULL};
    int is_limited = 1;

    for (; node; node = node->next) {
        if (!is_requirement(node) || (!mo_tree_is(node, "Require") && !has_requirement(node->first_child)))
            continue;
        verdict = join(verdict, judge(node, pool), must_all);
        is_limited = is_limited && is_limit(node);
        limit = node;
    }
    /* The methods that a <Limit> leaves out are asked nothing, unless something else asks them. */
    if (limit && is_limited && verdict.who == NOBODY)
        verdict = (verdict_t){SOMEBODY, limit};
    return verdict;
}

/* ---- sections ---- */

static int covers(const ap_directive_t *section, const char *path, apr_pool_t *pool)
{
    const char *arguments = mo_tree_arguments(section, pool);
    const char *pattern = ap_getword_conf(pool, &arguments);
    apr_size_t length = strlen(pattern);
    ap_regex_t *regex = NULL;

    if (mo_tree_is(section, "<LocationMatch"))
        regex = ap_pregcomp(pool, pattern, AP_REG_EXTENDED);
    else if (strcmp(pattern, "~") == 0)
        regex = ap_pregcomp(pool, ap_getword_conf(pool, &arguments), AP_REG_EXTENDED);
    if (regex)
        return ap_regexec(regex, path, 0, NULL, 0) == 0;
    if (apr_fnmatch_test(pattern))
        return apr_fnmatch(pattern, path, APR_FNM_PATHNAME) == APR_SUCCESS;
    return length > 0 && strncmp(pattern, path, length) == 0 &&
           (pattern[length - 1] == '/' || path[length] == '/' || !path[length]);
}

static void read_section(access_t *access, const ap_directive_t *section, apr_pool_t *pool)
{
    verdict_t own = judge_all(section->first_child, 0, pool);
    const ap_directive_t *node, *merging = NULL;
    const char *how;

    for (node = section->first_child; node; node = node->next) {
        if (mo_tree_is(node, "SetHandler"))
            access->handler = node;
        else if (mo_tree_is(node, "AuthType"))
            access->auth_type = node;
        else if (mo_tree_is(node, "Satisfy"))
            access->satisfy = node;
        else if (mo_tree_is(node, "AuthMerging"))
            merging = node;
        else if (ap_cstr_casecmpn(node->directive, "<If", 3) == 0 || ap_cstr_casecmpn(node->directive, "<Else", 5) == 0)
            access->is_conditional |= has_requirement(node->first_child);
    }
    if (!own.because)
        return;
    how = merging ? mo_tree_word(merging, pool) : "Off";
    access->verdict =
        ap_cstr_casecmp(how, "Off") == 0 ? own : join(access->verdict, own, ap_cstr_casecmp(how, "And") == 0);
}

/* The sections of a host, or outside of all hosts, in their order. */
static void read_sections(access_t *access, const ap_directive_t *node, const ap_directive_t *host, const char *path,
                          apr_pool_t *pool)
{
    for (; node; node = node->next) {
        if (node == host)
            read_sections(access, node->first_child, NULL, path, pool);
        else if (!host && (mo_tree_is(node, "<Location") || mo_tree_is(node, "<LocationMatch")) &&
                 covers(node, path, pool))
            read_section(access, node, pool);
    }
}

const char *mo_access_check(const char **warning, const mo_base_t *base, apr_pool_t *pool)
{
    const ap_directive_t *host = mo_tree_host(base->directive), *section = base->directive->parent;
    const char *path = apr_pstrcat(pool, base->path, "/-", NULL), *type;
    access_t access = {NULL, NULL, NULL, {NOBODY, NULL}, 0};

    *warning = NULL;
    read_sections(&access, ap_conftree, NULL, path, pool);
    if (host)
        read_sections(&access, ap_conftree, host, path, pool);
    if (access.handler != base->directive) /* a later section has the whole place for something else */
        return NULL;
    if (!access.auth_type)
        return apr_psprintf(pool, "%s: AuthType " MO_AUTH_TYPE " is missing: nobody would be asked for a token",
                            mo_tree_place(section, pool));
    type = mo_tree_word(access.auth_type, pool);
    if (ap_cstr_casecmp(type, MO_AUTH_TYPE) != 0 && !strstr(type, "%{"))
        return apr_psprintf(pool, "%s: must be " MO_AUTH_TYPE " where %s is bound (%s)",
                            mo_tree_place(access.auth_type, pool), base->surface->handler,
                            mo_tree_place(section, pool));
    if (!access.verdict.because && !access.is_conditional)
        return apr_psprintf(pool, "%s: Require valid-user is missing: nobody would be asked for a token",
                            mo_tree_place(section, pool));
    if (access.verdict.who == EVERYBODY && !access.is_conditional)
        return apr_psprintf(pool,
                            "%s: lets everybody in without asking for a token, which %s needs (%s): write Require "
                            "valid-user",
                            mo_tree_place(access.verdict.because, pool), base->surface->handler,
                            mo_tree_place(section, pool));
    if (access.verdict.who != NOBODY)
        *warning = mo_tree_place(access.verdict.because, pool);
    else if (access.satisfy && ap_cstr_casecmp(mo_tree_word(access.satisfy, pool), "any") == 0)
        *warning = mo_tree_place(access.satisfy, pool);
    if (*warning)
        *warning = apr_psprintf(
            pool, "%s: whom it lets in without a user is not asked for a token, and gets a 401 from %s (%s)", *warning,
            base->surface->handler, mo_tree_place(section, pool));
    return NULL;
}
