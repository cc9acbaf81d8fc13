/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_STATUS_H
#define MO_STATUS_H

#include "mo_private.h"

/** Handler "orchestrator-status": HTML, ?auto (key: value lines), ?json, ?metrics (Prometheus). */
int mo_status_handle(request_rec *r);

/** A section of mod_status's page (its status_hook). */
int mo_status_section(request_rec *r, int flags);

#endif
