#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""`./sos fuzz [kernel_calls|loader_files] [--seconds N]`: builds the fuzz targets of tests/host/fuzz
with clang and libFuzzer and runs them. The corpus stays in build/fuzz/<target>/corpus, what broke
in build/fuzz/<target>. The status is libFuzzer's: 0 if nothing was found."""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
HOST = REPOSITORY / "tests" / "host"
KERNEL = REPOSITORY / "kernel"

FLAGS = ["-std=c++2b", "-g", "-O1", "-fsanitize=fuzzer,address,undefined",
         "-fno-sanitize-recover=undefined", "-Wno-invalid-offsetof", "-DGTEST_HAS_CXXABI_H_=0",
         # The <expected> of GCC 12 asks for a feature that clang 14 has and does not announce.
         "-D__cpp_concepts=202002L", "-Wno-macro-redefined", "-Wno-builtin-macro-redefined"]
INCLUDES = [HOST / "fuzz", REPOSITORY / "base/include", REPOSITORY / "abi/include"]


def kernel_calls():
    sources = [path for part in ("api", "cap", "check", "object", "sched")
               for path in sorted((KERNEL / part).glob("*.cpp"))
               if path.name != "panic.cpp"]  # the host's stands in: base/panic_handler.cpp
    sources += [HOST / "kernel/fakes/fake_arch.cpp", HOST / "kernel/world.cpp",
                HOST / "kernel/crowd.cpp", HOST / "base/panic_handler.cpp",
                HOST / "fuzz/kernel_target.cpp"]
    includes = [HOST / "kernel/fakes", HOST / "kernel/arch/fakes", HOST / "kernel",
                REPOSITORY / "tests/random", KERNEL, KERNEL / "arch/aarch64"]
    return sources, includes, ["-lgtest"]


def loader_files():
    sources = [REPOSITORY / "loader" / f"{name}.cpp" for name in ("archive", "elf", "failure", "plan")]
    sources += [HOST / "base/panic_handler.cpp", HOST / "fuzz/loader_target.cpp"]
    return sources, [REPOSITORY / "loader", HOST / "loader"], []


TARGETS = {"kernel_calls": kernel_calls, "loader_files": loader_files}


def build(name, folder):
    sources, includes, libraries = TARGETS[name]()
    program = folder / name
    objects = []
    commands = []
    flags = FLAGS + [f"-I{path}" for path in includes + INCLUDES] + [f"-DFUZZ_TARGET={name}"]
    for source in sources + [HOST / "fuzz/libfuzzer.cpp"]:
        objects.append(folder / f"{source.parent.name}_{source.stem}.o")
        commands.append(["clang++", *flags, "-c", str(source), "-o", str(objects[-1])])
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as workers:
        list(workers.map(lambda command: subprocess.run(command, check=True), commands))
    subprocess.run(["clang++", "-fsanitize=fuzzer,address,undefined", *map(str, objects),
                    *libraries, "-o", str(program)], check=True)
    return program


def main():
    parser = argparse.ArgumentParser(prog="./sos fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("target", nargs="?", choices=sorted(TARGETS), default=None)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    arguments = parser.parse_args()
    status = 0
    for name in [arguments.target] if arguments.target else sorted(TARGETS):
        folder = REPOSITORY / "build" / "fuzz" / name
        corpus = folder / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        program = build(name, folder)
        found = subprocess.run([program, f"-max_total_time={arguments.seconds}", "-max_len=16384",
                                "-timeout=60", f"-artifact_prefix={folder}/", corpus], check=False)
        status = status or found.returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
