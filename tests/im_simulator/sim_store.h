/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_STORE_H
#define SIM_STORE_H

/* Every infrastructure that was ever made, in memory, under one mutex. Nothing runs in the background: a state is
 * worked out from the clock when somebody asks. All times are ms since 1970 on the simulator's clock, which tests may
 * advance. Everything but create, lock, unlock, reset and the clock wants the lock, and nothing found here may be used
 * without it. */

#include "sim_auth.h"
#include "sim_settings.h"
#include "sim_tosca.h"

typedef struct sim_store_t sim_store_t;

typedef struct {
    int id;
    const char *node;        /* of the template */
    apr_int64_t launched_at; /* visible from then on */
    const char *forced;      /* a state that holds until it is changed (stopped, or forced by a test), or NULL */
    const char *before;      /* its state until settles_at, after a start, stop or reboot */
    apr_int64_t settles_at;
    int failed; /* the launch failed */
    int destroyed;
    const char *public_ip; /* NULL: none */
    const char *cloud_id;  /* the cloud's id of the VM */
    const char *password;
} sim_vm_t;

typedef struct sim_infrastructure_t sim_infrastructure_t;
struct sim_infrastructure_t {
    sim_infrastructure_t *newer, *older; /* among those that are not finally deleted */
    char id[40];
    /* What the ledger keeps for ever. */
    const char *owner, *cloud_id, *cloud_type, *request_id, *behaviour;
    json_t *metadata;
    apr_int64_t created_at, deleted_at; /* 0: not deleted */
    int deletes;                        /* DELETE calls that found it */
    int vms_made, is_over, orphaned;
    int starts, stops, reboots; /* of VMs, that were carried out */
    /* What goes with the final deletion. */
    apr_pool_t *pool;
    sim_template_t *tmpl;
    const char *source;         /* the template as it came, for IM 1.x's filter */
    apr_array_header_t *owners; /* of sim_owner_t */
    sim_settings_t settings;
    apr_array_header_t *vms;  /* of sim_vm_t, by id */
    const char *forced_state; /* by a test, or NULL */
    const char *failure;      /* IM's log when no VM could be launched, or NULL */
    int all_failed;
    apr_int64_t launched_at;        /* the VMs of the creation are all there */
    apr_int64_t adding_until;       /* DELETE is refused until then */
    apr_int64_t configure_from;     /* the last (re)configuration */
    apr_int64_t deleting_until;     /* 0: no deletion runs */
    int delete_fails;               /* how the running deletion ends: 0 gone, else sim_delete_end_t */
    apr_int64_t gone_at;            /* 404 since then; 0: it is there */
    apr_int64_t refuse, lost, back; /* what is left of the settings' counts */
    int is_lost;                    /* a deletion was lost */
    int is_forgotten;               /* only in IM's database, not in its memory */
    int is_unsaved;                 /* only in IM's memory, not in its database */
};

typedef struct {
    const char *username, *password;
} sim_owner_t;

typedef enum { SIM_DELETE_DONE, SIM_DELETE_BUSY, SIM_DELETE_REFUSED } sim_delete_t;

/* A store for the life of pool. NULL when there is no mutex. */
sim_store_t *sim_store_create(apr_pool_t *pool);
void sim_store_lock(sim_store_t *store);
void sim_store_unlock(sim_store_t *store);

apr_int64_t sim_store_now(sim_store_t *store);
void sim_store_advance(sim_store_t *store, apr_int64_t ms);

/* Forgets everything. */
void sim_store_reset(sim_store_t *store);

/* Whether IM verifies templates: until an infrastructure was read back from its database. Needs no lock. */
int sim_store_verifies(sim_store_t *store);

/* As after a restart of IM: every infrastructure is in its database only, and templates are verified. */
void sim_store_forget(sim_store_t *store);

/* Reads an infrastructure back when it was forgotten; if it has a template, none is verified from then on. */
void sim_store_read_back(sim_store_t *store, sim_infrastructure_t *infrastructure);

