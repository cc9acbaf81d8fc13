/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_process.h"

#include <apr_thread_mutex.h>

#include "orc_surface.h"
#include "orc_time.h"

struct orc_surface_memory_t {
    orc_surface_schemas_t *schemas;
    orc_error_t *broken; /* the schemas could not be compiled */
    orc_surface_totals_t *totals;
    apr_thread_mutex_t *lock;
    unsigned probe; /* of IM, for /health */
    apr_time_t probed;
};

orc_surface_process_t *orc_surface_process_make(const orc_surface_t *surface, apr_pool_t *pool)
{
    orc_surface_process_t *process = apr_pcalloc(pool, sizeof *process);
    struct orc_surface_memory_t *memory = apr_pcalloc(pool, sizeof *memory);

    process->surface = surface;
    process->memory = memory;
    memory->broken = orc_surface_schemas_make(&memory->schemas, surface->schemas, pool);
    memory->totals = orc_surface_totals_make(pool);
    if (!memory->totals || apr_thread_mutex_create(&memory->lock, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS)
        return NULL;
    return process;
}

orc_error_t *orc_surface_process_schemas(const orc_surface_schemas_t **schemas, const orc_surface_process_t *process)
{
    *schemas = process->memory->schemas;
    return process->memory->broken;
}

orc_surface_totals_t *orc_surface_process_totals(const orc_surface_process_t *process)
{
    return process->memory->totals;
}

unsigned orc_surface_process_probed(orc_surface_process_t *process, apr_interval_time_t age)
{
    struct orc_surface_memory_t *memory = process->memory;
    unsigned probe;

    apr_thread_mutex_lock(memory->lock);
    probe = orc_time_monotonic() - memory->probed <= age ? memory->probe : 0;
    apr_thread_mutex_unlock(memory->lock);
    return probe;
}

void orc_surface_process_keep_probe(orc_surface_process_t *process, unsigned result)
{
    struct orc_surface_memory_t *memory = process->memory;

    apr_thread_mutex_lock(memory->lock);
    memory->probe = result;
    memory->probed = orc_time_monotonic();
    apr_thread_mutex_unlock(memory->lock);
}
