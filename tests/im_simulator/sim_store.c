/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_store.h"

#include <apr_general.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <apr_time.h>
#include <stdatomic.h>
#include <string.h>

#define MAX_INFRASTRUCTURES 200000
#define MAX_COUNTERS        10000
#define ID_LENGTH           36
#define NEVER               (APR_INT64_MAX / 4)
#define MAX_DELETED         256 /* of so many of the last deleted ones enough is kept for a return */

/* How a running deletion ends. */
enum { ENDS_GONE, ENDS_REFUSED, ENDS_LOST };

struct sim_store_t {
    apr_pool_t *parent, *pool; /* pool goes with a reset */
    apr_thread_mutex_t *mutex;
    _Atomic apr_int64_t offset;
    _Atomic unsigned generation;
    apr_hash_t *by_id;
    apr_hash_t *counters; /* name -> sim_fault_t */
    apr_array_header_t *all;
    sim_infrastructure_t *newest;
    sim_fault_t faults[SIM_MAX_FAULTS];
    int fault_count;
    unsigned addresses; /* public addresses given out */
    _Atomic int verifies;
    apr_int64_t away_from, away_until;          /* IM's database is away */
    sim_infrastructure_t *deleted[MAX_DELETED]; /* a ring; NULL: came back */
    unsigned deletions;
};

static void start_empty(sim_store_t *store)
{
    apr_pool_create(&store->pool, store->parent);
    store->by_id = apr_hash_make(store->pool);
    store->counters = apr_hash_make(store->pool);
    store->all = apr_array_make(store->pool, 64, sizeof(sim_infrastructure_t *));
    store->newest = NULL;
    store->fault_count = 0;
    store->addresses = 0;
    store->away_from = store->away_until = 0;
    store->deletions = 0;
    memset(store->deleted, 0, sizeof(store->deleted));
    atomic_store(&store->verifies, 1);
}

