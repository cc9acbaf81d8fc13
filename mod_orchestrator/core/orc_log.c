/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_log.h"

#include <stdarg.h>
#include <stdio.h>

static struct {
    orc_log_sink_t *sink;
    void *baton;
    orc_log_level_t level;
} log_target;

void orc_log_set(orc_log_sink_t *sink, void *baton, orc_log_level_t level)
{
    log_target.sink = sink;
    log_target.baton = baton;
    log_target.level = level;
}

void orc_log(orc_log_level_t level, const char *format, ...)
{
    char line[4096];
    va_list args;

    if (!log_target.sink || level > log_target.level)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log_target.sink(log_target.baton, level, line);
}
