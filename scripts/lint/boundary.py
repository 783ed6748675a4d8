#!/usr/bin/env python3
"""Checks the boundary between PostgreSQL's errors (longjmp) and C++'s (exceptions) in src/pg: see docs/architecture.md.

    boundary.py [--compiler CLANG++] --server-headers DIRECTORY [--cache DIRECTORY | --self-test]

Reads the syntax trees that clang prints. Each function, method and lambda is a frame of one of two regimes:
  C++       CamelCase functions, constructors, destructors, operators, and the bodies given to Guard() and its relatives
  Postgres  snake_case functions, and the lambdas in them
and these are violations:
  ereport      a C++ frame calls what may ereport: a function of the server that is not in SAFE below, or one of ours that, by
               whatever way, calls one
  destructor   a Postgres frame has a local, a parameter or a temporary with a destructor, which a longjmp would skip
  throw        a Postgres frame calls a CamelCase function that is not noexcept, or catches or throws
What is called through a pointer is not seen. --self-test checks the files in planted/, where a comment names each violation.
"""
import argparse
import concurrent.futures
import hashlib
import os
import pickle
import re
import subprocess
import sys
import tempfile
import time

# What runs a body as a C++ phase. Functions that pass a parameter of their own on to one of these are added.
GUARDS = {"Guard", "value_or_raise", "guard_interruptible"}

# Functions of the server that never ereport. (Of the calls that ereport() is made of, errfinish is the one that is reported.)
SAFE = set("""
    errstart errstart_cold errcode errmsg errmsg_internal errdetail errhint
    MemoryContextAllocExtended palloc_extended pfree
    GetCurrentTimestamp
    pg_atomic_init_u64 pg_atomic_read_u64 pg_atomic_fetch_add_u64 pg_atomic_write_u64
    pg_strcasecmp pg_strncasecmp pg_ascii_tolower pg_ascii_toupper
""".split())

ANONYMOUS = "(anonymous namespace)"
FUNCTION_KINDS = {"FunctionDecl", "CXXMethodDecl", "CXXConstructorDecl", "CXXDestructorDecl", "CXXConversionDecl"}
# Between a call and the function or the lambda that is named in it.
TRANSPARENT = {"ImplicitCastExpr", "ParenExpr", "MaterializeTemporaryExpr", "CXXBindTemporaryExpr", "ExprWithCleanups",
               "CXXFunctionalCastExpr", "CXXConstructExpr", "CStyleCastExpr"}
CALLS = {"CallExpr", "CXXMemberCallExpr", "CXXOperatorCallExpr"}

LINE = re.compile(r"^([ |`-]*)([A-Za-z]\w*)(?: (0x[0-9a-f]+))?(.*)$")
REFERENCE = re.compile(r"(Function|CXXMethod|ParmVar|Var) (0x[0-9a-f]+) '([^']*)'(?: '([^']*)')?")
MEMBER = re.compile(r"'<bound member function type>' (?:->|\.)(\S+) (0x[0-9a-f]+)")
UNRESOLVED = re.compile(r" = '(\w+)' 0x")
PLACE = re.compile(r"(?:^|[ <,])((?:[^ <>,:]+|<scratch space>):\d+:\d+|line:\d+:\d+|col:\d+)")


class Frame:
    """A function or lambda with a body."""

    def __init__(self, key, name, kind, place, noexcept, outer):
        self.key = key            # the same in every translation unit
        self.name = name          # to show
        self.kind = kind
        self.place = place        # (file, line)
        self.last_line = place[1]
        self.noexcept = noexcept
        self.outer = outer        # index of the frame around a lambda, or None
        self.given_to = None      # lambda: key of the function that it is an argument of
        self.calls = []           # (key, line): ours, or "server:NAME"
        self.destroyed = []       # (what, line)
        self.throws = []          # (what, line)
        self.forwards_to = set()  # keys of functions that get one of its own parameters


def closing(text, start):
    """The index behind the > that closes the < at start."""
    depth = 0
    for i in range(start, len(text)):
        depth += {"<": 1, ">": -1}.get(text[i], 0)
        if depth == 0:
            return i + 1
    return len(text)


