/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <unistd.h>

#include "unit.h"

#include "mo_jwks.h"

#define RSA_KEY                                                                                                        \
    "{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"j8I1N1equwGrqzXsudSUI1jqmhQvXsoYONiQJB1N1Yo0SPeFusBvmUhV65clW86n1Hzqh"    \
    "6rh0dvA_YLyMuIzOORCuspj1wPySKrTYgZopuLq7qQO6zJxSCvf4q0w49tygnOAWLB9TyXj9z9nJUjM8KIQkNaxYRkCH9XHpWsJ1Fj4bIKjLV"    \
    "bGEqWFGP0iQTuDBYRXTEoV8qooPE2CLLwJQPOfxNG5_RyXs2a_1T_nvlkpuunygjXAW1DQ-XPoaTFFE7vd9VfXldS1yBn_636DJxcWK3ADZoz"    \
    "9uFgeADJzUKEko2gErwHIxTX43DamnwiWGvcAiurqwk8Qlx_sOaE4UQ\"}"

/* Tokens with the payload {}, made and signed by jwcrypto, and the public halves of their keys. */
static const struct {
    const char *algorithm, *key, *token;
} tokens[] = {
    {"RS256", RSA_KEY,
     "eyJhbGciOiJSUzI1NiJ9.e30.TIpBTDPG_mKGAbQ8iHys5JVNZyUeGwttNQb3A-j-cgETtepHsReKb-tlJ_PEtmLhooBfx5LqgVEXaP3y5sWbS"
     "JfZ6SPitjXXrZ2L-qv4-WrBtNJGFQ1hkXWEtzjsm4ZgSbqOpmZfbNoXDKHEIzG9b7jteSCgtq_n0hjMi48IY23s0mjgbOAKh1-NQW_IFsWGv53"
     "wg145g-Xcfiigl2dqn4pW4gqhMF6kcpslgRSB6emV6B-KP9fdm8VzA8LII36-hU8WHEECyqBPhaxlLazAHqxhRdL0UterLhQ6_jeMUMyqPTX62"
     "XXCEgSohejm1zCkbTNBiWhcfpLzGTgOKa5OEA"},
    {"PS256", RSA_KEY,
     "eyJhbGciOiJQUzI1NiJ9.e30.RgT-0p2Cv7eiKviAe4DklZB709J6dcdg9TwIdQVM9gGKSfdrcIBI4RrA06AwTQ-BVyruZPscCS7DnxRHdpevs"
     "PYrwqDsMQSMy4fgSpePtyldvHxzZvLSSuePwKAkxXQLKJ-CVBmng44aHrI6JI6JSeioBoSZnHXDKmwK9WRY570coFhbWA6DS8ILu16QX_z-dkP"
     "zVaus5zRNvBwc4Id_lom-SibFWgzgyvE36AdsR9f9D2lQKom1m3DuJs8yol1LLSBXN4AGY2Zo_avfieppwVp3J4rUgnnYwXiRYfmsktWRolt_b"
     "BA9e0MdH-Zvj05ntPKBii4UxPy_CYCQ0G3Pmw"},
    {"ES256",
     "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"QExXGuLhOrmfR3x918kPyz8PVhFts93N55tkyOc_LDo\",\"y\":\"T1g-_1VK435vl"
     "kE6F4uDg0rO2qzpXdamtAeZIJas1wk\"}",
     "eyJhbGciOiJFUzI1NiJ9.e30.reCi0th4jpMRTsq4IsAAjC754sh0ZY2aO3MqfU2f9sYkWbg8ewo4VLL-E_n2kCKPi5s3QiKMs5EMesMKk7tU9"
     "Q"},
    {"ES384",
     "{\"crv\":\"P-384\",\"kty\":\"EC\",\"x\":\"3GU9c88e1lMXSaxeUmO91H-N34_3k_m6dPylBezZCFzbblNZ_rHNFC5Q11-iTORb\","
     "\"y\":\"OwTVV6U0wNKmH1aor-NPbrc2DD756XwdI2Y9PBX1e8FFvqMXZbeTUJD9lBhK73Et\"}",
     "eyJhbGciOiJFUzM4NCJ9.e30.HFOb0w9Gnd1OCpZrMfE70cvEwfeSMY16B1ujfu85jQD2_JNOZ-3zUe0vvJ8JTqsx_UNDAKpMJ28aRVObf7nrr"
     "mxZEafzLoeg1YxLDcsBTtprNAF2IGn4Qm2McxxLw79F"},
    {"ES512",
     "{\"crv\":\"P-521\",\"kty\":\"EC\",\"x\":\"AdPrB8kg4zfjsz14uDmKhwtrRLfpMNlFFqKZXMvoKQveupkPejcxblnVe8Z2UwD8JS7"
     "4pInSZrr5CArg1zi9XFDZ\",\"y\":\"AZEXTYaSJID9E6OQnHH_gsmMfTpemrZeAE9rOnrawNdw6rGBbHuyS-KOOVc1vo1rrclVCVdWOo-yJ"
     "r0ZD5MiqPXT\"}",
     "eyJhbGciOiJFUzUxMiJ9.e30.AUTfqdrOt8of-MZW07VPGDZukK7vmOXmQfQSTOKc5r_UVJSXHTBmXAWpZKt9wH_V0HFSGcTDBMyav3rU4_r7g"
     "7pBAGKNPK39QvkaC2dV8msbfezbnSuo4R9ua_9ILCA-iktwDm61WK5NFbTxit4Nga0mXDgpHyLPyA-nMqmLIo6xMcWQ"},
};

