#!/usr/bin/env python3
"""Plants faults in the code, one at a time, and reports those that no test notices.

  scripts/mutate.py src/session                        every fault of every file there
  scripts/mutate.py --sample 100 --seed 7 src/jose     a hundred of them, chosen at random
  scripts/mutate.py --list src/session/limit.cpp       only says which there are
  scripts/mutate.py src/pg/store/rotation.cpp          also its SQL; the regression tests judge
  scripts/mutate.py --tests late_retry,isolation/reuse src/pg/store/rotation.cpp     only these, of which one is an isolation test

A fault is one of: a comparison turned, a bound moved by one, && for || and the reverse, a check dropped (the condition of an `if`
made false), a condition negated, true for false; in the SQL of src/pg also a condition left out, IS NULL for IS NOT NULL, greatest for
least. Of the core, the file is compiled with the fault and linked with the rest, and the unit tests
run until one fails: first those whose file includes a header of the folder, then (of src/jose) all, and the slow ones in the end. Of src/pg, a private server runs the regression tests:
first those that name one of the file's SQL functions, then all, or only those that are given. What survives either lacks a test or changes
nothing that can be seen (a longer way to the same answer); look at each. A fault that makes the tests run too long is counted apart: it is
noticed if they are in an endless loop, and the machine may have been busy. Faults of which it is known that they change nothing stand in
test/unit/unseen_faults.txt and are not planted. The faults are written to build/mutate; the rest is built as usual, with what
scripts/test.sh unit regress installs.
"""
import argparse
import json
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
UNIT = ROOT / "build" / "unit"
UNSEEN = ROOT / "test" / "unit" / "unseen_faults.txt"
SECONDS = 60
SLOW = 0.05

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

# In the SQL of a string: a condition goes as far as the next one, a parenthesis of another one, or what follows all conditions.
SQL_FAULTS = [
    ("condition dropped", r" (?:AND|OR) (?:[^()\"]|\([^()\"]*\))+?(?=\)| AND | OR | ORDER | FOR | RETURNING | LIMIT | GROUP | ON |\"$)", ""),
    ("comparison turned", r"(?<=\w) = (?=[\w$])", " <> "),
    ("comparison turned", r" <> ", " = "),
    ("comparison turned", r" < ", " >= "),
    ("comparison turned", r" > ", " <= "),
    ("comparison turned", r" <= ", " > "),
    ("comparison turned", r" >= ", " < "),
    ("bound moved", r" < ", " <= "),
    ("bound moved", r" > ", " >= "),
    ("bound moved", r" <= ", " < "),
    ("bound moved", r" >= ", " > "),
    ("null for not null", r"\bIS NOT NULL\b", "IS NULL"),
    ("not null for null", r"\bIS NULL\b", "IS NOT NULL"),
    ("and for or", r"\bOR\b", "AND"),
    ("or for and", r"(?<!BETWEEN \$1 )\bAND\b", "OR"),
    ("negation dropped", r"\bNOT (?!NULL|EXISTS|IN\b|MATERIALIZED)", ""),
    ("negation dropped", r"\bNOT (?=EXISTS|IN\b)", ""),
    ("least for greatest", r"\bgreatest\(", "least("),
    ("greatest for least", r"\bleast\(", "greatest("),
]
SQL = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|AND|OR|SET|VALUES|RETURNING|IS NULL|IS NOT NULL)\b")


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
        for start, end in strings:
            if not is_pg(path) or not SQL.search(code[start:end]):
                continue
            for kind, pattern, replacement in SQL_FAULTS:
                for match in re.finditer(pattern, code[start:end]):
                    # An assignment is no comparison.
                    clauses = re.findall(r"\b(?:SET|WHERE|AND|OR|ON)\b", code[start : start + match.start()])
                    if match.group() == " = " and clauses and clauses[-1] == "SET":
                        continue
                    yield number, "SQL " + kind, line[: start + match.start()] + replacement + line[start + match.end() :]
        for match in re.finditer(r"\bif (?=\()", code):
            end = condition_end(code, match.end())
            if end is not None and "constexpr" not in code:
                yield number, "check dropped", line[: match.end()] + "(false)" + line[end:]


def is_pg(path):
    return path.is_relative_to(ROOT / "src" / "pg")


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)


def suites_about(folder):
    """A gtest filter for the tests in files of test/unit that include a header of the folder of src."""
    names = set()
    for path in (ROOT / "test" / "unit").glob("*_test.cpp"):
        if f'#include "{folder}/' in path.read_text():
            names |= set(re.findall(r"^TEST(?:_[FP])?\((\w+),", path.read_text(), re.MULTILINE))
    return ":".join(f"{name}.*:*/{name}.*" for name in sorted(names))


