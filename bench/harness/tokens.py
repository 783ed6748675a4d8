"""Tokens with a given key: over a table in one statement, and one call per transaction."""

import os
import random

from server import Session, run_sql

SQL = os.path.join(os.path.dirname(__file__), "..", "sql")
SECRET = "0123456789abcdef" * 4

# Each statement touches every row once; the first is what reading the rows costs.
OVER_A_TABLE = {
    "scan": "SELECT count(octet_length(token)) FROM sample",
    "verify ours": f"SELECT count(jwt_auth.jwt_verify(token, '{SECRET}', audience => 'api.example.com')) FROM sample",
    "try_verify ours":
        f"SELECT count(*) FROM sample, jwt_auth.jwt_try_verify(token, '{SECRET}', audience => 'api.example.com') v WHERE v.valid",
    "verify pgjwt": f"SELECT count(v.payload) FROM sample, peer.verify(token, '{SECRET}') v WHERE v.valid",
    "sign ours": f"SELECT count(jwt_auth.jwt_sign(claims, '{SECRET}')) FROM sample",
    "sign pgjwt": f"SELECT count(peer.sign(claims_text, '{SECRET}')) FROM sample",
    "jsonb_in": "SELECT count(claims_text::text::jsonb) FROM sample",
}
SLOW = {"verify pgjwt", "sign pgjwt"}

ONE_PER_TRANSACTION = ("select1", "verify_call_ours", "verify_call_pgjwt", "sign_call_ours", "sign_call_pgjwt")


def measure(server, record, plan):
    run_sql(os.path.join(SQL, "peer_tokens.sql"), secret=SECRET, samples=plan.samples)
    over_a_table(record, plan)
    for turn in range(plan.rounds):
        for script in random.sample(ONE_PER_TRANSACTION, len(ONE_PER_TRANSACTION)):
            transactions = plan.calls // 2 if "pgjwt" in script else plan.calls * 3
            result = server.steady("calls/" + script, clients=plan.clients, transactions=max(transactions // plan.clients, 1),
                                    variables={"samples": plan.samples, "k": 0})
            record.add("call", "-", script, turn, tps=result["tps"], cpu_us=result["cpu_us"], busy_us=result["busy_us"])


def over_a_table(record, plan):
    session = Session(jit="off", max_parallel_workers_per_gather=0)
    for turn in range(-1, plan.rounds):  # the first is for warming up
        for name in random.sample(list(OVER_A_TABLE), len(OVER_A_TABLE)):
            repeat = 1 if name in SLOW else 5
            before = session.cpu()
            for _ in range(repeat):
                count = session.query(OVER_A_TABLE[name])
            cost = session.cpu() - before
            if int(count) != plan.samples:
                raise RuntimeError(f"{name}: {count} of {plan.samples} tokens")
            if turn >= 0:
                record.add("table", "-", name, turn, cpu_us=cost / repeat / plan.samples * 1e6)
    session.close()
