"""Instruction counts: read from callgrind's files, compared with the committed ones.

count FILE... --later FILE
                         prints path and instructions per call; what the last file has of LATER gets another name
compare FIGURES COUNTED  against the committed figures; 1 if one has grown by more than a tenth, 3 if there are none for this toolchain
update FIGURES COUNTED   writes them into the committed figures
"""

import collections
import re
import subprocess
import sys

TOLERANCE = 0.10
COUNTED = re.compile(r"^(path_\w+|jwt_auth_(?:sign|sign_ring|verify|verify_ring|try_verify|issue_refresh_session|refresh_session|revoke_user_tokens))$")

# Counted in a second run, for something else.
LATER = {"jwt_auth_verify_ring": "jwt_auth_verify_ring_first", "jwt_auth_refresh_session": "jwt_auth_refresh_session_hot"}


def inclusive_costs(path):
    """Calls and inclusive cost of each counted function. callgrind names a function once and then by its number."""
    names, calls, costs = {}, collections.Counter(), collections.Counter()
    called = None
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith(("fn=", "cfn=")):
                number, _, name = line.rstrip("\n").partition("=")[2].partition(" ")
                if name:
                    names[number] = name
                if line.startswith("cfn="):
                    called = names[number]
            elif line.startswith("calls="):
                times = int(line[6:].split()[0])
                cost = int(next(file).split()[1])
                if COUNTED.match(called):
                    calls[called] += times
                    costs[called] += cost
    return {name: costs[name] / calls[name] for name in calls}


def toolchain():
    """What the counts depend on besides our code; patch levels hardly matter."""
    compiler = subprocess.run(["g++", "-dumpversion"], capture_output=True, text=True, check=True).stdout.strip().split(".")[0]
    openssl = re.search(r"OpenSSL (\d+\.\d+)", subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout)
    server = re.search(r"\) (\d+)", subprocess.run(["postgres", "--version"], capture_output=True, text=True, check=True).stdout)
    return f"g++ {compiler}, OpenSSL {openssl.group(1)}, PostgreSQL {server.group(1)}"


def read(path):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t") for line in file if line.strip()]


def compare(committed, counted):
    here = toolchain()
    figures = {path: int(count) for chain, path, count in read(committed) if chain == here}
    if not figures:
        print(f"no figures for {here}")
        return 3
    now = {path: int(count) for path, count in read(counted)}
    worst = 0
    for path in sorted(figures.keys() | now.keys()):
        before, after = figures.get(path), now.get(path)
        if before is None or after is None:
            print(f"{path:36} {before or '-':>9} {after or '-':>9}  not counted on both sides")
            worst = 1
            continue
        change = after / before - 1
        grown = change > TOLERANCE
        print(f"{path:36} {before:9} {after:9} {change:+7.1%}{'  grown' if grown else ''}")
        worst = max(worst, int(grown))
    return worst


def update(committed, counted):
    here = toolchain()
    others = [row for row in read(committed) if row[0] != here]
    rows = others + [[here, path, count] for path, count in read(counted)]
    with open(committed, "w", encoding="utf-8") as file:
        for row in sorted(rows):
            print(*row, sep="\t", file=file)
    return 0


def main():
    what, *paths = sys.argv[1:]
    if what == "count":
        *first, flag, later = paths
        if flag != "--later":
            sys.exit(__doc__)
        costs = {name: cost for path in first for name, cost in inclusive_costs(path).items()}
        costs.update({LATER[name]: cost for name, cost in inclusive_costs(later).items() if name in LATER})
        for name in sorted(costs):
            print(name, round(costs[name]), sep="\t")
        return 0
    return {"compare": compare, "update": update}[what](*paths)


if __name__ == "__main__":
    sys.exit(main())