sim_store_t *sim_store_create(apr_pool_t *pool)
{
    sim_store_t *store = apr_pcalloc(pool, sizeof(*store));

    if (apr_thread_mutex_create(&store->mutex, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS) {
        return NULL;
    }
    /* The parent's allocator is not ours to share: the store allocates under its own lock only. */
    apr_pool_create_unmanaged(&store->parent);
    start_empty(store);
    return store;
}

void sim_store_lock(sim_store_t *store)
{
    apr_thread_mutex_lock(store->mutex);
}

void sim_store_unlock(sim_store_t *store)
{
    apr_thread_mutex_unlock(store->mutex);
}

apr_int64_t sim_store_now(sim_store_t *store)
{
    return apr_time_as_msec(apr_time_now()) + atomic_load(&store->offset);
}

void sim_store_advance(sim_store_t *store, apr_int64_t ms)
{
    atomic_fetch_add(&store->offset, ms);
}

unsigned sim_store_generation(sim_store_t *store)
{
    return atomic_load(&store->generation);
}

/* ---- the table ---- */

static void unlink_live(sim_store_t *store, sim_infrastructure_t *infrastructure)
{
    if (infrastructure->newer) {
        infrastructure->newer->older = infrastructure->older;
    }
    else {
        store->newest = infrastructure->older;
    }
    if (infrastructure->older) {
        infrastructure->older->newer = infrastructure->newer;
    }
    infrastructure->newer = infrastructure->older = NULL;
}

static void link_newest(sim_store_t *store, sim_infrastructure_t *infrastructure)
{
    infrastructure->older = store->newest;
    if (store->newest) {
        store->newest->newer = infrastructure;
    }
    store->newest = infrastructure;
}

static void forget_for_good(sim_infrastructure_t *infrastructure)
{
    apr_pool_destroy(infrastructure->pool);
    infrastructure->pool = NULL;
    infrastructure->tmpl = NULL;
    infrastructure->vms = NULL;
    infrastructure->owners = NULL;
}

static void finish(sim_store_t *store, sim_infrastructure_t *infrastructure)
{
    unsigned place = store->deletions++ % MAX_DELETED;

    unlink_live(store, infrastructure);
    infrastructure->is_over = 1;
    if (store->deleted[place]) {
        forget_for_good(store->deleted[place]);
    }
    store->deleted[place] = infrastructure;
}

void sim_store_reset(sim_store_t *store)
{
    sim_store_lock(store);
    for (int i = 0; i < store->all->nelts; i++) {
        sim_infrastructure_t *infrastructure = APR_ARRAY_IDX(store->all, i, sim_infrastructure_t *);
        json_decref(infrastructure->metadata);
        if (infrastructure->pool) {
            apr_pool_destroy(infrastructure->pool);
        }
    }
    apr_pool_destroy(store->pool);
    start_empty(store);
    atomic_fetch_add(&store->generation, 1);
    atomic_store(&store->offset, 0);
    sim_store_unlock(store);
}

/* A UUID of version 1, as IM's are: 100 ns since 1582, made unique by counting on. */
static void make_id(char *id)
{
    static _Atomic apr_uint64_t last;
    apr_uint64_t now = (apr_uint64_t)apr_time_now() * 10 + APR_UINT64_C(122192928000000000),
                 before = atomic_load(&last);

    do {
        now = now > before ? now : before + 1;
    } while (!atomic_compare_exchange_weak(&last, &before, now));
    apr_snprintf(id, ID_LENGTH + 1, "%08x-%04x-1%03x-8000-02fc00000001", (unsigned)(now & 0xffffffff),
                 (unsigned)(now >> 32 & 0xffff), (unsigned)(now >> 48 & 0xfff));
}

sim_infrastructure_t *sim_infrastructure_new(void)
{
    sim_infrastructure_t *infrastructure;
    apr_pool_t *pool;

    apr_pool_create_unmanaged(&pool);
    infrastructure = apr_pcalloc(pool, sizeof(*infrastructure));
    infrastructure->pool = pool;
    infrastructure->owners = apr_array_make(pool, 1, sizeof(sim_owner_t));
    infrastructure->vms = apr_array_make(pool, 4, sizeof(sim_vm_t));
    sim_settings_init(&infrastructure->settings);
    make_id(infrastructure->id);
    return infrastructure;
}

static const char *copy(const char *text, apr_pool_t *pool)
{
    return text ? apr_pstrdup(pool, text) : NULL;
}

static void arm_faults(sim_settings_t *settings, apr_int64_t now)
{
    for (int i = 0; i < settings->fault_count; i++) {
        settings->faults[i].armed_at = now;
    }
}

/* The VMs of a creation. The thread that launches them may die; then nobody ever says that the launch is over. */
static void launch_first(sim_store_t *store, sim_infrastructure_t *infrastructure)
{
    const sim_template_t *tmpl = infrastructure->tmpl;

    if (!tmpl->fatal) {
        sim_infrastructure_scale(store, infrastructure, NULL, NULL);
    }
    if (tmpl->fatal || (tmpl->is_empty && !infrastructure->vms_made && !infrastructure->all_failed)) {
        infrastructure->launched_at = infrastructure->adding_until = NEVER;
    }
    else if (!infrastructure->vms_made && !infrastructure->all_failed) {
        infrastructure->failure = "Infrastructure without any deploy. Exiting.";
    }
}

const char *sim_store_add(sim_store_t *store, sim_infrastructure_t *made)
{
    apr_int64_t now = sim_store_now(store);
    sim_infrastructure_t *infrastructure;

    if (store->all->nelts == MAX_INFRASTRUCTURES) {
        return "the simulator's table is full";
    }
    infrastructure = apr_pmemdup(store->pool, made, sizeof(*made));
    infrastructure->owner = copy(made->owner, store->pool);
    infrastructure->cloud_id = copy(made->cloud_id, store->pool);
    infrastructure->cloud_type = copy(made->cloud_type, store->pool);
    infrastructure->request_id = copy(made->request_id, store->pool);
    infrastructure->behaviour = copy(made->settings.behaviour, store->pool);
    infrastructure->created_at = infrastructure->configure_from = now;
    infrastructure->refuse = made->settings.refuse;
    infrastructure->lost = made->settings.lost;
    infrastructure->back = made->settings.back;
    infrastructure->launched_at = infrastructure->adding_until = now + made->settings.launch_ms;
    arm_faults(&infrastructure->settings, now);
    if (made->tmpl && !made->failure) {
        launch_first(store, infrastructure);
    }
    APR_ARRAY_PUSH(store->all, sim_infrastructure_t *) = infrastructure;
    apr_hash_set(store->by_id, infrastructure->id, ID_LENGTH, infrastructure);
    link_newest(store, infrastructure);
    infrastructure->is_unsaved = sim_store_database_is_away(store);
    return NULL;
}

sim_fault_t *sim_store_fault(sim_store_t *store, const char *name, const sim_fault_t *fault)
{
    sim_fault_t *counter = apr_hash_get(store->counters, name, APR_HASH_KEY_STRING);

    if (!counter && apr_hash_count(store->counters) < MAX_COUNTERS) {
        counter = apr_palloc(store->pool, sizeof(*counter));
        *counter = sim_fault_copy(fault, store->pool);
        apr_hash_set(store->counters, apr_pstrdup(store->pool, name), APR_HASH_KEY_STRING, counter);
    }
    return counter;
}

void sim_store_set_faults(sim_store_t *store, const sim_fault_t *faults, int count)
{
    store->fault_count = count;
    for (int i = 0; i < count; i++) {
        store->faults[i] = sim_fault_copy(&faults[i], store->pool);
        store->faults[i].armed_at = sim_store_now(store);
    }
}

sim_fault_t *sim_store_faults(int *count, sim_store_t *store)
{
    *count = store->fault_count;
    return store->faults;
}

/* ---- what IM remembers ---- */

int sim_store_verifies(sim_store_t *store)
{
    return atomic_load(&store->verifies);
}

/* What was never saved is nowhere then: its machines run on and IM knows nothing of them. */
void sim_store_forget(sim_store_t *store)
{
    const apr_array_header_t *all = sim_store_all(store);

    for (int i = 0; i < all->nelts; i++) {
        sim_infrastructure_t *infrastructure = APR_ARRAY_IDX(all, i, sim_infrastructure_t *);
        infrastructure->is_forgotten = 1;
        if (infrastructure->is_unsaved && !infrastructure->is_over) {
            infrastructure->orphaned = 1;
            sim_infrastructure_vanish(store, infrastructure);
        }
    }
    atomic_store(&store->verifies, 1);
}

void sim_store_take_database_away(sim_store_t *store, apr_int64_t for_ms)
{
    apr_int64_t now = sim_store_now(store);

    sim_store_all(store); /* what ended before ended with a database */
    store->away_from = for_ms ? now : 0;
    store->away_until = for_ms ? now + for_ms : 0;
}

int sim_store_database_is_away(sim_store_t *store)
{
    return sim_store_now(store) < store->away_until;
}

int sim_store_knows(sim_store_t *store, const sim_infrastructure_t *infrastructure)
{
    return !infrastructure->is_forgotten || !sim_store_database_is_away(store);
}

void sim_store_read_back(sim_store_t *store, sim_infrastructure_t *infrastructure)
{
    if (infrastructure->is_forgotten && infrastructure->tmpl) {
        sim_template_read_back(infrastructure->tmpl, infrastructure->pool);
        atomic_store(&store->verifies, 0);
    }
    infrastructure->is_forgotten = 0;
}

/* ---- the life of an infrastructure ---- */

static void lose_first_vm(sim_infrastructure_t *infrastructure)
{
    for (int i = 0; i < infrastructure->vms->nelts; i++) {
        sim_vm_t *vm = &APR_ARRAY_IDX(infrastructure->vms, i, sim_vm_t);
        if (!vm->destroyed && !vm->failed) {
            vm->destroyed = 1;
            return;
        }
    }
}

/* A deletion is over. IM notes that in its database before it drops the infrastructure from its memory; a note that
 * could not be made is never made up for, so that the row says to the end that it is there. */
static void end_deletion(sim_store_t *store, sim_infrastructure_t *infrastructure)
{
    apr_int64_t at = infrastructure->deleting_until;
    int is_noted = at < store->away_from || at >= store->away_until;

    infrastructure->deleting_until = 0;
    infrastructure->is_lost = infrastructure->delete_fails == ENDS_LOST;
    if (infrastructure->delete_fails == ENDS_GONE && !is_noted && !infrastructure->is_unsaved) {
        infrastructure->is_forgotten = 1;
    }
    else if (infrastructure->delete_fails == ENDS_GONE) {
        infrastructure->gone_at = infrastructure->deleted_at = at;
    }
}

/* Brings it up to date with the clock. */
static void settle(sim_store_t *store, sim_infrastructure_t *infrastructure)
{
    sim_settings_t *settings = &infrastructure->settings;
    apr_int64_t now = sim_store_now(store);

    if (infrastructure->is_over) {
        return;
    }
    if (settings->gone_ms >= 0 && now >= infrastructure->launched_at + settings->gone_ms) {
        settings->gone_ms = -1;
        lose_first_vm(infrastructure);
    }
    if (infrastructure->deleting_until && now >= infrastructure->deleting_until) {
        end_deletion(store, infrastructure);
    }
    infrastructure->is_unsaved = infrastructure->is_unsaved && now < store->away_until;
    if (infrastructure->gone_at && !infrastructure->back) {
        finish(store, infrastructure);
    }
    else if (infrastructure->gone_at && now >= infrastructure->gone_at + settings->back_ms) {
        infrastructure->back--;
        infrastructure->gone_at = infrastructure->deleted_at = 0;
    }
}

sim_infrastructure_t *sim_store_find(sim_store_t *store, const char *id)
{
    sim_infrastructure_t *infrastructure = apr_hash_get(store->by_id, id, APR_HASH_KEY_STRING);

    if (infrastructure) {
        settle(store, infrastructure);
    }
    return infrastructure && !infrastructure->is_over && !infrastructure->gone_at ? infrastructure : NULL;
}

sim_infrastructure_t *sim_store_next(sim_store_t *store, sim_infrastructure_t *infrastructure)
{
    infrastructure = infrastructure ? infrastructure->older : store->newest;
    while (infrastructure) {
        sim_infrastructure_t *older = infrastructure->older;
        settle(store, infrastructure);
        if (!infrastructure->is_over && !infrastructure->gone_at) {
            return infrastructure;
        }
        infrastructure = older;
    }
    return NULL;
}

const apr_array_header_t *sim_store_all(sim_store_t *store)
{
    for (int i = 0; i < store->all->nelts; i++) {
        settle(store, APR_ARRAY_IDX(store->all, i, sim_infrastructure_t *));
    }
    return store->all;
}

int sim_infrastructure_is_alive(const sim_infrastructure_t *infrastructure)
{
    return !infrastructure->is_over;
}

void sim_infrastructure_vanish(sim_store_t *store, sim_infrastructure_t *infrastructure)
{
    infrastructure->deleted_at = sim_store_now(store);
    finish(store, infrastructure);
}

/* The list of the last deleted ones lets go of it. */
static int take_from_deleted(sim_store_t *store, const sim_infrastructure_t *infrastructure)
{
    for (int i = 0; i < MAX_DELETED; i++) {
        if (store->deleted[i] == infrastructure) {
            store->deleted[i] = NULL;
            return 1;
        }
    }
    return 0;
}

int sim_store_bring_back(sim_store_t *store, const char *id, apr_int64_t ms)
{
    sim_infrastructure_t *infrastructure = apr_hash_get(store->by_id, id, APR_HASH_KEY_STRING);

    if (!infrastructure) {
        return 0;
    }
    settle(store, infrastructure);
    if (infrastructure->is_over) {
        if (!take_from_deleted(store, infrastructure)) {
            return 0;
        }
        infrastructure->is_over = 0;
        infrastructure->gone_at = sim_store_now(store);
        link_newest(store, infrastructure);
    }
    infrastructure->back++;
    infrastructure->settings.back_ms = ms;
    settle(store, infrastructure);
    return 1;
}

sim_delete_t sim_infrastructure_delete(sim_store_t *store, sim_infrastructure_t *infrastructure, int is_async,
                                       int force, apr_int64_t *wait_ms)
{
    const sim_settings_t *settings = &infrastructure->settings;
    apr_int64_t now = sim_store_now(store);

    *wait_ms = 0;
    infrastructure->deletes++;
    if (infrastructure->deleting_until) {
        *wait_ms = infrastructure->deleting_until - now;
        return SIM_DELETE_DONE;
    }
    if (!settings->stuck &&
        (now < infrastructure->adding_until || now < infrastructure->created_at + settings->busy_ms)) {
        return SIM_DELETE_BUSY;
    }
    infrastructure->delete_fails = ENDS_GONE;
    if (infrastructure->refuse > 0 && force) {
        infrastructure->orphaned = 1;
    }
    else if (infrastructure->refuse > 0) {
        infrastructure->refuse--;
        infrastructure->delete_fails = ENDS_REFUSED;
        if (!is_async) {
            return SIM_DELETE_REFUSED;
        }
    }
    else if (infrastructure->lost > 0) {
        infrastructure->lost--;
        infrastructure->delete_fails = ENDS_LOST;
    }
    infrastructure->forced_state = NULL;
    infrastructure->deleting_until = now + (settings->delete_ms ? settings->delete_ms : 1);
    *wait_ms = settings->delete_ms;
    return SIM_DELETE_DONE;
}

/* ---- VMs ---- */

static const char *next_address(sim_store_t *store, apr_pool_t *pool)
{
    unsigned n = store->addresses++ % 131000 + 1; /* 198.18.0.0/15 is set apart for benchmarks */

    return apr_psprintf(pool, "198.%u.%u.%u", 18 + (n >> 16), n >> 8 & 255, n & 255);
}

void sim_vm_move(sim_store_t *store, sim_infrastructure_t *infrastructure, sim_vm_t *vm)
{
    if (vm->public_ip) {
        vm->public_ip = next_address(store, infrastructure->pool);
    }
}

static void launch_vm(sim_store_t *store, sim_infrastructure_t *infrastructure, const sim_compute_t *compute,
                      apr_int64_t launched_at)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789abcdefg";
    unsigned char random[9];
    apr_pool_t *pool = infrastructure->pool;
    sim_vm_t *vm = apr_array_push(infrastructure->vms);

    memset(vm, 0, sizeof(*vm));
    vm->id = infrastructure->vms->nelts - 1;
    vm->node = apr_pstrdup(pool, compute->name);
    vm->launched_at = launched_at;
    if (compute->is_public) {
        vm->public_ip = next_address(store, pool);
    }
    vm->cloud_id = apr_psprintf(pool, "%" APR_INT64_T_FMT "%02d", launched_at / 100, vm->id % 100);
    apr_generate_random_bytes(random, sizeof(random));
    for (size_t i = 0; i < sizeof(random) - 1; i++) {
        random[i] = letters[random[i] & 63];
    }
    random[sizeof(random) - 1] = '\0';
    vm->password = apr_pstrdup(pool, (const char *)random);
    infrastructure->vms_made++;
}

