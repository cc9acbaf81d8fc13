/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_PRIVATE_H
#define MO_PRIVATE_H

#include <httpd.h>

#include <http_config.h>
#include <http_log.h>

extern module AP_MODULE_DECLARE_DATA orchestrator_module;

/* Tags of our own log lines; AH numbers belong to httpd's own modules. tests/guards/log_tags checks that each number is
 * used once. */
#define ORCLOGNO(n) "ORC" #n ": "

/* Names of the handlers that are no surfaces. */
#define MO_HANDLER_STATUS  "orchestrator-status"
#define MO_HANDLER_PROBLEM "orchestrator-problem"

/* The AuthType of the <Location>s that surfaces are bound in. */
#define MO_AUTH_TYPE "Bearer"

#endif
