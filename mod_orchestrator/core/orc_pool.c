/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_pool.h"

#include <apr_allocator.h>
#include <apr_thread_mutex.h>

apr_pool_t *orc_pool_shared(void)
{
    apr_thread_mutex_t *mutex;
    apr_allocator_t *allocator;
    apr_pool_t *pool;

    apr_allocator_create(&allocator);
    apr_pool_create_unmanaged_ex(&pool, NULL, allocator);
    apr_allocator_owner_set(allocator, pool);
    apr_thread_mutex_create(&mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    apr_allocator_mutex_set(allocator, mutex);
    return pool;
}
