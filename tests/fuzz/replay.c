/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "fuzz.h"

#include <dirent.h>

/* Runs a fuzz target over its corpus, a TAP line for each file: replay_NAME reads $ORC_SRCDIR/tests/fuzz/corpus/NAME.
 */

static void replay(const char *directory, const char *name, int number)
{
    static uint8_t data[1 << 21];
    char path[8192];
    size_t size;
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (!(file = fopen(path, "rb"))) {
        printf("not ok %d - %s can't be read\n", number, name);
        return;
    }
    size = fread(data, 1, sizeof(data), file);
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    printf("ok %d - %s\n", number, name);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *root = getenv("ORC_SRCDIR");
    struct dirent **entries;
    char directory[4096];
    int count, i, number = 0;

    snprintf(directory, sizeof(directory), "%s/tests/fuzz/corpus/%s", root ? root : ".", FUZZ_TARGET);
    if ((count = scandir(directory, &entries, NULL, alphasort)) < 0) {
        printf("1..0 # SKIP no corpus\n");
        return 0;
    }
    LLVMFuzzerInitialize(&argc, &argv);
    for (i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.')
            replay(directory, entries[i]->d_name, ++number);
        free(entries[i]);
    }
    free(entries);
    printf("1..%d\n", number);
    return 0;
}
