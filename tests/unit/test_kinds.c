/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include "kinds/orc_kinds.h"
#include "orc_engine_search.h"
#include "orc_engine_story.h"
#include "orc_im_answer.h"

/*
 * Every kind of work through everything that IM is known to answer, and through every event of its table: without a
 * database, without a socket. A situation is a row of work that waits for the answer of one call; for each the table
 * below says what follows on each class of answers. What it doesn't say fails.
 */

#define NOW   (1000000000 * APR_USEC_PER_SEC)
#define INFRA "infra-1"
#define TAG   "01a22a97-5275-74e2-baf7-a2ce6b021fe3"
#define DEPL  "895374a0-cc5f-443b-b5db-988f4ff301d5"

static orc_service_t service;

/* ---- what IM answers ---- */

typedef enum { TOKEN, ILL, LOST, OWNER, GONE, MACHINE, BUSY, REFUSED, MEDIA, SHAPE, CLASSES } class_t;

typedef struct line_t {
    const char *name;
    int status; /* 0: no answer; 1: not even a connection */
    const char *body;
    class_t class, of_a_creation;
} line_t;

#define CREDENTIALS "Invalid InfrastructureManager credentials. "

static const line_t lines[] = {
    {"an expired token", 400, CREDENTIALS "OIDC auth Token expired.", TOKEN, TOKEN},
    {"an expired token, of a list or a creation", 401, CREDENTIALS "OIDC auth Token expired.", TOKEN, TOKEN},
    {"no JWT", 400, "Error trying to decode OIDC auth token: Not enough segments", TOKEN, TOKEN},
    {"an issuer that is away", 400, CREDENTIALS "Code: 503. Message: Service Unavailable.", ILL, ILL},
    {"an issuer that is slow", 400, CREDENTIALS "HTTPSConnectionPool: Read timed out. (read timeout=10)", ILL, ILL},
    {"read-only mode", 403, "Function currently disabled.", ILL, ILL},
    {"a route that isn't there", 405, "{\"detail\":\"Method Not Allowed\"}", ILL, LOST},
    {"an unhandled exception", 500, "Internal Server Error", ILL, LOST},
    {"an unhandled exception before the work", 500, "{\"message\":\"no id\",\"code\":500}", ILL, ILL},
    {"a time limit of IM's own", 504, "{\"message\":\"Operation timed out\",\"code\":504}", ILL, LOST},
    {"a proxy's page", 503, "<html>No server is available</html>", ILL, LOST},
    {"half an answer", 200, "{\"sta", ILL, LOST},
    {"a reset, or a hung connection", 0, "", ILL, LOST},
    {"no connection", 1, "", ILL, ILL},
    {"another owner", 403, "Access to this infrastructure not granted.", OWNER, OWNER},
    {"an infrastructure that is gone", 404, "Invalid infrastructure ID or access not granted.", GONE, GONE},
    {"an infrastructure that was deleted", 404, "Deleted infrastructure.", GONE, GONE},
    {"a machine that is gone", 404, "Deleted VM.", MACHINE, MACHINE},
    {"machines that are being made", 409, "Invalid State to perform this operation.", BUSY, BUSY},
    {"all machines failed", 400, "Error Creating Inf.: Attempt 1: no room", REFUSED, REFUSED},
    {"a template that it refuses", 400, "Error parsing TOSCA: Traceback (most recent call last):", REFUSED, REFUSED},
    {"a media type that it doesn't take", 415, "Unsupported Accept Media Types: text/plain", MEDIA, MEDIA},
    {"a body that it can't read", 422, "{\"detail\":[{\"loc\":[\"x\"],\"msg\":\"y\",\"type\":\"z\"}]}", SHAPE, SHAPE},
};

static const orc_im_call_kind_t answered_as[] = {
    [ORC_CALL_CREATE] = ORC_IM_CREATE,
    [ORC_CALL_STATE] = ORC_IM_STATE,
    [ORC_CALL_OUTPUTS] = ORC_IM_OUTPUTS,
    [ORC_CALL_CONTMSG] = ORC_IM_CONTMSG,
    [ORC_CALL_TOSCA] = ORC_IM_TOSCA,
    [ORC_CALL_RADL] = ORC_IM_RADL,
    [ORC_CALL_VMS] = ORC_IM_VMS,
    [ORC_CALL_VM] = ORC_IM_VM,
    [ORC_CALL_LIST] = ORC_IM_LIST,
    [ORC_CALL_DELETE] = ORC_IM_DELETE,
    [ORC_CALL_DELETE_AND_WAIT] = ORC_IM_DELETE,
    [ORC_CALL_UPDATE] = ORC_IM_UPDATE,
    [ORC_CALL_REMOVE] = ORC_IM_REMOVE,
    [ORC_CALL_ACT] = ORC_IM_ACT,
};
static const char *const call_words[] = {"create", "state", "outputs", "contmsg",         "tosca",  "radl",   "vms",
                                         "vm",     "list",  "delete",  "delete and wait", "update", "remove", "act"};

static orc_im_result_t answered(orc_call_kind_t call, int status, const char *body)
{
    orc_http_response_t response = {.pool = pool, .status = status, .headers = apr_table_make(pool, 2), .body = body};
    orc_im_result_t result;

    response.outcome = status > 1 ? ORC_HTTP_ANSWERED : status ? ORC_HTTP_NOT_SENT : ORC_HTTP_UNKNOWN;
    response.length = strlen(body);
    if (status <= 1)
        response.error = orc_error(pool, 503, "http", "no answer");
    apr_table_setn(response.headers, "Content-Type",
                   *body == '{' && call != ORC_CALL_CONTMSG ? "application/json" : "text/plain");
    orc_im_read(&result, answered_as[call], &response);
    return result;
}

/* ---- rows of work ---- */

#define ADDRESS  "\"endpoint\":\"https://im\",\"provider\":\"one\",\"project\":\"p\""
#define ATTEMPT  "\"attempt\":{" ADDRESS ",\"number\":2,\"name\":\"Attempt 1 at one\",\"tag\":\"" TAG "\""
#define BEGUN    "{\"candidates\":[{" ADDRESS "}],\"at\":1,\"tries\":1,\"steps\":2,\"machines\":1,\"since\":"
#define IN_TIME  "999999999000000,"
#define LATE     "1,"
#define UNASKED  BEGUN IN_TIME ATTEMPT "}}"
#define SEARCHED BEGUN IN_TIME ATTEMPT ",\"asked\":true,\"since\":1,\"until\":1}}"
#define MADE     ATTEMPT ",\"asked\":true,\"infra\":\"" INFRA "\"}}"

static const char *const content = "tosca_definitions_version: tosca_simple_yaml_1_0\n"
                                   "topology_template:\n"
                                   "  node_templates:\n"
                                   "    node: { type: tosca.nodes.indigo.Compute }\n"
                                   "  outputs:\n"
                                   "    ip: { value: x }\n";

/* An infrastructure as its row is; `known`: its id is. */
static json_t *row(const char *standing, int is_known, apr_time_t until)
{
    return json_pack("{s:s, s:i, s:s, s:s, s:s?, s:s, s:I, s:b}", "id", TAG, "step", 2, "endpoint", "https://im",
                     "provider", "one", "infra", is_known ? INFRA : NULL, "standing", standing, "until",
                     (json_int_t)until, "unwanted", 1);
}

static int is_update(const char *kind)
{
    return strcmp(kind, "UPDATE") == 0 || strstr(kind, "_OWNER") != NULL;
}

#define RESOURCE(status)                                                                                               \
    "{\"position\":0,\"id\":\"" TAG "\",\"node\":\"node\",\"vm\":\"0\",\"compute\":true,\"status\":" status            \
    ",\"version\":7}"

