/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include <sodium.h>

#include "orc_rules_ssh_key.h"
#include "orc_rules_ssh_pair.h"

/* A key being made: strings of RFC 4251 one behind the other. */
typedef struct test_key_t {
    unsigned char bytes[4096];
    size_t length;
} test_key_t;

static void add(test_key_t *key, const void *bytes, size_t length)
{
    unsigned char head[4] = {(unsigned char)(length >> 24), (unsigned char)(length >> 16), (unsigned char)(length >> 8),
                             (unsigned char)length};

    assert_true(key->length + 4 + length <= sizeof key->bytes);
    memcpy(key->bytes + key->length, head, 4);
    memcpy(key->bytes + key->length + 4, bytes, length);
    key->length += 4 + length;
}

/* A string of so many bytes that are all the same but the first. */
static void add_filled(test_key_t *key, int first, size_t length)
{
    unsigned char bytes[4096];

    memset(bytes, 0x5a, sizeof bytes);
    bytes[0] = (unsigned char)first;
    add(key, bytes, length);
}

static test_key_t begun(const char *type)
{
    test_key_t key = {.length = 0};

    add(&key, type, strlen(type));
    return key;
}

static char *line_of(const char *type, const test_key_t *key, const char *comment)
{
    size_t size = sodium_base64_encoded_len(key->length, sodium_base64_VARIANT_ORIGINAL);
    char *base64 = apr_palloc(pool, size);

    sodium_bin2base64(base64, size, key->bytes, key->length, sodium_base64_VARIANT_ORIGINAL);
    return apr_pstrcat(pool, type, " ", base64, comment, NULL);
}

static test_key_t ed25519(void)
{
    test_key_t key = begun("ssh-ed25519");

    add_filled(&key, 1, 32);
    return key;
}

static test_key_t rsa(int first, size_t bytes)
{
    test_key_t key = begun("ssh-rsa");

    add(&key, "\x01\x00\x01", 3);
    add_filled(&key, first, bytes);
    return key;
}

static test_key_t ecdsa(const char *type, const char *curve, int first, size_t point)
{
    test_key_t key = begun(type);

    add(&key, curve, strlen(curve));
    add_filled(&key, first, point);
    return key;
}

static void assert_taken(const char *type, test_key_t key)
{
    assert_null(orc_rules_ssh_key_check(NULL, line_of(type, &key, ""), pool));
}

static void assert_refused(const char *type, test_key_t key)
{
    assert_non_null(orc_rules_ssh_key_check(NULL, line_of(type, &key, ""), pool));
}

static void every_type_of_today_is_taken(void **state)
{
    test_key_t sk_ed25519 = begun("sk-ssh-ed25519@openssh.com");
    test_key_t sk_ecdsa = ecdsa("sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", 4, 65);

    add_filled(&sk_ed25519, 1, 32);
    add(&sk_ed25519, "ssh:", 4);
    add(&sk_ecdsa, "ssh:", 4);
    assert_taken("ssh-ed25519", ed25519());
    assert_taken("ssh-rsa", rsa(0x5a, 128));
    assert_taken("ssh-rsa", rsa(0x7f, 512));
    assert_taken("ecdsa-sha2-nistp256", ecdsa("ecdsa-sha2-nistp256", "nistp256", 4, 65));
    assert_taken("ecdsa-sha2-nistp384", ecdsa("ecdsa-sha2-nistp384", "nistp384", 4, 97));
    assert_taken("ecdsa-sha2-nistp521", ecdsa("ecdsa-sha2-nistp521", "nistp521", 4, 133));
    assert_taken("sk-ssh-ed25519@openssh.com", sk_ed25519);
    assert_taken("sk-ecdsa-sha2-nistp256@openssh.com", sk_ecdsa);
}

static void a_comment_and_white_space_around_are_taken(void **state)
{
    test_key_t key = ed25519();
    char *line = line_of("ssh-ed25519", &key, " some one@a host");
    const char *kept;

    assert_null(orc_rules_ssh_key_check(&kept, apr_pstrcat(pool, "  ", line, "\r\n", NULL), pool));
    assert_string_equal(kept, line);
}

