/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_access.h"

#include <apr_fnmatch.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "mo_places.h"
#include "mo_require.h"
#include "mo_tree.h"
#include "orc_url.h"
#include "orc_words.h"

/* The directives are read here as httpd merges them for a request. Of all sections that cover a path, the last one with
 * a Require counts, unless AuthMerging says otherwise. What covers a part of a place only is found by asking for a path
 * of each route, and for what the <Location>s below the place name. */

/** What the sections say of a path, as far as they were read. */
typedef struct access_t {
    const ap_directive_t *handler, *auth_type, *satisfy; /* the last ones */
    mo_verdict_t verdict;
    const ap_directive_t *own_proxy; /* the last ProxyPass of the sections; it comes before the server's */
    const ap_directive_t *proxy;     /* the server's first one for the path */
    apr_array_header_t *conditions;  /* of const ap_directive_t *: <If>s and their likes, which httpd merges last */
} access_t;

/** A path that is asked for. */
typedef struct probe_t {
    const char *path;
    int is_route; /* a route of the surface, or the place as a whole */
} probe_t;

/** What all checks of a place have in common. */
typedef struct check_t {
    const mo_base_t *base;
    const char *section;          /* where it is bound, for messages */
    apr_array_header_t *warnings; /* of const char * */
    apr_array_header_t *hosts;    /* of const ap_directive_t *: <VirtualHost>s; NULL: outside of all */
    apr_array_header_t *probes;   /* of probe_t */
    apr_hash_t *known;            /* their paths */
    int is_answered;              /* some of it is */
    const ap_directive_t *proxy;  /* one that answers instead */
    apr_pool_t *pool;
} check_t;

/* ---- sections ---- */

/* True for the path that a pattern names, and for all below it. */
static int is_below(const char *path, const char *pattern)
{
    apr_size_t length = strlen(pattern);

    return length > 0 && strncmp(pattern, path, length) == 0 &&
           (pattern[length - 1] == '/' || path[length] == '/' || !path[length]);
}

static int covers(const ap_directive_t *section, const char *path, apr_pool_t *pool)
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

static int is_condition(const ap_directive_t *node)
{
    static const char *const names[] = {"<If", "<ElseIf", "<Else", NULL};

    return mo_tree_is_one_of(node->directive, names);
}

static int is_proxy(const ap_directive_t *node)
{
    return mo_tree_is(node, "ProxyPass") || mo_tree_is(node, "ProxyPassMatch");
}

static void read_directives(access_t *access, const ap_directive_t *node)
{
    static const char *const limits[] = {"<Limit", "<LimitExcept", NULL};

    for (; node; node = node->next) {
        if (mo_tree_is(node, "SetHandler"))
            access->handler = node;
        else if (mo_tree_is(node, "AuthType"))
            access->auth_type = node;
        else if (mo_tree_is(node, "Satisfy"))
            access->satisfy = node;
        else if (is_proxy(node))
            access->own_proxy = node;
        else if (mo_tree_is_one_of(node->directive, limits)) /* these count for every method */
            read_directives(access, node->first_child);
        else if (is_condition(node))
            APR_ARRAY_PUSH(access->conditions, const ap_directive_t *) = node;
    }
}