class Unit:
    """One source file."""

    def __init__(self, name, included, frames, functions):
        self.name = name
        self.included = included    # paths
        self.frames = frames
        self.functions = functions  # key: (kind, noexcept), of all that were declared

    def function_around(self, frame):
        while frame.kind == "lambda" and frame.outer is not None:
            frame = self.frames[frame.outer]
        return frame


class Node:
    __slots__ = ("depth", "kind", "text", "children", "frame", "callee", "address", "variable", "scope")


def key_in(name, unit):
    """A name that is the same in every translation unit; those of anonymous namespaces have their file behind them."""
    return "%s@%s" % (name, unit) if ANONYMOUS in name else name


def plain(key):
    """The name without its namespaces."""
    return key.split("@")[0].rsplit("::", 1)[-1].removeprefix("server:")


def is_noexcept(type_text):
    return bool(re.search(r"noexcept(?!\(false)", type_text))


def read_tree(unit, dump, server_names, root):
    """The frames of one translation unit whose places are in root, and (kind, noexcept) of every function by key."""
    frames, keys, functions, seen, lambda_of = [], {}, {}, set(), {}
    stack, skip_below = [], None
    file, line = "", 0
    pending = []  # (frame index, address, name, line) of calls, looked up when all declarations have been read

    for raw in dump:
        if raw.startswith("Dumping "):
            stack, skip_below = [], None
            file, line = "", 0
            continue
        match = LINE.match(raw)
        if not match:
            continue
        prefix, kind, address, rest = match.groups()
        depth = len(prefix) // 2

        # Places are printed relative to the one before, so they are read also where nothing else is.
        begin, at = None, rest.find("<")
        if address and 0 <= at and re.fullmatch(r"(?: (?:prev|parent) 0x[0-9a-f]+)* ", rest[:at]):
            end = closing(rest, at)
            own = rest[end:].split(" ", 2)[1:2]
            for token in PLACE.findall(rest[at:end]) + [t for t in own if re.fullmatch(r"(?:.*:)?\d+", t)]:
                parts = token.rsplit(":", 2)
                if parts[0] == "line" and len(parts) == 3:
                    line = int(parts[1])
                elif len(parts) == 3:
                    file, line = parts[0], int(parts[1])
                begin = begin or (file, line)
        place_file, place_line = begin or (file, line)

        while stack and stack[-1].depth >= depth:
            stack.pop()
        if skip_below is not None:
            if depth > skip_below:
                continue
            skip_below = None
        parent = stack[-1] if stack else None

        node = Node()
        node.depth, node.kind, node.text, node.children, node.address = depth, kind, rest, 0, address
        node.callee = node.variable = None
        node.frame = parent.frame if parent else None
        node.scope = parent.scope if parent else ""
        if parent:
            parent.children += 1
        stack.append(node)

        if kind == "NamespaceDecl":
            name = rest.rsplit(" ", 1)[-1]
            named = not re.search(r"(:\d+|>|inline|nested)$", name)
            node.scope += "%s::" % (name if named else ANONYMOUS)
        elif kind in ("CXXRecordDecl", "ClassTemplateSpecializationDecl", "ClassTemplatePartialSpecializationDecl"):
            name = re.search(r"(?:struct|class|union) (\w+)(?: definition)?", rest)
            if name and name.group(1) != "definition":
                node.scope += name.group(1) + "::"
        elif kind in FUNCTION_KINDS:
            quoted = rest.find("'")
            name = rest[:quoted].rstrip().rsplit(" ", 1)[-1] if quoted >= 0 else "?"
            operator = re.search(r"\boperator\S*(?: \w+)?$", rest[:quoted].rstrip())
            if operator:
                name = operator.group(0)
            node.frame = None
            key = key_in(node.scope + name, unit)
            previous = re.search(r"prev (0x[0-9a-f]+)", rest)
            if previous and previous.group(1) in keys:
                key = keys[previous.group(1)]
            type_text = rest[quoted:]
            functions[key] = (kind, functions.get(key, (kind, True))[1] and is_noexcept(type_text))
            keys[address] = key
            node.variable = (key, name, type_text)
        elif kind in ("CompoundStmt", "CXXTryStmt") and parent and parent.kind in FUNCTION_KINDS:
            key, name, type_text = parent.variable
            if parent.address in seen:
                skip_below = depth
                continue
            seen.add(parent.address)
            outer = next((n for n in reversed(stack) if n.kind == "LambdaExpr"), None)
            frame = Frame(key, name, parent.kind, (place_file, place_line), is_noexcept(type_text), None)
            if outer is not None and parent.text.find("operator()") >= 0:
                frame.outer = outer.frame
                frame.kind = "lambda"
                frame.key = "%s:%d lambda %s" % (place_file, place_line, parent.address)
                frame.name = "lambda"
                frame.given_to = outer.callee
                if outer.variable:
                    lambda_of[outer.variable] = len(frames)
            frames.append(frame)
            index = len(frames) - 1
            # Parameters are destroyed by the caller or the callee: either way there is a frame that a longjmp would skip.
            for what, where in getattr(parent, "callee", None) or []:
                frame.destroyed.append((what, where))
            parent.frame = node.frame = index
        elif kind == "CompoundStmt" and parent and parent.kind == "LambdaExpr":
            skip_below = depth  # the body again, which the operator() had
            continue
        elif kind == "LambdaExpr":
            argument = None
            for up in reversed(stack[:-1]):
                if up.kind in CALLS:
                    argument = up.callee
                    break
                if up.kind == "VarDecl":
                    node.variable = up.address
                    break
                if up.kind not in TRANSPARENT:
                    break
            node.callee = argument

        if kind == "ParmVarDecl" and rest.endswith(" destroyed") and parent and parent.kind in FUNCTION_KINDS:
            parent.callee = (parent.callee or []) + [("a parameter with a destructor", place_line)]

        index = node.frame
        if index is None:
            continue
        frame = frames[index]
        # What a macro of the server's writes has its place there: shown at the last line before it that is ours.
        if place_file == frame.place[0]:
            frame.last_line = max(place_line, frame.place[1])
        where = frame.last_line

        if kind == "VarDecl" and rest.endswith(" destroyed"):
            static = re.search(r"' static\b", rest)
            if not static:
                name = rest[:rest.find(" '")].rsplit(" ", 1)[-1]
                frame.destroyed.append(("local '%s' with a destructor" % name, where))
        elif kind == "CXXBindTemporaryExpr":
            type_name = re.search(r"'([^']*)'", rest)
            frame.destroyed.append(("temporary of type %s" % (type_name.group(1) if type_name else "?"), where))
        elif kind in ("CXXConstructExpr", "CXXTemporaryObjectExpr"):
            made = re.match(r"[^']*'([^']*)'(?::'([^']*)')?", rest)
            made = re.sub(r"<.*>", "", re.sub(r"\bconst ", "", made.group(2) or made.group(1))) if made else ""
            if made.startswith("jwt_auth::"):
                frame.calls.append((key_in("%s::%s" % (made, made.rsplit("::", 1)[-1]), unit), where))
        elif kind in ("CXXTryStmt", "CXXThrowExpr"):
            frame.throws.append(({"CXXThrowExpr": "throw"}.get(kind, "try"), where))
        elif kind in ("DeclRefExpr", "MemberExpr", "UnresolvedLookupExpr"):
            reference = REFERENCE.search(rest) if kind == "DeclRefExpr" else None
            member = MEMBER.search(rest) if kind == "MemberExpr" else None
            unresolved = UNRESOLVED.search(rest) if kind == "UnresolvedLookupExpr" else None
            call, first = None, True
            for position in range(len(stack) - 2, -1, -1):
                up = stack[position]
                if up.kind in CALLS:
                    call, first = up, up.children == 1
                    break
                if up.kind not in TRANSPARENT:
                    break
            if reference and reference.group(1) in ("ParmVar", "Var"):
                # A parameter, or a variable that holds a lambda, on its way into another function (also through std::forward).
                for up in reversed(stack[:-1]):
                    if up.kind in CALLS and up.callee:
                        if reference.group(1) == "ParmVar":
                            pending.append(("forward", index, up.callee, where))
                        elif reference.group(2) in lambda_of and frames[lambda_of[reference.group(2)]].given_to is None:
                            if up.callee[1] != "operator()":
                                frames[lambda_of[reference.group(2)]].given_to = up.callee
                continue
            if call is not None and first and (reference or member or unresolved):
                if reference:
                    target = (reference.group(2), reference.group(3), reference.group(4) or "")
                elif member:
                    target = (member.group(2), member.group(1), "")
                else:
                    target = (None, unresolved.group(1), "")
                call.callee = target
                pending.append(("call", index, target, where))

    def key_of(target):
        address, name, type_text = target
        if address in keys:
            return keys[address]
        if name in server_names and "std::" not in type_text:
            return "server:" + name
        return None

    for what, index, target, where in pending:
        if what == "forward":
            frames[index].forwards_to.add(target[1])
        else:
            key = key_of(target)
            if key is not None:
                frames[index].calls.append((key, where))
    for frame in frames:
        if frame.given_to:
            frame.given_to = frame.given_to[1]
    # Frames elsewhere (headers of the core, the standard library's) are not ours to judge, but those of the core are called.
    kept = {}
    wanted = [i for i, f in enumerate(frames) if not os.path.isabs(f.place[0]) or f.place[0].startswith(root)]
    for new, old in enumerate(wanted):
        kept[old] = new
    for i in wanted:
        frames[i].outer = kept.get(frames[i].outer)
    return [frames[i] for i in wanted], functions


