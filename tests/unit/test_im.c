/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include <ctype.h>

#include "orc_im_answer.h"

/* ---- IM's parser of the Authorization header, written from the rules at the head of orc_im_credentials.c ---- */

static char *replace(const char *text, const char *what, const char *with)
{
    char *out = apr_palloc(pool, strlen(text) + 1), *to = out; /* never longer: `with` is one character */

    while (*text) {
        if (strncmp(text, what, strlen(what)) == 0) {
            *to++ = *with;
            text += strlen(what);
        }
        else {
            *to++ = *text++;
        }
    }
    *to = '\0';
    return out;
}

static char *trim(char *text)
{
    size_t length;

    while (isspace((unsigned char)*text))
        text++;
    for (length = strlen(text); length && isspace((unsigned char)text[length - 1]); length--)
        text[length - 1] = '\0';
    return text;
}

static apr_array_header_t *split_quoted(const char *line, char separator, int keeps_quotes)
{
    apr_array_header_t *tokens = apr_array_make(pool, 4, sizeof(char *));
    char *token = apr_palloc(pool, strlen(line) + 1), quote = 0;
    size_t length = 0;
    int saw_quotes = 0;

    for (; *line; line++) {
        int is_quote = (*line == '"' && quote != '\'') || (*line == '\'' && quote != '"');

        if (is_quote) {
            saw_quotes = 1;
            quote = quote ? 0 : *line;
        }
        if (*line == separator && !quote) {
            APR_ARRAY_PUSH(tokens, char *) = apr_pstrmemdup(pool, token, length);
            length = 0;
        }
        else if (!is_quote || keeps_quotes) {
            token[length++] = *line;
        }
    }
    token = apr_pstrmemdup(pool, token, length);
    if (*trim(apr_pstrdup(pool, token)) || saw_quotes)
        APR_ARRAY_PUSH(tokens, char *) = token;
    return tokens;
}

/* Of const apr_table_t *, one per credential line. Values of a line that IM would drop are not in it. */
static apr_array_header_t *parse_like_im(const char *header)
{
    apr_array_header_t *credentials = apr_array_make(pool, 2, sizeof(apr_table_t *));
    char *rest = replace(header, "\\\\n", "\n");

    while (rest) {
        char *end = strstr(rest, "\\n"), *line = rest;
        apr_array_header_t *tokens;
        apr_table_t *table;
        int i;

        if (end)
            *end = '\0';
        rest = end ? end + 2 : NULL;
        line = trim(line);
        if (!*line || *line == '#')
            continue;
        table = apr_table_make(pool, 4);
        tokens = split_quoted(line, ';', 1);
        for (i = 0; i < tokens->nelts; i++) {
            apr_array_header_t *pair = split_quoted(APR_ARRAY_IDX(tokens, i, char *), '=', 0);

            if (pair->nelts != 2)
                break;
            apr_table_setn(table, trim(APR_ARRAY_IDX(pair, 0, char *)),
                           replace(trim(APR_ARRAY_IDX(pair, 1, char *)), "\\n", "\n"));
        }
        APR_ARRAY_PUSH(credentials, apr_table_t *) = table;
    }
    return credentials;
}

static const char *credential(const char *header, int line, const char *key)
{
    apr_array_header_t *credentials = parse_like_im(header);

    if (line >= credentials->nelts)
        fail_msg("%d lines in %s", credentials->nelts, header);
    return apr_table_get(APR_ARRAY_IDX(credentials, line, apr_table_t *), key);
}

/* ---- credentials ---- */

static uint64_t seed = 20260612;

static unsigned int dice(unsigned int sides)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned int)(seed >> 33) % sides;
}

static char *random_value(void)
{
    static const char letters[] = "\"\"''\\\\\n;;==nn{}#()ab %,:/.-_f\t\x01\x7f\xc3";
    size_t length = dice(24), i;
    char *value = apr_palloc(pool, length + 1);

    for (i = 0; i < length; i++)
        value[i] = letters[dice(dice(20) ? sizeof letters - 5 : sizeof letters - 1)];
    value[length] = '\0';
    return value;
}