static int count_vms(const sim_infrastructure_t *infrastructure, const char *node)
{
    int count = 0;
    for (int i = 0; i < infrastructure->vms->nelts; i++) {
        const sim_vm_t *vm = &APR_ARRAY_IDX(infrastructure->vms, i, sim_vm_t);
        count += !vm->destroyed && !strcmp(vm->node, node);
    }
    return count;
}

/* Those of removal_list first; a destroyed one there makes IM fail. Then the oldest. */
static const char *remove_vms(sim_infrastructure_t *infrastructure, const sim_compute_t *compute, int count)
{
    const sim_node_t *list = compute->removal_list;

    for (int i = 0; list && list->kind == SIM_LIST && i < list->count; i++) {
        json_int_t id = sim_node_integer(list->values[i], -1);
        sim_vm_t *vm =
            id >= 0 && id < infrastructure->vms->nelts ? &APR_ARRAY_IDX(infrastructure->vms, id, sim_vm_t) : NULL;
        if (!vm || vm->destroyed) {
            return vm ? "Deleted VM." : "Invalid VM ID";
        }
        vm->destroyed = 1;
        count--;
    }
    for (int i = 0; i < infrastructure->vms->nelts && count > 0; i++) {
        sim_vm_t *vm = &APR_ARRAY_IDX(infrastructure->vms, i, sim_vm_t);
        if (!vm->destroyed && !strcmp(vm->node, compute->name)) {
            vm->destroyed = 1;
            count--;
        }
    }
    return NULL;
}

