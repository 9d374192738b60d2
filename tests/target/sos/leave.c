// SPDX-License-Identifier: BSD-2-Clause
// leave [STATUS]: exits with the status, 0 if none is given.
#include <stdlib.h>

int main(int argc, char** argv) {
    return argc > 1 ? atoi(argv[1]) : 0;
}
