/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_LOG_H
#define MO_LOG_H

#include "mo_private.h"

/** Sends the lines of the rooms below (orc_log) to the server's error log, at the level that LogLevel gives the module.
 */
void mo_log_to(server_rec *server);

#endif
