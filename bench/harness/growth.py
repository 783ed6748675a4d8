"""The same operations at several numbers of sessions. Each size has a database of its own, so that sizes can be interleaved."""

import os
import random

import sessions
from server import Server, run_sql

SQL = os.path.join(os.path.dirname(__file__), "..", "sql")
OPERATIONS = ("issue", "refresh", "verify_each", "revoke", "baseline_login")
NAMES = {"verify_each": "verify"}
BASELINE_UP_TO = 10_000_000  # sessions; more of it has no room on the disk beside ours

SIZES = {
    "sessions": "SELECT pg_relation_size('jwt_auth.refresh_session')",
    "indexes of sessions": "SELECT pg_indexes_size('jwt_auth.refresh_session')",
    "accounts with indexes": "SELECT pg_total_relation_size('jwt_auth.account')",
    "events with indexes": "SELECT pg_total_relation_size('jwt_auth.auth_event')",
    "baseline's sessions": "SELECT pg_relation_size('app.app_session')",
    "baseline's indexes of sessions": "SELECT pg_indexes_size('app.app_session')",
}


def measure(server, record, plan):
    places = {}
    for size in plan.growth:
        print(f"   laying down {size:,} sessions", flush=True)
        places[size] = lay(server, record, plan, size)
    for place in places.values():
        warm(place[0])
    known = min(values["samples"] for _, values in places.values())
    for turn in range(plan.growth_rounds):
        for operation in random.sample(OPERATIONS, len(OPERATIONS)):
            for size in random.sample(plan.growth, len(plan.growth)):
                if operation == "baseline_login" and size > BASELINE_UP_TO:
                    continue
                one(record, plan, places[size], size, operation, turn, known)
    server.query("SELECT 1")


def lay(server, record, plan, size):
    name, users = f"growth_{size}", size // 5
    laid = server.query(f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == "1"
    if not laid:
        server.query(f"CREATE DATABASE {name}")
    os.environ["PGDATABASE"] = name
    here = Server()
    if not laid:
        here.query("CREATE EXTENSION jwt_auth")
        run_sql(os.path.join(SQL, "peer_tokens.sql"), secret=sessions.SECRET, samples=10)
        run_sql(os.path.join(SQL, "ours.sql"), users=users, samples=min(size // 5, 100_000), algorithm="HS256")
        if size <= BASELINE_UP_TO:
            run_sql(os.path.join(SQL, "baseline.sql"), users=users, per_user=5, secret=sessions.SECRET)
    here.query("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
    here.query("CREATE EXTENSION IF NOT EXISTS pg_walinspect")
    for what, query in SIZES.items():
        if what.startswith("baseline") and size > BASELINE_UP_TO:
            continue
        record.add("growth", size, "sizes", 0, **{what.replace(" ", "_"): float(here.query(query))})
    return here, sessions.variables(here, users)


def warm(server):
    """As in a server that has run for a while: tables and indexes are in memory, as far as they fit."""
    server.query("SELECT sum(pg_prewarm(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                 " WHERE n.nspname IN ('app', 'jwt_auth', 'public') AND c.relkind IN ('r', 'i') AND c.relpersistence = 'p'")


def one(record, plan, place, size, operation, turn, known):
    server, values = place
    os.environ["PGDATABASE"] = f"growth_{size}"
    each = max(plan.growth_calls * (3 if operation == "verify_each" else 1) // plan.clients, 1)
    if operation == "revoke":
        each = min(each, 1000)
        stride = each + max(each // 4, 2)
        server.query(f"SELECT public.lay_revocable({values['users']}, {stride * plan.clients})")
        values = {**values, "each": stride}
    if operation == "refresh":  # 40 transactions use up one of the tokens that are known everywhere, and a quarter is run before
        left = known - int(server.query("SELECT coalesce(max(last_value), 0) FROM pg_sequences WHERE sequencename = 'next_known'"))
        each = min(each, (left // (plan.growth_rounds - turn) // plan.clients * 4 // 5 - 2) * 40)
    server.settle()
    result = server.steady("sessions/" + operation, clients=plan.clients, transactions=each, variables=values,
                            settings={"synchronous_commit": "off"})
    if operation in ("issue", "baseline_login"):
        record.add("growth", size, operation, turn, images_bytes=server.wal(result["lsn"], result["transactions"])[1])
    record.add("growth", size, NAMES.get(operation, operation), turn,
               **{name: result[name] for name in ("tps", "cpu_us", "busy_us", "wal_bytes")})
