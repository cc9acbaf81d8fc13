/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include "orc_redact.h"

/* ---- values ---- */

static const char *redacted(const char *text, int expected)
{
    json_t *value;
    int was_redacted = -1;
    const char *before, *after;

    assert_null(orc_json_parse(&value, text, strlen(text), pool));
    before = orc_json_text(value, pool);
    after = orc_json_text(orc_redact(value, &was_redacted, pool), pool);
    assert_int_equal(was_redacted, expected);
    assert_string_equal(orc_json_text(value, pool), before); /* the value itself stays */
    return after;
}

static void secrets_are_replaced_wherever_they_are(void **state)
{
    assert_string_equal(
        redacted("{\"radl\":[{\"disk.0.os.credentials.username\":\"u\",\"disk.0.os.credentials.password\":"
                 "\"p\",\"disk.0.os.credentials.new.password\":\"q\"}]}",
                 1),
        "{\"radl\":[{\"disk.0.os.credentials.new.password\":\"REDACTED\",\"disk.0.os.credentials.password\":"
        "\"REDACTED\",\"disk.0.os.credentials.username\":\"u\"}]}");
    assert_string_equal(redacted("{\"creds\":{\"user\":\"u\",\"token\":\"t\",\"token_type\":\"password\"}}", 1),
                        "{\"creds\":{\"token\":\"REDACTED\",\"token_type\":\"password\",\"user\":\"u\"}}");
    assert_string_equal(redacted("[\"-----BEGIN OPENSSH PRIVATE KEY-----\\nb3Blb\",\"before -----BEGIN RSA PRIVATE "
                                 "KEY-----\",\"-----BEGIN PRIVATE KEY-----\"]",
                                 1),
                        "[\"REDACTED\",\"REDACTED\",\"REDACTED\"]");
    assert_string_equal(
        redacted("{\"adminPassword\":[1,2],\"client_secret\":{\"a\":1},\"ACCESS_TOKEN\":7}", 1),
        "{\"ACCESS_TOKEN\":\"REDACTED\",\"adminPassword\":\"REDACTED\",\"client_secret\":\"REDACTED\"}");
    assert_string_equal(redacted("\"-----BEGIN EC PRIVATE KEY-----\"", 1), "\"REDACTED\"");
}

static void names_of_secrets_are_known_however_they_are_spelt(void **state)
{
    static const char *const names[] = {"password",   "db_password_2", "dbPasswords",  "API-Key",
                                        "apikeys",    "PRIVATE KEY",   "ssh.0.passwd", "aws_secret_access_key",
                                        "root_pass",  "admin-pwd",     "Passphrase1",  "a.b.Access_Tokens",
                                        "secret key", "s3_secret_key", "passcode"};
    static const char *const others[] = {
        "bypass", "compass", "token_type", "password_policy", "public_key", "secretary", "passengers", "2", "s", ""};
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        (void)redacted(apr_psprintf(pool, "{\"%s\":\"x\"}", names[i]), 1);
    for (i = 0; i < sizeof others / sizeof *others; i++)
        (void)redacted(apr_psprintf(pool, "{\"%s\":\"x\"}", others[i]), 0);
    (void)redacted(apr_psprintf(pool, "{\"%s_password\":\"x\"}", repeated("long", 1000)), 1);
}

static void secrets_are_known_by_their_form(void **state)
{
    static const char *const secrets[] = {
        "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln",
        "PuTTY-User-Key-File-3: ssh-ed25519",
        "postgresql://admin:s3cret@db.example/x",
        "see https://u:p@host/ there",
        "http://host:8888/lab?a=b&token=abc",
        "https://host/?access_token=x#f",
    };
    static const char *const others[] = {
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIi",
        "eyJ.eyJ",
        "http://10.0.0.1:8080/a@b:c",
        "https://admin@host/",
        "ssh://git@host:22/x",
        "http://host/?token=&page=2",
        "http://host/token=abc",
        "://",
        "token=abc",
    };
    size_t i;

    for (i = 0; i < sizeof secrets / sizeof *secrets; i++)
        assert_string_equal(redacted(apr_psprintf(pool, "\"%s\"", secrets[i]), 1), "\"REDACTED\"");
    for (i = 0; i < sizeof others / sizeof *others; i++)
        (void)redacted(apr_psprintf(pool, "\"%s\"", others[i]), 0);
}

static void what_is_no_secret_stays(void **state)
{
    static const char *const harmless[] = {
        "{\"password\":null,\"secret\":\"\",\"token\":false}",
        "{\"password.policy\":\"long\",\"public_key\":\"ssh-ed25519 AAAA\"}",
        "[\"-----BEGIN CERTIFICATE-----\\nMII\\n-----END CERTIFICATE-----\\nPRIVATE KEY\",\"PRIVATE KEY\"]",
        "{}",
        "[1,2.5,true,\"text\"]",
    };
    size_t i;

    for (i = 0; i < sizeof harmless / sizeof *harmless; i++)
        assert_string_equal(redacted(harmless[i], 0), harmless[i]);
    assert_null(orc_redact(NULL, NULL, pool));
}

static void many_beginnings_of_a_secret_are_looked_at_once(void **state)
{
#ifdef __SANITIZE_ADDRESS__
    const int many = 20000; /* the sanitizer's own strstr measures the whole text at each call */
#else
    const int many = 500000;
#endif
    clock_t start = clock();

    redacted(apr_pstrcat(pool, "\"", repeated("-----BEGIN ", many), "\"", NULL), 0);
    redacted(apr_pstrcat(pool, "\"", repeated("eyJ.e", many), "\"", NULL), 0);
    redacted(apr_pstrcat(pool, "\"", repeated("a://b", many), "\"", NULL), 0);
    redacted(apr_pstrcat(pool, "\"a://b?", repeated("c=&", many), "\"", NULL), 0);
    assert_quick(start);
}

