/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include <unistd.h>

#include "orc_identity.h"
#include "orc_providers.h"

static orc_error_t *load(orc_providers_t **providers, const char *text)
{
    char path[] = "/tmp/orc-providers-XXXXXX";
    int file = mkstemp(path);
    orc_error_t *error;

    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
    error = orc_providers_load(providers, path, pool);
    unlink(path);
    return error;
}

static const char good[] =
    "{\"providers\": ["
    "{\"name\": \"one\", \"type\": \"openstack\", \"im\": \"https://im.example.org/im/\","
    " \"auth\": \"id = {name}; type = OpenStack; tenant = {project}\\nid = x; type = Dummy\","
    " \"regions\": [\"r1\", \"r2\"], \"groups\": {\"lab\": \"p-lab\", \"*\": \"p-all\"},"
    " \"issuers\": [\"https://iam.example.org/\"]},"
    "{\"name\": \"two\", \"type\": \"kubernetes\", \"auth\": \"id = k; type = Dummy\", \"groups\": {\"lab\": \"ns\"},"
    " \"enabled\": false}]}";

static void a_good_file_is_taken_whole(void **state)
{
    orc_providers_t *providers;
    const orc_provider_t *one, *two;

    assert_null(load(&providers, good));
    assert_int_equal(providers->list->nelts, 2);
    one = orc_providers_find(providers, "one");
    two = orc_providers_find(providers, "two");
    assert_null(orc_providers_find(providers, "three"));
    assert_string_equal(one->im_url, "https://im.example.org/im");
    assert_true(one->is_enabled);
    assert_non_null(strchr(one->auth, '\n'));
    assert_null(two->im_url);
    assert_false(two->is_enabled);
    assert_int_equal(two->regions->nelts, 0);
    assert_null(load(&providers, "{\"providers\": []}"));
    assert_int_equal(providers->list->nelts, 0);
}

static void the_group_star_is_for_everybody_else(void **state)
{
    orc_providers_t *providers;
    const orc_provider_t *one, *two;

    assert_null(load(&providers, good));
    one = orc_providers_find(providers, "one");
    two = orc_providers_find(providers, "two");
    assert_string_equal(orc_provider_project(one, "https://iam.example.org", "lab"), "p-lab");
    assert_string_equal(orc_provider_project(one, "https://iam.example.org///", "others"), "p-all");
    assert_null(orc_provider_project(one, "https://iam.example.or", "lab"));
    assert_string_equal(orc_provider_project(two, "https://any.example.org", "lab"), "ns");
    assert_null(orc_provider_project(two, "https://any.example.org", "others"));
    assert_true(orc_provider_has_region(one, "r2"));
    assert_true(orc_provider_has_region(one, NULL));
    assert_false(orc_provider_has_region(one, "r3"));
    assert_false(orc_provider_has_region(two, "r1"));
}

static void a_slash_at_a_groups_beginning_does_not_count(void **state)
{
    static const char form[] = "{\"providers\": [{\"name\": \"n\", \"type\": \"t\", \"auth\": \"type = b\", "
                               "\"groups\": {%s}}]}";
    orc_providers_t *providers;
    const orc_provider_t *one;
    orc_error_t *error;

    assert_null(load(&providers, apr_psprintf(pool, form, "\"/lab\": \"p-lab\", \"//x\": \"p-x\"")));
    one = orc_providers_find(providers, "n");
    assert_string_equal(orc_provider_project(one, "https://any.example.org", orc_group_name("/lab")), "p-lab");
    assert_string_equal(orc_provider_project(one, "https://any.example.org", orc_group_name("lab")), "p-lab");
    assert_null(orc_provider_project(one, "https://any.example.org", "x"));
    error = load(&providers, apr_psprintf(pool, form, "\"lab\": \"p\", \"/lab\": \"q\", \"/\": \"r\""));
    assert_non_null(strstr(error->detail, "/providers/0/groups/~1lab is there twice"));
    assert_non_null(strstr(error->detail, "/providers/0/groups/~1 names no group"));
}

static int has_mistake(const orc_error_t *error, const char *pointer)
{
    int i;

    for (i = 0; error->fields && i < error->fields->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(error->fields, i, orc_error_field_t).pointer, pointer) == 0)
            return 1;
    }
    return 0;
}

static void endpoints_are_those_that_somebody_configured(void **state)
{
    orc_providers_t *providers;

    assert_null(load(&providers, good));
    assert_true(orc_providers_have_endpoint(providers, NULL, "https://im.example.org/im"));
    assert_true(orc_providers_have_endpoint(providers, NULL, "https://im.example.org/im//"));
    assert_true(orc_providers_have_endpoint(providers, "https://other.example.org/", "https://other.example.org"));
    assert_false(orc_providers_have_endpoint(providers, NULL, "https://other.example.org"));
    assert_false(orc_providers_have_endpoint(providers, "https://other.example.org", "https://other.example.org.net"));
    assert_false(orc_providers_have_endpoint(providers, "https://other.example.org/im", "https://other.example.org"));
}

