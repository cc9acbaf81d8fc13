/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "orc_callee.h"

static apr_array_header_t *listed(const char *const *entries)
{
    apr_array_header_t *callees = apr_array_make(pool, 4, sizeof(orc_callee_t));

    for (; *entries; entries++)
        assert_null(orc_callee_read(apr_array_push(callees), *entries, pool));
    return callees;
}

static void entries_are_read(void **state)
{
    static const struct {
        const char *text, *name;
        int port, is_address, is_domain;
    } cases[] = {
        {"dashboard.example.org", "dashboard.example.org", 0, 0, 0},
        {"Dashboard.Example.ORG:5001", "dashboard.example.org", 5001, 0, 0},
        {"localhost", "localhost", 0, 0, 0},
        {"10.0.0.5", "10.0.0.5", 0, 1, 0},
        {"127.0.0.1:80", "127.0.0.1", 80, 1, 0},
        {"[2001:4860:0:0::8888]", "2001:4860::8888", 0, 1, 0},
        {"[FD00::5]:8443", "fd00::5", 8443, 1, 0},
        {"*.example.org", ".example.org", 0, 0, 1},
        {"*.Example.org:8443", ".example.org", 8443, 0, 1},
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        orc_callee_t callee;

        assert_null(orc_callee_read(&callee, cases[i].text, pool));
        assert_string_equal(callee.name, cases[i].name);
        assert_int_equal(callee.port, cases[i].port);
        assert_int_equal(callee.is_address, cases[i].is_address);
        assert_int_equal(callee.is_domain, cases[i].is_domain);
    }
}

static void what_is_no_entry_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "*",
        "*.",
        "*..org",
        ".example.org",
        "https://a.example.org",
        "a/b",
        "a:0",
        "a:65536",
        "a:",
        "a:b",
        "a:80:80",
        "user@host",
        "a b",
        "[::1",
        "[::1]80",
        "[a]",
        "2001:db8::1",
        "h\xc3\xb6st",
        "::1",
        "a*.org",
        "0.0.0.0",
        "[::]",
        "224.0.0.1",
        "169.254.169.254",
        "255.255.255.255",
        "[fe80::1]",
        "[ff02::1]",
        "[::ffff:169.254.169.254]",
    };
    size_t i;

    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        orc_callee_t callee;
        const char *mistake = orc_callee_read(&callee, texts[i], pool);

        if (!mistake)
            fail_msg("\"%s\" is taken", texts[i]);
        assert_memory_equal(mistake, "must be ", 8);
    }
}

static void urls_are_read(void **state)
{
    static const struct {
        const char *text, *url, *host;
    } cases[] = {
        {"https://a.example.org/x?y=1", "https://a.example.org:443/x?y=1", "a.example.org:443"},
        {"HTTP://A.example.org", "http://a.example.org:80/", "a.example.org:80"},
        {"http://a:5001?y", "http://a:5001/?y", "a:5001"},
        {"http://a:/x", "http://a:80/x", "a:80"},
        {"http://[::1]:81/", "http://[::1]:81/", "[::1]:81"},
        {"http://[0:0::1]/", "http://[::1]:80/", "[::1]:80"},
        {"https://a/x#part", "https://a:443/x", "a:443"},
        {"https://me:secret@a/x", "https://a:443/x", "a:443"},
        {"http://127.1/", "http://127.1:80/", "127.1:80"},
        {"http://a?@b/", "http://a:80/?@b/", "a:80"},
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        orc_callee_url_t url;

        assert_null(orc_callee_url(&url, cases[i].text, pool));
        assert_string_equal(url.url, cases[i].url);
        assert_string_equal(url.host, cases[i].host);
    }
}

static void what_is_no_http_url_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "a",
        "ftp://a/",
        "file:///etc/passwd",
        "//a/",
        "http:///x",
        "http:a",
        "https://",
        "http://a b/",
        "http://a\\@b/",
        "http://a/\r\nX: y",
        "http://a:0/",
        "javascript:1",
        "http://a:99999/",
        "http://[::1/",
        "http://h\xc3\xb6st/",
        "http://a%2eb/",
        "gopher://a:70/",
    };
    orc_callee_url_t url;
    size_t i;

    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!orc_callee_url(&url, texts[i], pool))
            fail_msg("\"%s\" is taken", texts[i]);
    }
    assert_non_null(orc_callee_url(&url, apr_pstrcat(pool, "http://a/", apr_psprintf(pool, "%02000d", 1), NULL), pool));
}

