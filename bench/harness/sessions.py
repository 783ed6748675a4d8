"""Sessions, beside the plpgsql baseline and the bare statements."""

import os
import random

from server import run_sql

SQL = os.path.join(os.path.dirname(__file__), "..", "sql")
SECRET = "0123456789abcdef" * 4

READING = ("verify", "baseline_verify", "pkselect", "rows_of_verify", "select1")
WRITING = ("issue", "refresh", "revoke", "baseline_login", "baseline_refresh", "insert", "update_hot", "update_indexed",
           "rows_of_issue", "rows_of_revoke")
SYNCHRONOUS = ("issue", "refresh", "baseline_login", "insert", "update_indexed", "rows_of_issue")  # the slower way is measured for these too


def load(server, plan):
    if server.query("SELECT to_regclass('public.sample') IS NULL") == "t":
        run_sql(os.path.join(SQL, "peer_tokens.sql"), secret=SECRET, samples=10)
    samples = min(plan.users * 4 // 5, 100_000)
    run_sql(os.path.join(SQL, "ours.sql"), users=plan.users, samples=samples)
    run_sql(os.path.join(SQL, "baseline.sql"), users=plan.users, per_user=5, secret=SECRET)
    run_sql(os.path.join(SQL, "floors.sql"), users=plan.users)
    server.query("CREATE EXTENSION IF NOT EXISTS pg_walinspect")
    return variables(server, plan.users)


def variables(server, users):
    return {"users": users, "issuing": users * 4 // 5, "samples": int(server.query("SELECT count(*) FROM known")), "k": 0,
            "tok": "x", "sid": "x", "sub": "x", "key": 0}


def measure(server, record, plan):
    values = load(server, plan)
    runs = [(op, "async") for op in READING + WRITING] + [(op, "sync") for op in SYNCHRONOUS]
    for turn in range(plan.rounds):
        for operation, setting in random.sample(runs, len(runs)):
            one(server, record, plan, values, operation, setting, turn)


def one(server, record, plan, values, operation, setting, turn):
    settings = {"synchronous_commit": "on" if setting == "sync" else "off"}
    share = 10 if operation.startswith("baseline") else 1
    each = max(plan.calls // share // plan.clients, 1)
    if operation == "insert":
        server.query("TRUNCATE floor.inserted")
    if operation.endswith("revoke"):
        each = max(plan.revocable // plan.clients, 1)
        stride = each + max(each // 4, 2)
        server.query(f"SELECT public.lay_revocable({values['users']}, {stride * plan.clients})")
        values = {**values, "each": stride}
    server.settle()
    before = updates(server) if operation == "refresh" else None
    result = server.steady(script_of(operation), clients=plan.clients, variables=values, settings=settings, transactions=each)
    metrics = {name: result[name] for name in ("tps", "cpu_us", "busy_us", "wal_bytes")}
    if operation == "refresh":
        changed = [after - earlier for after, earlier in zip(updates(server), before)]
        metrics.update(updates=changed[0], hot_updates=changed[1], one=1,
                       wal_record_bytes=server.wal_without_images(result["lsn"], plan.clients * (each - -(-each // 40))))
    record.add("session", setting, operation, turn, **metrics)


def script_of(operation):
    return "calls/select1" if operation == "select1" else "sessions/" + operation


def updates(server):
    answer = server.query("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relid = 'jwt_auth.refresh_session'::regclass")
    return [int(field) for field in answer.split("|")]
