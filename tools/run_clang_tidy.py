#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy (.clang-tidy: a short list of always-bugs) over the sources of a build.

usage: tools/run_clang_tidy.py [BUILD_DIR]    (default build/dev, which must be configured)

The build's compile commands name GCC's precompiled header, which clang cannot read; a copy without
it is written to BUILD_DIR/tidy. Tests are left out: they use after move on purpose. Files whose
text and headers of ours did not change since they passed are not looked at again.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def commands_without_pch(build):
    entries = json.loads((build / "compile_commands.json").read_text())
    for entry in entries:
        command = re.sub(r"-include \S+cmake_pch\.hxx", "", entry["command"])
        command = re.sub(r"-fpch-preprocess|-Winvalid-pch|-Wno-mismatched-new-delete|"
                         r"-Wno-maybe-uninitialized", "", command)
        entry["command"] = command[command.find("/c++ "):].lstrip("/") if "/c++ " in command else command
    return entries


def sources_of(entries):
    for entry in entries:
        path = pathlib.Path(entry["file"])
        if path.suffix != ".cc" or path.name.endswith("_test.cc") or path.name == "boost_impl.cc":
            continue
        if ROOT / "src" in path.parents:
            yield path


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/dev").resolve()
    tidy = build / "tidy"
    tidy.mkdir(exist_ok=True)
    entries = commands_without_pch(build)
    (tidy / "compile_commands.json").write_text(json.dumps(entries))
    headers = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for header in sorted((ROOT / "src").rglob("*.h")):
        headers.update(header.read_bytes())

    def check(path):
        digest = hashlib.sha256(headers.digest() + path.read_bytes()).hexdigest()
        stamp = tidy / digest
        if stamp.exists():
            return path, 0, ""
        done = subprocess.run(["clang-tidy", "-p", str(tidy), "--quiet",
                               "--extra-arg=-Wno-c99-extensions", str(path)],
                              capture_output=True, text=True)
        if done.returncode == 0:
            stamp.touch()
        return path, done.returncode, done.stdout
    paths = sorted(set(sources_of(entries)))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, code, output in pool.map(check, paths):
            if code != 0:
                failed += 1
                print(output)
    print(f"clang-tidy: {len(paths)} files, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
