// SPDX-License-Identifier: BSD-2-Clause
/*
 * vmstat [-c]: what paging has done since boot, what SOS has for itself, and how much memory each
 * process has; in pages.
 * With -c the counts alone.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sos_system.h>

static void line(const char* name, uint64_t value) {
    printf("%-15s %10" PRIu64 "\n", name, value);
}

static int print_counts(void) {
    sos_paging_count_t now;
    if (sos_paging_count(&now) != 0) {
        perror("vmstat");
        return 1;
    }
    line("frames", now.page_frames);
    line("frames_free", now.page_frames_free);
    line("page_file", now.page_file_slots);
    line("page_file_used", now.page_file_used);
    line("zero_fills", now.zero_fills);
    line("soft_faults", now.soft_faults);
    line("page_ins", now.page_ins);
    line("page_outs", now.page_outs);
    line("clean_drops", now.clean_drops);
    line("elf_reads", now.elf_reads);
    line("second_chances", now.second_chances);
    line("waits", now.waits);
    line("shared_pages", now.shared_pages);
    line("server", now.server_pages);
    line("server_most", now.server_pages_most);
    line("server_limit", now.server_pages_limit);
    line("file_cache", now.file_cache_pages);
    line("cache_frames", now.file_cache_frames);
    return 0;
}

static int print_processes(void) {
    static sos_process_info_t processes[512];
    const int count = sos_process_list(processes, 512);
    if (count < 0) {
        perror("vmstat");
        return 1;
    }
    printf("\n  PID RESIDENT PAGED-OUT TABLES COMMAND\n");
    for (int i = 0; i < count; i++) {
        const sos_process_info_t* p = &processes[i];
        printf("%5" PRId32 " %8" PRIu32 " %9" PRIu32 " %6" PRIu32 " %s\n", p->pid,
               p->resident_pages, p->paged_out_pages, p->page_table_pages, p->command);
    }
    return 0;
}

int main(int argc, char** argv) {
    const int only_counts = argc == 2 && strcmp(argv[1], "-c") == 0;
    if (argc > 1 && !only_counts) {
        fprintf(stderr, "usage: vmstat [-c]\n");
        return 2;
    }
    return print_counts() || (!only_counts && print_processes());
}
