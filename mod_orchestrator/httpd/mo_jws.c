/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_jws.h"

#include <cjose/cjose.h>
#include <string.h>

#include "orc_json.h"

/* RFC 7518, section 3.1. */
static const mo_algorithm_t algorithms[] = {
    {"RS256", "RSA", NULL, 0},    {"RS384", "RSA", NULL, 0},    {"RS512", "RSA", NULL, 0},
    {"PS256", "RSA", NULL, 0},    {"PS384", "RSA", NULL, 0},    {"PS512", "RSA", NULL, 0},
    {"ES256", "EC", "P-256", 64}, {"ES384", "EC", "P-384", 96}, {"ES512", "EC", "P-521", 132},
};

const mo_algorithm_t *mo_jws_algorithm(const char *name)
{
    size_t i;

    for (i = 0; name && i < sizeof algorithms / sizeof *algorithms; i++) {
        if (strcmp(name, algorithms[i].name) == 0)
            return &algorithms[i];
    }
    return NULL;
}

static int is(const json_t *key, const char *member, const char *value)
{
    const char *given = orc_json_string(key, member);

    return !value || (given && strcmp(given, value) == 0);
}

int mo_jws_fits(const mo_algorithm_t *algorithm, const json_t *key)
{
    return is(key, "kty", algorithm->type) && is(key, "crv", algorithm->curve) &&
           (!json_object_get(key, "alg") || is(key, "alg", algorithm->name));
}

int mo_jws_is_signed_by(const char *token, const char *key)
{
    cjose_jwk_t *imported = cjose_jwk_import(key, strlen(key), NULL);
    cjose_jws_t *jws = imported ? cjose_jws_import(token, strlen(token), NULL) : NULL;
    int is_signed = jws && cjose_jws_verify(jws, imported, NULL);

    cjose_jws_release(jws);
    cjose_jwk_release(imported);
    return is_signed;
}
