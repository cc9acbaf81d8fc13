/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_api_callers.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <sodium.h>
#include <string.h>

#include "orc_log.h"
#include "orc_oidc.h"
#include "orc_store_users.h"

enum {
    SLOTS = 16384, /* callers that a process remembers */
    FINGERPRINT = crypto_hash_sha256_BYTES,
};

static const apr_time_t look_again = 10 * APR_USEC_PER_SEC;      /* a known caller's row is looked at so often */
static const apr_interval_time_t ask_for = 2 * APR_USEC_PER_SEC; /* bound of a look at userinfo */
static const apr_time_t worth_storing = 60 * APR_USEC_PER_SEC;   /* a token that lives longer by so much */

typedef struct slot_t {
    unsigned char fingerprint[FINGERPRINT]; /* of issuer and subject */
    char id[37];
    apr_time_t token_expires;
    apr_time_t seen; /* when the row was looked at; 0: the slot is empty */
} slot_t;

struct orc_api_callers_t {
    apr_thread_mutex_t *lock;
    slot_t *slots; /* a caller's place follows from the fingerprint; who comes later displaces */
    apr_pool_t *pool;
    orc_oidc_t *oidc; /* made when it is first needed */
    unsigned probe;   /* of IM, for /health */
    apr_time_t probed;
    orc_schemas_t *schemas;
    orc_error_t *broken; /* the schemas could not be compiled */
    orc_api_parsed_t *parsed;
};

struct orc_api_callers_t *orc_api_callers_make(apr_pool_t *pool)
{
    struct orc_api_callers_t *callers = apr_pcalloc(pool, sizeof *callers);

    callers->pool = pool;
    callers->slots = apr_pcalloc(pool, SLOTS * sizeof *callers->slots);
    if (apr_thread_mutex_create(&callers->lock, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS)
        return NULL;
    callers->broken = orc_schemas_make(&callers->schemas, orc_routes_schemas, pool);
    callers->parsed = orc_api_parsed_make(pool);
    return callers->parsed ? callers : NULL;
}

orc_error_t *orc_api_callers_schemas(const orc_schemas_t **schemas, const struct orc_api_callers_t *callers)
{
    *schemas = callers->schemas;
    return callers->broken;
}

orc_api_parsed_t *orc_api_callers_parsed(const struct orc_api_callers_t *callers)
{
    return callers->parsed;
}

/* ---- what the process remembers ---- */

static void fingerprint(unsigned char *out, const orc_identity_t *identity)
{
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)identity->issuer, strlen(identity->issuer) + 1);
    crypto_hash_sha256_update(&state, (const unsigned char *)identity->subject, strlen(identity->subject) + 1);
    crypto_hash_sha256_final(&state, out);
}

static slot_t *slot_of(struct orc_api_callers_t *callers, const unsigned char *print)
{
    return &callers->slots[(((unsigned)print[0] << 8) | print[1]) % SLOTS];
}

/* True when the caller is known, was looked at lately, and brings no better token. */
static int recall(const orc_request_t *request)
{
    struct orc_api_callers_t *callers = request->service->callers;
    orc_identity_t *identity = request->identity;
    unsigned char print[FINGERPRINT];
    int is_known;
    slot_t slot;

    fingerprint(print, identity);
    apr_thread_mutex_lock(callers->lock);
    slot = *slot_of(callers, print);
    apr_thread_mutex_unlock(callers->lock);
    is_known = slot.seen && memcmp(slot.fingerprint, print, FINGERPRINT) == 0 &&
               apr_time_now() - slot.seen < look_again && identity->expires <= slot.token_expires + worth_storing;
    if (is_known)
        memcpy(identity->user_id, slot.id, sizeof slot.id);
    return is_known;
}

static void remember(const orc_request_t *request, const char *id, apr_time_t token_expires, apr_time_t seen)
{
    struct orc_api_callers_t *callers = request->service->callers;
    slot_t slot = {.token_expires = token_expires, .seen = seen};

    fingerprint(slot.fingerprint, request->identity);
    apr_cpystrn(slot.id, id, sizeof slot.id);
    apr_thread_mutex_lock(callers->lock);
    *slot_of(callers, slot.fingerprint) = slot;
    apr_thread_mutex_unlock(callers->lock);
}

