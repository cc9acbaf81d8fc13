/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_id.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <sodium.h>

const char *orc_id_new(apr_pool_t *pool)
{
    unsigned char b[16];
    apr_uint64_t ms = (apr_uint64_t)apr_time_as_msec(apr_time_now());
    int i;

    randombytes_buf(b, sizeof b);
    for (i = 0; i < 6; i++)
        b[i] = (unsigned char)(ms >> (40 - 8 * i));
    b[6] = (unsigned char)(0x70 | (b[6] & 0x0f));
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
    return apr_psprintf(pool, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
                        b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

int orc_id_parse(const char *text, char *out)
{
    int i;

    for (i = 0; i < ORC_ID_LENGTH; i++) {
        int dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text[i] != '-' : !apr_isxdigit(text[i]))
            return 0;
        if (out)
            out[i] = (char)apr_tolower(text[i]);
    }
    if (text[ORC_ID_LENGTH] != '\0')
        return 0;
    if (out)
        out[ORC_ID_LENGTH] = '\0';
    return 1;
}
