/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_problems.h"

#include "sim_python.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <string.h>

#define MAX_PROBLEMS 100 /* each brings kilobytes */

/* The stack of the server, which IM passes on. */
static const char traceback[] =
    "\t\tFile /usr/lib/python3.11/threading.py, line 995, in _bootstrap\n\t\t\tself._bootstrap_inner()\n"
    "\t\tFile /usr/lib/python3.11/threading.py, line 1038, in _bootstrap_inner\n\t\t\tself.run()\n"
    "\t\tFile /opt/im/rest/worker.py, line 120, in run\n\t\t\tconn.communicate()\n";
static const char traceback_line[] =
    "\t\tFile /opt/im/site-packages/toscaparser/topology.py, line %d, in _validate_%d\n\t\t\tself._validate_%d(node)\n";

void sim_problems_init(sim_problems_t *problems, apr_pool_t *pool)
{
    problems->pool = pool;
    problems->collected = apr_array_make(pool, 4, sizeof(char *));
    problems->crash = NULL;
}

void sim_collect(sim_problems_t *problems, const char *format, ...)
{
    const char *text;
    va_list values;

    va_start(values, format);
    text = apr_pvsprintf(problems->pool, format, values);
    va_end(values);
    for (int i = 0; i < problems->collected->nelts; i++) {
        if (!strcmp(text, APR_ARRAY_IDX(problems->collected, i, const char *))) {
            return;
        }
    }
    if (problems->collected->nelts < MAX_PROBLEMS) {
        APR_ARRAY_PUSH(problems->collected, const char *) = text;
    }
}

void sim_crash(sim_problems_t *problems, const char *format, ...)
{
    va_list values;

    if (!problems->crash) {
        va_start(values, format);
        problems->crash = apr_pvsprintf(problems->pool, format, values);
        va_end(values);
    }
}

void sim_collect_unknown(sim_problems_t *problems, const char *what, const sim_node_t *field)
{
    sim_collect(problems,
                "UnknownFieldError: %s contains unknown field \"%s\". Refer to the definition to verify valid values.",
                what, sim_python_str(field, problems->pool));
}

void sim_crash_without(sim_problems_t *problems, const sim_node_t *node, const char *attribute)
{
    sim_crash(problems, "'%s' object has no attribute '%s'", sim_python_type(node), attribute);
}

static const char *stack(apr_pool_t *pool)
{
    const char *text = traceback;

    for (int i = 0; i < 30; i++) {
        text = apr_pstrcat(pool, text, apr_psprintf(pool, traceback_line, 40 + 7 * i, i, i + 1), NULL);
    }
    return text;
}

const char *sim_problems_report(const sim_problems_t *problems)
{
    apr_array_header_t *entries = apr_array_make(problems->pool, problems->collected->nelts + 1, sizeof(char *));
    const char *where = problems->collected->nelts ? stack(problems->pool) : NULL;

    if (!where) {
        return NULL;
    }
    for (int i = 0; i < problems->collected->nelts; i++) {
        APR_ARRAY_PUSH(entries, const char *) =
            apr_pstrcat(problems->pool, "\n\t", APR_ARRAY_IDX(problems->collected, i, const char *), "\n", where, NULL);
    }
    return apr_pstrcat(problems->pool, "\nThe pre-parsed input failed validation with the following error(s): \n",
                       apr_array_pstrcat(problems->pool, entries, 0), NULL);
}

const char *sim_problems_first(const sim_problems_t *problems)
{
    const char *text;

    if (problems->crash || !problems->collected->nelts) {
        return problems->crash;
    }
    text = strstr(APR_ARRAY_IDX(problems->collected, 0, const char *), ": ");
    return text + 2;
}
