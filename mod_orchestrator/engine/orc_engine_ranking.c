/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_ranking.h"

#include <apr_strings.h>
#include <string.h>

#define RATE_WEIGHT 0.75
#define PRIOR       4.0 /* attempts, half of them good, that everybody is believed to have had */
#define HALF        0.5
#define LEAST       0.05 /* of an attempt that is worth a word */
#define MINUTE      60.0

static orc_store_record_t record_of(const char *name, int is_of_template, const apr_array_header_t *records)
{
    const orc_store_record_t none = {0};
    int i;

    for (i = 0; i < records->nelts; i++) {
        const orc_store_record_t *record = &APR_ARRAY_IDX(records, i, orc_store_record_t);

        if (!record->is_of_template == !is_of_template && !strcmp(record->name, name))
            return *record;
    }
    return none;
}

/* What is known of one provider. */
typedef struct known_t {
    orc_store_record_t all, with; /* with the template */
} known_t;

/* What little is known is mixed with what would be thought otherwise. */
static double mixed(const orc_store_record_t *record, double otherwise)
{
    return (record->successes + PRIOR * otherwise) / (record->attempts + PRIOR);
}

/* Seconds that a success took on the average; 0: not known. */
static double time_of(const orc_store_record_t *record)
{
    return record->successes >= LEAST ? record->seconds / record->successes : 0;
}

static int percent(const orc_store_record_t *record)
{
    return (int)(100 * record->successes / record->attempts + HALF);
}

static const char *tell(const known_t *known, apr_pool_t *pool)
{
    const char *with = "", *time = "";

    if (known->all.attempts < LEAST)
        return "nothing is known of it yet";
    if (known->with.attempts >= LEAST)
        with = apr_psprintf(pool, ", %d %% of those with this template", percent(&known->with));
    if (time_of(&known->with) >= MINUTE)
        time = apr_psprintf(pool, ", in %.1f min on the average", time_of(&known->with) / MINUTE);
    else if (time_of(&known->with) > 0)
        time = apr_psprintf(pool, ", in %d s on the average", (int)time_of(&known->with) + 1);
    return apr_psprintf(pool, "%d %% of the attempts there succeeded lately%s%s", percent(&known->all), with, time);
}

/* Times are compared with like ones only: with this template where any is known, else with all. What isn't known is
 * thought to be as the others are. */
static void find_speeds(double *speeds, const known_t *known, int count)
{
    double shortest = 0, sum = 0, time;
    int i, is_of_template = 0, timed = 0;

    for (i = 0; i < count; i++)
        is_of_template |= time_of(&known[i].with) > 0;
    for (i = 0; i < count; i++) {
        speeds[i] = time = time_of(is_of_template ? &known[i].with : &known[i].all);
        if (time > 0 && (shortest == 0 || time < shortest))
            shortest = time;
    }
    for (i = 0; i < count; i++) {
        if (speeds[i] > 0) {
            speeds[i] = shortest / speeds[i];
            sum += speeds[i];
            timed++;
        }
    }
    for (i = 0; i < count; i++)
        if (speeds[i] == 0)
            speeds[i] = timed ? sum / timed : 1;
}

void orc_engine_rank(orc_rank_t *ranks, int count, const apr_array_header_t *records, apr_pool_t *pool)
{
    known_t *known = apr_pcalloc(pool, sizeof(*known) * (apr_size_t)(count + 1));
    double *speeds = apr_pcalloc(pool, sizeof(*speeds) * (apr_size_t)(count + 1));
    int i;

    for (i = 0; i < count; i++) {
        known[i].all = record_of(ranks[i].name, 0, records);
        known[i].with = record_of(ranks[i].name, 1, records);
    }
    find_speeds(speeds, known, count);
    for (i = 0; i < count; i++) {
        double rate = mixed(&known[i].with, mixed(&known[i].all, HALF));

        ranks[i].score = RATE_WEIGHT * rate + (1 - RATE_WEIGHT) * speeds[i];
        ranks[i].why = tell(&known[i], pool);
    }
}

static int tenths(const orc_rank_t *rank)
{
    return (int)(10 * rank->score + HALF);
}

int orc_engine_rank_compare(const orc_rank_t *one, const orc_rank_t *other)
{
    return tenths(other) - tenths(one);
}