void orc_api_callers_forget(const orc_request_t *request)
{
    remember(request, "", 0, 0);
    request->identity->user_id[0] = '\0';
}

unsigned orc_api_callers_probed(struct orc_api_callers_t *callers, apr_interval_time_t age)
{
    unsigned probe;

    apr_thread_mutex_lock(callers->lock);
    probe = apr_time_now() - callers->probed <= age ? callers->probe : 0;
    apr_thread_mutex_unlock(callers->lock);
    return probe;
}

void orc_api_callers_keep_probe(struct orc_api_callers_t *callers, unsigned result)
{
    apr_thread_mutex_lock(callers->lock);
    callers->probe = result;
    callers->probed = apr_time_now();
    apr_thread_mutex_unlock(callers->lock);
}

/* ---- what the issuer knows ---- */

static orc_error_t *oidc_of(orc_oidc_t **oidc, const orc_request_t *request)
{
    struct orc_api_callers_t *callers = request->service->callers;
    orc_error_t *error = NULL;

    apr_thread_mutex_lock(callers->lock);
    if (!callers->oidc)
        error = orc_oidc_make(&callers->oidc, request->service->config, callers->pool);
    *oidc = callers->oidc;
    apr_thread_mutex_unlock(callers->lock);
    return error;
}

static const char *nonempty(const char *text)
{
    return text && *text ? text : NULL;
}

static const char *claim(const char *known, const json_t *claims, const char *name)
{
    return nonempty(known) ? known : nonempty(orc_json_string(claims, name));
}

static orc_error_t *ask_issuer(const orc_request_t *request)
{
    orc_identity_t *identity = request->identity;
    const orc_issuer_config_t *issuer = orc_config_issuer(request->service->config, identity->issuer);
    const char *subject;
    orc_oidc_t *oidc;
    json_t *claims;

    if (!issuer)
        return NULL;
    ORC_TRY(oidc_of(&oidc, request));
    ORC_TRY(orc_oidc_userinfo(&claims, oidc, issuer, identity->access_token, ask_for, request->pool));
    subject = orc_json_string(claims, "sub");
    if (!subject || strcmp(subject, identity->subject) != 0)
        return orc_error(request->pool, 503, "oidc.userinfo", "The issuer tells of another person.");
    identity->name = claim(identity->name, claims, "name");
    identity->username = claim(identity->username, claims, "preferred_username");
    identity->email = claim(identity->email, claims, "email");
    return NULL;
}

orc_error_t *orc_api_callers_learn(const orc_request_t *request)
{
    const orc_identity_t *identity = request->identity;
    orc_store_caller_t caller;
    orc_error_t *error;
    int found;

    if (nonempty(identity->name) && nonempty(identity->username) && nonempty(identity->email))
        return NULL;
    ORC_TRY(orc_store_users_find(&found, &caller, identity->issuer, identity->subject, request->service->db,
                                 request->pool));
    error = found ? NULL : ask_issuer(request);
    if (error)
        orc_log(ORC_LOG_INFO, "request %s: no userinfo: %s", request->request_id, orc_error_line(error, request->pool));
    return NULL;
}

/* ---- registration ---- */

/* An avatar made from the e-mail's hash, as Gravatar defines it: SHA-256 of the trimmed address in lower case. */
static const char *avatar(const char *email, apr_pool_t *pool)
{
    char *address, *at;

    if (!email)
        return NULL;
    address = apr_pstrdup(pool, email + strspn(email, " \t"));
    for (at = address; *at; at++)
        *at = (char)apr_tolower(*at);
    while (at > address && apr_isspace(at[-1]))
        *--at = '\0';
    return apr_pstrcat(pool, "https://www.gravatar.com/avatar/", orc_secret_sha256(address, strlen(address), pool),
                       "?d=identicon", NULL);
}

