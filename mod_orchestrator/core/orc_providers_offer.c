/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_providers_check.h"
#include "orc_words.h"

/* Regions and what they offer, as the provider file says it. */

enum { MOST = 1000000000 /* of anything that is counted */ };

typedef void read_entry_t(void *entry, orc_providers_check_t *check, json_t *object, const char *at);

/* A text that may be absent. */
static const char *optional_word(orc_providers_check_t *check, const json_t *object, const char *at, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return value ? orc_providers_word(check, value, orc_json_pointer(check->pool, at, name)) : NULL;
}

static const char *required_word(orc_providers_check_t *check, const json_t *object, const char *at, const char *name)
{
    if (!json_object_get(object, name))
        orc_error_add_pointer(&check->mistakes, check->pool, at, "must have the member \"%s\"", name);
    return optional_word(check, object, at, name);
}

static apr_int64_t number(orc_providers_check_t *check, const json_t *object, const char *at, const char *name)
{
    const json_t *value = json_object_get(object, name);

    if (value && (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > MOST)) {
        orc_error_add_pointer(&check->mistakes, check->pool, orc_json_pointer(check->pool, at, name),
                              "must be an integer from 0 to %d", MOST);
        return 0;
    }
    return json_integer_value(value);
}

/* Whose it is: everybody's unless projects are named. */
static const apr_array_header_t *projects_of(orc_providers_check_t *check, const json_t *object, const char *at)
{
    return json_object_get(object, "projects") ? orc_providers_words(check, object, at, "projects", orc_providers_word)
                                               : NULL;
}

static void read_flavor(void *entry, orc_providers_check_t *check, json_t *object, const char *at)
{
    static const char *const known[] = {"name", "vcpus", "ram", "disk", "gpus", "projects", NULL};
    orc_flavor_t *flavor = entry;

    orc_providers_refuse_unknown(check, object, at, known);
    flavor->name = required_word(check, object, at, "name");
    flavor->vcpus = number(check, object, at, "vcpus");
    flavor->ram = number(check, object, at, "ram");
    flavor->disk = number(check, object, at, "disk");
    flavor->gpus = number(check, object, at, "gpus");
    flavor->projects = projects_of(check, object, at);
}

static void read_image(void *entry, orc_providers_check_t *check, json_t *object, const char *at)
{
    static const char *const known[] = {"name",    "url",          "type",     "distribution",
                                        "version", "architecture", "projects", NULL};
    orc_image_t *image = entry;

    orc_providers_refuse_unknown(check, object, at, known);
    image->name = required_word(check, object, at, "name");
    image->url = optional_word(check, object, at, "url");
    image->type = optional_word(check, object, at, "type");
    image->distribution = optional_word(check, object, at, "distribution");
    image->version = optional_word(check, object, at, "version");
    image->architecture = optional_word(check, object, at, "architecture");
    image->projects = projects_of(check, object, at);
}

static void read_network(void *entry, orc_providers_check_t *check, json_t *object, const char *at)
{
    static const char *const known[] = {"name", "public", "projects", NULL};
    const json_t *is_public = json_object_get(object, "public");
    orc_network_t *network = entry;

    orc_providers_refuse_unknown(check, object, at, known);
    network->name = required_word(check, object, at, "name");
    if (is_public && !json_is_boolean(is_public))
        orc_error_add_pointer(&check->mistakes, check->pool, orc_json_pointer(check->pool, at, "public"),
                              "must be true or false");
    network->is_public = json_is_true(is_public);
    network->projects = projects_of(check, object, at);
}

/* A list of objects; NULL when it is absent: nothing is said of what there is. */
static const apr_array_header_t *read_list(orc_providers_check_t *check, const json_t *object, const char *parent,
                                           const char *name, int size, read_entry_t *read)
{
    const json_t *items = json_object_get(object, name);
    const char *at = orc_json_pointer(check->pool, parent, name), *item_at;
    apr_array_header_t *list = apr_array_make(check->pool, 8, size);
    json_t *item;
    size_t i;

    if (!items)
        return NULL;
    if (!json_is_array(items))
        orc_error_add_pointer(&check->mistakes, check->pool, at, "must be an array of objects");
    json_array_foreach(items, i, item)
    {
        item_at = orc_json_pointer(check->pool, at, apr_itoa(check->pool, (int)i));
        if (json_is_object(item))
            read(apr_array_push(list), check, item, item_at);
        else
            orc_error_add_pointer(&check->mistakes, check->pool, item_at, "must be an object");
    }
    return list;
}

void orc_providers_read_offer(orc_offer_t *offer, orc_providers_check_t *check, const json_t *object, const char *at)
{
    offer->flavors = read_list(check, object, at, "flavors", sizeof(orc_flavor_t), read_flavor);
    offer->images = read_list(check, object, at, "images", sizeof(orc_image_t), read_image);
    offer->networks = read_list(check, object, at, "networks", sizeof(orc_network_t), read_network);
}

static void read_region(orc_region_t *region, orc_providers_check_t *check, json_t *value, const char *at)
{
    static const char *const known[] = {"name", "flavors", "images", "networks", NULL};

    if (json_is_object(value)) {
        orc_providers_refuse_unknown(check, value, at, known);
        region->name = required_word(check, value, at, "name");
        orc_providers_read_offer(&region->offer, check, value, at);
    }
    else {
        region->name = orc_providers_word(check, value, at);
    }
}

static int has_region(const apr_array_header_t *regions, const char *name)
{
    int i;

    for (i = 0; i < regions->nelts; i++)
        if (!strcmp(APR_ARRAY_IDX(regions, i, orc_region_t).name, name))
            return 1;
    return 0;
}

const apr_array_header_t *orc_providers_read_regions(orc_providers_check_t *check, const json_t *object,
                                                     const char *parent)
{
    apr_array_header_t *regions = apr_array_make(check->pool, 4, sizeof(orc_region_t));
    const json_t *items = json_object_get(object, "regions");
    const char *at = orc_json_pointer(check->pool, parent, "regions"), *item_at;
    json_t *item;
    size_t i;

    if (items && !json_is_array(items))
        orc_error_add_pointer(&check->mistakes, check->pool, at, "must be an array of names or objects");
    json_array_foreach(items, i, item)
    {
        orc_region_t region = {0};

        item_at = orc_json_pointer(check->pool, at, apr_itoa(check->pool, (int)i));
        read_region(&region, check, item, item_at);
        if (region.name && has_region(regions, region.name))
            orc_error_add_pointer(&check->mistakes, check->pool, item_at, "is there twice");
        if (region.name)
            APR_ARRAY_PUSH(regions, orc_region_t) = region;
    }
    return regions;
}