static int can_be_sent(const char *value)
{
    size_t length = strlen(value), i;

    for (i = 0; i < length; i++) {
        unsigned char c = (unsigned char)value[i];

        if ((c < ' ' && c != '\n') || c > '~' || (c == '\\' && value[i + 1] == 'n'))
            return 0;
    }
    if (length && (isspace((unsigned char)*value) || isspace((unsigned char)value[length - 1])))
        return 0;
    return strncmp(value, "file(", 5) || value[length - 1] != ')';
}

static void im_reads_back_every_value_it_can_be_sent(void **state)
{
    int i, sent = 0, refused = 0;

    for (i = 0; i < 20000; i++) {
        const char *value, *header = NULL, *around;
        orc_im_values_t values;
        orc_error_t *error;

        apr_pool_clear(pool);
        value = random_value();
        values = (orc_im_values_t){.access_token = value, .project = value, .region = "r", .name = "n"};
        around = dice(3) == 0 ? "\"" : dice(2) ? "'" : "";
        error = orc_im_credentials(
            &header, "type = InfrastructureManager; token = {access_token}; after = 'x;y'",
            apr_pstrcat(pool, "id = c; type=OpenStack;tenant =", around, "{project}", around, ";last = z", NULL),
            &values, pool);
        if (!can_be_sent(value)) {
            assert_non_null(error);
            assert_int_equal(error->status, 422);
            assert_string_equal(error->code, "im.credentials");
            refused++;
            continue;
        }
        assert_null(error);
        assert_string_equal(credential(header, 0, "token"), value);
        assert_string_equal(credential(header, 0, "after"), "x;y");
        assert_string_equal(credential(header, 1, "tenant"), value);
        assert_string_equal(credential(header, 1, "last"), "z");
        assert_int_equal(parse_like_im(header)->nelts, 2);
        assert_null(strpbrk(header, "\r\n"));
        sent++;
    }
    assert_true(sent > 5000 && refused > 1000);
}

static void a_header_is_what_im_documents(void **state)
{
    const orc_im_values_t values = {"a.b=.c==", "tenant one", "r1", "My cloud (CNAF)"};
    const char *header;

    assert_null(orc_im_credentials(&header, "type = InfrastructureManager; token = {access_token}",
                                   "id = {name}; type = OpenStack; tenant = {project}\n\n# ours\nid = d; type = Dummy",
                                   &values, pool));
    assert_string_equal(header, "type = InfrastructureManager; token = \"a.b=.c==\"\\n"
                                "id = \"My_cloud__CNAF_\"; type = OpenStack; tenant = \"tenant one\"\\n\\n# ours\\n"
                                "id = d; type = Dummy");
    assert_int_equal(parse_like_im(header)->nelts, 3);
    assert_string_equal(credential(header, 1, "id"), "My_cloud__CNAF_");
}

static void what_im_can_not_be_sent_is_refused(void **state)
{
    static const char *const bad[] = {"a\\nb", "tab\there",         "bell\a", "caf\xc3\xa9", " before", "after ",
                                      "nl\n",  "file(/etc/passwd)", "\x7f"};
    const char *quoted;
    size_t i;

    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null(orc_im_quote(&quoted, bad[i], pool));
    assert_null(orc_im_quote(&quoted, "-----BEGIN\nKEY\\\n-----END", pool));
    assert_null(orc_im_quote(&quoted, "", pool));
    assert_string_equal(quoted, "\"\"");
    assert_null(orc_im_quote(&quoted, "a'b\"c", pool));
    assert_string_equal(quoted, "\"a'b\"'\"'\"c\"");
}

static void a_missing_value_and_an_unknown_placeholder_are_named(void **state)
{
    const orc_im_values_t values = {.access_token = "t"};
    const char *header;
    orc_error_t *error = orc_im_credentials(&header, "token = {access_token}", "tenant = {project}", &values, pool);

    assert_non_null(strstr(error->detail, "{project}"));
    assert_int_equal(error->status, 422);
    error = orc_im_credentials(&header, "token = {acces_token}", NULL, &values, pool);
    assert_non_null(strstr(error->detail, "{acces_token}"));
    assert_int_equal(error->status, 500);
    assert_null(orc_im_credentials(&header, "password = '{A}{ }{}{'", NULL, &values, pool));
    assert_string_equal(header, "password = '{A}{ }{}{'");
}

