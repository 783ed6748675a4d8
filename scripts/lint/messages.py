#!/usr/bin/env python3
"""Checks that a regression test shows each message of the sources.

    messages.py               checks src against expected and test/isolation/expected; prints what no test shows
    messages.py --list        prints each message with its place
    messages.py --self-test   checks that the rule sees what breaks it

A message is a string literal in a call of errmsg() and its like, or behind an ErrorCode. What a conversion such as %s puts in may be
anything; the rest must stand in one line of an expected file.
"""
import glob
import os
import re
import sys

CALLS = ("errmsg", "errmsg_plural", "errdetail", "errdetail_plural", "errhint", "errhint_plural", "GUC_check_errmsg", "GUC_check_errdetail",
         "GUC_check_errhint",
         # What makes an Error of its first or last argument.
         "Foreign", "Invalid", "Malformed", "Refusal", "Sealed", "Unusable", "BytesMember", "OptionalText", "ReadText", "ReadTime",
         "RequiredBytes", "RequiredNumber", "StringClaim")
# Besides calls: what a function answers or a variable or table holds to be such an argument.
STARTS = re.compile(r"\b(?:%s)\s*\(|\bErrorCode::\w+\s*,|\bForm::\w+,|\breturn(?= \")|\breturn [^;\"]*\?(?= \")|"
                    r"\b(?:kComplaint|k\w+Names|kHowTo\w+|obstacle|reason)\s*=(?=\s*\")" % "|".join(CALLS))
LITERAL = r'"(?:\\.|[^"\\\n])*"'
LITERALS = re.compile(r"%s(?:\s*(?:%s|PRI\w+))*" % (LITERAL, LITERAL))
CONVERSION = re.compile(r"%[-+ #0]*\d*(?:\.\d+)?(?:hh|h|ll|l|z|j|t)?[a-zA-Z]")
EXPECTED = ("expected/*.out", "test/isolation/expected/*.out")

