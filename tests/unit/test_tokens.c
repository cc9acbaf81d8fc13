/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <malloc.h>

#include "unit.h"

#include "mo_fruitless.h"
#include "mo_tokens.h"
#include "orc_time.h"

static const char issuer[] = "https://one.example";

static orc_identity_t *somebody(const char *subject, int groups, const char *group)
{
    orc_identity_t *identity = apr_pcalloc(pool, sizeof *identity);
    apr_array_header_t *list = apr_array_make(pool, groups + 1, sizeof(const char *));

    identity->issuer = issuer;
    identity->subject = subject;
    identity->email = "a@b";
    identity->expires = 4711;
    identity->is_admin = groups > 0;
    identity->is_service = groups == 0;
    while (groups-- > 0)
        APR_ARRAY_PUSH(list, const char *) = group;
    identity->groups = list;
    return identity;
}

static mo_fingerprint_t print_of(const char *token)
{
    mo_fingerprint_t fingerprint;

    mo_tokens_take_fingerprint(&fingerprint, token);
    return fingerprint;
}

static void remember(mo_tokens_t *tokens, const char *token, const orc_identity_t *identity, unsigned generation)
{
    const mo_fingerprint_t fingerprint = print_of(token);

    mo_tokens_remember(tokens, &fingerprint, identity, generation);
}

static orc_identity_t *recall(mo_tokens_t *tokens, const char *token)
{
    const mo_fingerprint_t fingerprint = print_of(token);
    unsigned generation;

    return mo_tokens_recall(&generation, tokens, &fingerprint, pool);
}

static void a_whole_identity_comes_back(void **state)
{
    mo_tokens_t *tokens = mo_tokens_make(pool);
    const mo_fingerprint_t fingerprint = print_of("a");
    orc_identity_t *identity;
    unsigned generation;

    assert_null(recall(tokens, "a"));
    remember(tokens, "a", somebody("s", 2, "lab"), 7);
    identity = mo_tokens_recall(&generation, tokens, &fingerprint, pool);
    assert_non_null(identity);
    assert_int_equal(generation, 7);
    assert_ptr_equal(identity->issuer, issuer);
    assert_string_equal(identity->subject, "s");
    assert_null(identity->name);
    assert_null(identity->username);
    assert_string_equal(identity->email, "a@b");
    assert_int_equal(identity->groups->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(identity->groups, 1, const char *), "lab");
    assert_true(identity->is_admin);
    assert_false(identity->is_service);
    assert_true(identity->expires == 4711);
    assert_string_equal(identity->user_id, "");
    assert_null(identity->access_token);
    assert_null(recall(tokens, "a "));
}

static void what_is_remembered_again_is_what_it_is_now(void **state)
{
    mo_tokens_t *tokens = mo_tokens_make(pool);

    remember(tokens, "a", somebody("s", 1, "lab"), 1);
    remember(tokens, "a", somebody("s", 0, NULL), 1);
    assert_int_equal(recall(tokens, "a")->groups->nelts, 0);
    assert_false(recall(tokens, "a")->is_admin);
    assert_true(recall(tokens, "a")->is_service);
}

/* Of a hundred thousand tokens those that are in use stay, and the memory is what it was. */
static void memory_is_bounded_and_the_least_used_goes(void **state)
{
    mo_tokens_t *tokens = mo_tokens_make(pool);
    apr_pool_t *work;
    size_t before = 0;
    int i, kept = 0;

    apr_pool_create(&work, pool);
    remember(tokens, "in use", somebody("s", 0, NULL), 1);
    for (i = 0; i < 100000; i++) {
        remember(tokens, apr_itoa(work, i), somebody("s", 0, NULL), 1);
        assert_non_null(recall(tokens, "in use"));
        if (i == 2 * MO_TOKENS_MAX)
            before = mallinfo2().uordblks;
        if (i % 1000 == 0)
            apr_pool_clear(work);
    }
    assert_int_equal(mallinfo2().uordblks / (1024 * 1024), before / (1024 * 1024));
    for (i = 0; i < 100000; i++)
        kept += recall(tokens, apr_itoa(pool, i)) != NULL;
    assert_true(kept <= MO_TOKENS_MAX && kept > MO_TOKENS_MAX * 9 / 10);
}

static void bytes_are_bounded_too(void **state)
{
    mo_tokens_t *tokens = mo_tokens_make(pool);
    const char *group = memset(apr_pcalloc(pool, 1001), 'g', 1000);
    size_t before = mallinfo2().uordblks;
    int i;

    remember(tokens, "too long", somebody("s", 100, group), 1);
    assert_null(recall(tokens, "too long"));
    for (i = 0; i < 2000; i++)
        remember(tokens, apr_itoa(pool, i), somebody("s", 90, group), 1);
    assert_non_null(recall(tokens, "1999"));
    assert_true(mallinfo2().uordblks - before < MO_TOKENS_MAX_BYTES + 8 * 1024 * 1024);
}

static void what_was_asked_in_vain_has_the_same_answer_for_a_while(void **state)
{
    mo_fruitless_t *fruitless = mo_fruitless_make(pool);
    const mo_fingerprint_t one = print_of("a"), other = print_of("b");
    orc_error_t *away = orc_error(pool, 503, "oidc.userinfo", "nobody was there"), *known;

    away->retriable = 1;
    mo_fruitless_remember(fruitless, &one, away);
    assert_null(mo_fruitless_recall(fruitless, &one, 0, pool));
    mo_fruitless_remember(fruitless, &one, orc_error(pool, 401, "oidc.token", "not this one"));
    known = mo_fruitless_recall(fruitless, &one, 0, pool);
    assert_non_null(known);
    assert_int_equal(known->status, 401);
    assert_string_equal(known->code, "oidc.token");
    assert_string_equal(known->detail, "not this one");
    assert_null(mo_fruitless_recall(fruitless, &other, 0, pool));
    assert_non_null(mo_fruitless_recall(fruitless, &one, 1, pool));
    assert_null(mo_fruitless_recall(fruitless, &one, orc_time_monotonic() + 1, pool));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_identity_comes_back),
        cmocka_unit_test(what_is_remembered_again_is_what_it_is_now),
        cmocka_unit_test(memory_is_bounded_and_the_least_used_goes),
        cmocka_unit_test(bytes_are_bounded_too),
        cmocka_unit_test(what_was_asked_in_vain_has_the_same_answer_for_a_while),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
