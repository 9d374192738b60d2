// SPDX-License-Identifier: BSD-2-Clause
// Ganesha (4.3) does not start when it cannot register NFS and MOUNT with a portmapper. The port
// numbers are handed to SOS directly, so there is nothing to register: say that it was done.

int rpcb_set(unsigned program, unsigned version, const void* netconf, const void* address);
int rpcb_unset(unsigned program, unsigned version, const void* netconf);

int rpcb_set(unsigned program, unsigned version, const void* netconf, const void* address) {
    (void)program, (void)version, (void)netconf, (void)address;
    return 1;
}

int rpcb_unset(unsigned program, unsigned version, const void* netconf) {
    (void)program, (void)version, (void)netconf;
    return 1;
}
