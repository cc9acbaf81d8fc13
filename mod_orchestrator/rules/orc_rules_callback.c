/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_callback.h"

#include <apr_strings.h>

#include "orc_callee.h"
#include "orc_config.h"

const char *orc_rules_callback_read(orc_rules_callback_t *callback, const orc_rules_call_t *call, const char *given)
{
    orc_callee_url_t url;
    const char *mistake = orc_callee_url(&url, given, call->pool);

    *callback = (orc_rules_callback_t){.url = given};
    if (mistake)
        return mistake;
    if (orc_callee_find(call->service->config->callees, &url))
        callback->host = url.host;
    else if (url.has_user)
        callback->note = "The callback is not called: its URL has a user or a password, which anybody may read.";
    else
        callback->note = apr_psprintf(
            call->pool, "The callback is not called: %s is not among the hosts that this service calls.", url.host);
    return NULL;
}
