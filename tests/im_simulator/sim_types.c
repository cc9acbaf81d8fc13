/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_types.h"

#include <stdint.h>
#include <string.h>

#define MAX_LEVELS 32

static const char *const node_types[] = {"Root",
                                         "Compute",
                                         "SoftwareComponent",
                                         "DBMS",
                                         "Database",
                                         "WebServer",
                                         "WebApplication",
                                         "BlockStorage",
                                         "network.Network",
                                         "network.Port",
                                         "network.FloatingIP",
                                         "ObjectStorage",
                                         "LoadBalancer",
                                         "Container.Application",
                                         "Container.Runtime",
                                         "Container.Application.Docker",
                                         NULL};
static const char *const relationship_types[] = {"Root",       "DependsOn", "HostedOn",        "ConnectsTo",
                                                 "AttachesTo", "RoutesTo",  "network.LinksTo", "network.BindsTo",
                                                 NULL};
static const char *const group_types[] = {"Root", NULL};
static const char *const policy_types[] = {"Root",   "Placement",   "Scaling",     "Monitoring",
                                           "Update", "Performance", "Reservation", NULL};

/* By sim_type_t. */
static const struct {
    const char *section, *prefix;
    const char *const *names;
} sorts[] = {{"node_types", "tosca.nodes.", node_types},
             {"relationship_types", "tosca.relationships.", relationship_types},
             {"group_types", "tosca.groups.", group_types},
             {"policy_types", "tosca.policies.", policy_types}};

int sim_type_is_known(const sim_node_t *document, sim_type_t sort, const char *type)
{
    const char *prefix = sorts[sort].prefix, *name = type;

    if (sim_node_get(document, "imports") || sim_node_path(document, sorts[sort].section, type, NULL)) {
        return 1;
    }
    if (!strncmp(name, "tosca:", 6)) {
        name += 6;
    }
    if (!strncmp(name, prefix, strlen(prefix))) {
        name += strlen(prefix);
        if (strchr(name, '.')) {
            return 1;
        }
    }
    else if (!strncmp(name, "tosca", 5)) {
        return 0;
    }
    for (const char *const *known = sorts[sort].names; *known; known++) {
        if (!strcmp(*known, name)) {
            return 1;
        }
    }
    return 0;
}

/* The type that a type of the document derives from, NULL when the document does not say. */
static const char *parent(const sim_node_t *document, const char *type)
{
    return sim_node_string(sim_node_path(document, "node_types", type, "derived_from", NULL));
}

static int ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && !strcmp(text + length - tail, end);
}

int sim_type_is_compute(const sim_node_t *document, const char *type)
{
    for (int level = 0; type && level < MAX_LEVELS; level++, type = parent(document, type)) {
        if (ends_with(type, "Compute")) {
            return 1;
        }
    }
    return 0;
}

int sim_type_is_container(const sim_node_t *document, const char *type)
{
    for (int level = 0; type && level < MAX_LEVELS; level++, type = parent(document, type)) {
        if (strstr(type, "Container.Application") && !ends_with(type, "Compute")) {
            return 1;
        }
    }
    return 0;
}

static int is_tosca_compute(const char *type)
{
    return !strcmp(type, "tosca.nodes.Compute") || !strcmp(type, "Compute") || !strcmp(type, "tosca:Compute");
}

int sim_type_has_count(const sim_node_t *document, const char *type)
{
    for (int level = 0; type && level < MAX_LEVELS; level++, type = parent(document, type)) {
        const char *scalable =
            sim_node_string(sim_node_path(document, "node_types", type, "capabilities", "scalable", "type", NULL));
        if (scalable) {
            return strcmp(scalable, "tosca.capabilities.Scalable") != 0;
        }
        if (is_tosca_compute(type)) {
            return 0;
        }
    }
    return 1;
}

/* Of TOSCA's own Compute; the first three every node has. NULL when it has no such attribute. */
static const char *tosca_attribute(const char *attribute, size_t among)
{
    static const struct {
        const char *name, *type;
    } known[] = {
        {"tosca_id", "string"},       {"tosca_name", "string"}, {"state", "string"}, {"private_address", "string"},
        {"public_address", "string"}, {"networks", "map"},      {"ports", "map"}};

    for (size_t i = 0; i < among && i < sizeof(known) / sizeof(*known); i++) {
        if (!strcmp(known[i].name, attribute)) {
            return known[i].type;
        }
    }
    return NULL;
}

const char *sim_type_of_attribute(const sim_node_t *document, const char *type, const char *attribute)
{
    const char *found;

    for (int level = 0; type && level < MAX_LEVELS; level++, type = parent(document, type)) {
        const sim_node_t *declared = sim_node_path(document, "node_types", type, "attributes", attribute, "type", NULL);
        if (sim_node_string(declared)) {
            return declared->text;
        }
        if (is_tosca_compute(type)) {
            found = tosca_attribute(attribute, SIZE_MAX);
            return found ? found : "";
        }
        if (!strcmp(type, "tosca.nodes.indigo.Compute") && !sim_node_path(document, "node_types", type, NULL) &&
            (!strcmp(attribute, "private_address") || !strcmp(attribute, "public_address"))) {
            return "list";
        }
    }
    return tosca_attribute(attribute, 3);
}