/* ---- answers ---- */

static orc_im_result_t read_answer(orc_im_call_kind_t call, int status, const char *type, const char *body)
{
    orc_http_response_t response = {.pool = pool,
                                    .outcome = ORC_HTTP_ANSWERED,
                                    .status = status,
                                    .headers = apr_table_make(pool, 2),
                                    .body = body,
                                    .length = strlen(body)};
    orc_im_result_t result;

    apr_table_setn(response.headers, "content-type", type);
    orc_im_read(&result, call, &response);
    assert_int_equal(result.error == NULL, result.kind == ORC_IM_OK);
    return result;
}

#define JSON  "application/json"
#define PLAIN "text/plain; charset=utf-8"

static void a_created_infrastructure_has_the_id_of_the_header_or_of_the_uri(void **state)
{
    static const char id[] = "7c3555c2-e53a-11f1-99d4-02fc00000001";
    const char *uri = apr_pstrcat(pool, "http://127.0.0.1:8802/im/infrastructures/", id, NULL);
    orc_http_response_t response = {.pool = pool, .status = 200, .headers = apr_table_make(pool, 1), .body = ""};
    orc_im_result_t result;

    result = read_answer(ORC_IM_CREATE, 200, JSON, apr_pstrcat(pool, "{\"uri\":\"", uri, "\"}", NULL));
    assert_string_equal(result.infra_id, id);
    result = read_answer(ORC_IM_CREATE, 200, "text/uri-list; charset=utf-8", uri);
    assert_string_equal(result.infra_id, id);
    apr_table_setn(response.headers, "infid", id);
    orc_im_read(&result, ORC_IM_CREATE, &response);
    assert_string_equal(result.infra_id, id);
}

static void a_create_without_an_id_has_an_unknown_result(void **state)
{
    assert_int_equal(read_answer(ORC_IM_CREATE, 200, JSON, "{\"uri\"").kind, ORC_IM_UNKNOWN_RESULT);
    assert_int_equal(read_answer(ORC_IM_CREATE, 200, JSON, "{}").kind, ORC_IM_UNKNOWN_RESULT);
    assert_int_equal(read_answer(ORC_IM_CREATE, 200, "text/html", "<html>hello</html>").kind, ORC_IM_UNKNOWN_RESULT);
    assert_int_equal(read_answer(ORC_IM_CREATE, 502, PLAIN, "Bad Gateway").kind, ORC_IM_UNKNOWN_RESULT);
}

static void the_state_has_the_aggregate_and_every_machine_in_order(void **state)
{
    orc_im_result_t result =
        read_answer(ORC_IM_STATE, 200, JSON,
                    "{\"state\": {\"state\": \"failed\", \"vm_states\": {\"10\": \"configured\", \"2\": \"failed\", "
                    "\"0\": \"deleting\", \"3\": \"hibernating\"}}}");
    const orc_im_vm_state_t *vm = (const orc_im_vm_state_t *)result.vm_states->elts;

    assert_int_equal(result.kind, ORC_IM_OK);
    assert_int_equal(result.state, ORC_IM_STATE_FAILED);
    assert_int_equal(result.vm_states->nelts, 4);
    assert_string_equal(vm[0].vm, "0");
    assert_int_equal(vm[0].state, ORC_IM_STATE_DELETING);
    assert_string_equal(vm[1].vm, "2");
    assert_int_equal(vm[2].state, ORC_IM_STATE_UNKNOWN);
    assert_string_equal(vm[3].vm, "10");
    result = read_answer(ORC_IM_STATE, 200, JSON, "{\"state\":{\"state\":\"pending\",\"vm_states\":{}}}");
    assert_int_equal(result.vm_states->nelts, 0);
    assert_int_equal(result.state, ORC_IM_STATE_PENDING);
}

