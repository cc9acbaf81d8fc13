/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_tokens.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHARDS = 64,
    SLOTS = MO_TOKENS_MAX / SHARDS,
    SHARD_BYTES = MO_TOKENS_MAX_BYTES / SHARDS,
    TEXTS = 4 /* before the groups: subject, name, user name, e-mail */
};

/* An identity in one piece: its texts follow one another behind it, each with its NUL. */
typedef struct entry_t {
    apr_size_t size;
    const char *issuer;
    apr_time_t expires;
    unsigned generation;
    int is_admin, is_service, groups;
    char texts[];
} entry_t;

typedef struct slot_t {
    mo_fingerprint_t fingerprint;
    entry_t *entry;    /* allocated; NULL: the slot is empty */
    apr_uint64_t used; /* when, on the shard's clock */
} slot_t;

typedef struct shard_t {
    apr_thread_mutex_t *lock;
    apr_uint64_t clock;
    apr_size_t bytes;
    slot_t slots[SLOTS];
} shard_t;

struct mo_tokens_t {
    shard_t shards[SHARDS];
};

void mo_tokens_take_fingerprint(mo_fingerprint_t *fingerprint, const char *token)
{
    crypto_hash_sha256(fingerprint->bytes, (const unsigned char *)token, strlen(token));
}

static apr_status_t forget_all(void *baton)
{
    mo_tokens_t *tokens = baton;
    int i, j;

    for (i = 0; i < SHARDS; i++) {
        for (j = 0; j < SLOTS; j++)
            free(tokens->shards[i].slots[j].entry);
    }
    return APR_SUCCESS;
}

mo_tokens_t *mo_tokens_make(apr_pool_t *pool)
{
    mo_tokens_t *tokens = apr_pcalloc(pool, sizeof *tokens);
    int i;

    for (i = 0; i < SHARDS; i++) {
        if (apr_thread_mutex_create(&tokens->shards[i].lock, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS)
            return NULL;
    }
    apr_pool_cleanup_register(pool, tokens, forget_all, apr_pool_cleanup_null);
    return tokens;
}

/* ---- an identity in one piece ---- */

static void put(char **at, const char *text)
{
    apr_size_t size = strlen(text ? text : "") + 1;

    memcpy(*at, text ? text : "", size);
    *at += size;
}

static const char *take(const char **at)
{
    const char *text = *at;

    *at += strlen(text) + 1;
    return text;
}

static apr_size_t size_of(const char *const texts[TEXTS], const apr_array_header_t *groups)
{
    apr_size_t size = sizeof(entry_t);
    int i;

    for (i = 0; i < TEXTS; i++)
        size += strlen(texts[i] ? texts[i] : "") + 1;
    for (i = 0; i < groups->nelts; i++)
        size += strlen(APR_ARRAY_IDX(groups, i, const char *)) + 1;
    return size;
}

/* NULL when it is too long. */
static entry_t *pack(const orc_identity_t *identity, unsigned generation)
{
    const char *const texts[TEXTS] = {identity->subject, identity->name, identity->username, identity->email};
    apr_size_t size = size_of(texts, identity->groups);
    entry_t *entry = size <= MO_TOKENS_LONGEST ? malloc(size) : NULL;
    char *at;
    int i;

    if (!entry)
        return NULL;
    *entry = (entry_t){size,
                       identity->issuer,
                       identity->expires,
                       generation,
                       identity->is_admin,
                       identity->is_service,
                       identity->groups->nelts};
    at = entry->texts;
    for (i = 0; i < TEXTS; i++)
        put(&at, texts[i]);
    for (i = 0; i < identity->groups->nelts; i++)
        put(&at, APR_ARRAY_IDX(identity->groups, i, const char *));
    return entry;
}

static const char *unless_empty(const char *text)
{
    return *text ? text : NULL;
}

static orc_identity_t *unpack(const entry_t *entry, apr_pool_t *pool)
{
    orc_identity_t *identity = apr_pcalloc(pool, sizeof *identity);
    apr_array_header_t *groups = apr_array_make(pool, entry->groups, sizeof(const char *));
    const char *at = entry->texts;
    int i;

    identity->issuer = entry->issuer;
    identity->expires = entry->expires;
    identity->is_admin = entry->is_admin;
    identity->is_service = entry->is_service;
    identity->subject = take(&at);
    identity->name = unless_empty(take(&at));
    identity->username = unless_empty(take(&at));
    identity->email = unless_empty(take(&at));
    for (i = 0; i < entry->groups; i++)
        APR_ARRAY_PUSH(groups, const char *) = take(&at);
    identity->groups = groups;
    return identity;
}

/* ---- the memory ---- */

static shard_t *shard_of(mo_tokens_t *tokens, const mo_fingerprint_t *fingerprint)
{
    return &tokens->shards[fingerprint->bytes[0] % SHARDS];
}

/* Both with the shard's lock held. */
static slot_t *find(shard_t *shard, const mo_fingerprint_t *fingerprint)
{
    int i;

    for (i = 0; i < SLOTS; i++) {
        slot_t *slot = &shard->slots[i];

        if (slot->entry && memcmp(&slot->fingerprint, fingerprint, sizeof *fingerprint) == 0)
            return slot;
    }
    return NULL;
}

static void empty(shard_t *shard, slot_t *slot)
{
    if (slot->entry)
        shard->bytes -= slot->entry->size;
    free(slot->entry);
    slot->entry = NULL;
}

/* An empty slot, and room for so many bytes. */
static slot_t *make_room(shard_t *shard, apr_size_t size)
{
    slot_t *slot;

    for (;;) {
        slot_t *oldest = NULL;
        int i;

        slot = NULL;
        for (i = 0; i < SLOTS; i++) {
            slot_t *one = &shard->slots[i];

            if (!one->entry)
                slot = one;
            else if (!oldest || one->used < oldest->used)
                oldest = one;
        }
        if (slot && shard->bytes + size <= SHARD_BYTES)
            return slot;
        empty(shard, oldest);
    }
}

void mo_tokens_remember(mo_tokens_t *tokens, const mo_fingerprint_t *fingerprint, const orc_identity_t *identity,
                        unsigned generation)
{
    shard_t *shard = shard_of(tokens, fingerprint);
    entry_t *entry = pack(identity, generation);
    slot_t *slot;

    if (!entry)
        return;
    apr_thread_mutex_lock(shard->lock);
    slot = find(shard, fingerprint);
    if (slot)
        empty(shard, slot);
    slot = make_room(shard, entry->size);
    slot->fingerprint = *fingerprint;
    slot->entry = entry;
    slot->used = ++shard->clock;
    shard->bytes += entry->size;
    apr_thread_mutex_unlock(shard->lock);
}

orc_identity_t *mo_tokens_recall(unsigned *generation, mo_tokens_t *tokens, const mo_fingerprint_t *fingerprint,
                                 apr_pool_t *pool)
{
    shard_t *shard = shard_of(tokens, fingerprint);
    entry_t *copy = NULL;
    slot_t *slot;

    apr_thread_mutex_lock(shard->lock);
    slot = find(shard, fingerprint);
    if (slot) {
        copy = apr_pmemdup(pool, slot->entry, slot->entry->size);
        slot->used = ++shard->clock;
    }
    apr_thread_mutex_unlock(shard->lock);
    if (!copy)
        return NULL;
    *generation = copy->generation;
    return unpack(copy, pool);
}