static int is_of_a_machine(const char *kind)
{
    return strcmp(kind, "START") == 0 || strcmp(kind, "STOP") == 0 || strcmp(kind, "REBOOT") == 0;
}

static orc_task_t *task_of(const char *kind, const char *phase, const char *memory)
{
    orc_task_t *task = apr_pcalloc(pool, sizeof *task);
    orc_work_t *work = apr_pcalloc(pool, sizeof *work);
    const char *wrong;

    task->pool = pool;
    task->kind = orc_kinds_find(kind);
    task->service = &service;
    task->config = service.config;
    task->work = work;
    task->phase = orc_kind_phase(task->kind, phase);
    task->now = NOW;
    task->tags = orc_tags_make(pool);
    task->memory = apr_pcalloc(pool, task->kind->memory->size);
    wrong = orc_fields_read(task->memory, task->kind->memory, json(memory), ORC_IN(task->phase), pool);
    if (wrong)
        fail_msg("%s, %s: %s", kind, phase, wrong);
    work->id = work->deployment_id = DEPL;
    work->kind = kind;
    work->phase = phase;
    work->description = "";
    work->user_id = TAG;
    work->user_group = "lab";
    work->user_group_issuer = "https://iss";
    work->provider_type = "openstack";
    work->deadline = NOW + apr_time_from_sec(3600);
    work->per_provider_max_retries = 1;
    work->per_provider_timeout_mins = 60;
    work->content = content;
    work->endpoint = "https://im";
    work->inputs = orc_json_own(json_object(), pool);
    if (strcmp(kind, "CREATE") == 0 || strcmp(kind, "DELETE") == 0 || is_of_a_machine(kind) || is_update(kind))
        work->state = "in progress";
    work->options = orc_json_own(json_object(), pool);
    work->im_endpoint = "https://im";
    work->im_infra_id = INFRA;
    work->target_provider = "one";
    work->target_project = "p";
    work->was_due = NOW;
    if (is_of_a_machine(kind) || strcmp(kind, "watch") == 0)
        work->resources = json("[" RESOURCE("8") "]");
    if (strcmp(kind, "infrastructure") == 0)
        work->infrastructures = orc_json_own(
            json_pack("[o]", row(phase, strcmp(phase, "asked") != 0, strcmp(memory, "{}") ? 1 : NOW * 2)), pool);
    return task;
}

/* ---- what follows ---- */

static int living; /* infrastructures that somebody wants, and that IM doesn't list */

/* As the machinery does, with a database in which nothing else is but a resource. */
static orc_step_t settled(orc_task_t *task, orc_step_t step)
{
    apr_array_header_t *nothing = apr_array_make(pool, 1, sizeof(const char *));
    apr_array_header_t *resources = apr_array_make(pool, 1, sizeof(orc_store_resource_t));
    orc_store_resource_t *resource = apr_array_push(resources);
    int i;

    *resource = (orc_store_resource_t){.node = "node", .is_compute = 1, .id = TAG};
    step = orc_step_resolve(task, step);
    for (i = 0; step.kind == ORC_STEP_READ; i++) {
        orc_found_t found = {.records = apr_array_make(pool, 1, sizeof(orc_store_record_t)),
                             .resources = resources,
                             .known = nothing,
                             .count = living};

        assert_true(i < 10);
        step = orc_step_resolve(task, step.read.then(task, &found));
    }
    return step;
}

static orc_step_t after(orc_task_t *task, orc_step_t step, const orc_im_result_t *result)
{
    assert_int_equal(step.kind, ORC_STEP_CALL);
    return settled(task, step.call.answer(task, result));
}

static const char *const order_words[] = {
    [ORC_ORDER_FIND] = "find", [ORC_ORDER_BEGIN] = "begin", [ORC_ORDER_END] = "end"};

static const char *told(const orc_task_t *task, const orc_step_t *step)
{
    const char *phase = strcmp(task->kind->phases[task->phase], task->work->phase) == 0
                            ? ""
                            : apr_pstrcat(pool, "-> ", task->kind->phases[task->phase], ": ", NULL);

    switch (step->kind) {
    case ORC_STEP_CALL:
        return apr_pstrcat(pool, phase, "call ", call_words[step->call.kind], NULL);
    case ORC_STEP_LATER:
        return apr_pstrcat(pool, phase, step->waits ? "waits" : step->is_sick ? "ill" : "later", NULL);
    case ORC_STEP_ENDED:
        return apr_pstrcat(pool, phase, step->text, NULL);
    case ORC_STEP_FORGOTTEN:
        return apr_pstrcat(pool, phase, "forgotten", NULL);
    case ORC_STEP_DAMAGED:
        return apr_pstrcat(pool, "damaged: ", step->text, NULL);
    case ORC_STEP_ORDER:
        return apr_pstrcat(pool, phase, "order ", order_words[step->order.kind], NULL);
    case ORC_STEP_READ:
    case ORC_STEP_EVENT:
        break;
    }
    return "nothing";
}

/* What brings a task to the call that a situation is about: words of `good`, one for each call before it. */
static orc_im_result_t good(orc_call_kind_t call, const char *what)
{
    static const struct {
        const char *what, *body;
    } bodies[] = {
        {"it", "{\"uri-list\":[{\"uri\":\"http://im/infrastructures/" INFRA "\"}]}"},
        {"another", "{\"uri-list\":[{\"uri\":\"http://im/infrastructures/infra-2\"}]}"},
        {"nothing", "{\"uri-list\":[]}"},
        {"machines", "{\"uri-list\":[{\"uri\":\"http://im/infrastructures/" INFRA "/vms/0\"}]}"},
        {"machine", "{\"radl\":[{\"class\":\"system\",\"id\":\"node\"}]}"},
        {"outputs", "{\"outputs\":{\"ip\":\"x\"}}"},
        {"text", "all is well"},
        {"document", "{\"tosca\":\"metadata: {}\"}"},
        {"radl", "{\"radl\":\"system node ()\"}"},
        {"another's radl", "{\"radl\":\"description desc (name = 'x')\"}"},
        {"our radl", "{\"radl\":\"description desc (name = '" DEPL "/" TAG "')\"}"},
        {"made", "{\"uri\":\"http://im/infrastructures/" INFRA "\"}"},
        {"taken", ""},
        {"changed", "{\"uri-list\":[{\"uri\":\"http://im/infrastructures/" INFRA "/vms/1\"}]}"},
        {"our document", "{\"tosca\":\"metadata: {PAAS_UPDATE: " DEPL "}\"}"},
        {"undone document", "{\"tosca\":\"metadata: {PAAS_UPDATE: " DEPL " undone}\"}"},
        {"configured", "{\"state\":{\"state\":\"configured\",\"vm_states\":{\"0\":\"configured\"}}}"},
        {"all failed", "{\"state\":{\"state\":\"failed\",\"vm_states\":{}}}"},
        {"one failed", "{\"state\":{\"state\":\"failed\",\"vm_states\":{\"0\":\"configured\",\"1\":\"failed\"}}}"},
        {"stopped", "{\"state\":{\"state\":\"stopped\",\"vm_states\":{\"0\":\"stopped\"}}}"},
        {"unconfigured", "{\"state\":{\"state\":\"unconfigured\",\"vm_states\":{\"0\":\"unconfigured\"}}}"},
        {"one stopped",
         "{\"state\":{\"state\":\"configured\",\"vm_states\":{\"0\":\"configured\",\"1\":\"stopped\"}}}"},
        {"pending", "{\"state\":{\"state\":\"pending\",\"vm_states\":{}}}"},
        {"running", "{\"state\":{\"state\":\"running\",\"vm_states\":{\"0\":\"running\"}}}"},
        {"unknown", "{\"state\":{\"state\":\"unknown\",\"vm_states\":{\"0\":\"unknown\"}}}"},
        {"unknown, empty", "{\"state\":{\"state\":\"unknown\",\"vm_states\":{}}}"},
        {"deleting", "{\"state\":{\"state\":\"deleting\",\"vm_states\":{\"0\":\"deleting\"}}}"},
    };
    size_t i;

    if (strcmp(what, "404") == 0)
        return answered(call, 404, "Invalid infrastructure ID or access not granted.");
    if (strcmp(what, "403") == 0)
        return answered(call, 403, "'tosca' infrastructure property is not valid in this infrastructure");
    for (i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        if (strcmp(bodies[i].what, what) == 0)
            return answered(call, 200, bodies[i].body);
    }
    fail_msg("nothing is called %s", what);
    return answered(call, 0, "");
}

