"""The micro-benchmarks: ours and raw OpenSSL in one process, one algorithm at a time, so that the two are measured within a second:
a machine that others use changes its pace within a minute."""

import json
import random
import subprocess


def measure(_server, record, plan):
    subjects = {}
    for name in answer_of(plan, "--benchmark_list_tests").splitlines():
        kind, _, what = name.partition("/")
        subjects.setdefault("core" if kind == "core" else what, []).append(name)
    for turn in range(plan.micro_rounds):
        for subject in random.sample(sorted(subjects), len(subjects)):
            one(record, plan, subjects[subject], turn)


def one(record, plan, names, turn):
    answer = json.loads(answer_of(
        plan, "--benchmark_format=json", "--benchmark_enable_random_interleaving=true", f"--benchmark_min_time={plan.micro_seconds}",
        f"--benchmark_filter=^({'|'.join(names)})$"))
    for run in answer["benchmarks"]:
        if run.get("error_occurred"):
            raise RuntimeError(f"{run['name']}: {run['error_message']}")
        kind, _, what = run["run_name"].partition("/")
        record.add("micro", kind, what, turn, cpu_us=run["cpu_time"] / 1000)


def answer_of(plan, *options):
    done = subprocess.run([plan.micro, *options], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("micro-benchmarks: " + done.stderr.strip()[-1500:])
    return done.stdout