def command_of(options):
    return [options.compiler, "-std=c++17", "-Isrc", "-isystem", options.server_headers, "-Wno-register",
            "-fsyntax-only", "-fno-color-diagnostics"]


def server_names_of(options, files):
    """The names of the functions that the server's headers declare, as far as the files include them."""
    headers = set()
    for name in files:
        with open(name, encoding="utf-8") as source:
            headers.update(re.findall(r'^\s*#include <([\w/]+\.h)>', source.read(), re.MULTILINE))
    headers = sorted(h for h in headers if os.path.exists(os.path.join(options.server_headers, h)) and h != "postgres.h")
    text = 'extern "C" {\n#include <postgres.h>\n' + "".join("#include <%s>\n" % h for h in headers) + "}\n"
    output = subprocess.run([options.compiler, "-std=c++17", "-E", "-x", "c++", "-isystem", options.server_headers, "-"], input=text,
                            stdout=subprocess.PIPE, check=True, encoding="utf-8", errors="replace").stdout
    names, depth, inside = set(), 0, False
    base = options.server_headers.rstrip("/") + "/"
    for line in output.splitlines():
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            inside = marker.group(1).startswith(base)
            continue
        if inside:
            for token in re.finditer(r'extern "C" \{|[{}]|(\w+)\s*\(', line):
                if token.group(0) == "{":
                    depth += 1
                elif token.group(0) == "}":
                    depth = max(0, depth - 1)
                elif token.group(1) and depth == 0:
                    names.add(token.group(1))
    names -= {"__attribute__", "__asm__", "if", "while", "for", "switch", "sizeof", "return", "defined"}
    if len(names) < 100:
        raise SystemExit("boundary.py: the server's headers in %s declare hardly anything" % options.server_headers)
    return names


