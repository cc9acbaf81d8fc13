/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_DB_VIEWS_H
#define ORC_DB_VIEWS_H

#include "orc_db.h"

/* The views that this version's statements read from: in a schema whose name tells what is in it (orc_views_schema), so
 * that hosts of two versions serve from one database. Who migrates makes them (orc_db_migrate). */

/**
 * Says that this version's views are in use, and drops those that nobody has used for a week. To be called by every
 * daemon at its start and once an hour; cheaper when it is called more often.
 * @return 500 "database.views" when they aren't there
 */
orc_error_t *orc_db_views_keep(orc_db_t *db, apr_pool_t *pool);

#endif
