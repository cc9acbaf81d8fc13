/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_claims.h"

#include <apr_strings.h>
#include <sodium.h>
#include <string.h>

#include "orc_words.h"

enum {
    CLOCK_SKEW = 60,    /* seconds that an issuer's clock may be ahead of ours */
    MAX_SUBJECT = 1024, /* bytes; OpenID Connect allows 255 */
};

static orc_error_t *refused(apr_pool_t *pool, const char *detail)
{
    return orc_error(pool, 401, "token", "%s", detail);
}

/* Decodes the part of a token between `start` and `end`: base64url as RFC 7515, section 2, has it, without padding,
 * white space and spare bits. NULL when it is another. */
static const char *decode(apr_size_t *length, const char *start, const char *end, apr_pool_t *pool)
{
    apr_size_t size = (apr_size_t)(end - start);
    unsigned char *bytes = apr_palloc(pool, size + 1);

    if (sodium_base642bin(bytes, size, start, size, NULL, length, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING))
        return NULL;
    return (const char *)bytes;
}

static orc_error_t *decode_object(json_t **object, const char *start, const char *end, const char *part,
                                  apr_pool_t *pool)
{
    apr_size_t length;
    const char *text = decode(&length, start, end, pool);

    if (!text || orc_json_parse(object, text, length, pool) || !json_is_object(*object))
        return orc_error(pool, 401, "token", "The access token's %s is not a JSON object in base64url.", part);
    return NULL;
}

static orc_error_t *split(const char *token, const char **dot, const char **second_dot, apr_pool_t *pool)
{
    if (strlen(token) > MO_CLAIMS_MAX_TOKEN)
        return orc_error(pool, 401, "token", "The access token is longer than %d bytes.", MO_CLAIMS_MAX_TOKEN);
    *dot = strchr(token, '.');
    *second_dot = *dot ? strchr(*dot + 1, '.') : NULL;
    if (!*second_dot || strchr(*second_dot + 1, '.'))
        return refused(pool, "The access token is not a signed JSON Web Token.");
    return NULL;
}

/* A header that brings a key along, says where one is to be had, or asks for what we don't understand (RFC 7515,
 * section 4.1.11; RFC 7797) is nothing that an issuer writes into an access token. */
static orc_error_t *check_header(const json_t *header, apr_pool_t *pool)
{
    static const char *const refusals[] = {"jwk", "jku", "x5u", "x5c", "crit", "b64"};
    const char *kid = orc_json_string(header, "kid");
    size_t i;

    for (i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (json_object_get(header, refusals[i]))
            return orc_error(pool, 401, "token", "The access token's header has \"%s\".", refusals[i]);
    }
    if (kid ? !*kid
            : json_object_get(header, "kid") || json_object_get(header, "x5t") || json_object_get(header, "x5t#S256"))
        return refused(pool, "The access token names the key that signed it in a way that is not known here.");
    return NULL;
}

orc_error_t *mo_claims_read(mo_token_t *token, const char *text, apr_pool_t *pool)
{
    const char *dot = text, *second_dot = text;
    json_t *header, *claims;
    apr_size_t length;

    ORC_TRY(split(text, &dot, &second_dot, pool));
    ORC_TRY(decode_object(&header, text, dot, "header", pool));
    ORC_TRY(decode_object(&claims, dot + 1, second_dot, "payload", pool));
    token->algorithm = mo_jws_algorithm(orc_json_string(header, "alg"));
    if (!token->algorithm)
        return refused(pool, "The access token's signature algorithm is not accepted.");
    ORC_TRY(check_header(header, pool));
    if (!decode(&length, second_dot + 1, second_dot + strlen(second_dot), pool) || length == 0)
        return refused(pool, "The access token's signature is not in base64url.");
    /* cjose takes an ECDSA signature with a byte more for the one without it. */
    if (token->algorithm->signature && length != token->algorithm->signature)
        return refused(pool, "The access token's signature is not valid.");
    token->text = text;
    token->kid = orc_json_string(header, "kid");
    token->claims = claims;
    return NULL;
}

/* Seconds since 1970 of a NumericDate; 0 when the claim is no number of a sane size. */
static apr_int64_t numeric_date(const json_t *claim)
{
    double value = json_is_number(claim) ? json_number_value(claim) : 0;

    return value > 0 && value < 1e12 ? (apr_int64_t)value : 0;
}

static orc_error_t *check_times(const json_t *claims, apr_time_t now, apr_pool_t *pool)
{
    const json_t *expires = json_object_get(claims, "exp"), *begins = json_object_get(claims, "nbf"),
                 *issued = json_object_get(claims, "iat");
    apr_int64_t seconds = apr_time_sec(now);

    if (numeric_date(expires) == 0)
        return refused(pool, "The access token has no expiry time.");
    if (numeric_date(expires) <= seconds)
        return refused(pool, "The access token has expired.");
    if (begins && (!json_is_number(begins) || json_number_value(begins) > (double)(seconds + CLOCK_SKEW)))
        return refused(pool, "The access token is not valid yet.");
    if (issued && (!json_is_number(issued) || json_number_value(issued) > (double)(seconds + CLOCK_SKEW)))
        return refused(pool, "The access token was issued in the future.");
    return NULL;
}

