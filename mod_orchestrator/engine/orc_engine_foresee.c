/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_foresee.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_engine_placement.h"

static orc_error_t *open_inputs(json_t **inputs, const orc_service_t *service, const orc_store_creation_t *creation,
                                apr_pool_t *pool)
{
    const char *text = creation->inputs;
    char *opened;

    if (creation->inputs_sealed) {
        ORC_TRY(orc_secret_open(&opened, service->config->secret_keys, ORC_SEALED_INPUTS, creation->deployment_id,
                                creation->inputs_sealed, pool));
        text = opened;
    }
    *inputs = orc_json_own_text(text, pool);
    return NULL;
}

static orc_error_t *fit_of(orc_fit_wish_t *fit, const orc_service_t *service, const orc_store_creation_t *creation,
                           apr_pool_t *pool)
{
    orc_tosca_template_t *tosca;
    orc_tosca_demand_t demand;
    apr_array_header_t *nodes;
    json_t *inputs, *complete;

    ORC_TRY(open_inputs(&inputs, service, creation, pool));
    ORC_TRY(orc_tosca_parse(&tosca, creation->content, strlen(creation->content), service->types, "", pool));
    ORC_TRY(orc_tosca_inputs(&complete, tosca, inputs, "", pool));
    ORC_TRY(orc_tosca_topology(&nodes, &demand, tosca, complete, pool));
    *fit = (orc_fit_wish_t){orc_tosca_needs(tosca, complete, pool), demand.wants_public};
    return fit->needs->is_torn ? orc_error(pool, 422, "template.policies", "Its policies ask for different places.")
                               : NULL;
}

static const char *sentence(const orc_placement_t *placement, apr_pool_t *pool)
{
    const char *text = "";
    int i;

    for (i = 0; i < placement->candidates->nelts; i++) {
        const orc_address_t *at = APR_ARRAY_IDX(placement->candidates, i, const orc_address_t *);

        text = apr_pstrcat(pool, text, i ? ", else at " : "It would be at ", at->provider, at->region ? " in " : "",
                           at->region ? at->region : "", NULL);
    }
    return *text ? apr_pstrcat(pool, text, ".", NULL) : "No provider could serve it.";
}

const char *orc_engine_foresee(const orc_service_t *service, const orc_store_creation_t *creation, apr_pool_t *pool)
{
    orc_placement_wish_t wish = {.group = creation->user_group,
                                 .issuer = creation->user_group_issuer,
                                 .type = creation->provider_type,
                                 .provider = creation->provider,
                                 .region = creation->region,
                                 .max = creation->max_providers,
                                 .im_url = service->config->im_url};
    orc_placement_t placement;
    orc_error_t *error = fit_of(&wish.fit, service, creation, pool);
    orc_rows_t rows;

    if (!error)
        error = orc_db_read(service->db, &rows, orc_store_records_call(creation->deployment_id, pool), pool);
    if (error)
        return apr_pstrcat(pool, "It could not be placed: ", error->detail, NULL);
    orc_engine_place(&placement, service->providers, &wish, orc_store_records(&rows, pool), pool);
    return sentence(&placement, pool);
}
