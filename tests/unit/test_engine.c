/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <cmocka.h>

#include "kinds/orc_kinds.h"
#include "orc_engine_judge.h"
#include "orc_engine_operation.h"
#include "orc_engine_placement.h"
#include "orc_engine_story.h"
#include "orc_engine_window.h"
#include "orc_secret.h"
#include "orc_words.h"

static apr_pool_t *pool;

/* ---- the kinds and their tables ---- */

static int event_of(const orc_kind_t *kind, const char *word)
{
    int event;

    for (event = 0; kind->events[event]; event++) {
        if (strcmp(kind->events[event], word) == 0)
            return event;
    }
    fail_msg("%s has no event %s", kind->word, word);
    return -1;
}

/* The phase that an event leads to; NULL: it is not expected there. */
static const char *after(const char *word, const char *phase, const char *event)
{
    const orc_kind_t *kind = orc_kinds_find(word);
    const orc_transition_t *found = orc_kind_transition(kind, orc_kind_phase(kind, phase), event_of(kind, event));

    return found ? kind->phases[found->next] : NULL;
}

static void every_phase_but_the_end_takes_its_turn_and_that_of_an_operation_can_be_canceled(void **state)
{
    const orc_kind_t *const *kind;
    int phase, event;

    for (kind = orc_kinds; *kind; kind++) {
        int common =
            (*kind)->events[1] && strcmp((*kind)->events[1], "deadline") == 0 ? ORC_OPERATION_OWN : ORC_EVENT_TURN + 1;

        for (phase = 0; (*kind)->phases[phase + 1]; phase++) {
            for (event = 0; event < common; event++)
                assert_non_null(orc_kind_transition(*kind, phase, event));
        }
    }
}

static void nothing_follows_the_end(void **state)
{
    const orc_kind_t *const *kind;
    const orc_transition_t *row;

    for (kind = orc_kinds; *kind; kind++) {
        for (row = (*kind)->transitions; row->action; row++)
            assert_non_null((*kind)->phases[row->phase + 1]);
    }
}

static void every_phase_and_every_event_of_a_kind_is_in_its_table_once(void **state)
{
    const orc_kind_t *const *kind;
    const orc_transition_t *row, *other;
    int number, seen;

    for (kind = orc_kinds; *kind; kind++) {
        for (number = 0; (*kind)->events[number]; number++) {
            for (seen = 0, row = (*kind)->transitions; row->action; row++)
                seen += row->event == number;
            assert_true(seen > 0);
        }
        for (row = (*kind)->transitions; row->action; row++) {
            for (other = row + 1; other->action; other++)
                assert_false(row->phase == other->phase && row->event == other->event);
        }
    }
}

static void an_attempt_that_failed_is_followed_by_the_next_at_once(void **state)
{
    assert_string_equal(after("CREATE", "provisioning", "failed"), "placing");
    assert_null(after("CREATE", "provisioning", "complete"));
    assert_string_equal(after("DELETE", "confirming", "back"), "deleting");
    assert_string_equal(after("infrastructure", "gone", "back"), "unwanted");
}

static void what_another_version_does_is_not_claimed(void **state)
{
    const apr_array_header_t *phases = orc_kinds_phases(pool);

    assert_true(orc_words_contain(phases, "CREATE/provisioning"));
    assert_true(orc_words_contain(phases, "DELETE/confirming"));
    assert_false(orc_words_contain(phases, "CREATE/ended"));
    assert_false(orc_words_contain(phases, "DELETE/provisioning"));
    assert_true(orc_words_contain(orc_kinds_with_template(pool), "CREATE/submitting"));
    assert_false(orc_words_contain(orc_kinds_with_template(pool), "CREATE/provisioning"));
    assert_true(orc_words_contain(orc_kinds_watching(pool), "DELETE/deleting"));
    assert_true(orc_words_contain(orc_kinds_deleting(pool), "infrastructure/unwanted"));
    assert_false(orc_words_contain(orc_kinds_deleting(pool), "infrastructure/deleting"));
    assert_null(orc_kinds_find("REVIEW"));
    assert_int_equal(orc_kind_phase(orc_kinds_find("CREATE"), "updating"), -1);
}