/* ---- situations ---- */

typedef struct situation_t {
    const char *name, *kind, *phase, *memory;
    const char *before[5]; /* good answers that lead there */
    orc_call_kind_t call;
    const char *follows[CLASSES]; /* LOST: of a creation, an update and what is done to a machine only */
    const char *good[13][2];      /* further answers, and what follows on them */
} situation_t;

#include "test_kinds.h"

static orc_step_t lead(orc_task_t **task, const situation_t *situation)
{
    orc_step_t step;
    int i;

    *task = task_of(situation->kind, situation->phase, situation->memory);
    step = settled(*task, (*task)->kind->turn(*task));
    for (i = 0; i < 5 && situation->before[i]; i++) {
        orc_im_result_t result;

        if (step.kind != ORC_STEP_CALL)
            fail_msg("%s: it calls nothing, but: %s", situation->name, told(*task, &step));
        result = good(step.call.kind, situation->before[i]);
        step = after(*task, step, &result);
    }
    if (step.kind != ORC_STEP_CALL || step.call.kind != situation->call)
        fail_msg("%s: it does not call %s, but: %s", situation->name, call_words[situation->call], told(*task, &step));
    return step;
}

static int expect(const situation_t *situation, const char *answer, const orc_im_result_t *result, const char *expected)
{
    orc_task_t *task;
    orc_step_t step = lead(&task, situation);
    const char *outcome;

    step = after(task, step, result);
    outcome = told(task, &step);
    if (expected && strcmp(outcome, expected) == 0)
        return 0;
    print_error("%s, on %s: \"%s\", not \"%s\"\n", situation->name, answer, outcome, expected ? expected : "(unsaid)");
    return 1;
}

/* What makes something may have made it; and of what changes something nobody knows which errors come before the work.
 */
static class_t class_of(const line_t *line, orc_call_kind_t call)
{
    int is_change = call == ORC_CALL_UPDATE || call == ORC_CALL_ACT;

    if (is_change && line->status == 500)
        return LOST;
    return call == ORC_CALL_CREATE || is_change ? line->of_a_creation : line->class;
}

static void every_situation_says_what_follows_on_everything_that_goes_wrong(void **state)
{
    size_t i, j;
    int wrong = 0;

    for (i = 0; i < sizeof situations / sizeof *situations; i++) {
        for (j = 0; j < sizeof lines / sizeof *lines; j++) {
            orc_im_result_t result = answered(situations[i].call, lines[j].status, lines[j].body);
            class_t class = class_of(&lines[j], situations[i].call);

            /* A deletion's and a log's success is any body. */
            if (result.kind == ORC_IM_OK)
                continue;
            wrong += expect(&situations[i], lines[j].name, &result, situations[i].follows[class]);
        }
    }
    assert_int_equal(wrong, 0);
}

static void every_situation_says_what_follows_on_what_im_tells(void **state)
{
    static const char *const told_by[][13] = {
        [ORC_CALL_CREATE] = {"made"},
        [ORC_CALL_STATE] = {"configured", "all failed", "one failed", "unconfigured", "one stopped", "pending",
                            "running", "unknown", "unknown, empty", "deleting", "stopped"},
        [ORC_CALL_OUTPUTS] = {"outputs"},
        [ORC_CALL_CONTMSG] = {"text"},
        [ORC_CALL_TOSCA] = {"document"},
        [ORC_CALL_RADL] = {"radl", "our radl"},
        [ORC_CALL_VMS] = {"machines", "nothing"},
        [ORC_CALL_VM] = {"machine"},
        [ORC_CALL_LIST] = {"it", "another", "nothing"},
        [ORC_CALL_DELETE] = {"taken"},
        [ORC_CALL_DELETE_AND_WAIT] = {"taken"},
        [ORC_CALL_UPDATE] = {"changed"},
        [ORC_CALL_REMOVE] = {"taken"},
        [ORC_CALL_ACT] = {"taken"},
    };
    size_t i;
    int j, k, wrong = 0;

    for (i = 0; i < sizeof situations / sizeof *situations; i++) {
        for (j = 0; j < 13 && told_by[situations[i].call][j]; j++) {
            const char *what = told_by[situations[i].call][j], *expected = NULL;
            orc_im_result_t result = good(situations[i].call, what);

            for (k = 0; k < 13 && situations[i].good[k][0]; k++)
                expected = strcmp(situations[i].good[k][0], what) == 0 ? situations[i].good[k][1] : expected;
            wrong += expect(&situations[i], what, &result, expected);
        }
    }
    assert_int_equal(wrong, 0);
}

/* ---- every event of every table ---- */

/* A memory that each phase of a kind can be in when the event comes. */
static const char *memory_of(const char *kind, const char *phase)
{
    if (is_update(kind))
        return strcmp(phase, "restoring") == 0 ? "{\"reason\":\"no\"}" : "{}";
    return strcmp(kind, "CREATE") == 0 && strcmp(phase, "queued") != 0 && strcmp(phase, "ended") != 0 ? BEGUN IN_TIME
               "\"configured_since\":1," MADE
                                                                                                      : "{}";
}

static void every_event_of_every_table_leads_somewhere(void **state)
{
    const orc_kind_t *const *kind;
    const orc_transition_t *one;

    for (kind = orc_kinds; *kind; kind++) {
        for (one = (*kind)->transitions; one->action; one++) {
            const char *phase = (*kind)->phases[one->phase];
            orc_task_t *task = task_of((*kind)->word, phase, memory_of((*kind)->word, phase));
            orc_step_t step;

            (void)(*kind)->turn(task); /* reads its row */
            task->phase = one->phase;
            step = settled(task, orc_step_event(one->event));
            if (step.kind == ORC_STEP_DAMAGED)
                fail_msg("%s, %s, %s: %s", (*kind)->word, phase, (*kind)->events[one->event], step.text);
            if (step.kind == ORC_STEP_CALL)
                assert_non_null(step.call.answer);
        }
    }
}

static int is_described(const orc_kind_t *kind, const char *phase, orc_call_kind_t call)
{
    size_t i;

    for (i = 0; i < sizeof situations / sizeof *situations; i++) {
        if (strcmp(situations[i].kind, kind->word) == 0 && strcmp(situations[i].phase, phase) == 0 &&
            !situations[i].before[0] && situations[i].call == call)
            return 1;
    }
    return 0;
}

static void every_phase_that_asks_im_is_a_situation(void **state)
{
    const orc_kind_t *const *kind;
    int phase;

    for (kind = orc_kinds; *kind; kind++) {
        for (phase = 0; (*kind)->phases[phase + 1]; phase++) {
            const char *word = (*kind)->phases[phase];
            orc_task_t *task = task_of((*kind)->word, word, memory_of((*kind)->word, word));
            orc_step_t step = settled(task, (*kind)->turn(task));

            if (step.kind == ORC_STEP_CALL && !is_described(*kind, word, step.call.kind))
                fail_msg("%s, %s: nothing says what follows on %s", (*kind)->word, word, call_words[step.call.kind]);
        }
    }
}

