#!/usr/bin/env python3
"""Checks rules of docs/architecture.md that the text of the sources shows, without a compiler.

    rules.py SERVER_HEADERS   checks src; prints the violations
    rules.py --self-test      checks that each rule sees what breaks it
"""
import os
import re
import sys

# How a function of src/pg/sql works as the owner is as_owner()'s business, and where a copy goes that of the copy's.
BY_HAND = "enter_owner leave_owner SPI_connect SPI_connect_ext SPI_finish MemoryContextSwitchTo".split()
# A procedure that commits between its batches has a connection of its own for all of them.
ALLOWED_BY_HAND = {("src/pg/sql/purge_expired.cpp", "SPI_connect_ext"), ("src/pg/sql/purge_expired.cpp", "SPI_finish")}
# Where a longjmp may be caught: to leave a flag as it was.
CATCHES_ERRORS = {"src/pg/identity/identity.cpp": 1}
LONGEST_FILE = 700
# Where each event and each key of an event's detail is documented.
RECORD_PAGE = "docs/audit.md"
# Where newcomers look for the file that they need, and from where its paths go on.
MAP_PAGE = "docs/architecture.md"
MAP_ROOTS = ("", "src")
MAPPED = ("src/session/", "src/pg/sql/")


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def without_comments(text):
    """The text with comments and the insides of literals blanked out, line for line."""
    return re.sub(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank, text, flags=re.DOTALL)


def includes_of(text):
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if match:
            yield number, match.group(1)


def lines_with(code, word):
    return [number for number, line in enumerate(code.splitlines(), 1) if re.search(r"\b%s\b" % word, line)]


def check(name, text, is_servers):
    """Violations in one file as (line, text). is_servers(header) says whether PostgreSQL has that header."""
    code = without_comments(text)
    part = name.split("/")[1]
    for number, header in includes_of(text):
        if part in ("jose", "session"):
            if header.startswith("pg/") or is_servers(header):
                yield number, "the core includes nothing of PostgreSQL or of src/pg: %s" % header
            if part == "jose" and header.startswith("session/"):
                yield number, "src/jose does not know src/session: %s" % header
        elif header.startswith("nlohmann/"):
            yield number, "nlohmann/json and PostgreSQL's headers never meet: the reader of JSON is jose/json"
    if part == "pg":
        for number in lines_with(code, "nlohmann"):
            yield number, "values of nlohmann/json stay in the core"
        tries = lines_with(code, "PG_TRY") + lines_with(code, "sigsetjmp")
        for number in tries[CATCHES_ERRORS.get(name, 0):]:
            yield number, "errors are not caught: PG_TRY is used in one place, %s" % ", ".join(CATCHES_ERRORS)
    if name.startswith("src/pg/sql/"):
        for word in BY_HAND:
            if (name, word) in ALLOWED_BY_HAND:
                continue
            for number in lines_with(code, word):
                yield number, "%s() is not called here: work as the owner is as_owner()'s, a copy says where it goes" % word
    count = text.count("\n")
    if count > LONGEST_FILE:
        yield count, "%d lines: a file is split before it has %d" % (count, LONGEST_FILE)


def names_in_record(name, text):
    """Events, and keys of an event's detail, that one file of the sources writes."""
    if name == "src/session/event.cpp":
        return set(re.findall(r'return "(\w+)";', text))
    if not name.startswith("src/pg/"):
        return set()
    return set(re.findall(r'\b(?:detail|reason)\.add_\w+\(\s*"(\w+)"', text)
               + re.findall(r'\badd_lifetime\([^"]*"(\w+)"', text))


def undocumented(name, text, page):
    return sorted(word for word in names_in_record(name, text) if "`%s`" % word not in page)


def not_there(page, exists):
    """Paths that a page names and that lead nowhere. Names with a capital letter or a star stand for others."""
    paths = re.findall(r"`([a-z0-9_.\-/]+\.(?:cpp|hpp|sql|pl|py|sh|md|tsv))`", page)
    return sorted({path for path in paths if not any(exists(os.path.join(root, path)) for root in MAP_ROOTS)})


def is_unmapped(name, page):
    """Whether a file that decides something or answers SQL is missing on that page."""
    return name.startswith(MAPPED) and name.endswith(".cpp") and "`%s`" % name[len("src/"):] not in page