static const char *wrong_with(const char *kind_word, const char *phase, const char *text)
{
    const orc_kind_t *kind = orc_kinds_find(kind_word);
    json_t *object = orc_json_own_text(text, pool);
    void *memory = apr_pcalloc(pool, kind->memory->size);

    return orc_fields_read(memory, kind->memory, object, ORC_IN(orc_kind_phase(kind, phase)), pool);
}

static void a_memory_that_lacks_something_is_found_out_when_it_is_read(void **state)
{
    assert_null(wrong_with("CREATE", "placing", "{}"));
    assert_string_equal(wrong_with("CREATE", "placing", "[]"), "it is no object");
    assert_string_equal(wrong_with("CREATE", "placing", "{\"candidates\": [{}]}"), "candidates.endpoint is not there");
    assert_string_equal(wrong_with("CREATE", "placing", "{\"since\": \"x\"}"), "since is no integer");
    assert_string_equal(wrong_with("CREATE", "provisioning", "{}"), "candidates is not there");
    assert_string_equal(wrong_with("CREATE", "placing", "{\"attempt\": {\"endpoint\": 1}}"),
                        "attempt.endpoint is no text");
}

/* ---- placement ---- */

static orc_provider_t *provider(const char *name, const char *type, const char *group)
{
    orc_provider_t *made = apr_pcalloc(pool, sizeof *made);
    apr_array_header_t *regions = apr_array_make(pool, 2, sizeof(orc_region_t));
    apr_array_header_t *projects = apr_array_make(pool, 1, sizeof(orc_provider_project_t));
    orc_provider_project_t *project = apr_array_push(projects);

    APR_ARRAY_PUSH(regions, orc_region_t) = (orc_region_t){.name = "north"};
    APR_ARRAY_PUSH(regions, orc_region_t) = (orc_region_t){.name = "south"};
    project->group = group;
    project->project = apr_pstrcat(pool, name, "-project", NULL);
    made->name = name;
    made->type = type;
    made->is_enabled = 1;
    made->regions = regions;
    made->projects = projects;
    made->issuers = apr_array_make(pool, 1, sizeof(const char *));
    return made;
}

static const apr_array_header_t *no_records(void)
{
    return apr_array_make(pool, 1, sizeof(orc_store_record_t));
}

static orc_placement_t place(const orc_placement_wish_t *wish, const apr_array_header_t *records, int max, int count,
                             ...)
{
    apr_array_header_t *list = apr_array_make(pool, 4, sizeof(const orc_provider_t *));
    orc_placement_wish_t asked = *wish;
    orc_providers_t providers = {list};
    orc_placement_t placed;
    va_list arguments;

    va_start(arguments, count);
    while (count--)
        APR_ARRAY_PUSH(list, const orc_provider_t *) = va_arg(arguments, orc_provider_t *);
    va_end(arguments);
    asked.max = max;
    asked.im_url = "https://im";
    orc_engine_place(&placed, &providers, &asked, records, pool);
    return placed;
}

static const orc_address_t *at(const apr_array_header_t *list, int i)
{
    return APR_ARRAY_IDX(list, i, const orc_address_t *);
}

static const orc_placement_wish_t wish = {.group = "lab", .issuer = "https://iss", .type = "openstack"};

static void every_refused_provider_has_its_reason(void **state)
{
    orc_provider_t *off = provider("off", "openstack", "lab");
    orc_placement_t placed;

    off->is_enabled = 0;
    placed = place(&wish, no_records(), 0, 4, off, provider("others", "openstack", "elsewhere"),
                   provider("kube", "kubernetes", "lab"), provider("good", "openstack", "lab"));
    assert_int_equal(placed.candidates->nelts, 1);
    assert_string_equal(at(placed.candidates, 0)->provider, "good");
    assert_int_equal(json_array_size(placed.refusals), 2);
    assert_non_null(strstr(orc_json_text(placed.refusals, pool), "it is disabled"));
    assert_non_null(strstr(orc_json_text(placed.refusals, pool), "the template is for openstack"));
}

