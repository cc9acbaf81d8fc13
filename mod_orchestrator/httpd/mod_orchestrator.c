/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <http_protocol.h>
#include <http_request.h>
#include <mod_status.h>
#include <mpm_common.h>

#include "mo_auth.h"
#include "mo_child.h"
#include "mo_config.h"
#include "mo_daemon.h"
#include "mo_problem.h"
#include "mo_recognise.h"
#include "mo_request.h"
#include "mo_status.h"
#include "mo_stream.h"
#include "mo_waiting.h"

/* The PaaS Orchestrator as a module of httpd: which hook runs what. */

static void register_hooks(apr_pool_t *pool)
{
    static const char *const ssl[] = {"mod_ssl.c", NULL};

    mo_problem_register();
    ap_hook_check_config(mo_config_check, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(mo_daemon_start, NULL, NULL, APR_HOOK_LAST);
    ap_hook_monitor(mo_daemon_watch, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(mo_child_init, NULL, NULL, APR_HOOK_LAST);
    ap_hook_child_init(mo_stream_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_suspend_connection(mo_waiting_begin, NULL, NULL, APR_HOOK_LAST);
    ap_hook_pre_translate_name(mo_recognise_undecodable, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_translate_name(mo_recognise, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_translate_name(mo_recognise_no_file, NULL, NULL, APR_HOOK_LAST);
    ap_hook_map_to_storage(mo_recognise_no_file, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_post_perdir_config(mo_recognise_finally, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_post_perdir_config(mo_problem_keep, NULL, NULL, APR_HOOK_LAST);
    ap_hook_check_access(mo_auth_begin, ssl, NULL, APR_HOOK_REALLY_LAST, AP_AUTH_INTERNAL_PER_URI);
    /* By URI: of two requests with the same configuration, only one may go to an open route. */
    /* First: with SSLOptions FakeBasicAuth, mod_ssl's hook writes a client certificate's name over the token. What else
     * it would refuse there, by StrictRequire, it refuses in its next hook, too. */
    ap_hook_check_authn(mo_auth_check, NULL, NULL, APR_HOOK_REALLY_FIRST, AP_AUTH_INTERNAL_PER_URI);
    ap_hook_check_authz(mo_auth_admit, ssl, NULL, APR_HOOK_REALLY_FIRST, AP_AUTH_INTERNAL_PER_URI);
    ap_hook_type_checker(mo_recognise_no_type, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_fixups(mo_recognise_handler, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_fixups(mo_auth_check_proxied, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_handler(mo_request_handle, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(mo_problem_handle, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(mo_status_handle, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_insert_error_filter(mo_problem_replace, NULL, NULL, APR_HOOK_LAST);
    ap_hook_log_transaction(mo_recognise_count, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ap, status_hook, mo_status_section, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(orchestrator) = {
    STANDARD20_MODULE_STUFF, NULL,          NULL,           mo_config_create,
    mo_config_merge,         mo_directives, register_hooks, AP_MODULE_FLAG_NONE,
};