static const char *mistake_of_auth(const char *auth, const char *more)
{
    static const char form[] =
        "{\"providers\": [{\"name\": \"n\", \"type\": \"t\", \"auth\": \"%s\", \"groups\": {}%s}]}";
    orc_providers_t *providers;
    orc_error_t *error = load(&providers, apr_psprintf(pool, form, auth, more));

    assert_true(!error || has_mistake(error, "/providers/0/auth"));
    assert_true(!error || !strstr(error->detail, "s3cret"));
    return error ? error->detail : "";
}

static void what_im_would_not_read_of_credentials_is_a_mistake(void **state)
{
    static const struct {
        const char *auth, *mistake;
    } wrong[] = {
        {"hello", "no NAME = VALUE"},
        {"id = x", "without a type"},
        {"# type = x\\n id = x", "without a type"},
        {"type = x\\nid = y; typed = z", "without a type"},
        {"type = x; password", "no NAME = VALUE"},
        {"type = x;; password = s3cret", "no NAME = VALUE"},
        {"type = x; = s3cret", "no NAME = VALUE"},
        {"password = s3cret==; type = x", "= in it that is not in quotes"},
        {"type = x; password = 's3cret", "quote that is not closed"},
        {"type = x; key = 'two\\nlines'", "quote that is not closed"},
        {"type = x\\\\nid = y", "without a type"},
        {"type = x; region = {region}", "the provider has no regions"},
    };
    static const char *const right[] = {
        "type = x",
        " type=x ; id = {name};",
        "# the site's\\n\\n  type = x; password = 's3=cr;et\\\"'; token = {access_token}",
        "type = x\\\\ntype = y",
        "type = x; key = \\\"two\\\\\\\\nlines\\\"",
    };
    size_t i;

    for (i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (!strstr(mistake_of_auth(wrong[i].auth, ""), wrong[i].mistake))
            fail_msg("%s: %s", wrong[i].auth, mistake_of_auth(wrong[i].auth, ""));
    for (i = 0; i < sizeof right / sizeof *right; i++)
        assert_string_equal(mistake_of_auth(right[i], ""), "");
    assert_string_equal(mistake_of_auth("type = x; region = {region}", ", \"regions\": [\"r\"]"), "");
}

static void every_mistake_is_named_at_once(void **state)
{
    static const char *const pointers[] = {"/providers/0/colour",
                                           "/providers/0/name",
                                           "/providers/0",
                                           "/providers/0/im",
                                           "/providers/0/auth",
                                           "/providers/0/regions/1",
                                           "/providers/0/groups/a~1b",
                                           "/providers/0/issuers/0",
                                           "/providers/0/enabled",
                                           "/providers/1",
                                           "/providers/3/name",
                                           "/providers/2/regions",
                                           "/providers/2/groups",
                                           "/more"};
    orc_providers_t *providers;
    orc_error_t *error = load(
        &providers, "{\"providers\": [{\"name\": \"\", \"colour\": 1, \"im\": \"ftp://x\", \"auth\": \"t = {projct}\","
                    "\"regions\": [\"r\", \"r\"], \"groups\": {\"a/b\": 7}, \"issuers\": [\"iam\"], \"enabled\": 1},"
                    "[], {\"name\": \"n\", \"type\": \"t\", \"auth\": \"type = b\", \"regions\": \"r\"},"
                    "{\"name\": \"n\", \"type\": \"t\", \"auth\": \"type = b\", \"groups\": {}}], \"more\": 1}");
    size_t i;

    assert_string_equal(error->code, "providers");
    assert_int_equal(error->status, 500);
    for (i = 0; i < sizeof pointers / sizeof *pointers; i++) {
        if (!has_mistake(error, pointers[i]) || !strstr(error->detail, pointers[i]))
            fail_msg("%s is not in: %s", pointers[i], error->detail);
    }
    assert_int_equal(error->fields->nelts, sizeof pointers / sizeof *pointers);
}

static const char offers[] =
    "{\"providers\": [{\"name\": \"one\", \"type\": \"openstack\", \"auth\": \"type = b\","
    " \"groups\": {\"lab\": {\"project\": \"p-lab\", \"sla\": \"sla-1\"}, \"*\": {\"project\": \"p-all\"}},"
    " \"flavors\": [{\"name\": \"small\", \"vcpus\": 1, \"ram\": 2048, \"disk\": 20},"
    "                {\"name\": \"gpu\", \"vcpus\": 8, \"ram\": 65536, \"gpus\": 1, \"projects\": [\"p-lab\"]}],"
    " \"images\": [{\"name\": \"jammy\", \"url\": \"ost://k.example.org/1\", \"type\": \"linux\","
    "               \"distribution\": \"ubuntu\", \"version\": \"22.04\", \"architecture\": \"x86_64\"}],"
    " \"regions\": [\"r1\", {\"name\": \"r2\", \"images\": [], \"networks\": [{\"name\": \"out\", \"public\": "
    "true}]}]}]}";

static void a_region_offers_its_own_lists_before_the_providers(void **state)
{
    orc_providers_t *providers;
    const orc_provider_t *one;
    const orc_flavor_t *gpu;
    orc_offer_t offer;

    assert_null(load(&providers, offers));
    one = orc_providers_find(providers, "one");
    offer = orc_provider_offer(one, "r1");
    assert_int_equal(offer.flavors->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(offer.images, 0, orc_image_t).version, "22.04");
    assert_null(offer.networks); /* not known: anything may be there */
    gpu = &APR_ARRAY_IDX(offer.flavors, 1, orc_flavor_t);
    assert_int_equal(gpu->ram, 65536);
    assert_int_equal(gpu->disk, 0);
    assert_int_equal(gpu->projects->nelts, 1);
    offer = orc_provider_offer(one, "r2");
    assert_int_equal(offer.flavors->nelts, 2);
    assert_int_equal(offer.images->nelts, 0); /* none */
    assert_true(APR_ARRAY_IDX(offer.networks, 0, orc_network_t).is_public);
    assert_int_equal(orc_provider_offer(one, NULL).images->nelts, 1);
    assert_string_equal(orc_provider_share(one, "https://iam.example.org", "lab")->sla, "sla-1");
    assert_null(orc_provider_share(one, "https://iam.example.org", "others")->sla);
}

static void mistakes_in_offers_are_told_with_pointers(void **state)
{
    static const char *const pointers[] = {
        "/providers/0/flavors/0",
        "/providers/0/flavors/1",
        "/providers/0/flavors/2/vcpus",
        "/providers/0/flavors/2/ram",
        "/providers/0/flavors/2/size",
        "/providers/0/flavors/2/projects/0",
        "/providers/0/images",
        "/providers/0/networks/0/public",
        "/providers/0/regions/0/colour",
        "/providers/0/regions/0",
        "/providers/0/regions/1/images/0/version",
        "/providers/0/groups/g/project",
        "/providers/0/groups/g/slo",
    };
    orc_providers_t *providers;
    orc_error_t *error = load(
        &providers,
        "{\"providers\": [{\"name\": \"n\", \"type\": \"t\", \"auth\": \"type = b\","
        "\"groups\": {\"g\": {\"slo\": 1}},"
        "\"flavors\": [{}, 1, {\"name\": \"f\", \"vcpus\": -1, \"ram\": \"2 GB\", \"size\": 1, \"projects\": [1]}],"
        "\"images\": {}, \"networks\": [{\"name\": \"n\", \"public\": 1}],"
        "\"regions\": [{\"colour\": 1}, {\"name\": \"r\", \"images\": [{\"name\": \"i\", \"version\": 22}]}]}]}");
    size_t i;

    assert_non_null(error);
    for (i = 0; i < sizeof pointers / sizeof *pointers; i++)
        if (!has_mistake(error, pointers[i]))
            fail_msg("%s is not in: %s", pointers[i], error->detail);
    assert_int_equal(error->fields->nelts, sizeof pointers / sizeof *pointers);
}

/* An index of the deployments takes no text of some thousand bytes. */
static void what_a_deployment_keeps_is_short(void **state)
{
    const char *longest = repeated("r", 255), *longer = repeated("r", 256);
    static const char form[] = "{\"providers\": [{\"name\": \"n\", \"type\": \"t\", \"auth\": \"type = b\","
                               "\"regions\": [\"%s\"], \"groups\": {\"g\": \"%s\"}}]}";
    orc_providers_t *providers;
    orc_error_t *error;

    assert_null(load(&providers, apr_psprintf(pool, form, longest, longest)));
    error = load(&providers, apr_psprintf(pool, form, longer, longer));
    assert_true(has_mistake(error, "/providers/0/regions/0"));
    assert_true(has_mistake(error, "/providers/0/groups/g"));
    assert_int_equal(error->fields->nelts, 2);
}

static void a_file_that_is_none_is_named(void **state)
{
    static const char *const bad[] = {"", "[]", "{}", "{\"providers\": {}}", "{\"providers\": [}"};
    orc_providers_t *providers;
    orc_error_t *error;
    size_t i;

    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        error = load(&providers, bad[i]);
        assert_string_equal(error->code, "providers");
        assert_non_null(strstr(error->detail, "/tmp/orc-providers-"));
    }
    assert_non_null(strstr(orc_providers_load(&providers, "/no/such/file", pool)->detail, "/no/such/file"));
    assert_string_equal(orc_providers_load(&providers, "/", pool)->code, "providers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_is_taken_whole),
        cmocka_unit_test(the_group_star_is_for_everybody_else),
        cmocka_unit_test(a_slash_at_a_groups_beginning_does_not_count),
        cmocka_unit_test(endpoints_are_those_that_somebody_configured),
        cmocka_unit_test(what_im_would_not_read_of_credentials_is_a_mistake),
        cmocka_unit_test(every_mistake_is_named_at_once),
        cmocka_unit_test(a_region_offers_its_own_lists_before_the_providers),
        cmocka_unit_test(mistakes_in_offers_are_told_with_pointers),
        cmocka_unit_test(what_a_deployment_keeps_is_short),
        cmocka_unit_test(a_file_that_is_none_is_named),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