static void answers_that_can_not_be_read_are_bad_answers_to_be_asked_for_again(void **state)
{
    static const char *const bodies[] = {"",
                                         "{",
                                         "[]",
                                         "null",
                                         "{\"state\":\"configured\"}",
                                         "{\"state\":{\"state\":\"configured\"}}",
                                         "{\"state\":{\"state\":1,\"vm_states\":{}}}",
                                         "<html></html>"};
    orc_im_result_t result;
    size_t i;

    for (i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        result = read_answer(ORC_IM_STATE, 200, JSON, bodies[i]);
        assert_int_equal(result.kind, ORC_IM_BAD_ANSWER);
        assert_true(result.error->retriable);
    }
    assert_int_equal(read_answer(ORC_IM_OUTPUTS, 200, JSON, "{\"outputs\":[]}").kind, ORC_IM_BAD_ANSWER);
    assert_int_equal(read_answer(ORC_IM_VM, 200, JSON, "{\"radl\":{}}").kind, ORC_IM_BAD_ANSWER);
    assert_int_equal(read_answer(ORC_IM_LIST, 200, JSON, "{\"uri-list\":[{\"url\":\"x\"}]}").kind, ORC_IM_BAD_ANSWER);
    assert_int_equal(read_answer(ORC_IM_STATE, 302, PLAIN, "").kind, ORC_IM_BAD_ANSWER);
}

static void lists_are_read_from_json_and_from_lines(void **state)
{
    orc_im_result_t result = read_answer(ORC_IM_LIST, 200, JSON,
                                         "{\"uri-list\": [{\"uri\": \"http://h/infrastructures/b\"}, "
                                         "{\"uri\": \"http://h/infrastructures/a/\"}]}");

    assert_int_equal(result.ids->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(result.ids, 0, const char *), "b");
    assert_string_equal(APR_ARRAY_IDX(result.ids, 1, const char *), "a");
    result = read_answer(ORC_IM_VMS, 200, "text/uri-list; charset=utf-8", "http://h/i/x/vms/0\nhttp://h/i/x/vms/12");
    assert_int_equal(result.ids->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(result.ids, 1, const char *), "12");
    assert_int_equal(read_answer(ORC_IM_LIST, 200, JSON, "{\"uri-list\": []}").ids->nelts, 0);
    assert_int_equal(read_answer(ORC_IM_LIST, 200, "text/uri-list", "").ids->nelts, 0);
}

static void outputs_machines_and_texts_are_read(void **state)
{
    orc_im_result_t result = read_answer(ORC_IM_OUTPUTS, 200, JSON, "{\"outputs\":{\"n\":2,\"pub_ip\":[null]}}");

    assert_int_equal(orc_json_integer(result.json, "n", 0), 2);
    result = read_answer(ORC_IM_VM, 200, JSON, "{\"radl\":[{\"class\":\"system\",\"state\":\"configured\"}]}");
    assert_string_equal(orc_json_string(json_array_get(result.json, 0), "state"), "configured");
    result = read_answer(ORC_IM_CONTMSG, 200, PLAIN, "log\xff of \xc3\xa9\n");
    assert_string_equal(result.text, "log? of \xc3\xa9\n");
    assert_int_equal(result.length, strlen(result.text));
    result = read_answer(ORC_IM_CONTMSG, 200, JSON, "{\"contmsg\":\"log\"}");
    assert_string_equal(result.text, "log");
    result = read_answer(ORC_IM_TOSCA, 200, JSON, "{\"tosca\":\"a: b\\n\"}");
    assert_string_equal(result.text, "a: b\n");
    assert_string_equal(read_answer(ORC_IM_VERSION, 200, PLAIN, "1.19.2").text, "1.19.2");
    assert_string_equal(read_answer(ORC_IM_VERSION, 200, JSON, "{\"version\": \"2.0.0\"}").text, "2.0.0");
}

static void a_cut_log_begins_with_a_whole_character(void **state)
{
    orc_http_response_t response = {
        .pool = pool, .status = 200, .headers = apr_table_make(pool, 1), .body = "\xa9 tail", .length = 6, .is_cut = 1};
    orc_im_result_t result;

    orc_im_read(&result, ORC_IM_CONTMSG, &response);
    assert_string_equal(result.text, " tail");
    assert_int_equal(result.length, 5);
    assert_true(result.is_cut);
}

