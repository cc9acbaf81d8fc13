/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_userinfo.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "orc_gate.h"
#include "orc_oidc_internal.h"
#include "orc_secret.h"
#include "orc_time.h"

enum { USERINFO_MAX = 256 * 1024, PERSONS = 256 };

/* Who comes while an issuer's people hold all of the threads that they may have waits so long, if it was quick to
 * answer last time: as many people may come at once, and all have their turn soon. */
static const apr_interval_time_t quick = APR_USEC_PER_SEC / 4, moment = APR_USEC_PER_SEC;

/* Nobody is asked about before its end. */
typedef struct rest_t {
    apr_time_t until;
    apr_interval_time_t took;      /* of an issuer: how long it was asked the last time */
    char person[ORC_GATE_KEY + 1]; /* whose rest it is; of an issuer: who had no answer and was the last to ask */
} rest_t;

struct orc_userinfo_t {
    const orc_config_t *config;
    orc_oidc_t *oidc;
    apr_thread_mutex_t *mutex;             /* guards the rests; they are all made at the start */
    apr_hash_t *rests;                     /* of rest_t *, by the issuer's URL */
    rest_t persons[PERSONS];               /* each has one place that may be its own */
    orc_gate_t *of_issuer, *of_person;     /* who asks or waits for it: each holds a thread */
    orc_gate_t *asks_issuer, *asks_person; /* who asks */
};

static int at_least_one(int number)
{
    return number > 1 ? number : 1;
}