static void of_providers_of_other_groups_only_the_administrator_is_told(void **state)
{
    orc_provider_t *off = provider("off", "openstack", "elsewhere"), *abroad = provider("abroad", "openstack", "*");
    apr_array_header_t *issuers = apr_array_make(pool, 1, sizeof(const char *));
    orc_placement_t placed;

    off->is_enabled = 0;
    APR_ARRAY_PUSH(issuers, const char *) = "https://another";
    abroad->issuers = issuers;
    placed = place(&wish, no_records(), 0, 3, off, abroad, provider("kube", "kubernetes", "elsewhere"));
    assert_int_equal(placed.candidates->nelts, 0);
    assert_int_equal(json_array_size(placed.refusals), 0);
    assert_string_equal(orc_json_text(placed.strangers, pool), "[\"off\",\"abroad\",\"kube\"]");
}

static void a_candidate_knows_its_project_region_and_endpoint(void **state)
{
    orc_provider_t *own = provider("own", "OpenStack", "*");
    orc_placement_t placed;

    own->im_url = "https://own-im";
    placed = place(&wish, no_records(), 0, 2, provider("good", "openstack", "lab"), own);
    assert_string_equal(at(placed.candidates, 0)->project, "good-project");
    assert_string_equal(at(placed.candidates, 0)->region, "north");
    assert_string_equal(at(placed.candidates, 0)->endpoint, "https://im");
    assert_string_equal(at(placed.candidates, 1)->endpoint, "https://own-im");
}

static void targets_narrow_the_choice(void **state)
{
    orc_placement_wish_t target = wish;
    orc_placement_t placed;

    target.provider = "second";
    target.region = "south";
    placed = place(&target, no_records(), 0, 2, provider("first", "openstack", "lab"),
                   provider("second", "openstack", "lab"));
    assert_int_equal(placed.candidates->nelts, 1);
    assert_string_equal(at(placed.candidates, 0)->region, "south");
    target.region = "west";
    placed = place(&target, no_records(), 0, 1, provider("second", "openstack", "lab"));
    assert_int_equal(placed.candidates->nelts, 0);
}

static apr_array_header_t *record(apr_array_header_t *records, const char *name, int is_of_template, double attempts,
                                  double successes, double seconds)
{
    records = records ? records : apr_array_make(pool, 4, sizeof(orc_store_record_t));
    APR_ARRAY_PUSH(records, orc_store_record_t) =
        (orc_store_record_t){name, is_of_template, attempts, successes, seconds};
    return records;
}

/* Their names in the order that they are tried in. */
static const char *order_of(const apr_array_header_t *records, int max)
{
    const orc_placement_t placed = place(&wish, records, max, 3, provider("a", "openstack", "lab"),
                                         provider("b", "openstack", "lab"), provider("c", "openstack", "lab"));
    const char *names = "";
    int i;

    assert_int_equal(placed.ranking->nelts, placed.candidates->nelts);
    for (i = 0; i < placed.candidates->nelts; i++)
        names = apr_pstrcat(pool, names, at(placed.candidates, i)->provider, NULL);
    return names;
}

static void who_mostly_fails_comes_last_and_the_limit_cuts_the_rest(void **state)
{
    const apr_array_header_t *records = record(NULL, "a", 0, 10, 4, 400);

    assert_string_equal(order_of(no_records(), 0), "abc");
    assert_string_equal(order_of(record(NULL, "a", 0, 10, 1, 10), 0), "bca");
    assert_string_equal(order_of(record(NULL, "a", 0, 10, 1, 10), 2), "bc");
    assert_string_equal(order_of(records, 2), "ab"); /* hardly worse than one that nothing is known of */
    assert_string_equal(order_of(record(NULL, "a", 0, 1, 0, 0), 0), "abc");    /* once is nothing */
    assert_string_equal(order_of(record(NULL, "a", 0, 0.01, 0, 0), 0), "abc"); /* nor is what is long past */
    assert_string_equal(order_of(record(NULL, "c", 0, 8, 8, 80), 0), "cab");
}