# What no regression test can provoke, by reason. A message here that a test shows, or that the sources no longer have, is a violation.
EXCEPTIONS = {
    "a bug, or what an earlier check makes unreachable": [
        "unexpected error in jwt_auth",
        "argument must not be null",
        "binary JSON",
        "unknown algorithm family",
        "unknown kind of key argument",
        "algorithm is not the key's",
        "header is not a JSON object",
        "claims are not a JSON object",
        "no key to decrypt with",
        "no key to verify with",
        "not an RSA key",
        "key without the numbers that a JWK needs",
        "key-encryption key is not 32 bytes long",
        "kid or alg is not valid text",
        "the claims function %s is strict and cannot be called for a null argument",
        "parameter \"%s\" could not be set",
    ],
    "exhausted memory, a cancelled statement, an error of the file system": [
        "out of memory",
        "canceling statement due to an interruption",
        "could not stat the key file: %m",
        "could not read the key file: %m",
    ],
    "input of half a gigabyte or more": [
        "JSON text too large",
        "token longer than a gigabyte",
        "plaintext longer than half a gigabyte",
    ],
    "depends on the version of OpenSSL: test/unit/ml_dsa_test.cpp": [
        "ML-DSA private key without its seed",
        "Export the key in the form that holds the seed (RFC 9881 section 6).",
        "alg is not the one of the key",
    ],
    "in the server's log, or an answer to ALTER SYSTEM alone: test/t/134_purge_by_schedule.pl": [
        "database \"%s\" of jwt_auth.purge_databases does not exist",
        "nothing to purge in database \"%s\": the extension jwt_auth is not installed there",
        "database \"%s\" is not purged: no background worker is free",
        "It is tried again in a minute.",
        "You might need to increase the setting max_worker_processes.",
        "Names of databases are written with commas between them, and in double quotes unless they are in lower case.",
    ],
    "needs a file that the server's settings name: test/t/020_keyring_sealing.pl": [
        "the key-encryption-key file does not exist",
        "the key-encryption-key file cannot be opened",
        "the key-encryption-key file cannot be read",
        "the key-encryption-key file is not a regular file",
        "the key-encryption-key file is open to others",
        "the key-encryption-key file is empty",
        "the key-encryption-key file is too long",
        "the key-encryption-key file does not hold 32 bytes in hex, base64, base64url or as an oct JWK",
        "no key-encryption key opens it",
        "the key-encryption key does not open it",
        "the secret of the server could not be opened and was replaced",
        "the private part of the signing key \"%s\" cannot be opened and stays as it is",
        "The key only verifies, by its public part.",
        "It is an HMAC key: nothing that it signed can be verified.",
        "Nonces and challenges that were made under it are no longer good.",
        "Tokens without a session of users who were forgotten may be good again: jwt_auth.revoke_all_tokens() refuses them.",
    ],
    "needs a configuration file or a database of another encoding: test/t/115_locale_and_encoding.pl": [
        "The value must be valid UTF-8.",
        "jwt_auth.issuer is not valid UTF-8",
        "jwt_auth.audience is not valid UTF-8",
    ],
    "a race: test/isolation": [
        "could not serialize access: the class was made after this transaction began",
        "could not serialize access: the issuer was trusted after this transaction began",
        "The transaction might succeed if retried.",
        "could not make room for a session",
        "The user's sessions were refreshed faster than they could be evicted.",
        "its definition keeps changing",
        "its primary key is not valid",
    ],
    "a database of an earlier version: test/t/106_upgrade.pl": [
        "this database has no API keys: the extension is to be updated",
        "this database knows no such details of an issuer yet",
        "sessions of this database cannot be bound to a key yet",
        "ALTER EXTENSION jwt_auth UPDATE.",
    ],
    "a standby that lags behind: test/t/101_standby.pl": [
        "session is not known here yet",
        "This standby is behind its primary: try again, or ask the primary.",
    ],
    "a server with Citus: test/citus": [
        "who is authenticated is not known on this node",
        "Another node has had its part of a statement carried out here, and the identity stays there.",
        "Ask for the user id first and compare with that value. Row-level security with the identity is for tables whose rows are on "
        "the client's own node.",
        "private keys must be sealed where the keyring is distributed",
        "Set jwt_auth.key_encryption_key_file on every node, to the same key, and reload the configuration.",
        "the keyring is not on this node",
        "Connect to the coordinator, or let every node have the keyring: see docs/scaling.md.",
        "%s cannot be used by a trigger on a distributed table",
        "Call jwt_auth.revoke_user_tokens() or jwt_auth.require_refresh() in the transaction that changes the row, or keep the table "
        "on one node.",
        "the present state of distributed tables cannot be read at isolation level %s",
        "A revocation since the transaction began would not be seen.",
        "Use READ COMMITTED.",
    ],
    "a line of the server's log": [
        "jwt_auth: a token of session %s was presented by another client",
    ],
    "answered as a status, a row or false": [
        "not a refresh token",
        "jti of the proof is not a challenge that is good for this session",
        "a proof with this jti was there before",
        "a refresh token was presented that is newer than the row, which lost a rotation",
        "it was refreshed from an address that it is not bound to",
        "it was refreshed with a fingerprint that it is not bound to",
        "its user logged out",
    ],
}


def without_comments(text):
    """The text with its comments blanked out, line for line; literals stay."""
    def keep(match):
        return match.group(0) if match.group(0)[0] in "\"'" else re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r"//[^\n]*|/\*.*?\*/|%s|'(?:\\.|[^'\\\n])+'" % LITERAL, keep, text, flags=re.DOTALL)


def end_of(code, start):
    """Where the bracket that is open at `start` closes."""
    depth = 0
    for match in re.compile(r"%s|'(?:\\.|[^'\\\n])+'|[(){};]" % LITERAL).finditer(code, start):
        found = match.group(0)
        if found in "({":
            depth += 1
        elif found in ")}":
            depth -= 1
        if depth < 0 or found == ";":
            return match.start()
    return len(code)


def unescape(literals):
    text = "".join(re.findall(LITERAL, literals)).replace('""', "")[1:-1]
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match.group(1), match.group(1)), text)