orc_error_t *orc_userinfo_make(orc_userinfo_t **out, const orc_config_t *config, orc_oidc_t *oidc,
                               const orc_userinfo_host_t *host, apr_pool_t *pool)
{
    orc_userinfo_t *userinfo = apr_pcalloc(pool, sizeof *userinfo);
    int i;

    userinfo->config = config;
    userinfo->oidc = oidc;
    userinfo->rests = apr_hash_make(pool);
    for (i = 0; i < config->issuers->nelts; i++)
        apr_hash_set(userinfo->rests, APR_ARRAY_IDX(config->issuers, i, orc_issuer_config_t *)->url,
                     APR_HASH_KEY_STRING, apr_pcalloc(pool, sizeof(rest_t)));
    userinfo->of_issuer =
        orc_gate_make(host->of_issuer, INT_MAX, at_least_one(host->threads - host->threads / 4), pool);
    userinfo->of_person = orc_gate_make(host->of_person, INT_MAX, at_least_one(host->threads / 2), pool);
    userinfo->asks_issuer = orc_gate_make(NULL, INT_MAX, ORC_USERINFO_ASKED, pool);
    userinfo->asks_person = orc_gate_make(NULL, INT_MAX, 1, pool);
    if (apr_thread_mutex_create(&userinfo->mutex, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS ||
        !userinfo->of_issuer || !userinfo->of_person || !userinfo->asks_issuer || !userinfo->asks_person)
        return orc_error(pool, 500, "userinfo.make", "A mutex can't be made.");
    *out = userinfo;
    return NULL;
}

/* ---- rests ---- */

static rest_t *rest_of_issuer(orc_userinfo_t *userinfo, const orc_userinfo_turn_t *turn)
{
    return apr_hash_get(userinfo->rests, turn->issuer->url, APR_HASH_KEY_STRING);
}

static rest_t *rest_of_person(orc_userinfo_t *userinfo, const orc_userinfo_turn_t *turn)
{
    const char digits[] = {turn->person_key[0], turn->person_key[1], '\0'};

    return &userinfo->persons[strtoul(digits, NULL, 16) % PERSONS];
}

static apr_time_t end_of_rest(orc_userinfo_t *userinfo, const orc_userinfo_turn_t *turn)
{
    const rest_t *of_issuer = rest_of_issuer(userinfo, turn), *of_person = rest_of_person(userinfo, turn);

    if (of_person->until > of_issuer->until && strcmp(of_person->person, turn->person_key) == 0)
        return of_person->until;
    return of_issuer->until;
}

/* Whether the issuer answered the last time that it was asked about this person, or about others. */
static orc_error_t *rest(orc_userinfo_t *userinfo, const orc_userinfo_turn_t *turn, apr_pool_t *pool)
{
    orc_error_t *error;
    apr_time_t left;

    apr_thread_mutex_lock(userinfo->mutex);
    left = end_of_rest(userinfo, turn) - orc_time_monotonic();
    apr_thread_mutex_unlock(userinfo->mutex);
    if (left <= 0)
        return NULL;
    error = orc_oidc_unavailable("oidc.userinfo", turn->issuer, "it did not answer a moment ago.", pool);
    error->reason = ORC_REASON_AWAY;
    error->retry_after = (int)apr_time_sec(left) + 1;
    return error;
}

static void begin(rest_t *whose, const char *person)
{
    whose->until = orc_time_monotonic() + apr_time_from_sec(ORC_USERINFO_REST);
    apr_cpystrn(whose->person, person, sizeof whose->person);
}

/* That there is no answer about one person may be because of that person, whose account is broken or who is asked about
 * too often. Of two, one after the other, the issuer has none. */
static void note(orc_userinfo_t *userinfo, const orc_userinfo_turn_t *turn, apr_time_t begun, int is_answered,
                 int is_in_vain)
{
    rest_t *of_issuer = rest_of_issuer(userinfo, turn);

    apr_thread_mutex_lock(userinfo->mutex);
    of_issuer->took = orc_time_monotonic() - begun;
    if (is_answered)
        *of_issuer->person = '\0';
    else if (!*of_issuer->person || strcmp(of_issuer->person, turn->person_key) == 0)
        apr_cpystrn(of_issuer->person, turn->person_key, sizeof of_issuer->person);
    else
        begin(of_issuer, "");
    if (is_in_vain)
        begin(rest_of_person(userinfo, turn), turn->person_key);
    apr_thread_mutex_unlock(userinfo->mutex);
}

/* ---- turns ---- */

static orc_error_t *busy(const orc_issuer_config_t *issuer, apr_pool_t *pool)
{
    orc_error_t *error = orc_oidc_unavailable("oidc.busy", issuer, "too many requests ask it at this moment.", pool);

    error->reason = ORC_REASON_TOO_MANY;
    error->retry_after = 1;
    return error;
}

/* A gate's key of any text. */
static const char *key_of(const char *text, apr_pool_t *pool)
{
    return apr_pstrndup(pool, orc_secret_sha256(text, strlen(text), pool), ORC_GATE_KEY);
}

/* A person's turn before the issuer's: whoever has to ask again and again keeps nobody else from asking. */
static int wait_to_ask(orc_userinfo_t *userinfo, const orc_userinfo_turn_t *turn)
{
    apr_time_t until = orc_time_monotonic() + ORC_USERINFO_PATIENCE;

    if (!orc_gate_enter(userinfo->asks_person, turn->person_key, ORC_USERINFO_PATIENCE))
        return 0;
    if (orc_gate_enter(userinfo->asks_issuer, turn->issuer_key, until - orc_time_monotonic()))
        return 1;
    orc_gate_leave(userinfo->asks_person, turn->person_key);
    return 0;
}

static apr_interval_time_t patience_with(orc_userinfo_t *userinfo, const orc_userinfo_turn_t *turn)
{
    int is_quick;

    apr_thread_mutex_lock(userinfo->mutex);
    is_quick = rest_of_issuer(userinfo, turn)->took < quick;
    apr_thread_mutex_unlock(userinfo->mutex);
    return is_quick ? moment : 0;
}

static int take_turn(orc_userinfo_t *userinfo, const orc_userinfo_turn_t *turn)
{
    if (!orc_gate_enter(userinfo->of_person, turn->person_key, 0))
        return 0;
    if (orc_gate_enter(userinfo->of_issuer, turn->issuer_key, patience_with(userinfo, turn))) {
        if (wait_to_ask(userinfo, turn))
            return 1;
        orc_gate_leave(userinfo->of_issuer, turn->issuer_key);
    }
    orc_gate_leave(userinfo->of_person, turn->person_key);
    return 0;
}

orc_error_t *orc_userinfo_begin(orc_userinfo_turn_t *turn, orc_userinfo_t *userinfo, const orc_issuer_config_t *issuer,
                                const char *subject, apr_pool_t *pool)
{
    turn->issuer = issuer;
    turn->subject = subject;
    turn->issuer_key = key_of(issuer->url, pool);
    turn->person_key = key_of(apr_pstrcat(pool, issuer->url, "\n", subject, NULL), pool);
    ORC_TRY(rest(userinfo, turn, pool));
    return take_turn(userinfo, turn) ? NULL : busy(issuer, pool);
}

void orc_userinfo_end(orc_userinfo_t *userinfo, const orc_userinfo_turn_t *turn)
{
    orc_gate_leave(userinfo->asks_issuer, turn->issuer_key);
    orc_gate_leave(userinfo->asks_person, turn->person_key);
    orc_gate_leave(userinfo->of_issuer, turn->issuer_key);
    orc_gate_leave(userinfo->of_person, turn->person_key);
}

/* ---- the call ---- */

/* What an issuer says of the request with this token, and not of itself: others may go on asking it. 404 is what IAM
 * says to the token of a client that asked for it on its own behalf: no person has it. */
static int is_refusal(int status)
{
    return status == 400 || status == 401 || status == 403 || status == 404 || status == 413 || status == 431;
}

/* Userinfo that is there and of no use. It is of one person, as a refusal is: others need not wait. */
static orc_error_t *unusable(apr_pool_t *pool, const orc_issuer_config_t *issuer, const char *why)
{
    return orc_error(pool, 503, "oidc.userinfo", "The token issuer %s: its userinfo %s", issuer->url, why);
}

static orc_error_t *read_claims(json_t **claims, const orc_userinfo_turn_t *turn, const orc_http_response_t *response,
                                apr_pool_t *pool)
{
    const orc_issuer_config_t *issuer = turn->issuer;
    const char *told;
    orc_error_t *error;

    if (response->error)
        return orc_oidc_unavailable("oidc.userinfo", issuer, response->error->detail, pool);
    if (response->is_cut)
        return unusable(pool, issuer, apr_psprintf(pool, "has more than %d bytes.", USERINFO_MAX));
    if (is_refusal(response->status))
        return orc_error(pool, 401, "oidc.token", "The token issuer %s doesn't accept the access token.", issuer->url);
    if (response->status != 200)
        return orc_oidc_unavailable("oidc.userinfo", issuer,
                                    apr_psprintf(pool, "userinfo was answered with status %d.", response->status),
                                    pool);
    error = orc_json_parse(claims, response->body, response->length, pool);
    if (error)
        return unusable(pool, issuer, apr_pstrcat(pool, "can't be read. ", error->detail, NULL));
    told = orc_json_string(*claims, "sub");
    if (told && strcmp(told, turn->subject) == 0)
        return NULL;
    return unusable(pool, issuer, told ? "is of another person." : "is of nobody.");
}

/* What the issuer answers with a status, whichever, costs nobody else a thread for long. */
static orc_error_t *call(json_t **claims, int *is_answered, orc_userinfo_t *userinfo, const orc_userinfo_turn_t *turn,
                         const char *access_token, apr_pool_t *pool)
{
    apr_array_header_t *headers = apr_array_make(pool, 2, sizeof(const char *));
    apr_time_t deadline = orc_time_monotonic() + ORC_USERINFO_PATIENCE;
    orc_oidc_endpoints_t endpoints = {.userinfo = turn->issuer->userinfo_endpoint};
    orc_http_request_t request = {.method = "GET", .headers = headers, .max_response = USERINFO_MAX, .keeps_tail = 1};
    orc_http_response_t *response;

    *is_answered = 0;
    if (!endpoints.userinfo)
        ORC_TRY(orc_oidc_discover(&endpoints, userinfo->oidc, turn->issuer, ORC_USERINFO_PATIENCE, pool));
    request.timeout = deadline - orc_time_monotonic();
    *is_answered = !endpoints.userinfo;
    if (!endpoints.userinfo)
        return orc_error(pool, 503, "oidc.userinfo", "The token issuer %s has no userinfo endpoint.",
                         turn->issuer->url);
    if (request.timeout <= 0)
        return orc_oidc_unavailable("oidc.userinfo", turn->issuer, "it took too long to answer.", pool);
    APR_ARRAY_PUSH(headers, const char *) = "Accept: application/json";
    APR_ARRAY_PUSH(headers, const char *) = apr_pstrcat(pool, "Authorization: Bearer ", access_token, NULL);
    request.url = endpoints.userinfo;
    (void)orc_http_fetch(&response, &request, userinfo->config->ca_file, pool);
    *is_answered = response->outcome == ORC_HTTP_ANSWERED;
    return read_claims(claims, turn, response, pool);
}

orc_error_t *orc_userinfo_ask(json_t **claims, orc_userinfo_t *userinfo, const orc_userinfo_turn_t *turn,
                              const char *access_token, apr_pool_t *pool)
{
    orc_error_t *error;
    apr_time_t begun = orc_time_monotonic();
    int is_answered;

    /* It may have failed to answer those before. */
    ORC_TRY(rest(userinfo, turn, pool));
    error = call(claims, &is_answered, userinfo, turn, access_token, pool);
    note(userinfo, turn, begun, is_answered, error && error->retriable);
    return error;
}
