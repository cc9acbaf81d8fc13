/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_LOG_H
#define ORC_LOG_H

/**
 * Logging of the rooms below httpd/: levels are APLOG's, the text goes to a callback that httpd/ (or a test) sets.
 * A line carries its object ("operation 0192...: ...") so that the log can be searched by it. No secrets, ever.
 */
typedef enum {
    ORC_LOG_ERROR = 3,
    ORC_LOG_WARNING = 4,
    ORC_LOG_NOTICE = 5,
    ORC_LOG_INFO = 6,
    ORC_LOG_DEBUG = 7,
} orc_log_level_t;

/** Takes one line without a newline; called from any thread. */
typedef void orc_log_sink_t(void *baton, orc_log_level_t level, const char *line);

/** Sets the process-wide sink. Called before threads start. NULL: lines are dropped. */
void orc_log_set(orc_log_sink_t *sink, void *baton, orc_log_level_t level);

/** Logs one line; formatted only when `level` passes the level that was set. Longer than 4 KiB: cut. */
void orc_log(orc_log_level_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
