/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <string.h>

#include "orc_id.h"
#include "orc_log.h"
#include "orc_rules_internal.h"
#include "orc_rules_persons.h"

/* How a caller becomes a person, and is known again. */

/* ---- what the issuer knows ---- */

static const char *nonempty(const char *text)
{
    return text && *text ? text : NULL;
}

static const char *claim(const char *known, const json_t *claims, const char *name)
{
    return nonempty(known) ? known : nonempty(orc_json_string(claims, name));
}

static orc_error_t *ask_issuer(const orc_rules_call_t *call)
{
    orc_identity_t *who = call->who;
    const orc_issuer_config_t *issuer = orc_config_issuer(call->service->config, who->issuer);
    orc_userinfo_turn_t turn;
    orc_error_t *error;
    json_t *claims;

    if (!issuer)
        return NULL;
    ORC_TRY(orc_userinfo_begin(&turn, call->service->userinfo, issuer, who->subject, call->pool));
    error = orc_userinfo_ask(&claims, call->service->userinfo, &turn, who->access_token, call->pool);
    orc_userinfo_end(call->service->userinfo, &turn);
    if (error)
        return error;
    who->name = claim(who->name, claims, "name");
    who->username = claim(who->username, claims, "preferred_username");
    who->email = claim(who->email, claims, "email");
    return NULL;
}

/* Asks for the claims that the token of a person who is not registered yet lacks; of a service account the issuer knows
 * no more. That the issuer doesn't answer is no
 * error; that too many ask it at this moment is one, because a registration is for good. */
static orc_error_t *learn(const orc_rules_call_t *call)
{
    const orc_identity_t *who = call->who;
    orc_store_caller_t caller;
    orc_error_t *error;
    int found;

    if (who->is_service || (nonempty(who->name) && nonempty(who->username) && nonempty(who->email)))
        return NULL;
    ORC_TRY(orc_store_users_find(&found, &caller, who->issuer, who->subject, call->service->db, call->pool));
    error = found ? NULL : ask_issuer(call);
    if (orc_error_is(error, ORC_REASON_TOO_MANY))
        return error;
    if (error)
        orc_log(ORC_LOG_INFO, "request %s: no userinfo: %s", call->correlation_id, orc_error_line(error, call->pool));
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

static orc_store_person_t person_of(const orc_rules_call_t *call, const char *id)
{
    const orc_identity_t *who = call->who;
    orc_store_person_t person = {
        .id = id,
        .issuer = who->issuer,
        .subject = who->subject,
        .name = nonempty(who->name),
        .username = nonempty(who->username),
        .email = nonempty(who->email),
        .expires = who->expires,
    };

    person.sealed_token =
        orc_secret_seal(call->service->config->secret_keys, ORC_SEALED_ACCESS_TOKEN, id, who->access_token, call->pool);
    return person;
}

static orc_error_t *missing_claims(const orc_store_person_t *person, apr_pool_t *pool)
{
    static const char untold[] = "neither the token nor the issuer tells this claim";
    orc_error_t *error = NULL;

    if (!person->name)
        orc_error_add_parameter(&error, pool, "name", "%s", untold);
    if (!person->username)
        orc_error_add_parameter(&error, pool, "preferred_username", "%s", untold);
    if (!person->email)
        orc_error_add_parameter(&error, pool, "email", "%s", untold);
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

static orc_error_t *insert(int *created, orc_db_t *db, const orc_rules_call_t *call, int is_strict)
{
    orc_store_person_t person = person_of(call, orc_id_new(call->pool));
    orc_store_caller_t caller;
    int found = 1;

    if (is_strict)
        ORC_TRY(missing_claims(&person, call->pool));
    person.picture = avatar(person.email, call->pool);
    fall_back(&person);
    apr_cpystrn(caller.id, person.id, sizeof caller.id);
    ORC_TRY(orc_store_users_register(created, db, &person, call->pool));
    if (!*created)
        ORC_TRY(orc_store_users_find_on(&found, &caller, db, person.issuer, person.subject, call->pool));
    if (!found)
        return orc_rules_gone(call->pool);
    apr_cpystrn(call->who->user_id, caller.id, sizeof caller.id);
    return NULL;
}

typedef struct registration_t {
    const orc_rules_call_t *call;
    orc_rules_registered_t *also;
    void *baton;
} registration_t;

static orc_error_t *register_caller(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const registration_t *registration = baton;
    int created;

    return insert(&created, db, registration->call, 0);
}

static orc_error_t *register_on_purpose(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const registration_t *registration = baton;
    const orc_rules_call_t *call = registration->call;
    orc_store_caller_t caller;
    int found, created = 0;
    orc_error_t *error;

    ORC_TRY(orc_store_users_find_on(&found, &caller, db, call->who->issuer, call->who->subject, pool));
    if (found)
        apr_cpystrn(call->who->user_id, caller.id, sizeof caller.id);
    else
        ORC_TRY(insert(&created, db, call, 1));
    if (created)
        return registration->also ? registration->also(db, registration->baton) : NULL;
    error = orc_error(pool, 409, "user.exists", "You are registered already.");
    error->location = apr_pstrcat(pool, "/users/", call->who->user_id, NULL);
    return error;
}

orc_error_t *orc_rules_persons_register(const orc_rules_call_t *call, orc_rules_registered_t *also, void *baton)
{
    registration_t registration = {call, also, baton};

    ORC_TRY(learn(call));
    return orc_db_transact(call->service->db, register_on_purpose, &registration, 0, call->pool);
}

/* ---- known again ---- */

static orc_error_t *refresh(const orc_rules_call_t *call, const orc_store_caller_t *caller)
{
    orc_store_person_t person = person_of(call, caller->id);

    return orc_store_users_refresh(&person, caller->waits, call->service->db, call->pool);
}

void orc_rules_persons_forget(const orc_rules_call_t *call)
{
    orc_rules_callers_forget(call->service->rules->callers, call->who);
}

orc_error_t *orc_rules_persons_find(const orc_rules_call_t *call)
{
    orc_rules_callers_t *callers = call->service->rules->callers;
    registration_t registration = {call, NULL, NULL};
    orc_identity_t *who = call->who;
    orc_store_caller_t caller;
    int found;

    if (orc_rules_callers_recall(callers, who))
        return NULL;
    ORC_TRY(orc_store_users_find(&found, &caller, who->issuer, who->subject, call->service->db, call->pool));
    if (!found) {
        ORC_TRY(learn(call));
        ORC_TRY(orc_db_transact(call->service->db, register_caller, &registration, 0, call->pool));
        orc_rules_callers_remember(callers, who, who->expires);
        return NULL;
    }
    if (caller.waits || orc_rules_callers_is_better(who->expires, caller.token_expires, apr_time_now())) {
        ORC_TRY(refresh(call, &caller));
        caller.token_expires = who->expires;
    }
    apr_cpystrn(who->user_id, caller.id, sizeof caller.id);
    orc_rules_callers_remember(callers, who, caller.token_expires);
    return NULL;
}