def digest_of(path):
    """Of what a file holds; of the system's files, which are large and many, their time."""
    if os.path.isabs(path) and path != __file__:
        return str(os.stat(path).st_mtime_ns)
    with open(path, "rb") as content:
        return hashlib.sha256(content.read()).hexdigest()


def is_current(digests):
    try:
        return all(digest_of(path) == digest for path, digest in digests.items())
    except OSError:
        return False


def unit_of(job):
    """The Unit of one file. Kept until the file, one that it includes or this script changes."""
    name, command, dump_filter, server_names, root, cache = job
    asked = (command, dump_filter, sorted(server_names))
    kept = os.path.join(cache, hashlib.sha256(name.encode()).hexdigest()) if cache else None
    if kept and os.path.exists(kept):
        with open(kept, "rb") as content:
            before, digests, unit = pickle.load(content)
        if before == asked and is_current(digests):
            return unit
    started = time.time()
    with tempfile.NamedTemporaryFile(mode="r", encoding="utf-8") as listed:
        run = subprocess.run([*command, "-MD", "-MF", listed.name, "-Xclang", "-ast-dump", "-Xclang",
                              "-ast-dump-filter=" + dump_filter, name],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace", check=False,
                             env={**os.environ, "CCACHE_DISABLE": "1"})  # ccache keeps no syntax trees apart
        if run.returncode != 0:
            raise SystemExit("boundary.py: clang does not compile %s:\n%s" % (name, run.stderr))
        if not run.stdout:
            raise SystemExit("boundary.py: clang shows no syntax tree of %s" % name)
        included = sorted(set(listed.read().replace("\\\n", " ").split(": ", 1)[1].split()))
    unit = Unit(name, included, *read_tree(name, run.stdout.splitlines(), server_names, root))
    # What was edited while it was read may have been read before the edit.
    if kept and all(os.stat(path).st_mtime < started for path in included):
        with open(kept + ".new", "wb") as content:
            pickle.dump((asked, {path: digest_of(path) for path in [__file__, *included]}, unit), content)
        os.replace(kept + ".new", kept)
    return unit


