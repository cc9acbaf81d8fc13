/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_MACHINE_H
#define ORC_MACHINE_H

#include "../orc_engine_step.h"

/* One machine is started, stopped or rebooted. */

extern const orc_kind_t orc_kind_start, orc_kind_stop, orc_kind_reboot;

#endif