static void a_record_with_the_template_says_more_than_one_with_all(void **state)
{
    apr_array_header_t *records = record(NULL, "a", 0, 20, 18, 1800);

    assert_string_equal(order_of(records, 1), "a");
    record(records, "a", 1, 8, 0, 0);
    record(records, "b", 0, 8, 6, 600);
    assert_string_equal(order_of(records, 1), "b");
}

static void of_those_that_succeed_the_quicker_one_comes_first(void **state)
{
    apr_array_header_t *records = record(NULL, "a", 0, 10, 10, 6000);

    record(records, "a", 1, 10, 10, 6000);
    record(records, "b", 0, 10, 10, 1200);
    record(records, "b", 1, 10, 10, 1200);
    record(records, "c", 0, 10, 0, 0);
    assert_string_equal(order_of(records, 0), "bac");
}

static void the_order_is_explained(void **state)
{
    apr_array_header_t *records = record(NULL, "b", 0, 4, 3, 900);
    orc_placement_t placed;

    record(records, "b", 1, 2, 2, 600);
    placed = place(&wish, records, 0, 2, provider("a", "openstack", "lab"), provider("b", "openstack", "lab"));
    assert_string_equal(
        APR_ARRAY_IDX(placed.ranking, 0, const char *),
        "1. Provider b, region north: score 0.81, 75 % of the attempts there succeeded lately, 100 % of "
        "those with this template, in 5.0 min on the average.");
    assert_string_equal(APR_ARRAY_IDX(placed.ranking, 1, const char *),
                        "2. Provider a, region north: score 0.63, nothing is known of it yet.");
}

static void what_takes_less_than_a_minute_is_told_in_seconds(void **state)
{
    apr_array_header_t *records = record(NULL, "b", 0, 2, 2, 1);
    orc_placement_t placed;

    record(records, "b", 1, 2, 2, 1);
    placed = place(&wish, records, 0, 1, provider("b", "openstack", "lab"));
    assert_string_equal(
        APR_ARRAY_IDX(placed.ranking, 0, const char *),
        "1. Provider b, region north: score 0.83, 100 % of the attempts there succeeded lately, 100 % of "
        "those with this template, in 1 s on the average.");
}

/* ---- IM's states ---- */

static orc_verdict_t judge(orc_im_state_t aggregate, int machines, int count, ...)
{
    apr_array_header_t *states = apr_array_make(pool, 4, sizeof(orc_im_vm_state_t));
    const char *reason;
    va_list arguments;
    int i;

    va_start(arguments, count);
    for (i = 0; i < count; i++) {
        orc_im_vm_state_t *vm = apr_array_push(states);

        vm->vm = apr_itoa(pool, i);
        vm->state = va_arg(arguments, int);
    }
    va_end(arguments);
    return orc_engine_judge(aggregate, states, machines, &reason, pool);
}

static void the_machines_are_read_and_not_only_the_aggregate(void **state)
{
    assert_int_equal(judge(ORC_IM_STATE_CONFIGURED, 2, 2, ORC_IM_STATE_CONFIGURED, ORC_IM_STATE_CONFIGURED),
                     ORC_VERDICT_CONFIGURED);
    assert_int_equal(judge(ORC_IM_STATE_CONFIGURED, 2, 2, ORC_IM_STATE_CONFIGURED, ORC_IM_STATE_STOPPED),
                     ORC_VERDICT_DOUBTFUL);
    assert_int_equal(judge(ORC_IM_STATE_RUNNING, 2, 2, ORC_IM_STATE_RUNNING, ORC_IM_STATE_FAILED), ORC_VERDICT_FAILED);
    assert_int_equal(judge(ORC_IM_STATE_CONFIGURED, 2, 1, ORC_IM_STATE_CONFIGURED), ORC_VERDICT_BUSY);
}