static void an_event_that_is_not_expected_is_damage(void **state)
{
    orc_task_t *task = task_of("CREATE", "queued", "{}");
    orc_step_t step = orc_step_resolve(task, orc_step_event(5));

    assert_int_equal(step.kind, ORC_STEP_DAMAGED);
    assert_contains(step.text, "is not expected in the phase queued");
}

/* ---- the time until which an answer may come is the row's, whatever this host's timeout is ---- */

static void an_unanswered_creation_is_not_made_anew_while_its_answer_may_come(void **state)
{
    static const char *const memory = BEGUN IN_TIME ATTEMPT ",\"asked\":true,\"since\":1,\"until\":2000000000000000}}";
    orc_task_t *task = task_of("CREATE", "submitting", memory);
    orc_config_t config = *service.config;
    orc_step_t step;
    orc_im_result_t result;

    config.im_create_timeout = 0;
    task->config = &config;
    step = settled(task, task->kind->turn(task));
    result = good(step.call.kind, "nothing");
    step = after(task, step, &result);
    assert_string_equal(told(task, &step), "later");
}

static void a_stop_without_an_answer_is_not_asked_for_again_by_a_host_of_less_patience(void **state)
{
    orc_task_t *task = task_of("STOP", "submitting", "{}");
    orc_config_t config = *service.config;
    orc_step_t step = settled(task, task->kind->turn(task));
    orc_im_result_t result = good(step.call.kind, "configured");
    const char *memory;

    step = after(task, step, &result);
    assert_string_equal(told(task, &step), "call act");
    step.call.before(task);
    memory = orc_json_text(orc_json_own(orc_fields_write(task->memory, task->kind->memory), pool), pool);
    task = task_of("STOP", "submitting", memory);
    config.im_timeout = 0;
    task->config = &config;
    step = settled(task, task->kind->turn(task));
    result = good(step.call.kind, "configured");
    step = after(task, step, &result);
    assert_string_equal(told(task, &step), "later");
}

/* ---- an IM that lists only what it remembers ---- */

static const char *when_im_has_nothing(const char *kind, const char *phase, const char *memory)
{
    orc_task_t *task = task_of(kind, phase, memory);
    orc_step_t step = settled(task, task->kind->turn(task));
    orc_im_result_t result = good(step.call.kind, "nothing");

    step = after(task, step, &result);
    return told(task, &step);
}

static int know_another(void **state)
{
    living = 1;
    return 0;
}

static int know_none(void **state)
{
    living = 0;
    return 0;
}

static void what_im_does_not_list_is_believed_after_some_looks(void **state)
{
    static const char *const looked =
        BEGUN IN_TIME "\"misses\":19," ATTEMPT ",\"asked\":true,\"since\":1,\"until\":1}}";

    assert_string_equal(when_im_has_nothing("CREATE", "submitting", SEARCHED), "later");
    assert_string_equal(when_im_has_nothing("CREATE", "submitting", looked), "call create");
    assert_string_equal(when_im_has_nothing("infrastructure", "asked", "{\"looks\":4}"), "later");
    assert_string_equal(when_im_has_nothing("infrastructure", "asked", "{\"looks\":4,\"doubts\":2}"), "-> ended: over");
}

static void a_creation_notes_until_when_it_may_be_answered(void **state)
{
    orc_task_t *task = task_of("CREATE", "submitting", UNASKED);
    orc_step_t step = settled(task, task->kind->turn(task));
    const json_t *asked;

    assert_int_equal(step.call.kind, ORC_CALL_CREATE);
    step.call.before(task);
    asked = json_array_get(json_object_get(task->changes, "asked"), 0);
    assert_string_equal(orc_json_string(asked, "id"), TAG);
    assert_true(orc_json_integer(asked, "time", 0) > service.config->im_create_timeout);
}

/* ---- a deletion looks at infrastructures, and calls nobody ---- */

static const char *deletion_since(const char *memory, const char *phase, const char *options, const char *rows,
                                  apr_time_t deadline)
{
    orc_task_t *task = task_of("DELETE", phase, memory);
    orc_step_t step;

    task->work->options = json(options);
    task->work->infrastructures = json(rows);
    task->work->deadline = deadline;
    step = settled(task, task->kind->turn(task));
    return told(task, &step);
}

static const char *deletion(const char *phase, const char *options, const char *rows, apr_time_t deadline)
{
    return deletion_since("{}", phase, options, rows, deadline);
}

#define ROW(standing, more)                                                                                            \
    "{\"id\":\"" TAG "\",\"endpoint\":\"https://im\",\"infra\":\"" INFRA "\",\"standing\":\"" standing "\"" more "}"

static void a_deletion_ends_when_nothing_is_left_that_could_still_go(void **state)
{
    static const struct {
        const char *rows, *plain, *unsecure, *force;
    } cases[] = {
        {"[]", "-> ended: succeeded", "-> ended: succeeded", "-> ended: forgotten"},
        {"[" ROW("gone", "") "]", "-> ended: succeeded", "-> ended: succeeded", "-> ended: forgotten"},
        {"[" ROW("unwanted", "") "]", "later", "later", "later"},
        {"[" ROW("deleting", "") "]", "-> confirming: later", "-> confirming: later", "-> confirming: later"},
        {"[" ROW("stuck", ",\"note\":\"no\"") "]", "-> ended: failed", "-> ended: succeeded", "-> ended: forgotten"},
        {"[" ROW("stuck", "") "," ROW("unwanted", "") "]", "later", "later", "later"},
        {"[" ROW("unwanted", ",\"waits\":true") "]", "waits", "waits", "-> ended: forgotten"},
        {"[" ROW("unwanted", ",\"waits\":true") "," ROW("deleting", "") "]", "later", "later", "later"},
        {"[" ROW("unwanted", ",\"tries\":5") "]", "ill", "ill", "-> ended: forgotten"},
        {"[" ROW("unwanted", ",\"tries\":5") "," ROW("unwanted", ",\"waits\":true") "]", "ill", "ill",
         "-> ended: forgotten"},
        {"[" ROW("unwanted", ",\"tries\":5") "," ROW("unwanted", "") "]", "later", "later", "later"},
        {"[" ROW("unwanted", ",\"tried\":1") "]", "later", "later", "-> ended: forgotten"},
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(deletion("deleting", "{}", cases[i].rows, NOW * 2), cases[i].plain);
        assert_string_equal(deletion("deleting", "{\"unsecure\":true}", cases[i].rows, NOW * 2), cases[i].unsecure);
        assert_string_equal(deletion("deleting", "{\"force\":true}", cases[i].rows, NOW * 2), cases[i].force);
    }
    assert_string_equal(deletion("deleting", "{}", "[" ROW("unwanted", "") "]", 1), "-> ended: failed");
    assert_string_equal(deletion("queued", "{}", "[" ROW("made", "") "]", 1), "-> ended: failed");
    assert_string_equal(deletion("confirming", "{}", "[" ROW("unwanted", "") "]", NOW * 2), "-> deleting: later");
}

/* IM may let it wait for a day, and never be ill. */
static void a_deletion_that_waited_for_long_takes_no_place(void **state)
{
    assert_string_equal(deletion_since("{\"since\":1}", "deleting", "{}", "[" ROW("unwanted", "") "]", NOW * 2), "ill");
    assert_string_equal(deletion_since("{\"since\":1}", "confirming", "{}", "[" ROW("deleting", "") "]", NOW * 2),
                        "ill");
}

/* ---- a machine ---- */

static const char *after_state(orc_task_t *task, const char *states)
{
    orc_step_t step = settled(task, task->kind->turn(task));
    orc_im_result_t result = good(step.call.kind, states);

    step = after(task, step, &result);
    return told(task, &step);
}