/* IM's database is away for so long from now; 0: it is there (again). Deletions that end meanwhile are not noted, so
 * that the infrastructure is there again afterwards; what is made meanwhile is in memory only until then. */
void sim_store_take_database_away(sim_store_t *store, apr_int64_t for_ms);
int sim_store_database_is_away(sim_store_t *store);

/* Whether IM can find it now: in its memory, or in its database. */
int sim_store_knows(sim_store_t *store, const sim_infrastructure_t *infrastructure);

/* One that is deleted is there again after so many ms; one that lives, so long after its next deletion. 0: there was
 * none of this id, or it was deleted too long ago. */
int sim_store_bring_back(sim_store_t *store, const char *id, apr_int64_t ms);

/* Grows with each reset; calls that wait give up when it does. */
unsigned sim_store_generation(sim_store_t *store);

/* A new infrastructure in a pool of its own, with settings initialised and a fresh id, not yet in the store; needs no
 * lock. Either give it to sim_store_add() or destroy its pool. */
sim_infrastructure_t *sim_infrastructure_new(void);

/* Puts it in and launches the template's VMs. Its owner, cloud_* and request_id are copied. NULL, or why not. */
const char *sim_store_add(sim_store_t *store, sim_infrastructure_t *infrastructure);

/* By id; NULL when unknown or (now) gone. */
sim_infrastructure_t *sim_store_find(sim_store_t *store, const char *id);

/* The next older one that is not gone; NULL to start with the newest. */
sim_infrastructure_t *sim_store_next(sim_store_t *store, sim_infrastructure_t *infrastructure);

/* Every one ever made, oldest first: sim_infrastructure_t *. Brings each up to date. */
const apr_array_header_t *sim_store_all(sim_store_t *store);

/* The counter copy of a fault that has no infrastructure yet, by what sets it apart. */
sim_fault_t *sim_store_fault(sim_store_t *store, const char *name, const sim_fault_t *fault);

/* The faults that the control surface set. At most SIM_MAX_FAULTS. */
void sim_store_set_faults(sim_store_t *store, const sim_fault_t *faults, int count);
sim_fault_t *sim_store_faults(int *count, sim_store_t *store);

/* The aggregated state by IM's rules; *vm_states (may be NULL) gets a new object. */
const char *sim_infrastructure_state(sim_store_t *store, sim_infrastructure_t *infrastructure, json_t **vm_states);

/* The state of one VM. */
const char *sim_vm_state(sim_store_t *store, const sim_infrastructure_t *infrastructure, const sim_vm_t *vm);

/* A VM that IM would show, by id; NULL and *was_there when it was destroyed. */
sim_vm_t *sim_infrastructure_vm(sim_store_t *store, const sim_infrastructure_t *infrastructure, int id, int *was_there);

/* Another public address for a VM that has one. */
void sim_vm_move(sim_store_t *store, sim_infrastructure_t *infrastructure, sim_vm_t *vm);

/* Launches the VMs that the template has more, destroys those that it has less; *added gets their ids (int) when not
 * NULL. auth: the credentials of an update, of which IM launches with those of the infrastructure's cloud only; NULL
 * for a creation. NULL, or IM's words. */
const char *sim_infrastructure_scale(sim_store_t *store, sim_infrastructure_t *infrastructure, const sim_auth_t *auth,
                                     apr_array_header_t *added);

/* Runs one deletion; *wait_ms is how long a caller that is not asynchronous waits for it. */
sim_delete_t sim_infrastructure_delete(sim_store_t *store, sim_infrastructure_t *infrastructure, int is_async,
                                       int force, apr_int64_t *wait_ms);

/* Drops it without a deletion, as if it had been lost. */
void sim_infrastructure_vanish(sim_store_t *store, sim_infrastructure_t *infrastructure);

/* Whether it is there, or will come back by itself. */
int sim_infrastructure_is_alive(const sim_infrastructure_t *infrastructure);

#endif