class Program:
    """All units together."""

    def __init__(self, units):
        self.units = units
        self.functions = {}  # key: (kind, noexcept), of all that were declared
        self.methods = {}    # class: names of its methods
        for unit in units:
            for key, (kind, is_noexcept) in unit.functions.items():
                self.functions[key] = (kind, is_noexcept and self.functions.get(key, (kind, True))[1])
                if kind == "CXXMethodDecl":
                    self.methods.setdefault(key.split("@")[0].rpartition("::")[0], set()).add(plain(key))
        self.guards = self._guards()
        self.reason = self._reasons()

    def _guards(self):
        """Names of the functions that run a body as a C++ phase."""
        guards = set(GUARDS)
        while True:
            more = {f.name for u in self.units for f in u.frames if f.kind != "lambda" and f.forwards_to & guards} - guards
            if not more:
                return guards
            guards |= more

    def _reasons(self):
        """Of each function of ours that may ereport: the function of the server through which. A lambda counts as its function."""
        callees = {}
        for unit in self.units:
            for frame in unit.frames:
                callees.setdefault(unit.function_around(frame).key, set()).update(key for key, _ in frame.calls)
        reason, changed = {}, True
        while changed:
            changed = False
            for key, called in callees.items():
                through = [reason[c] for c in called if c in reason] + [plain(c) for c in called if is_unsafe(c)]
                if key not in reason and through:
                    reason[key] = min(through)
                    changed = True
        return reason

    def is_noexcept(self, key):
        return self.functions.get(key, ("", False))[1]

    def regime(self, unit, frame):
        if frame.kind == "lambda":
            if frame.given_to in self.guards:
                return "C++"
            return self.regime(unit, unit.frames[frame.outer]) if frame.outer is not None else "C++"
        if frame.kind == "CXXConstructorDecl" or frame.name.startswith("operator"):
            # A class that speaks snake_case only is of the Postgres regime, and so are its constructors and operators.
            names = {n for n in self.methods.get(frame.key.split("@")[0].rpartition("::")[0], ()) if not n.startswith("operator")}
            return "Postgres" if names and not any(is_camel(n) for n in names) else "C++"
        if frame.kind in ("CXXDestructorDecl", "CXXConversionDecl") or is_camel(frame.name):
            return "C++"
        return "both" if frame.noexcept else "Postgres"

    def may_call_in_cpp(self, key):
        """Whether the name says so: see the naming rule."""
        if key.startswith("server:") or not key.startswith("jwt_auth::pg::") or is_camel(plain(key)):
            return True
        return self.functions.get(key, ("", False))[0] != "FunctionDecl" or self.is_noexcept(key)

    def violations(self, judged):
        """As (file, line, kind, text)."""
        found = set()
        for unit in self.units:
            for name in unit.included:
                if judged(unit.name) and "/nlohmann/" in name:
                    found.add((unit.name, 1, "include", "includes nlohmann/json, by whatever way: %s" % name))
            for frame in unit.frames:
                if judged(frame.place[0]):
                    found.update((frame.place[0], *violation) for violation in self._violations_of(unit, frame))
        return sorted(found)

    def _violations_of(self, unit, frame):
        shown = frame.name if frame.kind != "lambda" else "a lambda in " + unit.function_around(frame).name
        regime = self.regime(unit, frame)
        if regime != "Postgres":
            is_what = "C++" if regime == "C++" else "noexcept"
            for key, where in frame.calls:
                if is_unsafe(key):
                    yield where, "ereport", "%s is %s and calls the server's %s" % (shown, is_what, plain(key))
                elif key in self.reason:
                    yield where, "ereport", "%s is %s and calls %s, which may ereport (in %s)" % (shown, is_what, plain(key), self.reason[key])
                elif not self.may_call_in_cpp(key):
                    yield where, "name", "%s is %s and calls %s, which by its name may ereport: if not, declare it noexcept" % (
                        shown, is_what, plain(key))
            return
        for what, where in frame.destroyed:
            yield where, "destructor", "%s may ereport and has a %s" % (shown, what)
        for what, where in frame.throws:
            yield where, "throw", "%s may ereport and has a %s" % (shown, what)
        for key, where in frame.calls:
            if is_camel(plain(key)) and not key.startswith("server:") and not self.is_noexcept(key) and self.is_function(key):
                yield where, "throw", "%s may ereport and calls %s outside Guard(), which is not noexcept" % (shown, plain(key))

    def is_function(self, key):
        return self.functions.get(key, ("", False))[0] in ("FunctionDecl", "CXXMethodDecl")