def regression_tests_for(path):
    """The regression tests that name a SQL function of the file, then the others. A file without one has those of the callers' names."""
    stem = path.stem
    names = set(re.findall(r"\bPG_FUNCTION_INFO_V1\(jwt_auth_(\w+)\)|\bjwt_auth_(\w+)\(PG_FUNCTION_ARGS\)", path.read_text()))
    names = {name for pair in names for name in pair if name} | {stem}
    tests = {test.stem: test.read_text() for test in sorted((ROOT / "test" / "sql").glob("*.sql"))}
    counts = {name: sum(len(re.findall(rf"\b{one}\b", text)) for one in names) for name, text in tests.items()}
    first = [name for name in sorted(counts, key=lambda name: -counts[name]) if counts[name] > 0]
    return first[:6], [name for name in tests if name not in first[:6]]


class RegressBench:
    """Builds the extension with a fault in it and has scripts/lib/regress_judge.sh run the regression tests."""

    def __init__(self, tests):
        self.tests = tests
        self.passed_without = set()
        self.judge = subprocess.Popen(["bash", str(ROOT / "scripts" / "lib" / "regress_judge.sh")], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        answer, _, pg_config = self.judge.stdout.readline().strip().partition(" ")
        if answer != "ready":
            sys.exit(f"mutate.py: the regression tests' server: {answer} {pg_config}")
        include = run([pg_config, "--includedir-server"]).stdout.strip()
        self.compile = ["g++", "-std=c++17", "-O0", "-w", "-fPIC", "-fno-strict-aliasing", "-fwrapv", "-D_GNU_SOURCE", "-I", str(ROOT / "src"),
                        "-isystem", include]
        (BUILD / "mutant").mkdir(parents=True, exist_ok=True)
        os.chmod(BUILD / "mutant", 0o755)

    def judged(self, library, tests):
        """passed, failed or timeout."""
        # In the order of the suite, for what one test leaves behind another may see.
        print(library, *sorted(tests), file=self.judge.stdin, flush=True)
        return self.judge.stdout.readline().strip()

    def verdict(self, path, number, changed):
        lines = path.read_text().split("\n")
        lines[number - 1] = changed
        source = BUILD / "mutant" / path.name
        source.write_text("\n".join(lines))
        object_file = source.with_suffix(".obj")
        library = BUILD / "mutant" / "jwt_auth.so"
        if run(self.compile + ["-c", str(source), "-o", str(object_file)]).returncode != 0:
            return "uncompilable"
        others = [str(one.with_suffix(".o")) for one in sorted((ROOT / "src").rglob("*.cpp")) if one != path]
        linked = run(["g++", "-shared", "-o", str(library), str(object_file)] + others
                     + ["-lcrypto", f"-Wl,--version-script={ROOT}/src/exports.map"])
        if linked.returncode != 0:
            sys.exit(linked.stdout[-2000:])
        for tests in [self.tests] if self.tests else regression_tests_for(path):
            if not tests:
                continue
            # A test that fails anyway would notice everything.
            if tuple(tests) not in self.passed_without:
                if self.judged(ROOT / "jwt_auth.so", tests) != "passed":
                    sys.exit(f"mutate.py: without a fault, one of these tests fails: {' '.join(tests)}")
                self.passed_without.add(tuple(tests))
            judged = self.judged(library, tests)
            if judged != "passed":
                return "timeout" if judged == "timeout" else "killed"
        return "survived"

    def close(self):
        self.judge.stdin.close()
        self.judge.wait()


class Bench:
    def __init__(self, folders):
        built = run(["make", "-C", str(ROOT / "test" / "unit"), f"-j{os.cpu_count()}", f"BUILD={UNIT}", str(UNIT / "unit_tests")])
        if built.returncode != 0:
            sys.exit(built.stdout[-2000:] + "\nmutate.py: the unit tests do not build")
        self.slow = ":".join(self.slow_tests(folders))
        self.objects = sorted(one for one in UNIT.rglob("*.o") if "memory" not in one.parts)
        self.gold = run(["which", "ld.gold"]).returncode == 0

    @staticmethod
    def slow_tests(folders):
        """The tests that take longest. Most faults are noticed without them. Without a fault, all must pass."""
        times = BUILD / "times.json"
        about = suites_about("session") if folders == {"session"} else "*"
        if run([str(UNIT / "unit_tests"), f"--gtest_filter={about}", f"--gtest_output=json:{times}"]).returncode != 0:
            sys.exit("mutate.py: without a fault, a unit test fails")
        return [f"{suite['name']}.{test['name']}" for suite in json.loads(times.read_text())["testsuites"] for test in suite["testsuite"]
                if float(test["time"].rstrip("s")) > SLOW]

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
        original = UNIT / path.relative_to(ROOT / "src").with_suffix(".o")
        others = [str(one) for one in self.objects if one != original]
        program = BUILD / "mutant" / "unit_tests"
        linked = run(["g++"] + (["-fuse-ld=gold"] if self.gold else []) + others + [str(object_file)]
                     + ["-s", "-lgtest", "-lgtest_main", "-lcrypto", "-lpthread", "-o", str(program)])
        if linked.returncode != 0:
            return "uncompilable"
        folder = path.relative_to(ROOT / "src").parts[0]
        first = suites_about(folder)
        # src/jose knows nothing of src/session, so its tests see nothing of it.
        for chosen in [f"{first}:-{self.slow}"] + ([first] if folder == "session" else [f"*:-{self.slow}", self.slow]):
            try:
                tests = run([str(program), "--gtest_fail_fast", f"--gtest_filter={chosen}"], timeout=SECONDS)
            except subprocess.TimeoutExpired:
                return "timeout"
            if tests.returncode != 0:
                return "killed"
        return "survived"

    def close(self):
        pass


def seen_as(path, number, kind, changed):
    """A fault as test/unit/unseen_faults.txt names it: without the number of its line, which other changes move."""
    text = path.read_text().split("\n")[number - 1] if kind == "check dropped" else changed
    return f"{path.relative_to(ROOT)}: {kind}: {text.strip()}"


def survivor(path, number, kind, changed):
    return f"{path.relative_to(ROOT)}:{number}: {kind} survived: {changed.strip()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, help="only so many faults")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--sql", action="store_true", help="of src/pg: only faults of its SQL")
    parser.add_argument("--again", type=pathlib.Path, help="only those that survived a run whose output this file has")
    parser.add_argument("--list", action="store_true", help="only list the faults")
    parser.add_argument("--tests", type=lambda text: text.split(","), help="of src/pg: only these regression tests, by commas; isolation/NAME: an isolation test")
    parser.add_argument("paths", nargs="+", help="files, or folders under src")
    options = parser.parse_args()

    files = []
    for name in options.paths:
        path = pathlib.Path(name).resolve()
        files += sorted(path.rglob("*.cpp")) if path.is_dir() else [path]
    faults = [(path, *fault) for path in files for fault in faults_of(path)]
    if options.sql:
        faults = [fault for fault in faults if fault[2].startswith("SQL ")]
    if options.again:
        survived = set(options.again.read_text().splitlines())
        faults = [fault for fault in faults if survivor(*fault) in survived]
    if UNSEEN.exists() and not options.again:
        unseen = {line for line in UNSEEN.read_text().splitlines() if not line.startswith("#")}
        faults = [fault for fault in faults if seen_as(*fault) not in unseen]
    if options.sample is not None and options.sample < len(faults):
        faults = sorted(random.Random(options.seed).sample(faults, options.sample))
    if options.list:
        for path, number, kind, changed in faults:
            print(f"{path.relative_to(ROOT)}:{number}: {kind}: {changed.strip()}")
        print(f"{len(faults)} faults")
        return

    if len({is_pg(path) for path in files}) > 1:
        sys.exit("mutate.py: files of src/pg have another judge than the core's; give either")
    bench = RegressBench(options.tests) if is_pg(files[0]) else Bench({path.relative_to(ROOT / "src").parts[0] for path in files})
    counts = {"killed": 0, "survived": 0, "uncompilable": 0, "timeout": 0}
    start = time.monotonic()
    for path, number, kind, changed in faults:
        verdict = bench.verdict(path, number, changed)
        counts[verdict] += 1
        if verdict == "survived":
            print(survivor(path, number, kind, changed), flush=True)
        if verdict == "timeout":
            print(survivor(path, number, kind, changed).replace(" survived: ", " ran too long: ", 1), flush=True)
    bench.close()
    print(f"{len(faults)} faults in {len(files)} files: {counts['killed']} noticed, {counts['survived']} survived, "
          f"{counts['timeout']} ran too long, {counts['uncompilable']} do not compile ({time.monotonic() - start:.0f} s)")
    sys.exit(1 if counts["survived"] else 0)


if __name__ == "__main__":
    main()