typedef struct failure_case_t {
    orc_im_call_kind_t call;
    int status;
    const char *type, *body;
    orc_im_kind_t kind;
    int retriable;
} failure_case_t;

/* Bodies that both generations of IM gave; what they mean: mod_orchestrator/clients/README.md, "IM's answers". */
static const failure_case_t failures[] = {
    {ORC_IM_STATE, 400, JSON,
     "{\"message\":\"Error Getting Inf. prop: Invalid InfrastructureManager credentials. OIDC auth Token "
     "expired.\",\"code\":400}",
     ORC_IM_TOKEN_REJECTED, 0},
    {ORC_IM_LIST, 401, JSON,
     "{\"message\": \"Error Getting Inf. List: Invalid InfrastructureManager credentials. Issuer not accepted.\", "
     "\"code\": 401}",
     ORC_IM_TOKEN_REJECTED, 0},
    {ORC_IM_CREATE, 401, JSON,
     "{\"message\":\"Error Creating Inf.: Invalid InfrastructureManager credentials. OIDC auth Token "
     "expired.\",\"code\":401}",
     ORC_IM_TOKEN_REJECTED, 0},
    {ORC_IM_DELETE, 400, PLAIN,
     "Error Destroying Inf: Invalid InfrastructureManager credentials. OIDC auth Token expired.", ORC_IM_TOKEN_REJECTED,
     0},
    {ORC_IM_STATE, 400, JSON,
     "{\"message\":\"Error Getting Inf. prop: Error trying to decode OIDC auth token: list index out of "
     "range\",\"code\":400}",
     ORC_IM_TOKEN_REJECTED, 0},
    {ORC_IM_CREATE, 401, JSON, "{\"message\": \"No authentication data provided\", \"code\": 401}",
     ORC_IM_TOKEN_REJECTED, 0},
    {ORC_IM_LIST, 401, PLAIN, "", ORC_IM_TOKEN_REJECTED, 0},
    {ORC_IM_STATE, 400, JSON,
     "{\"message\":\"Error Getting Inf. prop: Invalid InfrastructureManager credentials. Code: 503. Message: "
     "{\\\"sub\\\": \\\"u1\\\", \\\"preferred_username\\\": \\\"user-u1\\\"}..\",\"code\":400}",
     ORC_IM_IDENTITY_OUTAGE, 1},
    {ORC_IM_CREATE, 401, JSON,
     "{\"message\":\"Error Creating Inf.: Invalid InfrastructureManager credentials. Code: 500. Message: "
     "..\",\"code\":401}",
     ORC_IM_IDENTITY_OUTAGE, 1},
    {ORC_IM_STATE, 400, JSON,
     "{\"message\":\"Error Getting Inf. prop: Invalid InfrastructureManager credentials. "
     "HTTPConnectionPool(host='127.0.0.1', port=9988): Read timed out. (read timeout=10).\",\"code\":400}",
     ORC_IM_IDENTITY_OUTAGE, 1},
    {ORC_IM_STATE, 400, PLAIN,
     "Error Getting Inf. prop: Invalid InfrastructureManager credentials. ('Connection aborted.', "
     "ConnectionResetError(104, 'Connection reset by peer')).",
     ORC_IM_IDENTITY_OUTAGE, 1},
    {ORC_IM_STATE, 400, JSON,
     "{\"message\":\"Error Getting Inf. prop: Invalid InfrastructureManager credentials. Code: 401. Message: timed "
     "out..\",\"code\":400}",
     ORC_IM_TOKEN_REJECTED, 0},
    {ORC_IM_STATE, 403, JSON,
     "{\"message\":\"Error Getting Inf. prop: Access to this infrastructure not granted.\",\"code\":403}",
     ORC_IM_FORBIDDEN_OWNER, 0},
    {ORC_IM_CREATE, 403, JSON, "{\"message\": \"Error Creating Inf.: Function currently disabled.\", \"code\": 403}",
     ORC_IM_READ_ONLY, 1},
    {ORC_IM_OUTPUTS, 403, JSON,
     "{\"message\":\"'outputs' infrastructure property is not valid in this infrastructure\",\"code\":403}",
     ORC_IM_REFUSED, 0},
    {ORC_IM_OUTPUTS, 400, JSON,
     "{\"message\": \"Error Getting Inf. prop: 403 Forbidden: 'outputs' infrastructure property is not valid in this "
     "infrastructure\", \"code\": 400}",
     ORC_IM_REFUSED, 0},
    {ORC_IM_STATE, 404, JSON,
     "{\"message\":\"Error Getting Inf. prop: Invalid infrastructure ID or access not granted.\",\"code\":404}",
     ORC_IM_NOT_FOUND, 0},
    {ORC_IM_DELETE, 404, PLAIN, "Error Destroying Inf: Invalid infrastructure ID or access not granted.",
     ORC_IM_NOT_FOUND, 0},
    {ORC_IM_STATE, 404, JSON, "{\"message\": \"Error Getting Inf. prop: Deleted infrastructure.\", \"code\": 404}",
     ORC_IM_NOT_FOUND, 0},
    {ORC_IM_VM, 404, JSON, "{\"message\":\"Error Getting VM. info: Invalid VM ID\",\"code\":404}", ORC_IM_NOT_FOUND, 0},
    {ORC_IM_ACT, 404, JSON, "{\"message\": \"Error in stop op in VM: Deleted VM.\", \"code\": 404}", ORC_IM_NOT_FOUND,
     0},
    {ORC_IM_DELETE, 404, JSON, "{\"detail\":\"Not Found\"}", ORC_IM_BAD_ANSWER, 1},
    {ORC_IM_DELETE, 404, "text/html", "<html><head><title>404 Not Found</title></head></html>", ORC_IM_BAD_ANSWER, 1},
    {ORC_IM_STATE, 405, JSON, "{\"message\": \"The method is not allowed for the requested URL.\", \"code\": 405}",
     ORC_IM_BAD_ANSWER, 1},
    {ORC_IM_DELETE, 409, JSON,
     "{\"message\":\"Error Destroying Inf: Invalid State to perform this operation.\",\"code\":409}", ORC_IM_BUSY, 1},
    {ORC_IM_DELETE, 400, JSON,
     "{\"message\":\"Error Destroying Inf: Error destroying the infrastructure: \\ninjected finalize error\\n\","
     "\"code\":400}",
     ORC_IM_REFUSED, 0},
    {ORC_IM_CREATE, 400, JSON,
     "{\"message\":\"Error parsing request body: Error parsing TOSCA template: while parsing a flow "
     "node\",\"code\":400}",
     ORC_IM_BAD_TEMPLATE, 0},
    {ORC_IM_UPDATE, 400, JSON, "{\"message\":\"Error Adding resources: Deleted VM.\",\"code\":400}",
     ORC_IM_BAD_TEMPLATE, 0},
    {ORC_IM_CREATE, 422, JSON,
     "{\"detail\":[{\"loc\":[\"query\",\"async\"],\"msg\":\"value could not be parsed to a boolean\",\"type\":"
     "\"type_error.bool\"}]}",
     ORC_IM_REFUSED, 0},
    {ORC_IM_STATE, 415, PLAIN, "Unsupported Accept Media Types: ['text/plain']", ORC_IM_REFUSED, 0},
    {ORC_IM_STATE, 500, PLAIN, "Internal Server Error", ORC_IM_UNAVAILABLE, 1},
    {ORC_IM_DELETE, 504, JSON, "{\"message\":\"Operation timed out\",\"code\":504}", ORC_IM_UNAVAILABLE, 1},
    {ORC_IM_CREATE, 500, PLAIN, "Internal Server Error", ORC_IM_UNKNOWN_RESULT, 1},
    {ORC_IM_CREATE, 500, JSON, "{\"message\":\"Incorrect id in the auth line\",\"code\":500}", ORC_IM_UNAVAILABLE, 1},
    {ORC_IM_CREATE, 500, JSON, "{\"error\":\"the gateway failed\",\"code\":500}", ORC_IM_UNKNOWN_RESULT, 1},
    {ORC_IM_CREATE, 504, JSON, "{\"message\":\"Operation timed out\",\"code\":504}", ORC_IM_UNKNOWN_RESULT, 1},
    {ORC_IM_UPDATE, 500, JSON, "{\"message\":\"x\",\"code\":500}", ORC_IM_UNKNOWN_RESULT, 1},
    {ORC_IM_CREATE, 429, PLAIN, "slow down", ORC_IM_UNAVAILABLE, 1},
};

