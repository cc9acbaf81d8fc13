/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_redact.h"

#include <string.h>

#include "orc_redact_forms.h"

static int holds_secret(const char *text)
{
    const char *end;
    int i;

    for (i = 0; i < ORC_REDACT_FORMS; i++) {
        if (orc_redact_forms[i](text, &end))
            return 1;
    }
    return 0;
}

static int is_empty(const json_t *value)
{
    return json_is_null(value) || json_is_boolean(value) || (json_is_string(value) && json_string_length(value) == 0);
}

/* The value without secrets, a new reference; counts what was replaced. */
static json_t *redact(const json_t *value, int is_secret, int *count)
{
    json_t *copy, *member;
    const char *name;
    size_t i;

    if ((is_secret && !is_empty(value)) || (json_is_string(value) && holds_secret(json_string_value(value)))) {
        ++*count;
        return json_string(ORC_REDACTED);
    }
    if (json_is_object(value)) {
        copy = json_object();
        json_object_foreach((json_t *)value, name, member)
            json_object_set_new_nocheck(copy, name, redact(member, orc_redact_is_name(name, strlen(name)), count));
        return copy;
    }
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach(value, i, member) json_array_append_new(copy, redact(member, 0, count));
        return copy;
    }
    return json_deep_copy(value);
}

json_t *orc_redact(const json_t *value, int *redacted, apr_pool_t *pool)
{
    int count = 0;
    json_t *copy = redact(value, 0, &count);

    if (redacted)
        *redacted = count > 0;
    return orc_json_own(copy, pool);
}
