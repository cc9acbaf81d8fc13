/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include "orc_id.h"
#include "orc_rules_news.h"

/* What those who follow something in one process wait for. */

static void one_looks_for_all_and_not_all_the_time(void **state)
{
    orc_news_t *news = orc_news_make(pool);

    assert_true(orc_news_is_due(news, 1000, 100));
    assert_false(orc_news_is_due(news, 1099, 100));
    assert_true(orc_news_is_due(news, 1100, 100));
    assert_false(orc_news_is_due(news, 1100, 100));
}

static void what_is_followed_is_known_once(void **state)
{
    orc_news_t *news = orc_news_make(pool);
    const char *one = orc_id_new(pool), *other = orc_id_new(pool);
    int place = orc_news_enter(news, one);

    assert_int_equal(orc_news_enter(news, one), place);
    assert_int_not_equal(orc_news_enter(news, other), place);
    assert_int_equal(orc_news_ids(news, pool)->nelts, 2);
    orc_news_leave(news, place);
    assert_int_equal(orc_news_ids(news, pool)->nelts, 2);
    orc_news_leave(news, place);
    assert_int_equal(orc_news_ids(news, pool)->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(orc_news_ids(news, pool), 0, const char *), other);
    orc_news_leave(news, -1);
}

static void what_moved_is_told_to_whoever_follows_it(void **state)
{
    orc_news_t *news = orc_news_make(pool);
    const char *one = orc_id_new(pool), *other = orc_id_new(pool);
    int place = orc_news_enter(news, one), further = orc_news_enter(news, other);
    unsigned moved = orc_news_moved(news, place), at_rest = orc_news_moved(news, further);

    orc_news_tell(news, one, "1.2");
    assert_int_not_equal(orc_news_moved(news, place), moved);
    moved = orc_news_moved(news, place);
    orc_news_tell(news, one, "1.2");
    orc_news_tell(news, orc_id_new(pool), "1.2");
    assert_int_equal(orc_news_moved(news, place), moved);
    assert_int_equal(orc_news_moved(news, further), at_rest);
}

static void a_place_is_taken_again(void **state)
{
    orc_news_t *news = orc_news_make(pool);
    int place = orc_news_enter(news, orc_id_new(pool)), i;

    for (i = 0; i < 1000; i++) {
        const char *id = orc_id_new(pool);
        int next = orc_news_enter(news, id);
        unsigned moved = orc_news_moved(news, next);

        assert_true(next >= 0 && next != place);
        orc_news_tell(news, id, "1.");
        assert_int_not_equal(orc_news_moved(news, next), moved);
        orc_news_leave(news, next);
    }
}

static void who_finds_no_place_looks_for_themselves(void **state)
{
    orc_news_t *news = orc_news_make(pool);
    int place, count = 0;
    unsigned moved;

    while ((place = orc_news_enter(news, orc_id_new(pool))) >= 0)
        count++;
    assert_true(count >= 100); /* the followers that a host has */
    moved = orc_news_moved(news, place);
    assert_int_not_equal(orc_news_moved(news, place), moved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_looks_for_all_and_not_all_the_time),   cmocka_unit_test(what_is_followed_is_known_once),
        cmocka_unit_test(what_moved_is_told_to_whoever_follows_it), cmocka_unit_test(a_place_is_taken_again),
        cmocka_unit_test(who_finds_no_place_looks_for_themselves),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
