/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_UTF8_H
#define ORC_UTF8_H

#include <apr.h>

/**
 * @file
 * UTF-8 (RFC 3629): everything that an answer shows is JSON, so it has to be valid, whatever a client, a cloud or a cut
 * made of it.
 */

/** Bytes of the valid character that begins here, of at most `length`; 0 when none does, also at a NUL. */
apr_size_t orc_utf8_character(const char *text, apr_size_t length);

/** True when a text is valid. */
int orc_utf8_is_valid(const char *text);

/** Characters of a valid text. */
apr_size_t orc_utf8_count(const char *text);

/** Bytes of a text, at most so many, that end where a character ends; the text has more than `most` bytes. */
apr_size_t orc_utf8_cut(const char *text, apr_size_t most);

/** Makes a text of `length` bytes valid where it stands: a byte that belongs to no character, also NUL, becomes "?". */
void orc_utf8_mend(char *text, apr_size_t length);

#endif