static void an_empty_list_of_machines_means_what_the_aggregate_says(void **state)
{
    assert_int_equal(judge(ORC_IM_STATE_PENDING, 1, 0), ORC_VERDICT_BUSY);
    assert_int_equal(judge(ORC_IM_STATE_FAILED, 1, 0), ORC_VERDICT_FAILED);
    assert_int_equal(judge(ORC_IM_STATE_UNKNOWN, 1, 0), ORC_VERDICT_DOUBTFUL);
    assert_int_equal(judge(ORC_IM_STATE_CONFIGURED, 0, 0), ORC_VERDICT_CONFIGURED);
}

static void an_output_with_a_null_in_it_is_missing(void **state)
{
    json_t *outputs = orc_json_own(json_pack("{s:s, s:n, s:[s,n], s:[]}", "a", "1", "b", "c", "x", "d"), pool);
    json_t *declared = orc_json_own(json_pack("[s,s,s,s,s]", "a", "b", "c", "d", "e"), pool);
    apr_array_header_t *missing = orc_engine_missing_outputs(outputs, declared, pool);

    assert_string_equal(apr_array_pstrcat(pool, missing, ','), "b,c,e");
}

static void a_public_address_is_one_that_the_world_can_reach(void **state)
{
    static const struct {
        const char *address;
        int is_public;
    } cases[] = {{"10.0.0.1", 0},   {"192.168.3.4", 0}, {"172.16.0.1", 0}, {"172.32.0.1", 1},
                 {"100.64.0.1", 0}, {"169.254.1.1", 0}, {"127.0.0.1", 0},  {"90.147.1.2", 1},
                 {"fe80::1", 0},    {"2001:db8::1", 1}, {"nowhere", 0},    {"1.2.3", 0}};
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *radl =
            orc_json_own(json_pack("[{s:s, s:s}]", "class", "system", "net_interface.1.ip", cases[i].address), pool);

        assert_int_equal(orc_engine_has_public_address(radl), cases[i].is_public);
    }
}

static void the_reason_is_im_s_last_line_that_tells_of_an_error(void **state)
{
    const char *text = "Select master VM\nContextualization Error: no route\nTraceback (most recent call last):\n"
                       "  File \"/usr/lib/im.py\", line 3, in error\n*****\nGood bye\n";

    assert_string_equal(orc_engine_reason_in(text, pool), "Contextualization Error: no route");
    assert_null(orc_engine_reason_in("all is well\n", pool));
    assert_null(orc_engine_reason_in(NULL, pool));
}

/* ---- the story ---- */

static void a_sentence_has_one_end_however_its_reason_ends(void **state)
{
    static const char *const cases[][2] = {
        {"no room", "It failed: no room."},
        {"No room.", "It failed: No room."},
        {"No room.. ", "It failed: No room."},
        {"no room.\n", "It failed: no room."},
        {"no r...", "It failed: no r..."},
        {"no r....", "It failed: no r..."},
        {"no room!", "It failed: no room!"},
        {"why?", "It failed: why?"},
        {"", "It failed."},
        {" . ", "It failed."},
        {NULL, "It failed."},
        {"v1.2", "It failed: v1.2."},
    };
    orc_story_t story = {0};
    json_t *errors;
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(orc_story_because(pool, cases[i][0], "%s failed", "It"), cases[i][1]);
    orc_story_attempt(&story, "one", "No room.", pool);
    errors = orc_story_errors(&story, "deployment.failed", NULL, pool);
    assert_string_equal(orc_story_sum(&story, NULL, pool), "Attempt 1 at one: No room.");
    assert_string_equal(orc_json_string(json_array_get(errors, 0), "description"), "Attempt 1 at one: No room.");
    assert_string_equal(orc_story_bare("The cloud said no. ", pool), "The cloud said no");
}

static void what_may_be_left_at_im_is_named_in_one_form(void **state)
{
    orc_address_t where = {"https://im", "one", NULL, NULL};

    assert_string_equal(orc_story_left(&where, "1-2", "a-b", "No.", pool),
                        "Infrastructure 1-2 may be left at IM https://im (provider one): No.");
    where.provider = NULL;
    assert_string_equal(
        orc_story_left(&where, NULL, "a-b", "no answer", pool),
        "An infrastructure with the tag a-b may be left at IM https://im (provider unknown): no answer.");
    where.endpoint = NULL;
    assert_non_null(orc_story_left(&where, NULL, NULL, NULL, pool));
}

