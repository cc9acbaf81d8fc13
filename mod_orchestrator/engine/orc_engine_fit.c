/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_fit.h"

#include <apr_strings.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "orc_words.h"

#define MIB (1024.0 * 1024)
#define GIB (1024 * MIB)

/* People write GB and mean GiB: what is a tenth too large is not too much. */
#define TOLERANCE 1.1

static int is_for(const apr_array_header_t *projects, const char *project)
{
    return !projects || (project && orc_words_contain(projects, project));
}

/* ---- flavors ---- */

static int is_within(double number, orc_tosca_bounds_t bounds)
{
    return number >= bounds.least && number <= bounds.most;
}

static int is_size_within(double bytes, orc_tosca_bounds_t bounds)
{
    return bytes >= bounds.least && bytes <= bounds.most * TOLERANCE;
}

static int is_enough(const orc_flavor_t *flavor, const orc_tosca_machine_t *machine)
{
    if (machine->flavor)
        return !strcmp(machine->flavor, flavor->name);
    return is_within((double)flavor->vcpus, machine->cpus) && is_within((double)flavor->gpus, machine->gpus) &&
           is_size_within((double)flavor->ram * MIB, machine->ram) &&
           is_size_within((double)flavor->disk * GIB, machine->disk);
}

static int is_smaller(const orc_flavor_t *one, const orc_flavor_t *other)
{
    const apr_int64_t pairs[][2] = {
        {one->gpus, other->gpus}, {one->vcpus, other->vcpus}, {one->ram, other->ram}, {one->disk, other->disk}};
    size_t i;

    for (i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (pairs[i][0] != pairs[i][1])
            return pairs[i][0] < pairs[i][1];
    return 0;
}

static const orc_flavor_t *smallest(const apr_array_header_t *flavors, const orc_tosca_machine_t *machine,
                                    const char *project)
{
    const orc_flavor_t *best = NULL;
    int i;

    for (i = 0; i < flavors->nelts; i++) {
        const orc_flavor_t *flavor = &APR_ARRAY_IDX(flavors, i, orc_flavor_t);

        if (is_for(flavor->projects, project) && is_enough(flavor, machine) && (!best || is_smaller(flavor, best)))
            best = flavor;
    }
    return best;
}

static int says_anything(orc_tosca_bounds_t bounds)
{
    return bounds.least > 0 || !isinf(bounds.most);
}

static int needs_flavor(const orc_tosca_machine_t *machine)
{
    return machine->flavor || says_anything(machine->cpus) || says_anything(machine->gpus) ||
           says_anything(machine->ram) || says_anything(machine->disk);
}

/* As few digits as say it; APR's own form has no 0 before the point. */
static const char *digits(double number, apr_pool_t *pool)
{
    char text[32];

    snprintf(text, sizeof text, "%.10g", number);
    return apr_pstrdup(pool, text);
}

/* " 2 CPUs", " 2 to 4 CPUs", " at most 4 CPUs"; "" when nothing is asked for. */
static const char *amount(orc_tosca_bounds_t bounds, double unit, const char *what, apr_pool_t *pool)
{
    const char *least = digits(bounds.least / unit, pool), *most = digits(bounds.most / unit, pool);

    if (!says_anything(bounds))
        return "";
    if (isinf(bounds.most))
        return apr_pstrcat(pool, " ", least, " ", what, NULL);
    return bounds.least > 0 ? apr_pstrcat(pool, " ", least, " to ", most, " ", what, NULL)
                            : apr_pstrcat(pool, " at most ", most, " ", what, NULL);
}

static const char *no_flavor(const orc_tosca_machine_t *machine, apr_pool_t *pool)
{
    const char *parts[4], *all = "";
    int i;

    if (machine->flavor)
        return apr_psprintf(pool, "it has no flavor %s for %s", machine->flavor, machine->name);
    parts[0] = amount(machine->cpus, 1, "CPUs", pool);
    parts[1] = amount(machine->ram, 1e9, "GB of memory", pool);
    parts[2] = amount(machine->disk, 1e9, "GB of disk", pool);
    parts[3] = amount(machine->gpus, 1, "GPUs", pool);
    for (i = 0; i < 4; i++)
        all = apr_pstrcat(pool, all, *all && *parts[i] ? "," : "", parts[i], NULL);
    return apr_psprintf(pool, "it has no flavor for %s:%s", machine->name, all);
}

/* ---- images ---- */

static int is_url(const char *image)
{
    return strstr(image, "://") != NULL;
}

static int is_called(const orc_image_t *image, const char *name)
{
    return !strcmp(image->name, name) || (image->url && !strcmp(image->url, name));
}

static int agrees(const char *wanted, const char *is)
{
    return !wanted || (is && !strcasecmp(wanted, is));
}

static int describes_image(const orc_tosca_machine_t *machine)
{
    return machine->type || machine->distribution || machine->version || machine->architecture;
}

static int is_as_described(const orc_image_t *image, const orc_tosca_machine_t *machine)
{
    return agrees(machine->type, image->type) && agrees(machine->distribution, image->distribution) &&
           agrees(machine->version, image->version) && agrees(machine->architecture, image->architecture);
}

/* The first one that is called so; else, where the system is described, the first that is such. */
static const orc_image_t *find_image(const apr_array_header_t *images, const orc_tosca_machine_t *machine,
                                     const char *project)
{
    const orc_image_t *described = NULL;
    int i;

    for (i = 0; i < images->nelts; i++) {
        const orc_image_t *image = &APR_ARRAY_IDX(images, i, orc_image_t);

        if (!is_for(image->projects, project))
            continue;
        if (machine->image && is_called(image, machine->image))
            return image;
        if (!described && describes_image(machine) && is_as_described(image, machine))
            described = image;
    }
    return described;
}

static const char *no_image(const orc_tosca_machine_t *machine, apr_pool_t *pool)
{
    const char *words[] = {machine->type, machine->distribution, machine->version, machine->architecture};
    const char *all = "";
    int i;

    for (i = 0; i < 4; i++)
        if (words[i])
            all = apr_pstrcat(pool, all, *all ? ", " : "", words[i], NULL);
    if (machine->image)
        return apr_psprintf(pool, "it has no image %s for %s", machine->image, machine->name);
    return apr_psprintf(pool, "it has no image for %s: %s", machine->name, all);
}

/* An image by URL is IM's to find, and may be anywhere. */
static int needs_image(const orc_tosca_machine_t *machine)
{
    return machine->image ? !is_url(machine->image) : describes_image(machine);
}

/* ---- networks ---- */

static int has_public(const apr_array_header_t *networks, const char *project)
{
    int i;

    for (i = 0; i < networks->nelts; i++) {
        const orc_network_t *network = &APR_ARRAY_IDX(networks, i, orc_network_t);

        if (network->is_public && is_for(network->projects, project))
            return 1;
    }
    return 0;
}

/* ---- all of it ---- */

static const char *choose(orc_tosca_choice_t *choice, const orc_offer_t *offer, const char *project,
                          const orc_tosca_machine_t *machine, apr_pool_t *pool)
{
    const orc_flavor_t *flavor = NULL;
    const orc_image_t *image = NULL;

    if (offer->flavors && needs_flavor(machine) && !(flavor = smallest(offer->flavors, machine, project)))
        return no_flavor(machine, pool);
    if (offer->images && needs_image(machine) && !(image = find_image(offer->images, machine, project)))
        return no_image(machine, pool);
    *choice = (orc_tosca_choice_t){machine->name, flavor ? flavor->name : NULL, image ? image->url : NULL};
    return NULL;
}

const char *orc_engine_fit(apr_array_header_t **choices, const orc_offer_t *offer, const char *project,
                           const orc_fit_wish_t *wish, apr_pool_t *pool)
{
    apr_array_header_t *taken = apr_array_make(pool, 4, sizeof(orc_tosca_choice_t));
    int i;

    if (wish->wants_public && offer->networks && !has_public(offer->networks, project))
        return "it has no public network";
    for (i = 0; wish->needs && i < wish->needs->machines->nelts; i++) {
        const char *missing = choose(apr_array_push(taken), offer, project,
                                     &APR_ARRAY_IDX(wish->needs->machines, i, orc_tosca_machine_t), pool);

        if (missing)
            return missing;
    }
    if (choices)
        *choices = taken;
    return NULL;
}