static void a_reboot_whose_answer_got_lost_is_not_asked_for_again(void **state)
{
    static const char *const asked = "{\"asked\":true,\"until\":1}";
    orc_task_t *task = task_of("REBOOT", "submitting", asked);

    assert_string_equal(after_state(task, "configured"), "-> ended: failed");
    assert_int_equal(orc_json_integer(task->changes, "all_resources", -1), 8);
    assert_contains(orc_json_string(task->changes, "reason"), "nothing tells whether it was carried out");
    assert_string_equal(after_state(task_of("STOP", "submitting", asked), "stopped"), "-> collecting: call vm");
    assert_string_equal(after_state(task_of("STOP", "submitting", asked), "configured"), "call act");
    assert_string_equal(
        after_state(task_of("STOP", "submitting", "{\"asked\":true,\"until\":2000000000000000}"), "configured"),
        "later");
}

static void a_machine_that_is_not_there_is_believed_lost_at_the_second_look(void **state)
{
    assert_string_equal(after_state(task_of("START", "confirming", "{}"), "pending"), "later");
    assert_string_equal(after_state(task_of("START", "confirming", "{\"misses\":1}"), "pending"), "-> ended: failed");
}

/* An IM that takes no changes for a while has not done anything: that is no answer which got lost. */
static void an_update_that_im_did_not_take_counts_as_none(void **state)
{
    orc_task_t *task = task_of("UPDATE", "submitting", "{\"sends\":4}");
    orc_step_t step = settled(task, task->kind->turn(task));
    orc_im_result_t result = good(step.call.kind, "configured");
    json_t *memory;

    step = after(task, step, &result);
    result = good(step.call.kind, "document");
    step = after(task, step, &result);
    assert_string_equal(told(task, &step), "call update");
    step.call.before(task);
    result = answered(step.call.kind, 403, "Function currently disabled.");
    step = after(task, step, &result);
    assert_string_equal(told(task, &step), "ill");
    memory = orc_json_own(orc_fields_write(task->memory, task->kind->memory), pool);
    assert_int_equal(orc_json_integer(memory, "sends", 0), 4);
}

/* IM shows a machine that it says is none: it is not asked for ever. */
static void what_an_update_made_and_im_does_not_remove_is_left_one_day(void **state)
{
    orc_task_t *task =
        task_of("UPDATE", "restoring", "{\"reason\":\"no\",\"touched\":true,\"before\":[\"0\"],\"restorations\":9}");
    orc_step_t step = settled(task, task->kind->turn(task));
    orc_im_result_t result = good(step.call.kind, "one failed");

    step = after(task, step, &result);
    assert_string_equal(told(task, &step), "call remove");
    result = good(step.call.kind, "404");
    step = after(task, step, &result);
    assert_string_equal(told(task, &step), "-> ended: failed");
}

/* IM never answered whether it gave an infrastructure its former document back. */
static const char *undone(const char *more, const char *answer)
{
    orc_task_t *task = task_of(
        "UPDATE", "restoring",
        apr_psprintf(
            pool, "{\"reason\":\"no\",\"touched\":true,\"merged\":true,\"before\":[\"0\"],\"undoing\":true,%s}", more));
    orc_step_t step = settled(task, task->kind->turn(task));
    orc_im_result_t result;

    if (step.kind != ORC_STEP_CALL)
        return told(task, &step);
    result = good(step.call.kind, "configured");
    step = after(task, step, &result);
    result = good(step.call.kind, answer);
    step = after(task, step, &result);
    return told(task, &step);
}

static void what_undoes_an_update_is_awaited_and_sent_again_some_times(void **state)
{
    assert_string_equal(undone("\"until\":2000000000000000", "document"), "later");
    assert_string_equal(undone("\"until\":1", "document"), "call update");
    assert_string_equal(undone("\"until\":1", "undone document"), "-> ended: failed");
    assert_string_equal(undone("\"until\":1,\"restorations\":10", "document"), "-> ended: failed");
}

static void an_address_that_may_come_is_waited_for(void **state)
{
    orc_task_t *task = task_of("START", "collecting", "{}");
    orc_step_t step = settled(task, task->kind->turn(task));
    orc_im_result_t result = answered(
        ORC_CALL_VM, 200, "{\"radl\":[{\"class\":\"system\",\"id\":\"node\",\"net_interface.0.connection\":\"a\"}]}");

    step = after(task, step, &result);
    assert_string_equal(told(task, &step), "later");
    task = task_of("START", "collecting", "{\"reached\":1}");
    step = settled(task, task->kind->turn(task));
    step = after(task, step, &result);
    assert_string_equal(told(task, &step), "call outputs");
}

/* ---- somebody asks for an end ---- */

#define CANCELED_BY "Canceled by alice."
#define SENT        "{\"touched\":true,\"asked\":true,\"until\":1,\"before\":[\"0\"]}"
#define TAKEN       "{\"touched\":true,\"asked\":true,\"merged\":true,\"machines\":1,\"outputs\":[\"ip\"]}"
#define HALF_UNDONE "{\"reason\":\"no\",\"touched\":true,\"asked\":true,\"merged\":true,\"before\":[\"0\"]}"
#define ACTED       "{\"asked\":true,\"since\":1}"

enum { KEEPS = 1, DELETED = 2 }; /* the deployment keeps its last attempt; it is to be deleted */

typedef struct end_t {
    const char *kind, *phase, *memory;
    unsigned how;
    const char *document, *states; /* what IM tells; NULL: that it was done */
    const char *calls;             /* what it is asked, a letter each; upper case: what changes something */
    const char *left;              /* changes of these names, with spaces */
} end_t;

/* What becomes of each kind in each phase: before IM was asked for anything, and behind that. "s" state, "o" outputs,
 * "c" contmsg, "t" tosca, "r" radl, "m" machines, "v" vm, "l" list. An update that is undone sends what undoes it. */
#define UPDATE_ENDS(kind)                                                                                              \
    {kind, "queued", "{}", 0, NULL, NULL, "", "former"}, {kind, "submitting", "{}", 0, NULL, NULL, "", "former"},      \
        {kind, "submitting", "{}", DELETED, NULL, NULL, "", "former"},                                                 \
        {kind, "submitting", SENT, DELETED, NULL, NULL, "", ""},                                                       \
        {kind, "provisioning", TAKEN, 0, NULL, NULL, "somvc", "deployment"},                                           \
        {kind, "provisioning", TAKEN, DELETED, NULL, NULL, "", ""},                                                    \
        {kind, "collecting", TAKEN, 0, NULL, NULL, "somvc", "deployment"},                                             \
        {kind, "collecting", TAKEN, DELETED, NULL, NULL, "", ""},                                                      \
        {kind, "restoring", HALF_UNDONE, DELETED, NULL, NULL, "", ""},                                                 \
    {                                                                                                                  \
        kind, "restoring", "{\"reason\":\"no\"}", 0, NULL, NULL, "", "former"                                          \
    }
#define MACHINE_ENDS(kind, done)                                                                                       \
    {kind, "queued", "{}", 0, NULL, NULL, "", "8"}, {kind, "submitting", "{}", 0, NULL, NULL, "", "8"},                \
        {kind, "submitting", ACTED, DELETED, NULL, NULL, "", ""},                                                      \
        {kind, "confirming", ACTED, 0, NULL, done, "svo", "resources"},                                                \
        {kind, "confirming", ACTED, DELETED, NULL, done, "", ""},                                                      \
        {kind, "collecting", ACTED, 0, NULL, done, "vo", "resources"},                                                 \
    {                                                                                                                  \
        kind, "collecting", ACTED, DELETED, NULL, done, "", ""                                                         \
    }