static void read_section(access_t *access, const ap_directive_t *section, apr_pool_t *pool)
{
    mo_verdict_t own = mo_require_judge(section, pool);
    const ap_directive_t *node, *merging = NULL;
    const char *how;

    read_directives(access, section->first_child);
    for (node = section->first_child; node; node = node->next) {
        if (mo_tree_is(node, "AuthMerging"))
            merging = node;
    }
    if (!own.because)
        return;
    how = merging ? mo_tree_word(merging, pool) : "Off";
    access->verdict = ap_cstr_casecmp(how, "Off") == 0
                          ? own
                          : mo_require_join(access->verdict, own, ap_cstr_casecmp(how, "And") == 0);
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

/* The sections of a host, or outside of all hosts, in their order. */
static void read_sections(access_t *access, const ap_directive_t *node, const char *path, apr_pool_t *pool)
{
    for (; node; node = node->next) {
        if (mo_tree_is(node, "<VirtualHost")) /* of which there may be thousands */
            continue;
        if (is_condition(node))
            APR_ARRAY_PUSH(access->conditions, const ap_directive_t *) = node;
        else if (mo_tree_is(node, "<Location") || mo_tree_is(node, "<LocationMatch")) {
            if (covers(node, path, pool))
                read_section(access, node, pool);
        }
        else if (!access->proxy && proxies(node, path, pool))
            access->proxy = node;
    }
}

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

/* The ProxyPass that answers, whatever the handler is, or NULL. "!" keeps a path from the proxies that come later. */
static const ap_directive_t *proxy_of(const access_t *access, apr_pool_t *pool)
{
    const ap_directive_t *proxy = access->own_proxy ? access->own_proxy : access->proxy;
    const char *arguments = proxy ? proxy->args : "";

    if (!access->own_proxy)
        (void)ap_getword_conf(pool, &arguments);
    return proxy && strcmp(ap_getword_conf(pool, &arguments), "!") != 0 ? proxy : NULL;
}

/* True for one line of a file, which may be included several times. */
static int is_same(const ap_directive_t *one, const ap_directive_t *other)
{
    return one == other || (one->line_num == other->line_num && strcmp(one->filename, other->filename) == 0);
}

/* True for a directive that surely keeps people out: it stands in a <Location> of the place or below it, or where the
 * place itself stands. A condition for more than that may never be met there, and in a host for more than that
 * something else may answer, of which nothing is known here: a redirect, a RewriteRule that proxies. */
static int is_certain(const check_t *check, const ap_directive_t *node)
{
    const ap_directive_t *host = mo_tree_host(node), *own = mo_tree_host(check->base->directive);
    int is_conditional = 0;

    for (node = node->parent; node && !mo_tree_is(node, "<Location"); node = node->parent)
        is_conditional = is_conditional || is_condition(node);
    if (node && mo_places_covers(check->base, mo_tree_word(node, check->pool)))
        return 1;
    return !is_conditional && (!host || (own && is_same(host, own)));
}

static int is_ours(check_t *check, const access_t *access, apr_pool_t *pool)
{
    const ap_directive_t *proxy;

    if (!access->handler || !is_same(access->handler, check->base->directive))
        return 0;
    proxy = proxy_of(access, pool);
    if (proxy)
        check->proxy = proxy;
    else
        check->is_answered = 1;
    return !proxy;
}

static int has_type(const access_t *access, apr_pool_t *pool)
{
    const char *type = access->auth_type ? mo_tree_word(access->auth_type, pool) : "";

    return ap_cstr_casecmp(type, MO_AUTH_TYPE) == 0 || strstr(type, "%{");
}

/* What is wrong with an AuthType that is not ours. */
static const char *refuse_type(check_t *check, const access_t *access)
{
    if (!access->auth_type)
        return apr_psprintf(check->pool, "%s: AuthType " MO_AUTH_TYPE " is missing: nobody would be asked for a token",
                            check->section);
    if (is_certain(check, access->auth_type))
        return apr_psprintf(check->pool,
                            "%s: must be " MO_AUTH_TYPE " where %s is bound (%s); where something else is to answer, "
                            "SetHandler None has to stand beside it",
                            mo_tree_place(access->auth_type, check->pool), check->base->surface->handler,
                            check->section);
    warn_of_type(check, access->auth_type);
    return NULL;
}

/* Each <If> by itself, as if it were met. Who is let in there may be right, which its condition only knows. */
static const char *check_conditions(check_t *check, const access_t *access, apr_pool_t *pool)
{
    const char *mistake = NULL;
    int i;

    for (i = 0; !mistake && i < access->conditions->nelts; i++) {
        const ap_directive_t *condition = APR_ARRAY_IDX(access->conditions, i, const ap_directive_t *);
        mo_verdict_t own = mo_require_judge(condition, pool);
        access_t met = *access;

        met.conditions = apr_array_make(pool, 2, sizeof(const ap_directive_t *));
        read_section(&met, condition, pool);
        if (is_ours(check, &met, pool)) {
            if (!has_type(&met, pool))
                mistake = refuse_type(check, &met);
            else if (own.because && own.who != MO_NOBODY)
                warn(check, own.because);
        }
        if (!mistake)
            mistake = check_conditions(check, &met, pool);
    }
    return mistake;
}

static int is_conditional(const access_t *access, apr_pool_t *pool)
{
    int i;

    for (i = 0; i < access->conditions->nelts; i++) {
        if (mo_require_judge(APR_ARRAY_IDX(access->conditions, i, const ap_directive_t *), pool).because)
            return 1;
    }
    return 0;
}

static const char *check_require(check_t *check, const access_t *access, const probe_t *probe, apr_pool_t *pool)
{
    mo_verdict_t verdict = access->verdict;
    int is_strict = probe->is_route && !is_conditional(access, pool);

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
    else if (access->satisfy && ap_cstr_casecmp(mo_tree_word(access->satisfy, pool), "any") == 0)
        warn(check, access->satisfy);
    return NULL;
}

/* With what stands outside of all hosts in `common`, whose own comes behind it. */
static const char *check_host(check_t *check, const access_t *common, const ap_directive_t *host, const probe_t *probe,
                              apr_pool_t *pool)
{
    access_t access = *common;
    const char *mistake = NULL;

    access.conditions = apr_array_copy(pool, common->conditions);
    if (host)
        read_sections(&access, host->first_child, probe->path, pool);
    if (is_ours(check, &access, pool))
        mistake = has_type(&access, pool) ? check_require(check, &access, probe, pool) : refuse_type(check, &access);
    return mistake ? mistake : check_conditions(check, &access, pool);
}

static const char *check_probe(check_t *check, const probe_t *probe, apr_pool_t *pool)
{
    access_t common = {.verdict = {MO_NOBODY, NULL},
                       .conditions = apr_array_make(pool, 4, sizeof(const ap_directive_t *))};
    const char *mistake = NULL;
    apr_pool_t *own;
    int i;

    apr_pool_create(&own, pool);
    read_sections(&common, ap_conftree, probe->path, pool);
    for (i = 0; !mistake && i < check->hosts->nelts; i++) {
        mistake = check_host(check, &common, APR_ARRAY_IDX(check->hosts, i, const ap_directive_t *), probe, own);
        apr_pool_clear(own);
    }
    return mistake;
}

/* ---- paths to ask for ---- */

static void add_probe(check_t *check, const char *below, int is_route)
{
    const char *path = apr_pstrcat(check->pool, check->base->path, below, NULL);

    /* Hosts that a macro makes have the same sections. */
    if (apr_hash_get(check->known, path, APR_HASH_KEY_STRING))
        return;
    apr_hash_set(check->known, path, APR_HASH_KEY_STRING, path);
    APR_ARRAY_PUSH(check->probes, probe_t) = (probe_t){path, is_route};
}

/* A path of a route: its parameters are ids. */
static const char *example(const char *pattern, apr_pool_t *pool)
{
    const char *path = "";
    size_t length;

    for (; *pattern; pattern += length + strcspn(pattern + length, "}") + (pattern[length] != '\0')) {
        length = strcspn(pattern, "{");
        path = apr_pstrcat(pool, path, apr_pstrmemdup(pool, pattern, length),
                           pattern[length] ? "6fa459ea-ee8a-4ca4-894e-db77e160355e" : "", NULL);
    }
    return path;
}

/* The <Location>s below the place, but for its open routes, of which nobody is asked anything. */
static void add_sections(check_t *check, const ap_directive_t *node)
{
    const mo_base_t *base = check->base;

    for (; node; node = node->next) {
        const char *path = mo_tree_is(node, "<Location") ? mo_tree_word(node, check->pool) : "";

        if (mo_tree_is(node, "<VirtualHost"))
            add_sections(check, node->first_child);
        if (!mo_places_covers(base, path) || !path[base->length] || !path[base->length + 1])
            continue;
        path = orc_url_trimmed(path + base->length, check->pool);
        if (!orc_surface_is_open(base->surface, "GET", path))
            add_probe(check, apr_pstrcat(check->pool, path, "/-", NULL), 0);
    }
}

static void add_probes(check_t *check)
{
    const orc_route_t *route;

    add_probe(check, "/-", 1);
    for (route = check->base->surface->routes; route->id; route++) {
        if (!(route->flags & ORC_ROUTE_OPEN))
            add_probe(check, example(route->path, check->pool), 1);
    }
    add_sections(check, ap_conftree);
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
        if (mo_tree_is(node, "<VirtualHost") && (!own || is_same(node, own)))
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
    check.probes = apr_array_make(pool, 64, sizeof(probe_t));
    check.known = apr_hash_make(pool);
    add_probes(&check);
    apr_pool_create(&own, pool);
    for (i = 0; !mistake && i < check.probes->nelts; i++) {
        mistake = check_probe(&check, &APR_ARRAY_IDX(check.probes, i, probe_t), own);
        apr_pool_clear(own);
    }
    apr_pool_destroy(own);
    if (!mistake && !check.is_answered && check.proxy)
        add_warning(&check,
                    apr_psprintf(pool,
                                 "%s: answers all requests for %s (%s), and has their tokens: where it is not to, "
                                 "ProxyPass ! has to stand in that section",
                                 mo_tree_place(check.proxy, pool), base->surface->handler, check.section));
    return mistake;
}
