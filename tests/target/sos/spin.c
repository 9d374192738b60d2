// SPDX-License-Identifier: BSD-2-Clause
// Computes until it is killed, without a system call.

int main(void) {
    volatile unsigned long n = 0;
    for (;;) n = n + 1;
}
