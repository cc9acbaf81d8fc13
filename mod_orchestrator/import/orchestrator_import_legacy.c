/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Takes the former orchestrator's database over: see README.md. Nothing is written unless it is told to. */

#include <apr_general.h>
#include <apr_strings.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "orc_callee.h"
#include "orc_db_check.h"
#include "orc_db_views.h"
#include "orc_import.h"

enum { DONE, BROKEN, USAGE, INCOMPLETE }; /* exit statuses */

static const char usage[] =
    "usage: %s --from FILE --to CONNINFO --key FILE --providers FILE --types FOLDER [--im URL] [--mapping FILE]\n"
    "       [--callback-host HOST]... [--dry-run | --write]\n"
    "  --from       option file of MariaDB's clients: [client] with socket or host, user, password, database\n"
    "  --to         this service's database, for libpq\n"
    "  --key, --providers, --types, --im\n"
    "               OrchestratorSecretKeyFile, OrchestratorProviders, OrchestratorToscaTypes, OrchestratorIM\n"
    "  --callback-host\n"
    "               one of OrchestratorCallbackHosts\n"
    "  --mapping    what the former orchestrator's providers, groups and IMs are called here\n"
    "  --dry-run    tells what would be done, which is the default\n"
    "  --write      does it\n"
    "exit status: 0 everything is here, 1 it broke off, 2 wrong options, 3 something could not be taken over\n";

typedef struct options_t {
    const char *from, *to, *key, *providers, *types, *im, *mapping;
    apr_array_header_t *hosts; /* of orc_callee_t */
    const char *wrong;         /* with one of these */
    int is_dry, is_write;
} options_t;

static const struct option names[] = {
    {"from", 1, NULL, 'f'},          {"to", 1, NULL, 't'},      {"key", 1, NULL, 'k'},
    {"providers", 1, NULL, 'p'},     {"types", 1, NULL, 'y'},   {"im", 1, NULL, 'i'},
    {"mapping", 1, NULL, 'm'},       {"dry-run", 0, NULL, 'd'}, {"write", 0, NULL, 'w'},
    {"callback-host", 1, NULL, 'c'}, {NULL, 0, NULL, 0},
};

static void add_host(options_t *options, const char *text, apr_pool_t *pool)
{
    const char *mistake = orc_callee_read(apr_array_push(options->hosts), text, pool);

    if (mistake)
        options->wrong = apr_psprintf(pool, "%s %s", text, mistake);
}

static int read_options(options_t *options, int argc, char **argv, apr_pool_t *pool)
{
    const char *ignored;
    int letter;

    while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
        const char **text = letter == 'f'   ? &options->from
                            : letter == 't' ? &options->to
                            : letter == 'k' ? &options->key
                            : letter == 'p' ? &options->providers
                            : letter == 'y' ? &options->types
                            : letter == 'i' ? &options->im
                            : letter == 'm' ? &options->mapping
                                            : &ignored;

        if (letter == '?')
            return 0;
        *text = optarg;
        if (letter == 'c')
            add_host(options, optarg, pool);
        options->is_dry |= letter == 'd';
        options->is_write |= letter == 'w';
    }
    return optind == argc && options->from && options->to && options->key && options->providers && options->types &&
           !options->wrong && !(options->is_dry && options->is_write);
}

/* The tables and views of this version; nothing is written. */
static orc_error_t *check_database(orc_db_source_t *source, apr_pool_t *pool)
{
    orc_error_t *error;
    orc_db_t *db;

    ORC_TRY(orc_db_open(&db, source, pool));
    error = orc_db_begin(db, pool);
    if (!error)
        error = orc_db_views_keep(db, pool);
    orc_db_close(db);
    return error;
}

static orc_error_t *make_service(orc_service_t *service, const options_t *options, apr_pool_t *pool)
{
    orc_config_t *config = orc_config_make(pool);
    orc_providers_t *providers;
    orc_tosca_types_t *types;

    config->im_url = options->im;
    config->callees = options->hosts;
    ORC_TRY(orc_secret_keys_load(&config->secret_keys, options->key, pool));
    ORC_TRY(orc_providers_load(&providers, options->providers, pool));
    ORC_TRY(orc_tosca_types_load(&types, options->types, pool));
    ORC_TRY(orc_db_check_sessions(options->to, pool));
    *service = (orc_service_t){
        .config = config, .db = orc_db_source_single(options->to, pool), .types = types, .providers = providers};
    return check_database(service->db, pool);
}

static void tell(const char *line)
{
    printf("%s\n", line);
}

static void report(const orc_import_sum_t *sum, int is_dry)
{
    printf("%spersons: %d, %d of them new\n", is_dry ? "would be: " : "", sum->persons, sum->new_persons);
    printf("%stemplates: %d new\n", is_dry ? "would be: " : "", sum->new_templates);
    printf("%sdeployments: %d taken over, %d here before, %d not taken over\n", is_dry ? "would be: " : "", sum->taken,
           sum->known, sum->refused);
    if (is_dry)
        printf("nothing was written: that is done with --write\n");
}

static orc_error_t *run(int *is_incomplete, const options_t *options, apr_pool_t *pool)
{
    orc_service_t service;
    orc_import_mapping_t *mapping;
    orc_import_t import = {.service = &service, .is_dry = !options->is_write, .tell = tell};
    orc_import_sum_t sum;
    orc_error_t *error;

    ORC_TRY(orc_secret_init(pool));
    ORC_TRY(make_service(&service, options, pool));
    ORC_TRY(orc_import_mapping_load(&mapping, options->mapping, pool));
    ORC_TRY(orc_import_source_open(&import.source, options->from, pool));
    import.mapping = mapping;
    error = orc_import(&sum, &import, pool);
    report(&sum, import.is_dry);
    *is_incomplete = sum.refused + sum.refused_persons > 0;
    return error;
}

int main(int argc, char **argv)
{
    options_t options = {0};
    int is_incomplete = 0;
    apr_pool_t *pool;
    orc_error_t *error;

    if (apr_initialize() != APR_SUCCESS)
        return BROKEN;
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    options.hosts = apr_array_make(pool, 2, sizeof(orc_callee_t));
    if (!read_options(&options, argc, argv, pool)) {
        if (options.wrong)
            fprintf(stderr, "--callback-host: %s\n", options.wrong);
        fprintf(stderr, usage, argv[0]);
        return USAGE;
    }
    error = run(&is_incomplete, &options, pool);
    if (error)
        fprintf(stderr, "import: %s\n", orc_error_line(error, pool));
    return error ? BROKEN : is_incomplete ? INCOMPLETE : DONE;
}
