"""Runs the stages that are asked for, then writes the report. Called by bench/run, which made the server."""

import argparse
import dataclasses
import importlib
import os
import sys
import time

import record as records

STAGES = ("micro", "tokens", "checks", "sessions", "growth", "memory")


@dataclasses.dataclass
class Plan:
    """How long and how much."""
    rounds: int
    calls: int               # transactions of a run; more of the fast ones, fewer of the slow
    clients: int
    samples: int             # tokens in the table
    users: int               # five sessions each
    revocable: int           # users to revoke in a round
    growth: tuple            # numbers of sessions
    growth_calls: int        # transactions per operation and size; of verifications three times as many
    memory_calls: int        # per kind
    micro_seconds: float
    micro_rounds: int

    @property
    def growth_rounds(self):
        return max(self.rounds // 2 + 1, 2)


SHORT = Plan(rounds=3, calls=4000, clients=8, samples=2000, users=10000, revocable=4000, growth=(10_000, 100_000), growth_calls=4000,
             memory_calls=20_000, micro_seconds=0.02, micro_rounds=5)
FULL = Plan(rounds=7, calls=24_000, clients=8, samples=4000, users=20_000, revocable=8000, growth=(10_000, 1_000_000, 10_000_000),
            growth_calls=16_000, memory_calls=1_000_000, micro_seconds=0.05, micro_rounds=9)


def rounds_of(stage, plan):
    return {"micro": plan.micro_rounds, "growth": plan.growth_rounds, "memory": 1}.get(stage, plan.rounds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--stages", default=",".join(STAGES))
    parser.add_argument("--out", required=True)
    parser.add_argument("--micro")
    parser.add_argument("--docs", help="where the page and its plots are")
    parser.add_argument("--also", nargs="*", default=[], help="results.tsv of earlier runs of other stages, for one report")
    parser.add_argument("--growth", help="numbers of sessions, with commas")
    for field in dataclasses.fields(Plan):
        if field.type in ("int", "float", int, float):
            parser.add_argument("--" + field.name.replace("_", "-"), type=float if "seconds" in field.name else int)
    arguments = parser.parse_args()
    plan = dataclasses.replace(SHORT if arguments.short else FULL)
    for field in dataclasses.fields(Plan):
        if getattr(arguments, field.name, None) is not None:
            setattr(plan, field.name, getattr(arguments, field.name))
    plan.micro = arguments.micro
    if arguments.growth:
        plan.growth = tuple(int(size) for size in arguments.growth.split(","))

    os.makedirs(arguments.out, exist_ok=True)
    record = records.Record(os.path.join(arguments.out, "results.tsv"))
    for path in arguments.also:
        record.take(records.read(path))
    stages = [stage for stage in arguments.stages.split(",") if stage]
    unknown = set(stages) - set(STAGES)
    if unknown:
        parser.error(f"there is no stage {', '.join(unknown)}; there are: {', '.join(STAGES)}")

    server = None
    if set(stages) - {"micro"}:
        from server import Server
        server = Server()
    for stage in stages:
        print(f"-- {stage}", flush=True)
        start, load = time.time(), os.getloadavg()[2]
        if server and stage != "micro":
            record.add("run", "-", stage, 0, **server.memory())
        importlib.import_module(stage).measure(server, record, plan)
        record.add("run", "-", stage, 0, minutes=(time.time() - start) / 60, rounds=rounds_of(stage, plan),
                   clients=1 if stage in ("micro", "memory") else plan.clients, load_before=load, load_after=os.getloadavg()[2])

    import report
    report.write(record, plan, arguments.out, arguments.docs, sys.stdout)


if __name__ == "__main__":
    main()
