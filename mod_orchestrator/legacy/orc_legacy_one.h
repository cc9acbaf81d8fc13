/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_LEGACY_ONE_H
#define ORC_LEGACY_ONE_H

#include "orc_surface_handler.h"

/** Answers with a deployment as it is now, whatever was done with it, and that status. */
orc_error_t *orc_legacy_deployment_answer(const orc_request_t *request, orc_response_t *response, const char *id,
                                          int status);

#endif