static const end_t ends[] = {
    {"CREATE", "queued", "{}", 0, NULL, NULL, "", "6"},
    {"CREATE", "placing", "{}", 0, NULL, NULL, "", "6"},
    {"CREATE", "placing", "{}", KEEPS, NULL, NULL, "", "6"},
    {"CREATE", "submitting", UNASKED, 0, NULL, NULL, "", "6 unasked"},
    {"CREATE", "submitting", UNASKED, KEEPS, NULL, NULL, "", "6 unasked"},
    {"CREATE", "submitting", SEARCHED, 0, NULL, NULL, "", "6 unwanted"},
    {"CREATE", "submitting", SEARCHED, KEEPS | DELETED, NULL, NULL, "", "6 unwanted"},
    {"CREATE", "submitting", SEARCHED, KEEPS, "403", NULL, "ltr", "6 made"},
    {"CREATE", "submitting", SEARCHED, KEEPS, "document", NULL, "lt", "6 unwanted"},
    {"CREATE", "provisioning", WATCHED, 0, NULL, NULL, "", "6 unwanted"},
    {"CREATE", "provisioning", WATCHED, KEEPS, NULL, NULL, "", "6"},
    {"CREATE", "provisioning", WATCHED, KEEPS | DELETED, NULL, NULL, "", "6 unwanted"},
    {"CREATE", "provisioning", WATCHED_LATE, KEEPS, NULL, NULL, "", "6"},
    {"CREATE", "collecting", WATCHED, 0, NULL, NULL, "", "6 unwanted"},
    {"CREATE", "collecting", WATCHED, KEEPS, NULL, NULL, "", "6"},
    UPDATE_ENDS("UPDATE"),
    {"UPDATE", "submitting", SENT, 0, NULL, NULL, "tsomvc", "deployment"},
    {"UPDATE", "submitting", SENT, 0, "document", NULL, "tstU", ""},
    {"UPDATE", "submitting", "{\"touched\":true,\"before\":[\"0\"]}", 0, "document", NULL, "ts", ""},
    {"UPDATE", "provisioning", TAKEN, 0, "document", "all failed", "scstU", ""},
    {"UPDATE", "restoring", HALF_UNDONE, 0, "document", NULL, "stU", ""},
    UPDATE_ENDS("ADD_OWNER"),
    {"ADD_OWNER", "restoring", HALF_UNDONE, 0, NULL, NULL, "s", ""},
    UPDATE_ENDS("REMOVE_OWNER"),
    {"REMOVE_OWNER", "restoring", HALF_UNDONE, 0, NULL, NULL, "s", ""},
    MACHINE_ENDS("START", "configured"),
    {"START", "submitting", ACTED, 0, NULL, "configured", "svo", "resources"},
    {"START", "submitting", ACTED, 0, NULL, "stopped", "s", "10"},
    {"START", "confirming", ACTED, 0, NULL, "all failed", "ss", "6"},
    MACHINE_ENDS("STOP", "stopped"),
    {"STOP", "submitting", ACTED, 0, NULL, "stopped", "svo", "resources"},
    {"STOP", "submitting", ACTED, 0, NULL, "configured", "s", "8"},
    MACHINE_ENDS("REBOOT", "configured"),
    {"REBOOT", "submitting", ACTED, 0, NULL, "configured", "s", "8"},
    {"REBOOT", "submitting", ACTED, 0, NULL, "stopped", "s", "10"},
};

static const char *answer_to(orc_call_kind_t call, const end_t *one)
{
    switch (call) {
    case ORC_CALL_STATE:
        return one->states ? one->states : "configured";
    case ORC_CALL_OUTPUTS:
        return "outputs";
    case ORC_CALL_CONTMSG:
        return "text";
    case ORC_CALL_TOSCA:
        return one->document ? one->document : "our document";
    case ORC_CALL_RADL:
        return "our radl";
    case ORC_CALL_VMS:
        return "machines";
    case ORC_CALL_VM:
        return "machine";
    case ORC_CALL_LIST:
        return "it";
    default:
        return "changed";
    }
}

/* The next step of what is stored now: the row says so, and some time is over. */
static void claim_again(orc_task_t *task)
{
    json_t *memory = orc_json_own(orc_fields_write(task->memory, task->kind->memory), pool);

    task->work->phase = task->kind->phases[task->phase];
    task->now += apr_time_from_sec(1);
    memset(task->memory, 0, task->kind->memory->size);
    assert_null(orc_fields_read(task->memory, task->kind->memory, memory, ORC_IN(task->phase), pool));
}

/* Until it ends; what IM was asked, in letters. */
static const char *follow(orc_task_t *task, const end_t *one, const char **state)
{
    static const char letters[] = "Csoctrmvl"
                                  "DWURA";
    const char *calls = "";
    int steps, length;

    *state = "at work";
    for (steps = 0; steps < 40; steps++) {
        orc_step_t step = settled(task, task->kind->turn(task));

        for (length = 0; step.kind == ORC_STEP_CALL && length < 10; length++) {
            orc_im_result_t result = good(step.call.kind, answer_to(step.call.kind, one));

            calls = apr_psprintf(pool, "%s%c", calls, letters[step.call.kind]);
            step = after(task, step, &result);
        }
        if (step.kind == ORC_STEP_ENDED) {
            *state = step.text;
            break;
        }
        if (step.kind != ORC_STEP_LATER)
            fail_msg("%s, %s: %s", one->kind, one->phase, told(task, &step));
        claim_again(task);
    }
    return calls;
}

/* What is left of it that matters, by its names: statuses as numbers. */
static const char *left_by(const orc_task_t *task)
{
    static const char *const names[] = {"former", "unasked", "unwanted", "made"};
    const json_t *status = json_object_get(task->changes, "all_resources");
    const char *left = status ? apr_psprintf(pool, "%d ", (int)json_integer_value(status)) : "";
    int is_made = json_object_get(task->changes, "deployment") != NULL &&
                  json_object_get(json_object_get(task->changes, "deployment"), "outputs") != NULL;
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        if (json_object_get(task->changes, names[i]))
            left = apr_pstrcat(pool, left, names[i], " ", NULL);
    }
    if (is_of_a_machine(task->kind->word) && json_object_get(task->changes, "resources"))
        left = apr_pstrcat(pool, left, "resources ", NULL);
    else if (is_made)
        left = apr_pstrcat(pool, left, "deployment ", NULL);
    return apr_pstrndup(pool, left, *left ? strlen(left) - 1 : 0);
}

static int is_wrong(const end_t *one)
{
    orc_task_t *task = task_of(one->kind, one->phase, one->memory);
    const json_t *error;
    const char *state, *calls, *left;

    task->work->state = "canceling";
    task->work->reason = CANCELED_BY;
    task->work->is_deleted = (one->how & DELETED) != 0;
    task->work->keep_last_attempt = (one->how & KEEPS) != 0;
    if (is_of_a_machine(one->kind))
        task->work->options = json("{\"former\":8}");
    calls = follow(task, one, &state);
    left = left_by(task);
    error = json_array_get(json_object_get(task->changes, "errors"), 0);
    assert_string_equal(orc_json_string(task->changes, "reason"), CANCELED_BY);
    assert_string_equal(orc_json_string(task->changes, "description"), CANCELED_BY);
    assert_string_equal(orc_json_string(error, "error"), "operation.canceled");
    if (strcmp(state, "canceled") == 0 && strcmp(calls, one->calls) == 0 && strcmp(left, one->left) == 0)
        return 0;
    print_error("%s, %s, %s, %u, %s, %s: %s, \"%s\", \"%s\", not \"%s\", \"%s\"\n", one->kind, one->phase, one->memory,
                one->how, one->document, one->states, state, calls, left, one->calls, one->left);
    return 1;
}

static void every_kind_ends_as_canceled_from_every_phase_and_asks_for_nothing_new(void **state)
{
    size_t i;
    int wrong = 0;

    for (i = 0; i < sizeof ends / sizeof *ends; i++)
        wrong += is_wrong(&ends[i]);
    assert_int_equal(wrong, 0);
}

