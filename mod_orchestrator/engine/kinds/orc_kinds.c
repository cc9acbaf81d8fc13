/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_kinds.h"

#include "create/orc_create.h"
#include "orc_delete.h"
#include "orc_infrastructure.h"
#include "orc_machine.h"
#include "orc_orchestration.h"
#include "orc_sweep.h"
#include "orc_watch.h"
#include "update/orc_update.h"

const orc_kind_t *const orc_kinds[] = {
    &orc_kind_create,
    &orc_kind_update,
    &orc_kind_add_owner,
    &orc_kind_remove_owner,
    &orc_kind_delete,
    &orc_kind_start,
    &orc_kind_stop,
    &orc_kind_reboot,
    &orc_kind_infrastructure,
    &orc_kind_watch,
    &orc_kind_sweep,
    &orc_kind_orchestration,
    NULL,
};
