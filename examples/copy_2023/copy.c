// SPDX-License-Identifier: BSD-2-Clause
/* copy FROM TO: copies a file. Without arguments: lists the root with sizes. */
#include <fcntl.h>
#include <sos.h>
#include <stdio.h>
#include <string.h>

#include <sys/stat.h>

static int list(void) {
    char name[256];
    for (int i = 0; sos_getdirent(i, name, sizeof name) > 0; i++) {
        sos_stat_t status;
        if (sos_stat(name, &status) != 0) continue;
        printf("%c%c%c %10u %s\n", status.st_fmode & FM_READ ? 'r' : '-',
               status.st_fmode & FM_WRITE ? 'w' : '-', status.st_fmode & FM_EXEC ? 'x' : '-',
               status.st_size, name);
    }
    return 0;
}

static int copy(const char* from_name, const char* to_name) {
    static char buffer[16 * MAX_IO_BUF];
    const int from = sos_open(from_name, O_RDONLY);
    const int to = sos_open(to_name, O_WRONLY | O_TRUNC);
    if (from < 0 || to < 0) {
        perror("copy");
        return 1;
    }
    int got;
    while ((got = sos_read(from, buffer, sizeof buffer)) > 0) {
        for (int done = 0; done < got;) {
            const int written = sos_write(to, buffer + done, (size_t)(got - done));
            if (written <= 0) {
                perror(to_name);
                return 1;
            }
            done += written;
        }
    }
    if (got < 0) perror(from_name);
    const int closed = sos_close(to);
    if (closed != 0) perror(to_name);
    sos_close(from);
    return got < 0 || closed != 0;
}

int main(int argc, char** argv) {
    if (argc == 1) return list();
    if (argc == 3) return copy(argv[1], argv[2]);
    fprintf(stderr, "usage: copy [from to]\n");
    return 2;
}
