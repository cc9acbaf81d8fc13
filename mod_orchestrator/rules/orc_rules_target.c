/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_target.h"

#include <string.h>

#include "orc_providers.h"
#include "orc_rules_internal.h"

typedef struct check_t {
    const orc_rules_call_t *call;
    const orc_rules_target_t *target;
    const orc_providers_t *providers; /* NULL: there are none */
} check_t;

static int is_or_any(const char *name, const char *wanted)
{
    return !wanted || strcmp(name, wanted) == 0;
}

/* ---- the body ---- */

static int is_region_served(const check_t *check)
{
    int i;

    for (i = 0; check->providers && i < check->providers->list->nelts; i++) {
        const orc_provider_t *provider = APR_ARRAY_IDX(check->providers->list, i, const orc_provider_t *);

        if (provider->is_enabled && orc_provider_share(provider, check->call->who->issuer, check->target->user_group) &&
            orc_provider_has_region(provider, check->target->region))
            return 1;
    }
    return 0;
}

static void check_body(orc_error_t **unfit, const check_t *check)
{
    const orc_rules_target_t *target = check->target;
    apr_pool_t *pool = check->call->pool;
    const orc_provider_t *provider;

    if (!target->provider) {
        if (target->region && !is_region_served(check))
            orc_error_add_member(unfit, pool, "target_region",
                                 "is not a region of a provider that serves this user group");
        return;
    }
    provider = check->providers ? orc_providers_find(check->providers, target->provider) : NULL;
    /* Whether one is there that serves others is not told. */
    if (!provider || !orc_provider_share(provider, check->call->who->issuer, target->user_group))
        orc_error_add_member(unfit, pool, "target_provider", "is not a provider that serves this user group");
    else if (!provider->is_enabled)
        orc_error_add_member(unfit, pool, "target_provider", "is not available at the moment");
    else if (!orc_provider_has_region(provider, target->region))
        orc_error_add_member(unfit, pool, "target_region", "is not a region of %s", provider->name);
}

/* ---- the template's policies ---- */

/* How far the best provider comes: each step is one more thing that holds. */
typedef enum fit_t { UNKNOWN_SLA, DISABLED, WITHOUT_REGION, ELSEWHERE, FITS } fit_t;

static fit_t fit_of(const check_t *check, const orc_provider_t *provider)
{
    const orc_rules_target_t *target = check->target;
    const orc_tosca_needs_t *needs = target->needs;
    const orc_provider_project_t *share = orc_provider_share(provider, check->call->who->issuer, target->user_group);

    if (!share || !orc_provider_is_meant(provider, share, needs->sla))
        return UNKNOWN_SLA;
    if (!provider->is_enabled)
        return DISABLED;
    if (!orc_provider_has_region(provider, needs->region))
        return WITHOUT_REGION;
    if (!is_or_any(provider->name, target->provider) || !orc_provider_has_region(provider, target->region) ||
        (needs->region && !is_or_any(needs->region, target->region)))
        return ELSEWHERE;
    return FITS;
}

static fit_t best_fit(const check_t *check)
{
    fit_t best = UNKNOWN_SLA;
    int i;

    for (i = 0; check->providers && i < check->providers->list->nelts; i++) {
        fit_t fit = fit_of(check, APR_ARRAY_IDX(check->providers->list, i, const orc_provider_t *));

        best = fit > best ? fit : best;
    }
    return best;
}

static const char *const policy = "has a SlaPlacement policy that asks for ";

static void check_policies(orc_error_t **unfit, const check_t *check)
{
    static const char field[] = "template_id";
    const orc_tosca_needs_t *needs = check->target->needs;
    apr_pool_t *pool = check->call->pool;

    if (needs->is_torn) {
        orc_error_add_member(unfit, pool, field, "has SlaPlacement policies that ask for different places");
        return;
    }
    switch (best_fit(check)) {
    case UNKNOWN_SLA:
        orc_error_add_member(unfit, pool, field, "%s%s, which is not an agreement or a provider of this user group",
                             policy, needs->sla ? needs->sla : "a place");
        break;
    case DISABLED:
        orc_error_add_member(unfit, pool, field, "%s%s, which is not available at the moment", policy,
                             needs->sla ? needs->sla : "a place");
        break;
    case WITHOUT_REGION:
        orc_error_add_member(unfit, pool, field, "%sthe region %s, which is not one of %s", policy, needs->region,
                             needs->sla ? needs->sla : "a provider that serves this user group");
        break;
    case ELSEWHERE:
        orc_error_add_member(unfit, pool, field, "%sanother place than the target", policy);
        break;
    case FITS:
        break;
    }
}

void orc_rules_target_check(orc_error_t **unfit, const orc_rules_call_t *call, const orc_rules_target_t *target)
{
    const check_t check = {call, target, call->service->providers};
    orc_error_t *wrong = NULL;

    check_body(&wrong, &check);
    if (wrong)
        orc_rules_add_mistakes(unfit, wrong, call->pool);
    else if (target->needs && (target->needs->is_torn || target->needs->sla || target->needs->region))
        check_policies(unfit, &check);
}
