/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_status.h"

int mo_status_handle(request_rec *r)
{
    return DECLINED;
}

int mo_status_section(request_rec *r, int flags)
{
    return DECLINED;
}