def messages_of(text):
    """The messages of one source as (line, message)."""
    code = without_comments(text)
    seen = set()
    for start in STARTS.finditer(code):
        for match in LITERALS.finditer(code, start.end(), end_of(code, start.end())):
            message = unescape(match.group(0))
            # Neither a format that only passes on, nor an SQLSTATE, nor the name of an argument.
            if match.start() in seen or not re.search(r"[A-Za-z]{2}", CONVERSION.sub("", message)) or " " not in message:
                continue
            seen.add(match.start())
            yield code.count("\n", 0, match.start()) + 1, message


def pattern_of(message):
    parts, last = [], 0
    for match in CONVERSION.finditer(message.replace("%%", "\0\0")):
        parts.append(message[last:match.start()])
        last = match.end()
    parts.append(message[last:])
    return re.compile(".*".join(re.escape(part.replace("%%", "%")) for part in parts))


def unshown(messages, shown):
    return [message for message in messages if not pattern_of(message).search(shown)]


def sources():
    for base, _, names in sorted(os.walk("src")):
        for name in sorted(names):
            if name.endswith((".hpp", ".cpp")):
                path = os.path.join(base, name)
                with open(path, encoding="utf-8") as source:
                    yield path, source.read()


def check_tree(exceptions):
    shown = ""
    for path in sorted(path for pattern in EXPECTED for path in glob.glob(pattern)):
        with open(path, encoding="utf-8", errors="replace") as source:
            shown += source.read()
    excepted = {message for messages in exceptions.values() for message in messages}
    violations, total, left = 0, set(), set(excepted)
    for path, content in sources():
        for line, message in messages_of(content):
            total.add(message)
            if unshown([message], shown):
                if message in excepted:
                    left.discard(message)
                else:
                    violations += 1
                    print("%s:%d: no test shows \"%s\"" % (path, line, message))
    for message in sorted(left):
        violations += 1
        print("scripts/lint/messages.py: \"%s\" needs no exception: %s" %
              (message, "a test shows it" if message in total else "no source has it"))
    print("%d messages, %d exceptions, %d violations" % (len(total), len(excepted), violations))
    return 1 if violations or not total else 0


PLANTED = [
    ('ereport(ERROR, (errcode(X), errmsg("table \\"%s\\" is shown", name)));', []),
    ('ereport(ERROR, (errcode(X), errmsg("table \\"%s\\" is missing", name)));', ['table "%s" is missing']),
    ('errmsg("one line "\n       "is shown")', []),
    ('errmsg("shown", x), errhint(a ? "Do this." : "Do that.")', ["Do that."]),
    ('// errmsg("a comment says this")\n', []),
    ('return Error{ErrorCode::kMalformed, "a reason", "A hint."};', ["a reason", "A hint."]),
    ('constexpr Error Unusable(const char *detail) { return {ErrorCode::kUnusableKey, detail}; }\nreturn Unusable("no key");', ["no key"]),
    ('{ErrorCode::kMalformed, "JW001", "malformed it", nullptr, true},', ["malformed it"]),
    ('GUC_check_errdetail("The value is shown.");\nauto s = "some other text";', []),
    ('errmsg("%s must be from %d to %d", name, 1, 2)', []),
    ('errmsg("%s must be from %d up to %d", name, 1, 2)', ["%s must be from %d up to %d"]),
    ('errmsg("%s", text), errmsg_internal("for developers")', []),
]
PLANTED_SHOWN = 'ERROR:  table "users" is shown\nERROR:  one line is shown\nHINT:  Do this.\nThe value is shown.\nsize must be from 1 to 2\n'


def self_test():
    wrong = 0
    for text, wanted in PLANTED:
        got = unshown([message for _, message in messages_of(text)], PLANTED_SHOWN)
        if got != wanted:
            wrong += 1
            print("%r: %r expected, got %r" % (text, wanted, got))
    print("%d planted texts, %d judged wrongly" % (len(PLANTED), wrong))
    return 1 if wrong else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if sys.argv[1:] == ["--list"]:
        for path, content in sources():
            for line, message in messages_of(content):
                print("%s:%d: %s" % (path, line, message))
        return 0
    if sys.argv[1:]:
        print(__doc__)
        return 2
    return check_tree(EXCEPTIONS)


if __name__ == "__main__":
    sys.exit(main())