enum { TOKENS = sizeof tokens / sizeof *tokens };

/* ---- signatures ---- */

/* Two algorithms have one key. */
static int is_key_of(int i, int j)
{
    return strcmp(tokens[i].key, tokens[j].key) == 0;
}

static void a_key_verifies_what_it_signed_and_nothing_else(void **state)
{
    int i, j;

    for (i = 0; i < TOKENS; i++) {
        for (j = 0; j < TOKENS; j++)
            assert_int_equal(mo_jws_is_signed_by(tokens[i].token, tokens[j].key), is_key_of(i, j));
    }
}

static void another_payload_or_signature_is_not_signed(void **state)
{
    int i;

    for (i = 0; i < TOKENS; i++) {
        char *token = apr_pstrdup(pool, tokens[i].token), *dot = strchr(token, '.');

        dot[1] ^= 1;
        assert_false(mo_jws_is_signed_by(token, tokens[i].key));
        dot[1] ^= 1;
        dot = strrchr(token, '.');
        dot[9] = dot[9] == 'A' ? 'B' : 'A';
        assert_false(mo_jws_is_signed_by(token, tokens[i].key));
        dot[1] = '\0';
        assert_false(mo_jws_is_signed_by(token, tokens[i].key));
    }
}

static void what_is_no_token_or_no_key_is_no_signature(void **state)
{
    static const char *const texts[] = {"", ".", "..", "a.b.c", "e30.e30.", "e30.e30.e30", "{}"};
    static const char *const keys[] = {
        "", "{", "[]", "{}", "{\"kty\":\"RSA\"}", "{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"\"}",
    };
    size_t i;

    for (i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(mo_jws_is_signed_by(texts[i], tokens[0].key));
    for (i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_false(mo_jws_is_signed_by(tokens[0].token, keys[i]));
}

static json_t *parsed(const char *text)
{
    json_t *json;

    assert_null(orc_json_parse(&json, text, strlen(text), pool));
    return json;
}

static void an_algorithm_takes_keys_of_its_type_and_curve(void **state)
{
    int i, j;

    for (i = 0; i < TOKENS; i++) {
        const mo_algorithm_t *algorithm = mo_jws_algorithm(tokens[i].algorithm);

        assert_non_null(algorithm);
        for (j = 0; j < TOKENS; j++)
            assert_int_equal(mo_jws_fits(algorithm, parsed(tokens[j].key)), is_key_of(i, j));
    }
    assert_false(mo_jws_fits(mo_jws_algorithm("PS256"), parsed("{\"kty\":\"RSA\",\"alg\":\"RS256\"}")));
    assert_false(mo_jws_fits(mo_jws_algorithm("RS256"), parsed("{\"kty\":\"RSA\",\"alg\":7}")));
    assert_true(mo_jws_fits(mo_jws_algorithm("RS256"), parsed("{\"kty\":\"RSA\",\"alg\":\"RS256\"}")));
    assert_null(mo_jws_algorithm("none"));
    assert_null(mo_jws_algorithm("HS256"));
    assert_null(mo_jws_algorithm("rs256"));
    assert_null(mo_jws_algorithm(NULL));
}

/* ---- the known keys ---- */

static void write_keys(const char *path, const char *text)
{
    const char *fresh = apr_pstrcat(pool, path, ".new", NULL);
    FILE *file = fopen(fresh, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
    assert_int_equal(rename(fresh, path), 0);
}

typedef struct keys_t {
    char folder[64];
    orc_config_t *config;
    mo_jwks_t *jwks;
    apr_time_t now;
} keys_t;

static int make_folder(void **state)
{
    static const char *const urls[] = {"i", "j", "k", "l"};
    keys_t *keys = apr_pcalloc(pool, sizeof *keys);
    size_t i;

    apr_cpystrn(keys->folder, "/tmp/orchestrator-keys-XXXXXX", sizeof keys->folder);
    if (!mkdtemp(keys->folder))
        return -1;
    keys->config = orc_config_make(pool);
    keys->config->jwks_file = apr_pstrcat(pool, keys->folder, "/jwks.json", NULL);
    for (i = 0; i < sizeof urls / sizeof *urls; i++) {
        orc_issuer_config_t *issuer = apr_pcalloc(pool, sizeof *issuer);

        issuer->url = urls[i];
        APR_ARRAY_PUSH((apr_array_header_t *)keys->config->issuers, orc_issuer_config_t *) = issuer;
    }
    keys->jwks = mo_jwks_make(keys->config, pool);
    keys->now = apr_time_now();
    *state = keys;
    return 0;
}

static int remove_folder(void **state)
{
    keys_t *keys = *state;

    unlink(keys->config->jwks_file);
    return rmdir(keys->folder);
}

static const char *found_for(keys_t *keys, const char *algorithm, const char *issuer, const char *kid)
{
    const char *key = mo_jwks_key(keys->jwks, orc_config_issuer(keys->config, issuer), mo_jws_algorithm(algorithm), kid,
                                  keys->now, pool);

    return key ? key : "";
}

/* The key of RS256 that is found for an issuer; "" for none. */
static const char *found(keys_t *keys, const char *issuer, const char *kid)
{
    return found_for(keys, "RS256", issuer, kid);
}

static unsigned generation(keys_t *keys, const char *issuer)
{
    return mo_jwks_generation(keys->jwks, orc_config_issuer(keys->config, issuer), keys->now);
}

/* A key as the file has it, and as it is found. */
#define KEY(kid, issuer) "{\"iss\":\"" issuer "\",\"kid\":\"" kid "\",\"kty\":\"RSA\",\"seen\":3600}"
#define FOUND(kid)       "{\"kid\":\"" kid "\",\"kty\":\"RSA\"}"

static void keys_are_read_again_when_their_file_changes(void **state)
{
    keys_t *keys = *state;

    assert_string_equal(found(keys, "i", "a"), "");
    write_keys(keys->config->jwks_file, "{\"keys\":[" KEY("a", "i") ",{\"kid\":\"b\",\"kty\":\"RSA\"}]}");
    assert_string_equal(found(keys, "i", "a"), ""); /* looked at less than a second ago */
    keys->now += APR_USEC_PER_SEC;
    assert_string_equal(found(keys, "i", "a"), FOUND("a"));
    assert_string_equal(found(keys, "i", "b"), "");
    write_keys(keys->config->jwks_file, "{\"keys\":");
    keys->now += APR_USEC_PER_SEC;
    assert_string_equal(found(keys, "i", "a"), FOUND("a"));
    write_keys(keys->config->jwks_file, "{\"keys\":[" KEY("c", "i") "]}");
    keys->now += APR_USEC_PER_SEC;
    assert_string_equal(found(keys, "i", "a"), "");
    assert_string_equal(found(keys, "i", "c"), FOUND("c"));
    unlink(keys->config->jwks_file);
    keys->now += APR_USEC_PER_SEC;
    assert_string_equal(found(keys, "i", "c"), FOUND("c"));
}

static void a_generation_ends_when_that_issuers_keys_change(void **state)
{
    keys_t *keys = *state;
    unsigned i, j;

    write_keys(keys->config->jwks_file, "{\"keys\":[" KEY("a", "i") "," KEY("a", "j") "]}");
    i = generation(keys, "i");
    j = generation(keys, "j");
    write_keys(keys->config->jwks_file, "{\"keys\":[{\"iss\":\"i\",\"kid\":\"a\",\"kty\":\"RSA\",\"seen\":7200}]}");
    assert_int_equal(generation(keys, "j"), j); /* looked at less than a second ago */
    keys->now += APR_USEC_PER_SEC;
    assert_int_equal(generation(keys, "i"), i); /* but for the time at which it was seen, it is the same key */
    assert_int_not_equal(generation(keys, "j"), j);
}

static void a_key_is_found_for_its_own_issuer_only(void **state)
{
    keys_t *keys = *state;

    write_keys(keys->config->jwks_file, "{\"keys\":[" KEY("a", "i") "," KEY("a ", "j") "," KEY("b", "j") "," KEY(
                                            "a", "k") "," KEY("x", "nobody") "]}");
    assert_string_equal(found(keys, "i", "a"), FOUND("a"));
    assert_string_equal(found(keys, "j", "a"), "");
    assert_string_equal(found(keys, "j", "a "), FOUND("a "));
    assert_string_equal(found(keys, "i", "b"), "");
    assert_string_equal(found(keys, "k", "a"), FOUND("a")); /* an id that two issuers use is of both */
    assert_string_equal(found(keys, "l", "a"), "");
    assert_string_equal(found(keys, "i", "x"), "");
    assert_string_equal(found_for(keys, "ES256", "i", "a"), "");
}

static void without_an_id_the_issuers_only_key_of_the_type_is_meant(void **state)
{
    keys_t *keys = *state;

    write_keys(keys->config->jwks_file,
               "{\"keys\":[" KEY("a", "i") ",{\"iss\":\"i\",\"kty\":\"EC\",\"crv\":\"P-256\"}," KEY("b", "j") "," KEY(
                   "c", "j") ",{\"iss\":\"k\",\"kty\":\"RSA\"}]}");
    assert_string_equal(found(keys, "i", NULL), FOUND("a"));
    assert_string_equal(found(keys, "j", NULL), "");
    assert_string_equal(found(keys, "k", NULL), "{\"kty\":\"RSA\"}");
    assert_string_equal(found(keys, "k", "a"), "");
    assert_string_equal(found(keys, "l", NULL), "");
    assert_string_equal(found_for(keys, "ES256", "i", NULL), "{\"crv\":\"P-256\",\"kty\":\"EC\"}");
    assert_string_equal(found_for(keys, "ES384", "i", NULL), "");
}

static int is_known(keys_t *keys, const char *issuer)
{
    return mo_jwks_is_known(keys->jwks, orc_config_issuer(keys->config, issuer), keys->now);
}

static void an_issuer_that_publishes_nothing_is_told_from_one_that_was_never_heard(void **state)
{
    keys_t *keys = *state;

    assert_false(is_known(keys, "i"));
    write_keys(keys->config->jwks_file, "{\"keys\":[" KEY("a", "i") "],\"issuers\":[\"i\",\"j\",\"nobody\",7]}");
    keys->now += APR_USEC_PER_SEC;
    assert_true(is_known(keys, "i"));
    assert_true(is_known(keys, "j"));
    assert_false(is_known(keys, "k"));
    write_keys(keys->config->jwks_file, "{\"keys\":[" KEY("a", "k") "]}");
    keys->now += APR_USEC_PER_SEC;
    assert_false(is_known(keys, "i"));
    assert_true(is_known(keys, "k")); /* its key is there */
}

#define TEST_KEYS(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_verifies_what_it_signed_and_nothing_else),
        cmocka_unit_test(another_payload_or_signature_is_not_signed),
        cmocka_unit_test(what_is_no_token_or_no_key_is_no_signature),
        cmocka_unit_test(an_algorithm_takes_keys_of_its_type_and_curve),
        TEST_KEYS(keys_are_read_again_when_their_file_changes),
        TEST_KEYS(a_generation_ends_when_that_issuers_keys_change),
        TEST_KEYS(a_key_is_found_for_its_own_issuer_only),
        TEST_KEYS(an_issuer_that_publishes_nothing_is_told_from_one_that_was_never_heard),
        TEST_KEYS(without_an_id_the_issuers_only_key_of_the_type_is_meant),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
