"""A request's check, `jwt_verify(token)`: of a token that the backend has seen before and of a new one, for each algorithm; one per
transaction, in a loop, and as a backend's first call. Each algorithm has a database of its own, with one key."""

import os
import random

import sessions
from server import Server, Session, minor_faults, run_sql

SQL = os.path.join(os.path.dirname(__file__), "..", "sql")
ALGORITHMS = ("HS256", "ES256", "RS256", "EdDSA")
SEEN = 20     # tokens that come back: fewer than a backend keeps, which is 128
FIRST_CALLS = 20

# Over a table in one statement: tokens per pass, and the statement.
WITH_KEY = f"SELECT count(jwt_auth.jwt_verify(token, '{sessions.SECRET}', audience => 'api.example.com')) FROM sample"
ALL_NEW = "SELECT count(jwt_auth.jwt_verify(access_token)) FROM known"
ALL_SEEN = f"SELECT count(jwt_auth.jwt_verify(access_token)) FROM known, generate_series(1, %d) WHERE n <= {SEEN}"


def measure(server, record, plan):
    home = os.environ["PGDATABASE"]
    places = {}
    for algorithm in ALGORITHMS:
        places[algorithm] = lay(server, plan, algorithm)
    for turn in range(plan.rounds):
        per_transaction(record, plan, places, turn)
        for algorithm in random.sample(ALGORITHMS, len(ALGORITHMS)):
            enter(algorithm)
            in_a_loop(record, plan, algorithm, turn)
            first_calls(places[algorithm][0], record, algorithm, turn)
    os.environ["PGDATABASE"] = home


def enter(algorithm):
    os.environ["PGDATABASE"] = f"checks_{algorithm.lower()}"


def lay(server, plan, algorithm):
    server.query(f"CREATE DATABASE checks_{algorithm.lower()}")
    for name in ("issuer", "audience"):  # which this database may have of its own
        server.query(f"ALTER DATABASE checks_{algorithm.lower()} SET jwt_auth.{name} FROM CURRENT")
    enter(algorithm)
    here = Server()
    here.query("CREATE EXTENSION jwt_auth")
    run_sql(os.path.join(SQL, "peer_tokens.sql"), secret=sessions.SECRET, samples=plan.samples)
    # Four of five users are evicted from in other stages; of the last fifth each session's token may be asked for.
    users = max(plan.samples * 2, 500)
    run_sql(os.path.join(SQL, "ours.sql"), users=users, samples=plan.samples, algorithm=algorithm)
    run_sql(os.path.join(SQL, "floors.sql"), users=users)
    values = sessions.variables(here, users)
    if values["samples"] < max(plan.samples // 2, SEEN):
        raise RuntimeError(f"{algorithm}: {values['samples']} tokens")
    return here, values


def per_transaction(record, plan, places, turn):
    """For a new one of each call, tokens would have to be fetched between the calls. So the backend keeps none instead: what a new
    one costs without its place among those that are kept, some microseconds in the loop."""
    runs = [("pkselect", "HS256")] + [(kind, algorithm) for kind in ("seen", "new") for algorithm in ALGORITHMS]
    for kind, algorithm in random.sample(runs, len(runs)):
        enter(algorithm)
        here, values = places[algorithm]
        script = "sessions/pkselect" if kind == "pkselect" else "sessions/verify"
        here.settle()
        result = here.steady(script, clients=plan.clients, transactions=max(plan.calls * 2 // plan.clients, 4), variables=values,
                             settings={"jwt_auth.token_cache": "off"} if kind == "new" else None)
        record.add("check", algorithm, kind, turn, **{name: result[name] for name in ("tps", "cpu_us", "busy_us")})


def in_a_loop(record, plan, algorithm, turn):
    session = Session(jit="off", max_parallel_workers_per_gather=0)
    known = int(session.query("SELECT count(*) FROM known"))
    passes = max(plan.samples // SEEN, 1)
    statements = {"loop new": (ALL_NEW, known), "loop seen": (ALL_SEEN % passes, passes * SEEN)}
    if algorithm == "HS256":
        statements["loop with key"] = (WITH_KEY, plan.samples)
    for again in range(-1, 3):  # the first is for warming up
        for name in random.sample(list(statements), len(statements)):
            statement, tokens = statements[name]
            before = session.cpu()
            count = int(session.query(statement))
            cost = session.cpu() - before
            if count != tokens:
                raise RuntimeError(f"{algorithm}, {name}: {count} of {tokens} tokens")
            if again >= 0:
                record.add("check", algorithm, name, turn * 3 + again, cpu_us=cost / tokens * 1e6)
    session.close()


def first_calls(here, record, algorithm, turn):
    """What a new connection's first verification costs: the processor's time, and pages that it touches first."""
    token = here.query("SELECT access_token FROM known WHERE n = 1")
    for call in range(FIRST_CALLS):
        session = Session()
        session.query(f"SELECT octet_length('{token}')")
        before, faults = session.cpu(), minor_faults(session.pid)
        session.query(f"SELECT jwt_auth.jwt_verify('{token}') IS NOT NULL")
        record.add("check", algorithm, "first", turn * FIRST_CALLS + call, cpu_us=(session.cpu() - before) * 1e6,
                   faults=minor_faults(session.pid) - faults)
        session.close()
