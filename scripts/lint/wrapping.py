#!/usr/bin/env python3
"""Checks that the prose of the pages is wrapped at 120 columns.

    wrapping.py               prints each line that is longer and could be broken
    wrapping.py --self-test   checks that the rule sees what breaks it

Tables, headings, code and HTML are left as they are, and what stands in backticks is not broken. docs/reference.md is generated.
"""
import glob
import re
import sys

COLUMNS = 120


def too_long(page):
    in_code = False
    for number, line in enumerate(page.split("\n"), 1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code and len(line) > COLUMNS and line.lstrip()[:1] not in ("|", "#", "<") and not line.startswith("    "):
            text = re.sub(r"^\s*(?:(?:[-*+]|\d+\.) +)?", "", re.sub(r"`[^`]*`", "`", line))
            if " " in text:
                yield number


def main():
    if "--self-test" in sys.argv:
        long = "word " * 30
        assert list(too_long(f"{long}\n\n```\n{long}\n```\n| {long} |\n- `{long}`\n- {long}")) == [1, 8]
        return 0
    wrong = 0
    for path in sorted({*glob.glob("*.md"), *glob.glob("docs/*.md"), *glob.glob("examples/*/*.md")} - {"docs/reference.md"}):
        with open(path, encoding="utf-8") as file:
            for number in too_long(file.read()):
                print(f"{path}:{number}: longer than {COLUMNS} columns")
                wrong += 1
    return 1 if wrong else 0


sys.exit(main())