static orc_store_person_t person_of(const orc_request_t *request)
{
    const orc_identity_t *identity = request->identity;
    orc_store_person_t person = {
        .issuer = identity->issuer,
        .subject = identity->subject,
        .name = nonempty(identity->name),
        .username = nonempty(identity->username),
        .email = nonempty(identity->email),
        .expires = identity->expires,
    };

    person.sealed_token = orc_secret_seal(&request->service->config->secret_key, identity->access_token, request->pool);
    return person;
}

static orc_error_t *missing_claims(const orc_store_person_t *person, apr_pool_t *pool)
{
    orc_error_t *error = NULL;

    if (!person->name)
        orc_error_add_parameter(&error, pool, "name", "neither the token nor the issuer tells this claim");
    if (!person->username)
        orc_error_add_parameter(&error, pool, "preferred_username",
                                "neither the token nor the issuer tells this claim");
    if (!person->email)
        orc_error_add_parameter(&error, pool, "email", "neither the token nor the issuer tells this claim");
    return error;
}

static void fall_back(orc_store_person_t *person)
{
    if (!person->username)
        person->username = person->subject;
    if (!person->name)
        person->name = person->username;
    if (!person->email)
        person->email = "";
}

static orc_error_t *insert(int *created, orc_db_t *db, const orc_request_t *request, int is_strict)
{
    orc_store_person_t person = person_of(request);
    orc_store_caller_t caller = {0};
    int found = 1;

    if (is_strict)
        ORC_TRY(missing_claims(&person, request->pool));
    person.picture = avatar(person.email, request->pool);
    fall_back(&person);
    ORC_TRY(orc_store_users_register(created, &caller, db, &person, request->pool));
    if (!*created)
        ORC_TRY(orc_store_users_find_on(&found, &caller, db, person.issuer, person.subject, request->pool));
    if (!found)
        return orc_api_gone(request);
    apr_cpystrn(request->identity->user_id, caller.id, sizeof caller.id);
    return NULL;
}

orc_error_t *orc_api_callers_register(int *created, orc_db_t *db, const orc_request_t *request)
{
    orc_store_caller_t caller;
    int found;

    *created = 0;
    ORC_TRY(orc_store_users_find_on(&found, &caller, db, request->identity->issuer, request->identity->subject,
                                    request->pool));
    if (!found)
        return insert(created, db, request, 1);
    apr_cpystrn(request->identity->user_id, caller.id, sizeof caller.id);
    return NULL;
}

typedef struct registration_t {
    const orc_request_t *request;
} registration_t;

static orc_error_t *register_caller(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const registration_t *registration = baton;
    int created;

    return insert(&created, db, registration->request, 0);
}

static orc_error_t *refresh(const orc_request_t *request, const orc_store_caller_t *caller)
{
    orc_store_person_t person = person_of(request);

    return orc_store_users_refresh(caller->id, &person, caller->waits, request->service->db, request->pool);
}

orc_error_t *orc_api_callers_find(const orc_request_t *request)
{
    orc_identity_t *identity = request->identity;
    registration_t registration = {request};
    orc_store_caller_t caller;
    int found;

    if (recall(request))
        return NULL;
    ORC_TRY(orc_store_users_find(&found, &caller, identity->issuer, identity->subject, request->service->db,
                                 request->pool));
    if (!found) {
        ORC_TRY(orc_api_callers_learn(request));
        ORC_TRY(orc_db_transact(request->service->db, register_caller, &registration, 0, request->pool));
        remember(request, identity->user_id, identity->expires, apr_time_now());
        return NULL;
    }
    if (caller.waits || identity->expires > caller.token_expires + worth_storing) {
        ORC_TRY(refresh(request, &caller));
        caller.token_expires = identity->expires;
    }
    apr_cpystrn(identity->user_id, caller.id, sizeof caller.id);
    remember(request, caller.id, caller.token_expires, apr_time_now());
    return NULL;
}
