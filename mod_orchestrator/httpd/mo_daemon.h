/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_DAEMON_H
#define MO_DAEMON_H

#include "mo_private.h"

/**
 * post_config hook: makes the shared memory and forks the daemon, which makes sure that the database can be used,
 * brings its schema up to date (OrchestratorMigrate), keeps the issuers' keys and runs the engine. httpd's parent
 * starts it again when it dies, and ends it at a stop or restart before anything new starts, so that there is never a
 * second one.
 */
int mo_daemon_start(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server);

/** monitor hook, every few seconds in httpd's parent: forks the daemon when the system had no process for it before. */
int mo_daemon_watch(apr_pool_t *pool, server_rec *server);

#endif