static void what_may_be_left_is_among_the_errors_up_to_a_number(void **state)
{
    orc_story_t story = {0};
    json_t *errors;
    int i;

    for (i = 0; i < 100; i++)
        orc_story_remember_left(&story, "It may be left.", pool);
    errors = orc_story_errors(&story, "deletion.failed", "The end.", pool);
    assert_int_equal(json_array_size(errors), 21);
    assert_string_equal(orc_json_text(json_array_get(errors, 20), pool),
                        "{\"description\":\"It may be left.\",\"error\":\"infrastructure.left\"}");
}

static void a_failure_is_summed_up_by_its_attempts(void **state)
{
    orc_story_t story = {0};
    json_t *errors;

    orc_story_attempt(&story, "one", "no room", pool);
    orc_story_attempt(&story, "two", "it burnt", pool);
    assert_string_equal(orc_story_sum(&story, "No further attempt is left.", pool),
                        "No further attempt is left. Attempt 1 at one: no room. Attempt 2 at two: it burnt.");
    errors = orc_story_errors(&story, "deployment.failed", "The end.", pool);
    assert_int_equal(json_array_size(errors), 3);
}

static void of_very_many_attempts_the_first_and_the_last_are_told(void **state)
{
    orc_story_t story = {0};
    int i;

    for (i = 0; i < 100; i++)
        orc_story_attempt(&story, "one", "no room", pool);
    assert_int_equal(json_array_size(story.attempts), 20);
    assert_int_equal(orc_json_integer(json_array_get(story.attempts, 0), "attempt", 0), 1);
    assert_int_equal(orc_json_integer(json_array_get(story.attempts, 19), "attempt", 0), 100);
}

static void a_step_that_begins_and_ends_between_two_writes_is_one(void **state)
{
    const orc_story_step_t step = {.number = 3, .stage = "stage", .name = "name"};
    json_t *changes = orc_json_own(json_object(), pool);

    orc_story_step(changes, 3, "stage", "name");
    orc_story_end_step(changes, &step, "failed", "why");
    assert_int_equal(json_array_size(json_object_get(changes, "steps")), 1);
    assert_string_equal(orc_json_string(json_array_get(json_object_get(changes, "steps"), 0), "status"), "failed");
}

/* {phase, name, step} of each, "-" for what is as before. */
static const char *told_times(const orc_task_t *task)
{
    const json_t *entry;
    const char *text = "";
    size_t i;

    json_array_foreach(json_object_get(task->changes, "times"), i, entry)
    {
        const char *name = orc_json_string(entry, "name");

        text = apr_psprintf(pool, "%s%s:%d ", text, name ? name : "-", (int)orc_json_integer(entry, "step", 0));
    }
    return text;
}

static void what_it_does_is_told_one_after_the_other(void **state)
{
    orc_work_t work = {.state = "in progress"};
    orc_task_t task = {.pool = pool, .work = &work};

    orc_task_does(&task, "CONTEXTUALIZATION"); /* nothing else is to be told: it did so before */
    assert_null(task.changes);
    orc_task_changes(&task);
    orc_task_does(&task, "TEMPLATE_PARSING");
    orc_task_does(&task, "RANKING");
    assert_string_equal(told_times(&task), "TEMPLATE_PARSING:0 RANKING:0 ");
    orc_task_does_as(&task, 2); /* the same moment */
    assert_string_equal(told_times(&task), "TEMPLATE_PARSING:0 RANKING:2 ");
    orc_task_does(&task, "VM_PROVISIONING");
    assert_string_equal(told_times(&task), "TEMPLATE_PARSING:0 RANKING:2 VM_PROVISIONING:2 ");
}

