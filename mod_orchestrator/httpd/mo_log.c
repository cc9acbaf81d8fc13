/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_log.h"

#include "orc_log.h"

APLOG_USE_MODULE(orchestrator);

static void write_line(void *baton, orc_log_level_t level, const char *line)
{
    ap_log_error(APLOG_MARK, (int)level, 0, (server_rec *)baton, ORCLOGNO(1000) "%s", line);
}

void mo_log_to(server_rec *server)
{
    int level = ap_get_server_module_loglevel(server, APLOG_MODULE_INDEX);

    orc_log_set(write_line, server, level > ORC_LOG_DEBUG ? ORC_LOG_DEBUG : (orc_log_level_t)level);
}