/* A deletion that is at work can't be canceled. */
static void every_phase_of_an_operation_is_canceled_in_some_way(void **state)
{
    const orc_kind_t *const *kind;
    int phase;
    size_t i;

    for (kind = orc_kinds; *kind; kind++) {
        if (!(*kind)->events[1] || strcmp((*kind)->events[1], "deadline") != 0 || strcmp((*kind)->word, "DELETE") == 0)
            continue;
        for (phase = 0; (*kind)->phases[phase + 1]; phase++) {
            for (i = 0; i < sizeof ends / sizeof *ends; i++) {
                if (strcmp(ends[i].kind, (*kind)->word) == 0 && strcmp(ends[i].phase, (*kind)->phases[phase]) == 0)
                    break;
            }
            if (i == sizeof ends / sizeof *ends)
                fail_msg("nothing says how %s ends when it is canceled in %s", (*kind)->word, (*kind)->phases[phase]);
        }
    }
}

static void a_damaged_one_that_is_canceled_has_failed(void **state)
{
    orc_task_t *task = task_of("UPDATE", "provisioning", "{}");

    task->work->state = "canceling";
    task->work->reason = CANCELED_BY;
    task->kind->give_up(task, "x");
    assert_string_equal(orc_json_string(task->changes, "ended"), "failed");
}

/* ---- what is complete ---- */

static json_t *seen_by(orc_task_t *task, const char *states)
{
    (void)after_state(task, states);
    return json_array_get(json_object_get(task->changes, "seen"), 0);
}

static orc_task_t *watch_of(const char *resources, int status, const char *memory)
{
    orc_task_t *task = task_of("watch", "queued", memory);

    task->work->resources = resources ? json(resources) : NULL;
    task->work->status = status;
    return task;
}

static void a_watch_shows_what_changed_and_nothing_else(void **state)
{
    orc_task_t *task = watch_of("[" RESOURCE("8") "]", 0, "{}");
    json_t *entry = seen_by(task, "stopped");

    assert_int_equal(orc_json_integer(entry, "status", -1), 10);
    assert_int_equal(orc_json_integer(entry, "version", -1), 7);
    assert_null(json_object_get(task->changes, "whole"));
    assert_null(seen_by(watch_of("[" RESOURCE("8") "]", 0, "{}"), "configured"));
    assert_null(seen_by(watch_of("[" RESOURCE("0") "]", 0, "{}"), "running"));
    assert_null(seen_by(watch_of("[" RESOURCE("8") "]", 0, "{}"), "unknown"));
    assert_null(seen_by(watch_of("[" RESOURCE("8") "]", 0, "{}"), "unknown, empty"));
    assert_int_equal(orc_json_integer(seen_by(watch_of("[" RESOURCE("10") "]", 0, "{}"), "configured"), "status", -1),
                     8);
}

static void a_watch_shows_that_nothing_is_left_and_that_it_is_back(void **state)
{
    orc_task_t *task = watch_of("[" RESOURCE("8") "]", 0, "{\"shortages\":1}");
    json_t *whole;

    assert_int_equal(orc_json_integer(seen_by(task, "unknown, empty"), "status", -1), 6);
    whole = json_object_get(task->changes, "whole");
    assert_non_null(orc_json_string(whole, "lost"));
    assert_int_equal(orc_json_integer(whole, "was", -1), 0);
    task = watch_of("[" RESOURCE("6") "]", 6, "{}");
    assert_int_equal(orc_json_integer(seen_by(task, "configured"), "status", -1), 8);
    assert_true(json_is_true(json_object_get(json_object_get(task->changes, "whole"), "back")));
}

/* What an update that failed did not make: a machine, and what would be hosted on it. */
#define UNMADE(position, compute)                                                                                      \
    "{\"position\":" position ",\"id\":\"" TAG "\",\"node\":\"node\",\"compute\":" compute                             \
    ",\"status\":6,\"version\":7}"
#define HOSTED(status)                                                                                                 \
    "{\"position\":3,\"id\":\"" TAG "\",\"node\":\"app\",\"compute\":false,\"status\":" status ",\"version\":7}"

static const char *all_seen_by(const orc_task_t *task)
{
    const char *all = "";
    size_t i;
    json_t *one;

    json_array_foreach(json_object_get(task->changes, "seen"), i, one) all =
        apr_psprintf(pool, "%s%d is %d. ", all, (int)orc_json_integer(one, "position", -1),
                     (int)orc_json_integer(one, "status", -1));
    return all;
}

static void what_was_in_error_before_the_whole_was_lost_is_not_back_with_it(void **state)
{
    orc_task_t *task = watch_of("[" RESOURCE("8") "," UNMADE("1", "true") "," UNMADE("2", "false") "," HOSTED("8") "]",
                                0, "{\"misses\":2}");
    orc_step_t step = settled(task, task->kind->turn(task));
    orc_im_result_t result = good(step.call.kind, "404");
    const char *memory;

    step = after(task, step, &result);
    result = good(step.call.kind, "another");
    (void)after(task, step, &result);
    assert_string_equal(all_seen_by(task), "0 is 6. 3 is 6. ");
    memory = orc_json_text(orc_json_own(orc_fields_write(task->memory, task->kind->memory), pool), pool);
    task = watch_of("[" RESOURCE("6") "," UNMADE("1", "true") "," UNMADE("2", "false") "," HOSTED("6") "]", 6, memory);
    (void)after_state(task, "configured");
    assert_string_equal(all_seen_by(task), "0 is 8. 3 is 8. ");
}

static const char *watched_when_unknown(int misses, const char *listed)
{
    orc_task_t *task = watch_of("[" RESOURCE("8") "]", 0, apr_psprintf(pool, "{\"misses\":%d}", misses));
    orc_step_t step = settled(task, task->kind->turn(task));
    orc_im_result_t result = good(step.call.kind, "404");

    step = after(task, step, &result);
    result = good(step.call.kind, listed);
    (void)after(task, step, &result);
    return orc_json_string(json_object_get(task->changes, "whole"), "lost") ? "lost" : "doubt";
}

static void an_im_that_lost_its_database_is_not_believed(void **state)
{
    living = 0;
    assert_string_equal(watched_when_unknown(0, "it"), "doubt");
    assert_string_equal(watched_when_unknown(1, "another"), "doubt");
    assert_string_equal(watched_when_unknown(2, "another"), "lost");
    assert_string_equal(watched_when_unknown(2, "nothing"), "doubt");
    assert_string_equal(watched_when_unknown(19, "nothing"), "lost");
    living = 1;
    assert_string_equal(watched_when_unknown(2, "another"), "doubt");
    assert_string_equal(watched_when_unknown(19, "another"), "lost");
    living = 0;
}

static void a_watch_asks_nothing_when_it_should_not(void **state)
{
    static const struct {
        const char *resources;
        int status;
        const char *follows;
    } cases[] = {
        {NULL, 0, "later"}, /* something is at work */
        {"[]", 2, "later"}, /* CREATE_IN_PROGRESS */
        {"[]", 9, "later"}, /* UPDATE_IN_PROGRESS */
        {"[]", 3, "over"},  /* DELETE_COMPLETE */
        {"[]", 1, "over"},  /* CREATE_FAILED */
        {"[]", 0, "call state"}, {"[]", 6, "call state"},
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        orc_task_t *task = watch_of(cases[i].resources, cases[i].status, "{}");
        orc_step_t step = settled(task, task->kind->turn(task));

        assert_string_equal(told(task, &step), cases[i].follows);
    }
}

/* ---- orchestrations: what follows on how far one is ---- */

#define FAR apr_time_from_sec(3600)