static void every_failure_has_its_kind(void **state)
{
    size_t i;

    for (i = 0; i < sizeof failures / sizeof *failures; i++) {
        const failure_case_t *c = &failures[i];
        orc_im_result_t result = read_answer(c->call, c->status, c->type, c->body);

        if (result.kind != c->kind)
            fail_msg("%s is read as %s", c->body, orc_im_kind_word(result.kind));
        assert_int_equal(result.error->retriable, c->retriable);
        assert_int_equal(result.status, c->status);
        assert_true(*result.error->detail);
    }
}

static void what_the_issuer_said_of_a_person_is_not_passed_on(void **state)
{
    orc_im_result_t result = read_answer(failures[7].call, failures[7].status, failures[7].type, failures[7].body);

    assert_null(strstr(orc_error_line(result.error, pool), "u1"));
    assert_non_null(strstr(orc_error_line(result.error, pool), "503"));
}

static void a_call_that_was_not_answered_says_whether_it_was_sent(void **state)
{
    orc_http_response_t response = {.pool = pool, .headers = apr_table_make(pool, 1), .body = ""};
    orc_im_result_t result;

    response.error = orc_error(pool, 503, "http", "No connection to http://im:80 could be made.");
    response.outcome = ORC_HTTP_NOT_SENT;
    orc_im_read(&result, ORC_IM_CREATE, &response);
    assert_int_equal(result.kind, ORC_IM_UNAVAILABLE);
    response.outcome = ORC_HTTP_UNKNOWN;
    orc_im_read(&result, ORC_IM_CREATE, &response);
    assert_int_equal(result.kind, ORC_IM_UNKNOWN_RESULT);
    orc_im_read(&result, ORC_IM_STATE, &response);
    assert_int_equal(result.kind, ORC_IM_UNAVAILABLE);
    assert_true(result.error->retriable);
}