static void hosts_are_called_that_are_listed(void **state)
{
    static const char *const entries[] = {"a.example.org",  "b.example.org:5001", "10.0.0.5",
                                          "[fd00::5]:8443", "*.science.org",      NULL};
    static const struct {
        const char *url;
        int is_called;
    } cases[] = {
        {"https://a.example.org/x", 1},
        {"http://A.EXAMPLE.org", 1},
        {"https://a.example.org:8443/", 0}, /* a port is the usual one, unless it is listed */
        {"http://a.example.org:443/", 0},
        {"http://b.example.org:5001/", 1},
        {"http://b.example.org/", 0},
        {"http://10.0.0.5/", 1},
        {"http://10.0.0.6/", 0},
        {"http://10.5/", 0}, /* the same address, but not as it is listed */
        {"https://[fd00:0::5]:8443/", 1},
        {"https://x.science.org/", 1},
        {"https://x.y.science.org/", 1},
        {"https://science.org/", 0},
        {"https://xscience.org/", 0},
        {"https://x.science.org.evil.org/", 0},
        {"https://a.example.org./", 0},
        {"https://a.example.org.evil.org/", 0},
        {"https://a.example.org@evil.org/", 0},
        {"https://evil.org/@a.example.org", 0},
        {"https://evil.org?a.example.org", 0},
        {"https://evil.org#@a.example.org", 0},
        {"https://me@a.example.org/", 0}, /* whose name and password everybody could read */
    };
    const apr_array_header_t *callees = listed(entries);
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        orc_callee_url_t url;

        assert_null(orc_callee_url(&url, cases[i].url, pool));
        if ((orc_callee_find(callees, &url) != NULL) != cases[i].is_called)
            fail_msg("%s: %d", cases[i].url, !cases[i].is_called);
    }
}

static int may_connect(const char *entry, const char *text)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_in four = {.sin_family = AF_INET};
    orc_callee_t callee;

    assert_null(orc_callee_read(&callee, entry, pool));
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return orc_callee_may_connect(&callee, (struct sockaddr *)&four);
    assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
    return orc_callee_may_connect(&callee, (struct sockaddr *)&six);
}

static void nobodys_addresses_are_never_called(void **state)
{
    static const char *const addresses[] = {
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "169.254.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::2",
        "::7f00:1",
        "::ffff:169.254.169.254",
        "::ffff:0.0.0.0",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:a9fe:a9fe::1",
        "2001::1",
        "2001:10::1",
        "2001:db8::1",
        "3fff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "100::1",
        "4000::1",
    };
    size_t i;

    for (i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        if (may_connect("a.example.org", addresses[i]) || may_connect("*.example.org", addresses[i]))
            fail_msg("%s is called", addresses[i]);
    }
}

static void private_addresses_are_called_by_name_only(void **state)
{
    static const char *const addresses[] = {
        "10.0.0.1",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "198.18.0.1",
        "::1",
        "fc00::1",
        "fdff::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:0a00:0001::1",
    };
    size_t i;

    for (i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        if (!may_connect("a.example.org", addresses[i]))
            fail_msg("%s is not called", addresses[i]);
        if (may_connect("*.example.org", addresses[i]))
            fail_msg("%s is called", addresses[i]);
    }
}

static void public_addresses_are_called(void **state)
{
    static const char *const addresses[] = {
        "9.255.255.255", "11.0.0.0",        "100.63.255.255",   "100.128.0.0",       "172.15.255.255",
        "172.32.0.0",    "192.167.255.255", "192.169.0.0",      "223.255.255.255",   "2001:200::1",
        "2a00::1",       "::ffff:8.8.8.8",  "64:ff9b::808:808", "2002:0808:0808::1",
    };
    size_t i;

    for (i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        if (!may_connect("a.example.org", addresses[i]) || !may_connect("*.example.org", addresses[i]))
            fail_msg("%s is not called", addresses[i]);
    }
}

static void an_address_that_is_listed_is_that_one(void **state)
{
    struct sockaddr other = {.sa_family = AF_UNIX};
    orc_callee_t callee;

    assert_true(may_connect("10.0.0.5", "10.0.0.5"));
    assert_false(may_connect("10.0.0.5", "10.0.0.6"));
    assert_false(may_connect("10.0.0.5", "::ffff:10.0.0.5"));
    assert_true(may_connect("[fd00::5]", "fd00::5"));
    assert_false(may_connect("[fd00::5]", "fd00::6"));
    assert_null(orc_callee_read(&callee, "localhost", pool));
    assert_false(orc_callee_may_connect(&callee, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_read),
        cmocka_unit_test(what_is_no_entry_is_refused),
        cmocka_unit_test(urls_are_read),
        cmocka_unit_test(what_is_no_http_url_is_refused),
        cmocka_unit_test(hosts_are_called_that_are_listed),
        cmocka_unit_test(nobodys_addresses_are_never_called),
        cmocka_unit_test(private_addresses_are_called_by_name_only),
        cmocka_unit_test(public_addresses_are_called),
        cmocka_unit_test(an_address_that_is_listed_is_that_one),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