/* True when `aud` (a text or a list of texts) names one of ours. */
static int audience_matches(const apr_array_header_t *audiences, const json_t *audience)
{
    const json_t *entry;
    size_t i;

    if (!audiences || audiences->nelts == 0)
        return 1;
    if (json_is_string(audience))
        return orc_words_contain(audiences, json_string_value(audience));
    json_array_foreach(audience, i, entry)
    {
        if (json_is_string(entry) && orc_words_contain(audiences, json_string_value(entry)))
            return 1;
    }
    return 0;
}

static orc_error_t *read_subject(const char **subject, const json_t *claims, apr_pool_t *pool)
{
    const char *text = orc_json_string(claims, "sub"), *c;

    if (!text || !*text || strlen(text) > MAX_SUBJECT)
        return refused(pool, "The access token has no subject.");
    for (c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return refused(pool, "The access token's subject has control characters.");
    }
    *subject = text;
    return NULL;
}

/* A group's name: a text, or the name of an object as SCIM and userinfo write them; NULL when there is none. */
static const char *group_name(const json_t *entry)
{
    static const char *const members[] = {"name", "display", "value"};
    const char *name = json_string_value(entry);
    size_t i;

    for (i = 0; !name && i < sizeof members / sizeof *members; i++)
        name = orc_json_string(entry, members[i]);
    return orc_group_name(name);
}

static void add_group(apr_array_header_t *groups, const json_t *entry)
{
    const char *name = group_name(entry);

    if (name && *name)
        APR_ARRAY_PUSH(groups, const char *) = name;
}

static const char *type_of(const json_t *value)
{
    return json_is_object(value) ? "an object" : json_is_number(value) ? "a number" : "a boolean";
}

/* Group names without a leading slash (IAM and Keycloak write "/group"). A text is one group; of a list, entries
 * without a name don't count. */
static orc_error_t *read_groups(const apr_array_header_t **groups, const char *name, const json_t *claim,
                                apr_pool_t *pool)
{
    apr_array_header_t *list = apr_array_make(pool, 8, sizeof(const char *));
    const json_t *entry;
    size_t i;

    *groups = list;
    if (json_is_string(claim))
        add_group(list, claim);
    else if (!json_is_array(claim))
        return orc_error(pool, 401, "token", "The claim \"%s\" tells no groups: it is %s.", name, type_of(claim));
    json_array_foreach(claim, i, entry)
    {
        add_group(list, entry);
    }
    return NULL;
}

orc_error_t *mo_claims_groups(orc_identity_t *identity, const orc_issuer_config_t *issuer, const json_t *claim,
                              apr_pool_t *pool)
{
    ORC_TRY(read_groups(&identity->groups, issuer->groups_claim, claim, pool));
    identity->is_admin = issuer->admin_group && orc_words_contain(identity->groups, issuer->admin_group);
    return NULL;
}

orc_error_t *mo_claims_authorise(const orc_identity_t *identity, const orc_issuer_config_t *issuer, apr_pool_t *pool)
{
    int i;

    if (identity->is_admin || identity->is_service || !issuer->groups || issuer->groups->nelts == 0)
        return NULL;
    for (i = 0; i < issuer->groups->nelts; i++) {
        if (orc_words_contain(identity->groups, APR_ARRAY_IDX(issuer->groups, i, const char *)))
            return NULL;
    }
    return orc_error(pool, 403, "groups", "None of your groups may use this service.");
}

static void read_person(orc_identity_t *identity, const json_t *claims)
{
    identity->name = orc_json_string(claims, "name");
    identity->username = orc_json_string(claims, "preferred_username");
    identity->email = orc_json_string(claims, "email");
    identity->expires = apr_time_from_sec(numeric_date(json_object_get(claims, "exp")));
}

/* A client that asks for a token of its own is named by client_id (RFC 9068) or azp (OpenID Connect, Keycloak). */
static int is_service_account(const orc_issuer_config_t *issuer, const json_t *claims)
{
    const char *client = orc_json_string(claims, "client_id");

    if (!client)
        client = orc_json_string(claims, "azp");
    return client && issuer->service_accounts && orc_words_contain(issuer->service_accounts, client);
}

orc_error_t *mo_claims_identity(orc_identity_t **identity, const orc_issuer_config_t *issuer, const mo_token_t *token,
                                apr_time_t now, apr_pool_t *pool)
{
    const json_t *groups = json_object_get(token->claims, issuer->groups_claim);
    orc_identity_t *person = apr_pcalloc(pool, sizeof *person);

    if (!audience_matches(issuer->audiences, json_object_get(token->claims, "aud")))
        return refused(pool, "The access token was not issued for this service.");
    ORC_TRY(check_times(token->claims, now, pool));
    ORC_TRY(read_subject(&person->subject, token->claims, pool));
    person->is_service = is_service_account(issuer, token->claims);
    if (groups && !json_is_null(groups))
        ORC_TRY(mo_claims_groups(person, issuer, groups, pool));
    else if (person->is_service)
        person->groups = apr_array_make(pool, 0, sizeof(const char *)); /* userinfo knows people only */
    person->issuer = issuer->url;
    person->access_token = token->text;
    read_person(person, token->claims);
    *identity = person;
    return NULL;
}
