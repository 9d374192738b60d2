// SPDX-License-Identifier: BSD-2-Clause
// sosh, the shell of SOS. Alone it reads commands from the console; `sosh -c TEXT` runs TEXT and
// ends with the status of the last command that failed.
#include <stdio.h>
#include <string.h>

#include "builtins.hpp"
#include "shell.hpp"

namespace {

constinit sosh::History history;

int run_script(char* text) {
    static constinit sosh::Shell shell(nullptr);
    int status = shell.run_text(text, static_cast<unsigned>(strlen(text)));
    const int background = shell.wait_for_jobs();
    if (shell.exiting()) return shell.exit_status();
    return background != 0 ? background : status;
}

/// A built-in command that another shell wants to be able to interrupt.
int run_one(int count, char** words) {
    static constinit sosh::Shell shell(nullptr);
    const sosh::Builtin* builtin = sosh::find_builtin(words[0]);
    if (builtin == nullptr || count > static_cast<int>(sosh::max_words)) return 2;
    sosh::Command command;
    command.count = static_cast<unsigned>(count);
    memcpy(command.words, words, sizeof(words[0]) * command.count);
    return shell.run_builtin(*builtin, command);
}

int run_interactively() {
    static constinit sosh::Console console(history);
    static constinit sosh::Shell shell(&console);
    while (!shell.exiting()) {
        shell.report_ended_jobs();
        switch (console.read_line("$ ")) {
            case sosh::LineEditor::Event::line:
                history.add(console.line());
                shell.run_text(console.text(), static_cast<unsigned>(console.line().size()));
                break;
            case sosh::LineEditor::Event::end_of_input:
                shell.exit_with(shell.last_status());
                break;
            case sosh::LineEditor::Event::interrupted:
            case sosh::LineEditor::Event::none:
                break;
        }
    }
    return shell.exit_status();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 1) return run_interactively();
    if (argc == 3 && strcmp(argv[1], "-c") == 0) return run_script(argv[2]);
    if (argc >= 3 && strcmp(argv[1], "--builtin") == 0) return run_one(argc - 2, argv + 2);
    fprintf(stderr, "usage: sosh [-c 'command; command']\n");
    return 2;
}