static void a_log_line_is_cut_between_characters(void **state)
{
    json_t *changes = orc_json_own(json_object(), pool);
    char *text = apr_palloc(pool, 6001);
    int i;

    for (i = 0; i < 6000; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    text[6000] = '\0';
    orc_story_log(changes, "info", "stage", 0, "a%s", text);
    orc_story_log(changes, "info", "stage", 0, "%s", text);
    assert_true(strlen(orc_json_string(json_array_get(json_object_get(changes, "logs"), 0), "message")) > 1900);
    assert_true(strlen(orc_json_string(json_array_get(json_object_get(changes, "logs"), 1), "message")) > 1900);
}

/* ---- the window of an endpoint ---- */

/* An engine alone, with so many slots at each endpoint. */
static orc_engine_t engine_with(orc_config_t *config, int slots)
{
    orc_engine_t engine = {.pool = pool, .config = config, .daemons = 1, .endpoints = apr_hash_make(pool)};

    config->im_max_in_flight = slots;
    config->poll_max = apr_time_from_sec(30);
    return engine;
}

/* Its calls take so long. */
static void learn(orc_endpoint_t *endpoint, orc_lane_kind_t lane, apr_interval_time_t elapsed)
{
    int i;

    for (i = 0; i < 50; i++) {
        orc_window_began(endpoint, lane);
        orc_window_ended(endpoint, lane, elapsed);
    }
}

static void what_may_not_begin_is_in_the_way_of_no_other_kind_of_call(void **state)
{
    orc_config_t config = {0};
    orc_engine_t engine = engine_with(&config, 4);
    orc_endpoint_t *endpoint = orc_window_of(&engine, "https://im.example.org");
    int room = orc_window_room(&engine, endpoint, ORC_LANE_SHORT);

    orc_window_began(endpoint, ORC_LANE_DELETION);
    orc_window_began(endpoint, ORC_LANE_LONG);
    orc_window_began(endpoint, ORC_LANE_LONG);
    assert_false(orc_window_has_slot(&engine, endpoint, ORC_LANE_DELETION));
    assert_false(orc_window_has_slot(&engine, endpoint, ORC_LANE_LONG));
    assert_true(orc_window_has_slot(&engine, endpoint, ORC_LANE_SHORT));
    orc_window_waits(endpoint, ORC_LANE_DELETION, 4 * ORC_ENGINE_MAX_JOBS);
    orc_window_waits(endpoint, ORC_LANE_LONG, 4 * ORC_ENGINE_MAX_JOBS);
    assert_int_equal(orc_window_room(&engine, endpoint, ORC_LANE_SHORT), room);
    assert_true(orc_window_room(&engine, endpoint, ORC_LANE_DELETION) < 0);
    assert_true(orc_window_room(&engine, endpoint, ORC_LANE_LONG) < 0);
    orc_window_began(endpoint, ORC_LANE_SHORT);
    assert_true(orc_window_is_full(&engine, endpoint));
}

static void no_more_wait_than_come_to_their_turn_soon(void **state)
{
    static const struct {
        int milliseconds, room;
    } ims[] = {{1, ORC_ENGINE_MAX_JOBS * 4}, {50, 80}, {200, 20}, {240, 16}, {5000, 16}};
    orc_config_t config = {0};
    orc_engine_t engine = engine_with(&config, 4);
    apr_size_t i;

    for (i = 0; i < sizeof ims / sizeof *ims; i++) {
        orc_endpoint_t *endpoint = orc_window_of(&engine, apr_psprintf(pool, "https://im-%d", (int)i));

        learn(endpoint, ORC_LANE_SHORT, apr_time_from_msec(ims[i].milliseconds));
        assert_in_range(orc_window_room(&engine, endpoint, ORC_LANE_SHORT), ims[i].room, ims[i].room + 4);
    }
}

static void the_fuller_the_hands_the_fewer_wait_at_slow_ims(void **state)
{
    orc_config_t config = {0};
    orc_engine_t engine = engine_with(&config, 4);
    orc_endpoint_t *slow = orc_window_of(&engine, "https://slow"), *quick = orc_window_of(&engine, "https://quick");

    learn(slow, ORC_LANE_SHORT, apr_time_from_sec(5));
    learn(slow, ORC_LANE_LONG, apr_time_from_sec(300));
    learn(quick, ORC_LANE_SHORT, apr_time_from_msec(50));
    engine.job_count = ORC_ENGINE_MAX_JOBS / 2;
    assert_int_equal(orc_window_room(&engine, slow, ORC_LANE_SHORT), 8);
    engine.job_count = ORC_ENGINE_MAX_JOBS - 1;
    assert_int_equal(orc_window_room(&engine, slow, ORC_LANE_SHORT), 0);
    assert_int_equal(orc_window_room(&engine, slow, ORC_LANE_LONG), 2);
    assert_in_range(orc_window_room(&engine, quick, ORC_LANE_SHORT), 80, 84);
}

static void a_window_of_one_lets_others_pass_what_lasts_for_minutes(void **state)
{
    orc_config_t config = {0};
    orc_engine_t engine = engine_with(&config, 1);
    orc_endpoint_t *endpoint = orc_window_of(&engine, "https://im.example.org");

    orc_window_began(endpoint, ORC_LANE_LONG);
    assert_true(orc_window_has_slot(&engine, endpoint, ORC_LANE_SHORT));
    orc_window_began(endpoint, ORC_LANE_SHORT);
    assert_true(orc_window_is_full(&engine, endpoint));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_phase_but_the_end_takes_its_turn_and_that_of_an_operation_can_be_canceled),
        cmocka_unit_test(nothing_follows_the_end),
        cmocka_unit_test(every_phase_and_every_event_of_a_kind_is_in_its_table_once),
        cmocka_unit_test(an_attempt_that_failed_is_followed_by_the_next_at_once),
        cmocka_unit_test(what_another_version_does_is_not_claimed),
        cmocka_unit_test(a_memory_that_lacks_something_is_found_out_when_it_is_read),
        cmocka_unit_test(every_refused_provider_has_its_reason),
        cmocka_unit_test(of_providers_of_other_groups_only_the_administrator_is_told),
        cmocka_unit_test(a_candidate_knows_its_project_region_and_endpoint),
        cmocka_unit_test(targets_narrow_the_choice),
        cmocka_unit_test(who_mostly_fails_comes_last_and_the_limit_cuts_the_rest),
        cmocka_unit_test(a_record_with_the_template_says_more_than_one_with_all),
        cmocka_unit_test(of_those_that_succeed_the_quicker_one_comes_first),
        cmocka_unit_test(the_order_is_explained),
        cmocka_unit_test(what_takes_less_than_a_minute_is_told_in_seconds),
        cmocka_unit_test(the_machines_are_read_and_not_only_the_aggregate),
        cmocka_unit_test(an_empty_list_of_machines_means_what_the_aggregate_says),
        cmocka_unit_test(an_output_with_a_null_in_it_is_missing),
        cmocka_unit_test(a_public_address_is_one_that_the_world_can_reach),
        cmocka_unit_test(the_reason_is_im_s_last_line_that_tells_of_an_error),
        cmocka_unit_test(a_sentence_has_one_end_however_its_reason_ends),
        cmocka_unit_test(what_may_be_left_at_im_is_named_in_one_form),
        cmocka_unit_test(what_may_be_left_is_among_the_errors_up_to_a_number),
        cmocka_unit_test(a_failure_is_summed_up_by_its_attempts),
        cmocka_unit_test(of_very_many_attempts_the_first_and_the_last_are_told),
        cmocka_unit_test(a_step_that_begins_and_ends_between_two_writes_is_one),
        cmocka_unit_test(what_it_does_is_told_one_after_the_other),
        cmocka_unit_test(a_log_line_is_cut_between_characters),
        cmocka_unit_test(what_may_not_begin_is_in_the_way_of_no_other_kind_of_call),
        cmocka_unit_test(no_more_wait_than_come_to_their_turn_soon),
        cmocka_unit_test(the_fuller_the_hands_the_fewer_wait_at_slow_ims),
        cmocka_unit_test(a_window_of_one_lets_others_pass_what_lasts_for_minutes),
    };
    int failed;

    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    return failed;
}
