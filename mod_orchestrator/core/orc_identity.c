/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_identity.h"

const char *orc_group_name(const char *group)
{
    return group && *group == '/' ? group + 1 : group;
}