def is_camel(name):
    return name[:1].isupper()


def is_unsafe(key):
    return key.startswith("server:") and plain(key) not in SAFE


def sources_below(directory):
    found = []
    for base, _, names in os.walk(directory):
        found += [os.path.join(base, name) for name in names if name.endswith((".hpp", ".cpp"))]
    return sorted(found)


def read_program(options, files, cache):
    server_names = server_names_of(options, sorted({*files, *sources_below("src/pg")}))
    root = os.getcwd() + "/"
    jobs = [(name, command_of(options), options.filter, server_names, root, cache) for name in files]
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        return Program(list(pool.map(unit_of, jobs)))


def self_test(options):
    here = os.path.relpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "planted"))
    wanted = set()
    for name in sources_below(here):
        with open(name, encoding="utf-8") as source:
            for number, line in enumerate(source, 1):
                wanted.update((name, number, kind) for kind in re.findall(r"violation: (\w+)", line))
    program = read_program(options, [name for name in sources_below(here) if name.endswith(".cpp")], None)
    violations = program.violations(lambda file: file.startswith(here))
    got = {(file, line, kind) for file, line, kind, _ in violations}
    for file, line, kind in sorted(wanted - got):
        print("%s:%d: the planted violation (%s) is not seen" % (file, line, kind))
    for file, line, kind, text in violations:
        if (file, line, kind) not in wanted:
            print("%s:%d: reported, though nothing is wrong: %s: %s" % (file, line, kind, text))
    print("%d planted violations, %d seen" % (len(wanted), len(wanted & got)))
    return 0 if wanted == got and wanted else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--compiler", default="clang++")
    parser.add_argument("--server-headers", required=True)
    parser.add_argument("--filter", default="jwt_auth")
    parser.add_argument("--cache", help="a directory for what was read")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test(options)
    if options.cache:
        os.makedirs(options.cache, exist_ok=True)
    program = read_program(options, [name for name in sources_below("src/pg") if name.endswith(".cpp")], options.cache)
    violations = program.violations(lambda file: file.startswith("src/pg/"))
    for file, line, kind, text in violations:
        print("%s:%d: %s: %s" % (file, line, kind, text))
    frames = sum(len(unit.frames) for unit in program.units)
    print("%d files, %d functions, %d violations" % (len(program.units), frames, len(violations)))
    return 1 if violations or not frames else 0


if __name__ == "__main__":
    sys.exit(main())
