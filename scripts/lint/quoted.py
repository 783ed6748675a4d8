#!/usr/bin/env python3
"""Checks that docs/troubleshooting.md quotes messages as the sources have them.

    quoted.py               prints each message of its tables that no source has
    quoted.py --self-test   checks that the rule sees what breaks it

A message stands in the second column, in backticks; "..." stands for what differs. An error of the core is "message: detail", which are two
texts of the sources.
"""
import glob
import re
import sys

PAGE = "docs/troubleshooting.md"
LITERALS = re.compile(r'"(?:\\.|[^"\\\n])*"(?:\s*"(?:\\.|[^"\\\n])*")*')
ROW = re.compile(r"^\| *([0-9A-Z]{5}|WARNING) *\| *`([^`]*)` *\|", re.M)


def texts_of(source):
    for literal in LITERALS.finditer(source):
        yield re.sub(r'"\s*"', "", literal.group()[1:-1].replace('\\"', "\0")).replace("\0", '"')


def unknown(page, sources):
    texts = [text for source in sources for text in texts_of(source)]
    known = "\n".join(re.sub(r"%(?:[a-z]+|zu|lld)", "\1", text) for text in texts)
    # The server's text behind the name that it is given.
    known += "\njwt_auth.authenticate() can only be used in transaction blocks"
    for code, message in ROW.findall(page):
        pieces = [piece.strip() for part in message.split(": ") for piece in re.split(r"\.\.\.+", part)]
        # Of the codes of our own, code and message stand side by side.
        if any(piece and piece not in known for piece in pieces) or code.startswith("JW") and not any(
                f'"{code}", "{message.split(": ")[0]}"' in source for source in sources):
            yield message


def main():
    if "--self-test" in sys.argv:
        page = '| 42501 | `a key "..." is gone: no way` |\n| 42501 | `a key was lost` |\n| JW001 | `bad token` |\n| JW002 | `bad token` |\n'
        assert list(unknown(page, ['f("a key \\"%s\\" is gone", "no way"); {"JW001", "bad token"}'])) == ["a key was lost", "bad token"]
        return 0
    page = open(PAGE, encoding="utf-8").read()
    wrong = list(unknown(page, [open(path, encoding="utf-8").read() for path in sorted(glob.glob("src/**/*.[ch]pp", recursive=True))]))
    for message in wrong:
        print(f"{PAGE} quotes what no source says: {message}")
    print(f"{len(ROW.findall(page))} messages, {len(wrong)} of them unknown")
    return 1 if wrong else 0


sys.exit(main())
