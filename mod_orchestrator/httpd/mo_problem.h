/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_PROBLEM_H
#define MO_PROBLEM_H

#include "mo_private.h"

/* Errors that httpd or another of its modules answers with, as problem+json like our own. */

/** Handler "orchestrator-problem", for ErrorDocument: errors that arise before a <Location> is known. First of all
 * handlers: it answers in the place of every ErrorDocument of our places too. */
int mo_problem_handle(request_rec *r);

/** post_perdir_config hook: an ErrorDocument elsewhere would be a redirect, which our clients take for an answer. */
int mo_problem_keep(request_rec *r);

/** insert_error_filter hook: an error page that httpd makes for one of our requests is replaced. */
void mo_problem_replace(request_rec *r);

/** Registers the output filter that does it. */
void mo_problem_register(void);

#endif
