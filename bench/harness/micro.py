"""The micro-benchmarks: ours and raw OpenSSL in one process, repetitions shuffled by Google Benchmark."""

import json
import subprocess


def measure(_server, record, plan):
    command = [plan.micro, "--benchmark_format=json", f"--benchmark_min_time={plan.micro_seconds}",
               f"--benchmark_repetitions={plan.micro_rounds}", "--benchmark_enable_random_interleaving=true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("micro-benchmarks: " + done.stderr.strip()[-1500:])
    for run in json.loads(done.stdout)["benchmarks"]:
        if run["run_type"] != "iteration":
            continue
        if run.get("error_occurred"):
            raise RuntimeError(f"{run['name']}: {run['error_message']}")
        kind, _, what = run["run_name"].partition("/")
        record.add("micro", kind, what, run["repetition_index"], cpu_us=run["cpu_time"] / 1000)
