// SPDX-License-Identifier: BSD-2-Clause
/* true: does nothing, successfully. The smallest program that there is. */
int main(void) {
    return 0;
}