static void fail_last_vms(sim_infrastructure_t *infrastructure, apr_int64_t count)
{
    int made = infrastructure->vms->nelts;

    if (made && count >= made) {
        infrastructure->all_failed = 1;
        infrastructure->vms->nelts = 0;
        infrastructure->vms_made = 0;
    }
    for (int i = made - 1; i >= 0 && count > 0 && !infrastructure->all_failed; i--, count--) {
        APR_ARRAY_IDX(infrastructure->vms, i, sim_vm_t).failed = 1;
    }
}

/* The last so many of those that an update launched, from `first` on, fail; when these are all, none of them stays. */
static const char *fail_added_vms(sim_infrastructure_t *infrastructure, int first, apr_int64_t count)
{
    int made = infrastructure->vms->nelts - first;

    for (int i = made - 1; i >= 0 && i >= made - count; i--) {
        sim_vm_t *vm = &APR_ARRAY_IDX(infrastructure->vms, first + i, sim_vm_t);
        vm->failed = 1;
        vm->destroyed = count >= made;
    }
    return made && count >= made ? "Error adding VMs: the cloud has no room for them" : NULL;
}

/* VMs appear one by one while they are launched. */
static void spread_launches(sim_infrastructure_t *infrastructure, int first, apr_int64_t from, apr_int64_t until)
{
    int count = infrastructure->vms->nelts - first;
    for (int i = 0; i < count; i++) {
        APR_ARRAY_IDX(infrastructure->vms, first + i, sim_vm_t).launched_at = from + (until - from) * (i + 1) / count;
    }
}

