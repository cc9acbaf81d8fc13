/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_PROVIDERS_CHECK_H
#define ORC_PROVIDERS_CHECK_H

#include <apr_hash.h>

#include "orc_json.h"
#include "orc_providers.h"

/* What the files that read the provider file share. */

/** What a check works with: mistakes are gathered, so that an administrator sees them all at once. */
typedef struct orc_providers_check_t {
    apr_pool_t *pool;
    orc_error_t *mistakes;
    apr_hash_t *names; /* provider name to the pointer of its first use */
} orc_providers_check_t;

/** Members that are not among `known` (ended by NULL) are mistakes. */
void orc_providers_refuse_unknown(orc_providers_check_t *check, json_t *object, const char *at,
                                  const char *const *known);

/** A word of at most 255 bytes that a person or a header can carry, or NULL with a mistake. */
const char *orc_providers_word(orc_providers_check_t *check, const json_t *value, const char *at);

typedef const char *orc_providers_item_t(orc_providers_check_t *check, const json_t *value, const char *at);

/** An optional list of texts, each once. */
const apr_array_header_t *orc_providers_words(orc_providers_check_t *check, const json_t *object, const char *parent,
                                              const char *name, orc_providers_item_t *item);

/** What a provider or one of its regions says that it offers: its flavors, images, networks. */
void orc_providers_read_offer(orc_offer_t *offer, orc_providers_check_t *check, const json_t *object, const char *at);

/** The regions: names, or objects with a name and an offer. */
const apr_array_header_t *orc_providers_read_regions(orc_providers_check_t *check, const json_t *object,
                                                     const char *parent);

#endif