static void a_refused_template_says_why_without_the_servers_stack(void **state)
{
    orc_im_result_t result = read_answer(
        ORC_IM_CREATE, 400, JSON,
        "{\"message\":\"Error parsing request body: Error parsing TOSCA template: \\nThe pre-parsed input failed "
        "validation with the following error(s): \\n\\n\\tInvalidTypeError: Type \\\"tosca.nodes.DoesNotExist\\\" is "
        "not "
        "a valid type.\\n\\t\\tFile <frozen runpy>, line 198, in _run_module_as_main\\n\\t\\t\\t\\n\\t\\tFile "
        "/usr/lib/python3/im_service.py, line 204, in <module>\\n\\t\\t\\tmain()\\n\\tsee /etc/im/im.cfg and "
        "https://im.example.org/docs/usr/\",\"code\":400}");

    assert_int_equal(result.kind, ORC_IM_BAD_TEMPLATE);
    assert_string_equal(result.error->detail,
                        "The Infrastructure Manager: Error parsing request body: Error parsing TOSCA template: The "
                        "pre-parsed input failed validation with the following error(s): InvalidTypeError: Type "
                        "\"tosca.nodes.DoesNotExist\" is not a valid type. see (path) and "
                        "https://im.example.org/docs/usr/");
}

static void long_messages_are_cut_between_characters(void **state)
{
    char *message = apr_palloc(pool, 3001);
    const char *clean;
    size_t i;

    for (i = 0; i < 3000; i += 3)
        memcpy(message + i, "\xe2\x82\xac", 3);
    message[3000] = '\0';
    clean = orc_im_clean(message, pool);
    assert_true(strlen(clean) <= 503 && strlen(clean) > 490);
    assert_string_equal(clean + strlen(clean) - 6, "\xe2\x82\xac...");
    assert_string_equal(orc_im_utf8(clean, strlen(clean), pool), clean);
    assert_string_equal(orc_im_clean("Bad auth: password = hunter2; type = X", pool),
                        "Bad auth: password = REDACTED type = X");
    assert_string_equal(orc_im_clean("Traceback (most recent call last):\n  File \"/srv/x.py\", line 1, in f\n    g()\n"
                                     "ValueError: no",
                                     pool),
                        "ValueError: no");
}