const char *sim_infrastructure_scale(sim_store_t *store, sim_infrastructure_t *infrastructure, const sim_auth_t *auth,
                                     apr_array_header_t *added)
{
    apr_int64_t now = sim_store_now(store), until = now + infrastructure->settings.launch_ms;
    int first = infrastructure->vms->nelts, is_creation = !added;
    const char *problem;

    for (int i = 0; i < infrastructure->tmpl->computes->nelts; i++) {
        const sim_compute_t *compute = &APR_ARRAY_IDX(infrastructure->tmpl->computes, i, sim_compute_t);
        int more = compute->count - count_vms(infrastructure, compute->name);
        if (more < 0 && (problem = remove_vms(infrastructure, compute, -more))) {
            return problem;
        }
        if (more > 0 && auth && infrastructure->cloud_id && !sim_auth_cloud_by_id(auth, infrastructure->cloud_id)) {
            return apr_psprintf(infrastructure->pool, "No auth data for cloud with ID: %s", infrastructure->cloud_id);
        }
        for (; more > 0; more--) {
            launch_vm(store, infrastructure, compute, until);
        }
    }
    if (is_creation) {
        fail_last_vms(infrastructure, infrastructure->settings.failed_vms);
    }
    else if ((problem = fail_added_vms(infrastructure, first, infrastructure->settings.failed_adds))) {
        return problem;
    }
    spread_launches(infrastructure, first, now, until);
    for (int i = first; added && i < infrastructure->vms->nelts; i++) {
        APR_ARRAY_PUSH(added, int) = i;
    }
    if (infrastructure->vms->nelts > first) {
        infrastructure->adding_until = until;
    }
    return NULL;
}