static const struct {
    const char *name, *phase;
    apr_int64_t waited; /* when it was looked at last */
    int is_lost;        /* the order could not be done */
    orc_store_progress_t progress;
    const char *follows;
    apr_interval_time_t due;
} courses[] = {
    {"more targets may be", "queued", 0, 0, {.exists = 1}, "later", 0},
    {"all are found", "queued", 0, 0, {.exists = 1, .is_resolved = 1, .waiting = 3}, "-> working: order begin", 0},
    {"none is found", "queued", 0, 0, {.exists = 1, .is_resolved = 1}, "-> working: order begin", 0},
    {"canceled before", "queued", 0, 0, {.exists = 1, .is_canceling = 1}, "order end", 0},
    {"ended already", "queued", 0, 0, {.exists = 1, .is_ended = 1}, "over", 0},
    {"gone", "queued", 0, 0, {.exists = 0}, "over", 0},
    {"no database", "queued", 0, 1, {.exists = 0}, "later", apr_time_from_sec(5)},
    {"more may begin", "working", 5, 0, {.exists = 1, .is_resolved = 1, .waiting = 3, .running = 2}, "later", 0},
    {"no more may begin",
     "working",
     3,
     0,
     {.exists = 1, .is_resolved = 1, .waiting = 3, .running = 2},
     "later",
     apr_time_from_sec(1)},
    {"the last ones are at work",
     "working",
     2,
     0,
     {.exists = 1, .is_resolved = 1, .running = 2},
     "later",
     apr_time_from_sec(1)},
    {"others are at work there",
     "working",
     3,
     0,
     {.exists = 1, .is_resolved = 1, .waiting = 3, .next = -FAR},
     "later",
     apr_time_from_sec(1)},
    {"a window comes",
     "working",
     3,
     0,
     {.exists = 1, .is_resolved = 1, .waiting = 3, .next = apr_time_from_sec(7)},
     "later",
     apr_time_from_sec(7)},
    {"a window is far",
     "working",
     3,
     0,
     {.exists = 1, .is_resolved = 1, .waiting = 3, .next = FAR},
     "later",
     apr_time_from_sec(60)},
    {"nothing is left", "working", 3, 0, {.exists = 1, .is_resolved = 1}, "order end", 0},
    {"canceled, and at work",
     "working",
     3,
     0,
     {.exists = 1, .is_resolved = 1, .is_canceling = 1, .running = 1},
     "later",
     apr_time_from_sec(1)},
    {"canceled", "working", 3, 0, {.exists = 1, .is_resolved = 1, .is_canceling = 1}, "order end", 0},
    {"ended by another", "working", 3, 0, {.exists = 1, .is_resolved = 1, .is_ended = 1}, "over", 0},
    {"gone meanwhile", "working", 3, 0, {.exists = 0}, "over", 0},
    {"no database now", "working", 3, 1, {.exists = 0}, "later", apr_time_from_sec(5)},
};

static void an_orchestration_goes_on_as_far_as_it_is(void **state)
{
    size_t i;

    for (i = 0; i < sizeof courses / sizeof *courses; i++) {
        orc_task_t *task =
            task_of("orchestration", courses[i].phase, apr_psprintf(pool, "{\"waiting\":%d}", (int)courses[i].waited));
        orc_step_t step = orc_step_resolve(task, task->kind->turn(task));

        assert_int_equal(step.kind, ORC_STEP_ORDER);
        step = orc_step_resolve(task, step.order.then(task, courses[i].is_lost ? NULL : &courses[i].progress));
        if (strcmp(told(task, &step), courses[i].follows) != 0 || step.due != courses[i].due)
            fail_msg("%s: %s, in %d ms", courses[i].name, told(task, &step), (int)apr_time_as_msec(step.due));
    }
}

static void an_orchestration_ends_unless_somebody_has_asked_for_more(void **state)
{
    const orc_store_progress_t nothing_left = {.exists = 1, .is_resolved = 1}, more = {.exists = 1, .waiting = 1},
                               ended = {.exists = 1, .is_ended = 1};
    orc_task_t *task = task_of("orchestration", "working", "{}");
    orc_step_t step = orc_step_resolve(task, task->kind->turn(task)), end;

    step = step.order.then(task, &nothing_left);
    assert_string_equal(told(task, &step), "order end");
    end = step.order.then(task, &ended);
    assert_string_equal(told(task, &end), "over");
    end = step.order.then(task, &more);
    assert_string_equal(told(task, &end), "later");
    end = step.order.then(task, NULL);
    assert_string_equal(told(task, &end), "later");
}

static int prepare(void **state)
{
    static orc_providers_t providers;
    orc_provider_t *provider;
    apr_array_header_t *list, *projects;
    orc_provider_project_t *project;

    if (setup(state))
        return -1;
    list = apr_array_make(pool, 1, sizeof(const orc_provider_t *));
    projects = apr_array_make(pool, 1, sizeof(orc_provider_project_t));
    project = apr_array_push(projects);
    project->group = "lab";
    project->project = "p";
    provider = apr_pcalloc(pool, sizeof *provider);
    provider->name = "one";
    provider->type = "openstack";
    provider->is_enabled = 1;
    provider->im_url = "https://im";
    provider->projects = projects;
    provider->issuers = provider->regions = apr_array_make(pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(list, const orc_provider_t *) = provider;
    providers.list = list;
    service.config = orc_config_make(pool);
    service.providers = &providers;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_situation_says_what_follows_on_everything_that_goes_wrong),
        cmocka_unit_test(every_situation_says_what_follows_on_what_im_tells),
        cmocka_unit_test(every_event_of_every_table_leads_somewhere),
        cmocka_unit_test(every_phase_that_asks_im_is_a_situation),
        cmocka_unit_test(an_event_that_is_not_expected_is_damage),
        cmocka_unit_test(an_unanswered_creation_is_not_made_anew_while_its_answer_may_come),
        cmocka_unit_test(a_stop_without_an_answer_is_not_asked_for_again_by_a_host_of_less_patience),
        cmocka_unit_test_setup_teardown(what_im_does_not_list_is_believed_after_some_looks, know_another, know_none),
        cmocka_unit_test(a_creation_notes_until_when_it_may_be_answered),
        cmocka_unit_test(a_deletion_ends_when_nothing_is_left_that_could_still_go),
        cmocka_unit_test(a_deletion_that_waited_for_long_takes_no_place),
        cmocka_unit_test(a_reboot_whose_answer_got_lost_is_not_asked_for_again),
        cmocka_unit_test(a_machine_that_is_not_there_is_believed_lost_at_the_second_look),
        cmocka_unit_test(an_update_that_im_did_not_take_counts_as_none),
        cmocka_unit_test(what_an_update_made_and_im_does_not_remove_is_left_one_day),
        cmocka_unit_test(what_undoes_an_update_is_awaited_and_sent_again_some_times),
        cmocka_unit_test(every_kind_ends_as_canceled_from_every_phase_and_asks_for_nothing_new),
        cmocka_unit_test(every_phase_of_an_operation_is_canceled_in_some_way),
        cmocka_unit_test(a_damaged_one_that_is_canceled_has_failed),
        cmocka_unit_test(an_address_that_may_come_is_waited_for),
        cmocka_unit_test(a_watch_shows_what_changed_and_nothing_else),
        cmocka_unit_test(a_watch_shows_that_nothing_is_left_and_that_it_is_back),
        cmocka_unit_test(what_was_in_error_before_the_whole_was_lost_is_not_back_with_it),
        cmocka_unit_test(an_im_that_lost_its_database_is_not_believed),
        cmocka_unit_test(a_watch_asks_nothing_when_it_should_not),
        cmocka_unit_test(an_orchestration_goes_on_as_far_as_it_is),
        cmocka_unit_test(an_orchestration_ends_unless_somebody_has_asked_for_more),
    };

    return cmocka_run_group_tests(tests, prepare, teardown);
}
