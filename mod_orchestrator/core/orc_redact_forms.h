/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_REDACT_FORMS_H
#define ORC_REDACT_FORMS_H

#include <stddef.h>

/* What a secret is told by, for values (orc_redact) and texts (orc_redact_text). */

/** Whether what has this name is a secret: orc_redact.h says by which endings. */
int orc_redact_is_name(const char *name, size_t length);

/**
 * Finds the first secret of a kind in a text.
 * @param end where it ends
 * @return where it begins; NULL: there is none
 */
typedef const char *(*orc_redact_finder_t)(const char *text, const char **end);

enum { ORC_REDACT_FORMS = 5 };

/** What is a secret by its form: a private key, a JSON web token, a URL with a password or a secret parameter. */
extern const orc_redact_finder_t orc_redact_forms[ORC_REDACT_FORMS];

#endif