const char *sim_vm_state(sim_store_t *store, const sim_infrastructure_t *infrastructure, const sim_vm_t *vm)
{
    const sim_settings_t *settings = &infrastructure->settings;
    apr_int64_t now = sim_store_now(store), booted, configured;

    if (vm->before && now < vm->settles_at) {
        return vm->before;
    }
    if (vm->forced) {
        return vm->forced;
    }
    if (vm->failed && now >= infrastructure->launched_at) {
        return "failed";
    }
    booted = (vm->launched_at > infrastructure->launched_at ? vm->launched_at : infrastructure->launched_at) +
             settings->boot_ms;
    if (now < booted) {
        return "pending";
    }
    if (now < infrastructure->launched_at + settings->unknown_ms) {
        return "unknown";
    }
    configured =
        (booted > infrastructure->configure_from ? booted : infrastructure->configure_from) + settings->config_ms;
    if (now < configured) {
        return "running";
    }
    if (settings->unconfigured || (settings->unconfigured_ms >= 0 && now >= configured + settings->unconfigured_ms)) {
        return "unconfigured";
    }
    return "configured";
}

static int is_shown(sim_store_t *store, const sim_infrastructure_t *infrastructure, const sim_vm_t *vm)
{
    return !vm->destroyed && !infrastructure->settings.stuck && sim_store_now(store) >= vm->launched_at &&
           !(infrastructure->is_lost && infrastructure->settings.lost_as[0] == 'u');
}