static void a_key_is_one_line_without_options(void **state)
{
    test_key_t key = ed25519();
    char *line = line_of("ssh-ed25519", &key, "");

    assert_non_null(orc_rules_ssh_key_check(NULL, apr_pstrcat(pool, line, "\n", line, NULL), pool));
    assert_non_null(orc_rules_ssh_key_check(NULL, apr_pstrcat(pool, "no-pty ", line, NULL), pool));
    assert_non_null(orc_rules_ssh_key_check(NULL, apr_pstrcat(pool, line, " \x1b[0m", NULL), pool));
    assert_non_null(orc_rules_ssh_key_check(NULL, "", pool));
    assert_non_null(orc_rules_ssh_key_check(NULL, "ssh-ed25519", pool));
    assert_non_null(orc_rules_ssh_key_check(NULL, "ssh-ed25519 ", pool));
    assert_non_null(orc_rules_ssh_key_check(NULL, "ssh-ed25519 !!!!", pool));
    assert_non_null(orc_rules_ssh_key_check(NULL, "ssh-ed25519 AAAA", pool));
}

static void the_type_inside_is_the_type_outside(void **state)
{
    assert_refused("ssh-rsa", ed25519());
    assert_refused("ssh-ed25519", rsa(1, 256));
    assert_refused("ecdsa-sha2-nistp256", ecdsa("ecdsa-sha2-nistp256", "nistp384", 4, 97));
    assert_refused("ecdsa-sha2-nistp256", ecdsa("ecdsa-sha2-nistp384", "nistp256", 4, 65));
    assert_refused("ssh-dss", rsa(1, 128));
}

static void a_key_is_complete_and_nothing_follows(void **state)
{
    test_key_t key = ed25519();

    key.length--;
    assert_refused("ssh-ed25519", key);
    key = ed25519();
    add(&key, "x", 1);
    assert_refused("ssh-ed25519", key);
    key = begun("ssh-ed25519");
    add_filled(&key, 1, 31);
    assert_refused("ssh-ed25519", key);
    assert_refused("ssh-rsa", rsa(1, 127));
    assert_refused("ssh-rsa", rsa(1, 2049));
    assert_refused("ssh-rsa", rsa(0x80, 256));
    assert_refused("ssh-rsa", rsa(0, 256));
    assert_refused("ecdsa-sha2-nistp256", ecdsa("ecdsa-sha2-nistp256", "nistp256", 2, 65));
    assert_refused("sk-ssh-ed25519@openssh.com", begun("sk-ssh-ed25519@openssh.com"));
}

static void the_length_of_a_key_is_bounded(void **state)
{
    char *text = apr_palloc(pool, 9001);

    memset(text, 'A', 9000);
    text[9000] = '\0';
    memcpy(text, "ssh-rsa ", 8);
    assert_non_null(orc_rules_ssh_key_check(NULL, text, pool));
    text[8192] = '\0';
    assert_non_null(orc_rules_ssh_key_check(NULL, text, pool));
}

static void a_pair_that_is_made_is_one_and_never_the_same(void **state)
{
    orc_ssh_pair_t pair, other;
    unsigned char bytes[1024];
    const char *line, *begin, *end;
    size_t length;

    assert_null(orc_rules_ssh_pair_make(&pair, "me@here", pool));
    assert_null(orc_rules_ssh_pair_make(&other, "me@here", pool));
    assert_null(orc_rules_ssh_key_check(&line, pair.public_key, pool));
    assert_string_equal(line, pair.public_key);
    assert_string_equal(strrchr(line, ' '), " me@here");
    assert_string_not_equal(pair.public_key, other.public_key);
    assert_string_not_equal(pair.private_key, other.private_key);
    begin = strchr(pair.private_key, '\n') + 1;
    end = strstr(begin, "-----END OPENSSH PRIVATE KEY-----\n");
    assert_non_null(end);
    assert_int_equal(sodium_base642bin(bytes, sizeof bytes, begin, (size_t)(end - begin), "\n", &length, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    assert_memory_equal(bytes, "openssh-key-v1", 15);
    /* ssh-keygen takes what is filled up to whole blocks only. */
    assert_int_equal((length - 15 - 20 - 4 - 4 - 51 - 4) % 8, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_of_today_is_taken),
        cmocka_unit_test(a_comment_and_white_space_around_are_taken),
        cmocka_unit_test(a_key_is_one_line_without_options),
        cmocka_unit_test(the_type_inside_is_the_type_outside),
        cmocka_unit_test(a_key_is_complete_and_nothing_follows),
        cmocka_unit_test(the_length_of_a_key_is_bounded),
        cmocka_unit_test(a_pair_that_is_made_is_one_and_never_the_same),
    };

    return cmocka_run_group_tests_name("ssh_key", tests, setup, teardown);
}
