#!/usr/bin/env python3
"""Plants faults in the core, one at a time, and reports those that no unit test notices.

  scripts/mutate.py src/session                        every fault of every file there
  scripts/mutate.py --sample 100 --seed 7 src/jose     a hundred of them, chosen at random
  scripts/mutate.py --list src/session/limit.cpp       only says which there are

A fault is one of: a comparison turned, a bound moved by one, && for || and the reverse, a check dropped (the condition of an `if`
made false), a condition negated, true for false. The file is compiled with the fault and linked with the rest, and the unit tests
run until one fails: first those whose file is named after the folder, then all. What survives either lacks a test or changes
nothing that can be seen (a longer way to the same answer); look at each. Nothing is written outside build/mutate.
"""
import argparse
import os
import pathlib
import random
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "mutate"
COMPILE = ["g++", "-std=c++17", "-O0", "-w", "-I", str(ROOT / "src")]
SECONDS = 300

# What is replaced: a name, a pattern, its replacement. Blanks around < and > tell comparisons from templates.
FAULTS = [
    ("comparison turned", r"(?<=\s)==(?=\s)", "!="),
    ("comparison turned", r"(?<=\s)!=(?=\s)", "=="),
    ("comparison turned", r"(?<=\s)<(?=\s)", ">="),
    ("comparison turned", r"(?<=\s)>(?=\s)", "<="),
    ("comparison turned", r"(?<=\s)<=(?=\s)", ">"),
    ("comparison turned", r"(?<=\s)>=(?=\s)", "<"),
    ("bound moved", r"(?<=\s)<(?=\s)", "<="),
    ("bound moved", r"(?<=\s)>(?=\s)", ">="),
    ("bound moved", r"(?<=\s)<=(?=\s)", "<"),
    ("bound moved", r"(?<=\s)>=(?=\s)", ">"),
    ("bound moved", r"(?<=\s)\+ 1\b(?!['.])", "+ 2"),
    ("bound moved", r"(?<=\s)- 1\b(?!['.])", "- 0"),
    ("bound moved", r"(?<=[<>=] )([1-9][0-9]*)\b(?!['.xX])", lambda match: str(int(match.group(1)) + 1)),
    ("and for or", r"(?<=\s)\|\|(?=\s)", "&&"),
    ("or for and", r"(?<=\s)&&(?=\s)", "||"),
    ("true for false", r"\breturn false\b", "return true"),
    ("false for true", r"\breturn true\b", "return false"),
    ("negation dropped", r"(?<=[\s(])!(?=[a-zA-Z_(])", ""),
]


def condition_end(line, start):
    """The place behind the parenthesis that closes the one at start, or None if that is on another line."""
    depth = 0
    for i in range(start, len(line)):
        depth += {"(": 1, ")": -1}.get(line[i], 0)
        if depth == 0:
            return i + 1
    return None


def faults_of(path):
    """Yields (line number, kind, the changed line) for each fault that can be planted in a file."""
    for number, line in enumerate(path.read_text().split("\n"), 1):
        code = line.split("//")[0]
        if code.lstrip().startswith(("#", "template", "static_assert", "using ", "operator")):
            continue
        strings = [match.span() for match in re.finditer(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)\'', code)]
        for kind, pattern, replacement in FAULTS:
            for match in re.finditer(pattern, code):
                if any(a <= match.start() < b for a, b in strings):
                    continue
                new = replacement(match) if callable(replacement) else replacement
                yield number, kind, line[: match.start()] + new + line[match.end() :]
        for match in re.finditer(r"\bif (?=\()", code):
            end = condition_end(code, match.end())
            if end is not None and "constexpr" not in code:
                yield number, "check dropped", line[: match.end()] + "(false)" + line[end:]


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)


def suites_named_after(folder):
    """A gtest filter for the tests in files of test/unit that begin with the folder's name, or None if there are none."""
    names = set()
    for path in (ROOT / "test" / "unit").glob(f"{folder}_*_test.cpp"):
        names |= set(re.findall(r"^TEST(?:_[FP])?\((\w+),", path.read_text(), re.MULTILINE))
    return ":".join(f"{name}.*" for name in sorted(names)) or None


class Bench:
    def __init__(self):
        built = run(["make", "-C", str(ROOT / "test" / "unit"), f"-j{os.cpu_count()}", f"BUILD={BUILD}", str(BUILD / "unit_tests")])
        if built.returncode != 0:
            sys.exit(built.stdout[-2000:] + "\nmutate.py: the unit tests do not build")
        self.objects = sorted(BUILD.rglob("*.o"))
        self.gold = run(["which", "ld.gold"]).returncode == 0

    def verdict(self, path, number, changed):
        """killed, survived or uncompilable."""
        lines = path.read_text().split("\n")
        lines[number - 1] = changed
        source = BUILD / "mutant" / path.name
        source.parent.mkdir(exist_ok=True)
        source.write_text("\n".join(lines))
        object_file = source.with_suffix(".obj")
        if run(COMPILE + ["-c", str(source), "-o", str(object_file)]).returncode != 0:
            return "uncompilable"
        original = BUILD / path.relative_to(ROOT / "src").with_suffix(".o")
        others = [str(one) for one in self.objects if one != original]
        program = BUILD / "mutant" / "unit_tests"
        linked = run(["g++"] + (["-fuse-ld=gold"] if self.gold else []) + others + [str(object_file)]
                     + ["-lgtest", "-lgtest_main", "-lcrypto", "-lpthread", "-o", str(program)])
        if linked.returncode != 0:
            return "uncompilable"
        first = suites_named_after(path.relative_to(ROOT / "src").parts[0])
        for chosen in ([first] if first else []) + ["*"]:
            try:
                tests = run([str(program), "--gtest_fail_fast", f"--gtest_filter={chosen}"], timeout=SECONDS)
            except subprocess.TimeoutExpired:
                return "killed"
            if tests.returncode != 0:
                return "killed"
        return "survived"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, help="only so many faults")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--list", action="store_true", help="only list the faults")
    parser.add_argument("paths", nargs="+", help="files, or folders under src")
    options = parser.parse_args()

    files = []
    for name in options.paths:
        path = pathlib.Path(name).resolve()
        files += sorted(path.rglob("*.cpp")) if path.is_dir() else [path]
    faults = [(path, *fault) for path in files for fault in faults_of(path)]
    if options.sample is not None and options.sample < len(faults):
        faults = sorted(random.Random(options.seed).sample(faults, options.sample))
    if options.list:
        for path, number, kind, changed in faults:
            print(f"{path.relative_to(ROOT)}:{number}: {kind}: {changed.strip()}")
        print(f"{len(faults)} faults")
        return

    bench = Bench()
    counts = {"killed": 0, "survived": 0, "uncompilable": 0}
    start = time.monotonic()
    for path, number, kind, changed in faults:
        verdict = bench.verdict(path, number, changed)
        counts[verdict] += 1
        if verdict == "survived":
            print(f"{path.relative_to(ROOT)}:{number}: {kind} survived: {changed.strip()}", flush=True)
    print(f"{len(faults)} faults in {len(files)} files: {counts['killed']} noticed, {counts['survived']} survived, "
          f"{counts['uncompilable']} do not compile ({time.monotonic() - start:.0f} s)")
    sys.exit(1 if counts["survived"] else 0)


if __name__ == "__main__":
    main()
