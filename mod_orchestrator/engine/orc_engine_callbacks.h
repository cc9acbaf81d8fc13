/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_CALLBACKS_H
#define ORC_ENGINE_CALLBACKS_H

#include "orc_engine_state.h"

/*
 * States of deployments are told to the URLs that these name. What is called is other people's, of which nothing is
 * known: so it is done by a thread with a connection and a client of its own, and holds up nothing else, whatever it
 * waits for. There is none where nobody may be called.
 */

/** Begins the thread; *callbacks is NULL where nobody may be called. */
orc_error_t *orc_callbacks_make(orc_callbacks_t **callbacks, orc_engine_t *engine, apr_pool_t *pool);

/** Ends it; the engine is stopping. What is on its way is dropped, and told by others, perhaps once more. */
void orc_callbacks_end(orc_callbacks_t *callbacks);

#endif