static void ims_own_error_page_gives_its_message(void **state)
{
    orc_im_result_t result = read_answer(ORC_IM_STATE, 404, "text/html; charset=utf-8",
                                         "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html>\n<head>\n"
                                         "<title>Error 404.</title>\n</head>\n<body>\n<h1>Code: 404.</h1>\n"
                                         "<h1>Message: Error Getting Inf. prop: Deleted infrastructure.</h1>\n</body>\n"
                                         "</html>\n");

    assert_int_equal(result.kind, ORC_IM_NOT_FOUND);
    assert_string_equal(result.error->detail,
                        "The Infrastructure Manager: Error Getting Inf. prop: Deleted infrastructure.");
}

static void no_body_however_damaged_breaks_the_reader(void **state)
{
    static const char *const types[] = {JSON, PLAIN, "text/uri-list", "text/html"};
    static const char *const good[] = {
        "{\"state\":{\"state\":\"failed\",\"vm_states\":{\"10\":\"configured\",\"2\":\"failed\"}}}",
        "{\"uri-list\":[{\"uri\":\"http://h/infrastructures/b\"}]}", "{\"outputs\":{\"a\":[null,\"\xe2\x82\xac\"]}}",
        "{\"radl\":[{\"class\":\"system\"}]}", "{\"uri\":\"http://h/infrastructures/b\"}"};
    static const int statuses[] = {200, 200, 400, 401, 403, 404, 500};
    int i, read = 0;

    for (i = 0; i < 20000; i++) {
        const failure_case_t *c = &failures[dice(sizeof failures / sizeof *failures)];
        char *body;
        size_t length, at;
        orc_im_result_t result;

        apr_pool_clear(pool);
        body = apr_pstrdup(pool, dice(2) ? c->body : good[dice(sizeof good / sizeof *good)]);
        length = strlen(body);
        for (at = dice(4); length > 0 && at > 0; at--)
            body[dice((unsigned int)length)] = (char)(1 + dice(255));
        if (length > 0 && dice(3) == 0)
            body[dice((unsigned int)length)] = '\0';
        result = read_answer((orc_im_call_kind_t)dice(ORC_IM_VERSION + 1), statuses[dice(7)], types[dice(4)], body);
        if (result.error)
            assert_string_equal(orc_im_utf8(result.error->detail, strlen(result.error->detail), pool),
                                result.error->detail);
        if (result.text)
            assert_string_equal(orc_im_utf8(result.text, strlen(result.text), pool), result.text);
        read += result.kind == ORC_IM_OK;
    }
    assert_true(read > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(im_reads_back_every_value_it_can_be_sent),
        cmocka_unit_test(a_header_is_what_im_documents),
        cmocka_unit_test(what_im_can_not_be_sent_is_refused),
        cmocka_unit_test(a_missing_value_and_an_unknown_placeholder_are_named),
        cmocka_unit_test(a_created_infrastructure_has_the_id_of_the_header_or_of_the_uri),
        cmocka_unit_test(a_create_without_an_id_has_an_unknown_result),
        cmocka_unit_test(the_state_has_the_aggregate_and_every_machine_in_order),
        cmocka_unit_test(answers_that_can_not_be_read_are_bad_answers_to_be_asked_for_again),
        cmocka_unit_test(lists_are_read_from_json_and_from_lines),
        cmocka_unit_test(outputs_machines_and_texts_are_read),
        cmocka_unit_test(a_cut_log_begins_with_a_whole_character),
        cmocka_unit_test(every_failure_has_its_kind),
        cmocka_unit_test(what_the_issuer_said_of_a_person_is_not_passed_on),
        cmocka_unit_test(a_call_that_was_not_answered_says_whether_it_was_sent),
        cmocka_unit_test(a_refused_template_says_why_without_the_servers_stack),
        cmocka_unit_test(long_messages_are_cut_between_characters),
        cmocka_unit_test(ims_own_error_page_gives_its_message),
        cmocka_unit_test(no_body_however_damaged_breaks_the_reader),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
