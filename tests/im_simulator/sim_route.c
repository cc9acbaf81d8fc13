/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_route.h"

#include <apr_strings.h>
#include <string.h>

#define PROP "Error Getting Inf. prop: "

static const sim_route_t routes[] = {
    {"GET", "/version", SIM_CLASS_VERSION, SIM_MEDIA_TEXT, 0, ""},
    {"GET", "/infrastructures", SIM_CLASS_LIST, SIM_MEDIA_URIS, 401, "Error Getting Inf. List: "},
    {"POST", "/infrastructures", SIM_CLASS_CREATE, SIM_MEDIA_URIS, 401, "Error Creating Inf.: "},
    {"GET", "/infrastructures/{}", SIM_CLASS_INFO, SIM_MEDIA_URIS, 400, "Error Getting Inf. info: "},
    {"POST", "/infrastructures/{}", SIM_CLASS_UPDATE, SIM_MEDIA_URIS, 400, "Error Adding resources: "},
    {"DELETE", "/infrastructures/{}", SIM_CLASS_DELETE, SIM_MEDIA_TEXT, 400, "Error Destroying Inf: "},
    {"GET", "/infrastructures/{}/state", SIM_CLASS_STATE, SIM_MEDIA_JSON, 400, PROP},
    {"GET", "/infrastructures/{}/contmsg", SIM_CLASS_CONTMSG, SIM_MEDIA_TEXT, 400, PROP},
    {"GET", "/infrastructures/{}/outputs", SIM_CLASS_OUTPUTS, SIM_MEDIA_JSON, 400, PROP},
    {"GET", "/infrastructures/{}/tosca", SIM_CLASS_TOSCA, SIM_MEDIA_TEXT, 400, PROP},
    {"GET", "/infrastructures/{}/radl", SIM_CLASS_RADL, SIM_MEDIA_TEXT, 400, PROP},
    {"GET", "/infrastructures/{}/authorization", SIM_CLASS_AUTHORIZATION, SIM_MEDIA_TEXT, 400, PROP},
    {"POST", "/infrastructures/{}/authorization", SIM_CLASS_AUTHORIZATION, SIM_MEDIA_TEXT, 400,
     "Error modifying infrastructure owner: "},
    {"PUT", "/infrastructures/{}/start", SIM_CLASS_POWER, SIM_MEDIA_TEXT, 400, "Error in start operation: "},
    {"PUT", "/infrastructures/{}/stop", SIM_CLASS_POWER, SIM_MEDIA_TEXT, 400, "Error in stop operation: "},
    {"PUT", "/infrastructures/{}/reconfigure", SIM_CLASS_RECONFIGURE, SIM_MEDIA_TEXT, 400,
     "Error reconfiguring infrastructure: "},
    {"GET", "/infrastructures/{}/vms/{}", SIM_CLASS_VM, SIM_MEDIA_TEXT, 400, "Error Getting VM. info: "},
    {"DELETE", "/infrastructures/{}/vms/{}", SIM_CLASS_VM_DELETE, SIM_MEDIA_TEXT, 400, "Error Removing resources: "},
    {"GET", "/infrastructures/{}/vms/{}/{}", SIM_CLASS_VM, SIM_MEDIA_TEXT, 400, "Error Getting VM. property: "},
    {"PUT", "/infrastructures/{}/vms/{}/start", SIM_CLASS_POWER, SIM_MEDIA_TEXT, 400, "Error in start op in VM: "},
    {"PUT", "/infrastructures/{}/vms/{}/stop", SIM_CLASS_POWER, SIM_MEDIA_TEXT, 400, "Error in stop op in VM: "},
    {"PUT", "/infrastructures/{}/vms/{}/reboot", SIM_CLASS_POWER, SIM_MEDIA_TEXT, 400, "Error in reboot op in VM: "},
    {"GET", "/clouds/{}/images", SIM_CLASS_CLOUD, SIM_MEDIA_JSON, 401, "Error getting cloud info: "},
    {"GET", "/clouds/{}/quotas", SIM_CLASS_CLOUD, SIM_MEDIA_JSON, 401, "Error getting cloud info: "},
    {"GET", "/stats", SIM_CLASS_STATS, SIM_MEDIA_JSON, 400, "Error getting stats: "},
};

static const char *const class_names[SIM_CLASS_COUNT] = {
    "version", "list",          "create", "info",        "update", "delete",    "state", "contmsg", "outputs", "tosca",
    "radl",    "authorization", "power",  "reconfigure", "vm",     "vm_delete", "cloud", "stats",   "other",
};

int sim_route_matches(apr_array_header_t *parameters, const char *pattern, const char *path, apr_pool_t *pool)
{
    parameters->nelts = 0;
    while (*pattern && *path) {
        if (*pattern == '{') {
            apr_size_t length = strcspn(path, "/");
            if (!length) {
                return 0;
            }
            APR_ARRAY_PUSH(parameters, char *) = apr_pstrmemdup(pool, path, length);
            path += length;
            pattern += 2;
        }
        else if (*pattern++ != *path++) {
            return 0;
        }
    }
    return !*pattern && !*path;
}

const sim_route_t *sim_route_find(apr_array_header_t **parameters, int *allowed, const char *method, const char *path,
                                  apr_pool_t *pool)
{
    *parameters = apr_array_make(pool, 3, sizeof(char *));
    *allowed = 0;
    for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
        if (sim_route_matches(*parameters, routes[i].path, path, pool)) {
            *allowed = 1;
            if (!strcmp(routes[i].method, method)) {
                return &routes[i];
            }
        }
    }
    return NULL;
}

const char *sim_route_class_name(sim_route_class_t route_class)
{
    return class_names[route_class];
}

apr_uint32_t sim_route_classes(const char *names)
{
    apr_uint32_t bits = 0;

    while (*names) {
        apr_size_t length = strcspn(names, ", ");
        apr_uint32_t found = length == 3 && !strncmp(names, "all", 3) ? ~0u : 0;
        for (int i = 0; i < SIM_CLASS_COUNT && !found; i++) {
            if (strlen(class_names[i]) == length && !strncmp(class_names[i], names, length)) {
                found = 1u << i;
            }
        }
        if (!found) {
            return 0;
        }
        bits |= found;
        names += length + strspn(names + length, ", ");
    }
    return bits;
}
