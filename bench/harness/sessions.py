"""Sessions, beside the plpgsql baseline and the bare statements."""

import os
import random

from server import run_sql

SQL = os.path.join(os.path.dirname(__file__), "..", "sql")
SECRET = "0123456789abcdef" * 4

# What is compared with one another is run close together, in random order: a machine that others use changes its pace.
GROUPS = (("verify", "rows_of_verify", "pkselect", "select1", "baseline_verify"),
          ("issue", "rows_of_issue", "insert", "baseline_login"),
          ("refresh", "update_indexed", "baseline_refresh"),
          ("revoke", "rows_of_revoke", "update_hot"))
READING = set(GROUPS[0]) - {"baseline_verify"}
SYNCHRONOUS = ("issue", "refresh", "baseline_login", "insert", "update_indexed", "rows_of_issue")  # the slower way is measured for these too


def load(server, plan):
    if server.query("SELECT to_regclass('public.sample') IS NULL") == "t":
        run_sql(os.path.join(SQL, "peer_tokens.sql"), secret=SECRET, samples=10)
    samples = min(plan.users * 4 // 5, 100_000)
    run_sql(os.path.join(SQL, "ours.sql"), users=plan.users, samples=samples, algorithm="HS256")
    run_sql(os.path.join(SQL, "baseline.sql"), users=plan.users, per_user=5, secret=SECRET)
    run_sql(os.path.join(SQL, "floors.sql"), users=plan.users)
    server.query("CREATE EXTENSION IF NOT EXISTS pg_walinspect")
    return variables(server, plan.users)


def variables(server, users):
    return {"users": users, "issuing": users * 4 // 5, "samples": int(server.query("SELECT count(*) FROM known")), "k": 0,
            "tok": "x", "sid": "x", "sub": "x", "key": 0}


def measure(server, record, plan):
    values = load(server, plan)
    groups = [[(operation, "async") for operation in group] for group in GROUPS]
    groups += [[(operation, "sync") for operation in group if operation in SYNCHRONOUS] for group in GROUPS]
    for turn in range(plan.rounds):
        for group in random.sample(groups, len(groups)):
            for operation, setting in random.sample(group, len(group)):
                one(server, record, plan, values, operation, setting, turn)


def one(server, record, plan, values, operation, setting, turn):
    settings = {"synchronous_commit": "on" if setting == "sync" else "off"}
    each = max(transactions_of(plan, operation) // plan.clients, 1)
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
                       wal_record_bytes=server.wal(result["lsn"], plan.clients * (each - -(-each // 40)))[0])
    record.add("session", setting, operation, turn, **metrics)


def transactions_of(plan, operation):
    """As many as take about as long. Log-ins are as many everywhere: the sooner after a checkpoint, the more goes into the log."""
    if operation in ("baseline_verify", "baseline_refresh"):
        return plan.calls // 4
    return plan.calls * 3 if operation in READING else plan.calls


def script_of(operation):
    return "calls/select1" if operation == "select1" else "sessions/" + operation


def updates(server):
    answer = server.query("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relid = 'jwt_auth.refresh_session'::regclass")
    return [int(field) for field in answer.split("|")]
