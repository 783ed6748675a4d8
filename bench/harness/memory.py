"""The own memory of one backend while it serves very many calls of one kind."""

import concurrent.futures
import os

import sessions
from server import Server, resident_kb, run_sql

SQL = os.path.join(os.path.dirname(__file__), "..", "sql")
# Calls in a transaction: with one each, most of the time would be the protocol's. A session is refreshed forty times in four.
KINDS = {"sign": 50, "verify": 50, "try_verify_bad": 50, "verify_raised": 50, "many_keys": 50, "bad_keys": 50, "verify_state": 50,
         "issue": 20, "refresh": 10, "refresh_bad": 50}


def measure(server, record, plan):
    users = max(5000, plan.memory_calls // 20)  # every 40th refresh begins with another of their tokens
    server.query("CREATE DATABASE memory")
    os.environ["PGDATABASE"] = "memory"
    here = Server()
    here.query("CREATE EXTENSION jwt_auth")
    run_sql(os.path.join(SQL, "peer_tokens.sql"), secret=sessions.SECRET, samples=1000)
    run_sql(os.path.join(SQL, "ours.sql"), users=users, samples=users * 4 // 5, algorithm="HS256")
    run_sql(os.path.join(SQL, "memory.sql"))
    values = {**sessions.variables(here, users), "known": here.query("SELECT count(*) FROM known"), "samples": 1000}
    # Time does not count here, so all kinds run at once.
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(KINDS)) as pool:
        for kind, calls, trace in pool.map(lambda kind: trace_of(kind, plan.memory_calls, values), KINDS):
            for index, value in enumerate(thinned(trace, 200)):
                record.add("memory", kind, "resident", index, kb=value)
            record.add("memory", kind, "resident", 0, calls=calls)


def trace_of(kind, calls, values):
    trace = []
    result = Server().pgbench("memory/" + kind, clients=1, transactions=calls // KINDS[kind],
                              variables={**values, "batch": KINDS[kind]}, application="measured_" + kind,
                              settings={"synchronous_commit": "off"}, watch=lambda pid: trace.append(resident_kb(pid)))
    if len(trace) < 4:
        raise RuntimeError(f"{kind}: too few calls to see anything ({len(trace)} looks)")
    return kind, result["transactions"] * KINDS[kind], trace


def thinned(values, most):
    step = max(len(values) / most, 1)
    return [values[int(i * step)] for i in range(int(len(values) / step))]
