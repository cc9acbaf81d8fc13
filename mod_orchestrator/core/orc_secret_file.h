/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SECRET_FILE_H
#define ORC_SECRET_FILE_H

#include "orc_error.h"

/**
 * Reads a file that holds a secret. It has to belong to root or to who runs this process; its group may read it, nobody
 * else may do anything with it.
 * @param text  in the pool, ended by NUL; who is done with it wipes it
 * @param limit bytes that it may have
 * @return 500 "secret.file", with a detail that names the file and tells what to do about it, and nothing of its
 * content
 */
orc_error_t *orc_secret_file_read(char **text, const char *path, apr_size_t limit, apr_pool_t *pool);

/**
 * As orc_secret_file_read, of a file that holds a secret and nothing else: the one line in it, with the white space
 * that is inside of it, and without that around it.
 */
orc_error_t *orc_secret_file_read_line(char **text, const char *path, apr_size_t limit, apr_pool_t *pool);

#endif