def check_tree(is_servers):
    violations = files = 0
    with open(MAP_PAGE, encoding="utf-8") as source:
        map_page = source.read()
    for path in not_there(map_page, os.path.exists):
        print("%s: there is no %s" % (MAP_PAGE, path))
        violations += 1
    with open(RECORD_PAGE, encoding="utf-8") as source:
        record_page = source.read()
    for base, _, names in os.walk("src"):
        for name in sorted(names):
            if not name.endswith((".hpp", ".cpp")):
                continue
            files += 1
            path = os.path.join(base, name)
            with open(path, encoding="utf-8") as source:
                content = source.read()
            for line, text in check(path, content, is_servers):
                print("%s:%d: %s" % (path, line, text))
                violations += 1
            if is_unmapped(path, map_page):
                print("%s: %s does not say what is changed in it" % (path, MAP_PAGE))
                violations += 1
            for word in undocumented(path, content, record_page):
                print("%s: %s says nothing of %s, an event or a key of its detail" % (path, RECORD_PAGE, word))
                violations += 1
    print("%d files, %d violations" % (files, violations))
    return 1 if violations or not files else 0


PLANTED = [
    ("src/jose/a.cpp", "#include <string>\n#include <openssl/evp.h>\n#include <nlohmann/json.hpp>\n", 0),
    ("src/jose/a.cpp", "#include <postgres.h>\n", 1),
    ("src/session/a.cpp", "#include <utils/jsonb.h>\n", 1),
    ("src/session/a.hpp", '#include "pg/support/errors.hpp"\n', 1),
    ("src/jose/a.hpp", '#include "session/event.hpp"\n', 1),
    ("src/session/a.hpp", '#include "jose/result.hpp"\n', 0),
    ("src/pg/sql/a.cpp", '#include "nlohmann/json.hpp"\n', 1),
    ("src/pg/support/a.cpp", "void f() { nlohmann::json value; }\n", 1),
    ("src/pg/support/a.cpp", '// nlohmann::json\nconst char *a = "nlohmann";\n', 0),
    ("src/pg/sql/a.cpp", "void f() {\n  PG_TRY();\n}\n", 1),
    ("src/pg/identity/identity.cpp", "PG_TRY();\n", 0),
    ("src/pg/identity/identity.cpp", "PG_TRY();\nPG_TRY();\n", 1),
    ("src/pg/sql/a.cpp", "SPI_connect();\nSPI_finish();\n", 2),
    ("src/pg/sql/a.cpp", "auto s = enter_owner(table); MemoryContextSwitchTo(x);\n", 2),
    ("src/pg/sql/a.cpp", "/* SPI_finish(); */ // enter_owner\nR\"(SPI_connect)\";\n", 0),
    ("src/pg/store/owner.cpp", "OwnerScope enter_owner(const char *table) { SPI_connect(); }\n", 0),
    ("src/pg/store/a.cpp", "\n" * 701, 1),
]


PLANTED_RECORD = [
    ("src/session/event.cpp", 'return "known";\nreturn "new_event";\nreturn "";\n', ["new_event"]),
    ("src/pg/sql/a.cpp", 'detail.add_text("known", x);\ndetail.add_optional(\n    "new_key", x);\n', ["new_key"]),
    ("src/pg/sql/a.cpp", 'payload.add_text("other", x);\nadd_text("other", x);\n', []),
    ("src/pg/keyring/a.cpp", 'detail.add_text("new_kid", kid);\n', ["new_kid"]),
]


PLANTED_MAP = [
    ("`session/a.cpp`, `docs/b.md`, `a.cpp`, `src/SUBJECT.cpp`, `test/messages_*.sql`", ["a.cpp"]),
]


PLANTED_FILES = [("src/session/known.cpp", False), ("src/session/new.cpp", True), ("src/session/new.hpp", False), ("src/pg/store/new.cpp", False)]


def self_test():
    wrong = 0
    for page, wanted in PLANTED_MAP:
        got = not_there(page, lambda path: path in ("src/session/a.cpp", "docs/b.md"))
        if got != wanted:
            wrong += 1
            print("%r expected in %r, got %r" % (wanted, page, got))
    for name, wanted in PLANTED_FILES:
        if is_unmapped(name, "| a row | `session/known.cpp` |") != wanted:
            wrong += 1
            print("%s: expected %r" % (name, wanted))
    for name, text, wanted in PLANTED_RECORD:
        got = undocumented(name, text, "| `known` | ...")
        if got != wanted:
            wrong += 1
            print("%s: %r expected in %r, got %r" % (name, wanted, text[:80], got))
    for name, text, wanted in PLANTED:
        got = list(check(name, text, lambda header: header in ("postgres.h", "utils/jsonb.h")))
        if len(got) != wanted:
            wrong += 1
            print("%s: %d violations expected in %r, got %r" % (name, wanted, text[:80], got))
    print("%d planted files, %d judged wrongly" % (len(PLANTED) + len(PLANTED_RECORD) + len(PLANTED_MAP) + len(PLANTED_FILES), wrong))
    return 1 if wrong else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    headers = sys.argv[1]
    if not os.path.exists(os.path.join(headers, "postgres.h")):
        print("%s has no postgres.h" % headers)
        return 1
    return check_tree(lambda header: os.path.exists(os.path.join(headers, header)))


if __name__ == "__main__":
    sys.exit(main())