sim_vm_t *sim_infrastructure_vm(sim_store_t *store, const sim_infrastructure_t *infrastructure, int id, int *was_there)
{
    sim_vm_t *vm =
        id >= 0 && id < infrastructure->vms->nelts ? &APR_ARRAY_IDX(infrastructure->vms, id, sim_vm_t) : NULL;

    *was_there = vm && vm->destroyed;
    return vm && is_shown(store, infrastructure, vm) ? vm : NULL;
}

/* One more VM's state into the aggregate, by IM's order-dependent rules. Returns 1 when the rest does not matter. */
static int aggregate(const char **state, const char *vm_state)
{
    if (!strcmp(vm_state, "failed") || !strcmp(vm_state, "unknown")) {
        *state = vm_state;
        return 1;
    }
    if (!strcmp(vm_state, "pending") || (!strcmp(vm_state, "running") && (!*state || strcmp(*state, "pending")))) {
        *state = vm_state;
    }
    else if (!strcmp(vm_state, "unconfigured")) {
        *state = !*state || !strcmp(*state, "configured") ? vm_state : *state;
    }
    else if (!*state && strcmp(vm_state, "deleting") && strcmp(vm_state, "running")) {
        *state = vm_state;
    }
    return 0;
}

const char *sim_infrastructure_state(sim_store_t *store, sim_infrastructure_t *infrastructure, json_t **vm_states)
{
    json_t *states = json_object();
    const char *state = NULL;
    int decided = 0;

    for (int i = 0; infrastructure->vms && i < infrastructure->vms->nelts; i++) {
        const sim_vm_t *vm = &APR_ARRAY_IDX(infrastructure->vms, i, sim_vm_t);
        if (is_shown(store, infrastructure, vm)) {
            const char *vm_state = sim_vm_state(store, infrastructure, vm);
            char id[16];
            apr_snprintf(id, sizeof(id), "%d", vm->id);
            json_object_set_new(states, id, json_string(vm_state));
            decided = decided || aggregate(&state, vm_state);
        }
    }
    if (vm_states) {
        *vm_states = states;
    }
    else {
        json_decref(states);
    }
    if (infrastructure->deleting_until) {
        return "deleting";
    }
    if (infrastructure->forced_state) {
        return infrastructure->forced_state;
    }
    if (state) {
        return state;
    }
    if (infrastructure->settings.stuck || sim_store_now(store) < infrastructure->launched_at) {
        return "pending";
    }
    return infrastructure->all_failed || infrastructure->failure ? "failed" : "unknown";
}
