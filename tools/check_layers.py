#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the sources against the layers that CMakeLists.txt names (docs: DESIGN, layout and layers).

Fails when a folder includes another that its tutti_layer line does not name, when a pure folder
includes Asio, Beast or the operating system, and on two coroutine mistakes: asio::detached, and a
capturing lambda that returns an awaitable. Prints files longer than the house likes without failing.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PURE = {"dialect", "policy", "proto", "audio"}
LONG_FILE = 400

LAYER = re.compile(r"^tutti_layer\((\w+)\s+USES\s+(.*?)(?:\s+PARTS\s.*)?\)", re.M)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
SYSTEM_HEADER = re.compile(
    r"boost/(asio|beast)|sys/|net/|netinet/|arpa/|linux/|unistd\.h|fcntl\.h|poll\.h|pthread\.h|"
    r"signal\.h|spawn\.h|dirent\.h|sched\.h|semaphore\.h|netdb\.h")
LAMBDA_COROUTINE = re.compile(
    r"\[[^\[\]]+\]\s*(?:<[^<>]*>\s*)?(?:\((?:[^()]|\([^()]*\))*\)\s*)?(?:mutable\s*)?(?:noexcept\s*)?"
    r"->\s*(?:\w+::)*awaitable\s*<")
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)


def read_layers(text):
    """Folder -> the folders it may include, its own among them."""
    layers = {}
    for folder, uses in LAYER.findall(text):
        layers[folder] = {name for name in uses.split() if name != '""'} | {folder}
    return layers


def without_comments(text):
    """The same text and lines with comments blanked; strings stay, since includes are strings."""
    def blank(match):
        found = match.group(0)
        return found if found.startswith('"') else re.sub(r"[^\n]", " ", found)
    return COMMENT.sub(blank, text)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def faults_of(folder, name, text, layers):
    """(line, what is wrong) of one file."""
    code = without_comments(text)
    is_test = name.endswith("_test.cc")
    for match in INCLUDE.finditer(code):
        kind, header = match.groups()
        line = line_of(code, match.start(1))
        top = header.split("/")[0]
        if kind == '"' and top in layers and top not in layers[folder]:
            yield line, f"{folder} may not include {header}"
        if folder in PURE and not is_test and SYSTEM_HEADER.match(header):
            yield line, f"{folder} is pure and may not include <{header}>"
    for match in re.finditer(r"\basio::detached\b", code):
        yield line_of(code, match.start()), "asio::detached has no owner; spawn through a TaskGroup"
    for match in LAMBDA_COROUTINE.finditer(code):
        yield line_of(code, match.start()), "a capturing lambda is a coroutine; spawn a named function"


def main():
    layers = read_layers((ROOT / "CMakeLists.txt").read_text())
    if not layers:
        sys.exit("no tutti_layer line in CMakeLists.txt")
    failed = False
    sources = sorted(p for p in (ROOT / "src").rglob("*") if p.suffix in (".h", ".cc"))
    for path in sources:
        folder = path.relative_to(ROOT / "src").parts[0]
        shown = path.relative_to(ROOT)
        if folder not in layers:
            print(f"{shown}: folder {folder} has no tutti_layer line")
            failed = True
            continue
        text = path.read_text()
        for line, what in faults_of(folder, path.name, text, layers):
            print(f"{shown}:{line}: {what}")
            failed = True
        length = text.count("\n")
        if length > LONG_FILE:
            print(f"{shown}: warning: {length} lines, the house likes at most {LONG_FILE}")
    print(f"layers: {len(sources)} files, {'FAILED' if failed else 'ok'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