/* ---- texts ---- */

static const char *without(const char *text)
{
    int was_redacted = -1;
    const char *after = orc_redact_text(text, &was_redacted, pool);

    assert_int_equal(was_redacted, strcmp(text, after) != 0);
    return after;
}

static void secrets_in_texts_are_replaced_and_nothing_else_is(void **state)
{
    static const char *const pairs[][2] = {
        {"a\n-----BEGIN RSA PRIVATE KEY-----\nMII\nEow\n-----END RSA PRIVATE KEY-----\nb", "a\nREDACTED\nb"},
        {"{\"key\": \"-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----\\n\", \"b\": 1}",
         "{\"key\": \"REDACTED\\n\", \"b\": 1}"},
        {"cut: -----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb\nnSza", "cut: REDACTED"},
        {"Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln.\nnext", "Bearer REDACTED.\nnext"},
        {"git clone https://u:p@host/x.git /tmp/x", "git clone https://REDACTED /tmp/x"},
        {"open http://host:8888/lab?a=b&token=abc now", "open http://REDACTED now"},
        {"\"db_password\": \"pa\\\"ss, word\", \"x\": 1", "\"db_password\": \"REDACTED\", \"x\": 1"},
        {"{'ansible_ssh_pass': 'x y', 'changed': False}", "{'ansible_ssh_pass': 'REDACTED', 'changed': False}"},
        {"\"msg\": \"{\\\"password\\\": \\\"p\\\\\\\"q\\\", \\\"a\\\": 1}\"",
         "\"msg\": \"{\\\"password\\\": \\\"REDACTED\\\", \\\"a\\\": 1}\""},
        {"{\"token\": 1234, \"a\": 1}", "{\"token\": REDACTED, \"a\": 1}"},
        {"{\"passwords\": [\"a\", [\"b\"]], \"secret\": {\"c\": {}}, \"a\": 1}",
         "{\"passwords\": REDACTED, \"secret\": REDACTED, \"a\": 1}"},
        {"  admin password: correct horse\nuser: me", "  admin password: REDACTED\nuser: me"},
        {"MYSQL_ROOT_PASSWORD=abc docker run", "MYSQL_ROOT_PASSWORD=REDACTED docker run"},
        {"mysql --user root --password s3cret --host h", "mysql --user root --password REDACTED --host h"},
        {"mysql --password=s3cret --host h", "mysql --password=REDACTED --host h"},
        {"password => 'x'\r\nb", "password => 'REDACTED'\r\nb"},
        {"password: a\npassword: b\ntoken=c token=d", "password: REDACTED\npassword: REDACTED\ntoken=REDACTED "
                                                      "token=REDACTED"},
        {"secret: {unclosed\nb: 1", "secret: REDACTED"},
        {"secret: \"unclosed\nb: 1", "secret: \"REDACTED\nb: 1"},
        {"AGE-SECRET-KEY-1QQQQ end", "REDACTED end"},
    };
    size_t i;

    for (i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_equal(without(pairs[i][0]), pairs[i][1]);
}

static void texts_without_secrets_stay(void **state)
{
    static const char *const texts[] = {
        "",
        "TASK [set the password of root] ****\nok: [10.0.0.1]\n",
        "password:\n  - unset",
        "{\"password\": null, \"token\": \"\", \"secret\": false, \"private_key\": None}",
        "token_type: bearer, public_key: ssh-ed25519 AAAA",
        "bypass=1 compass: north",
        "password: REDACTED",
        "--password --host h --token",
        "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
        "ratio = 1:2, a == b :: c",
        "== : = \\\": '=",
    };
    size_t i;
    int was_redacted;

    for (i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(without(texts[i]), texts[i]);
    assert_null(orc_redact_text(NULL, &was_redacted, pool));
}

static void what_was_redacted_stays_as_it_is(void **state)
{
    const char *once = without("password: a\n\"token\": \"b\" x=https://u:p@h/ --secret c {\"passwd\": [1]}");

    assert_string_equal(without(once), once);
}

static void a_long_text_is_looked_at_once(void **state)
{
#ifdef __SANITIZE_ADDRESS__
    const int many = 20000; /* the sanitizer's own strstr measures the whole text at each call */
#else
    const int many = 300000;
#endif
    static const char *const parts[] = {
        "-----BEGIN ", "eyJ.e",   "a://b", "password=x ", "password: [", "\"pwd\":\"", "--password ",
        "password:,",  "token= ", "\\\"=", "pwd:''",      "secret: x\n", "{\"a\":[",   "a=\"\"\"\"'"};
    clock_t start = clock();
    size_t i;

    for (i = 0; i < sizeof parts / sizeof *parts; i++)
        (void)without(repeated(parts[i], many));
    (void)without(apr_pstrcat(pool, repeated("password=x ", many), repeated("a", many), NULL));
    assert_quick(start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_replaced_wherever_they_are),
        cmocka_unit_test(names_of_secrets_are_known_however_they_are_spelt),
        cmocka_unit_test(secrets_are_known_by_their_form),
        cmocka_unit_test(what_is_no_secret_stays),
        cmocka_unit_test(many_beginnings_of_a_secret_are_looked_at_once),
        cmocka_unit_test(secrets_in_texts_are_replaced_and_nothing_else_is),
        cmocka_unit_test(texts_without_secrets_stay),
        cmocka_unit_test(what_was_redacted_stays_as_it_is),
        cmocka_unit_test(a_long_text_is_looked_at_once),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
