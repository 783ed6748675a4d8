"""The report: tables for people, on the screen and in the documentation, and the plots."""

import os
import platform
import re
import subprocess

import aims
import capacity
import checks
import plot
import stats

MARKERS = ("<!-- measured: bench/run writes from here -->", "<!-- measured: to here -->")


def write(record, plan, out, docs, screen):
    sections = [machine(record), against_aims(record), algorithms(record), requests(record), operations(record), growth(record), memory(record)]
    text = "\n\n".join(section for section in sections if section) + "\n"
    with open(os.path.join(out, "report.md"), "w", encoding="utf-8") as file:
        file.write(text)
    plots(record, out)
    if docs:
        publish(text, capacity.table(record, table), out, docs)
    print("\n" + text, file=screen)


def publish(text, on_paper, out, docs):
    pictures = os.path.join(docs, "performance")
    os.makedirs(pictures, exist_ok=True)
    for name in os.listdir(out):
        if name.endswith((".svg", ".tsv")):
            with open(os.path.join(out, name), encoding="utf-8") as source:
                content = source.read()
            with open(os.path.join(pictures, name), "w", encoding="utf-8") as target:
                target.write(content)
    put(text, os.path.join(docs, "performance.md"))
    if on_paper:
        put(on_paper + "\n", os.path.join(docs, "scaling.md"))


def put(text, page):
    """Between the page's marks."""
    with open(page, encoding="utf-8") as file:
        old = file.read()
    before, rest = old.split(MARKERS[0])
    _, after = rest.split(MARKERS[1])
    with open(page, "w", encoding="utf-8") as file:
        file.write(f"{before}{MARKERS[0]}\n\n{text}\n{MARKERS[1]}{after}")


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(["---"] * len(header)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def answer_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def machine(record):
    with open("/proc/cpuinfo", encoding="ascii") as file:
        cpu = file.read()
    model = re.search(r"model name\s*: (.*)", cpu).group(1)
    flags = re.search(r"flags\s*: (.*)", cpu).group(1).split()
    with open("/proc/meminfo", encoding="ascii") as file:
        memory_kb = int(re.search(r"MemTotal:\s+(\d+)", file.read()).group(1))
    rows = [
        ("processor", f"{model}, {os.cpu_count()} cores, {'with' if 'sha_ni' in flags else 'without'} SHA instructions"),
        ("memory", f"{memory_kb / 2**20:.0f} GiB"),
        ("system", f"Linux {platform.release().split('-')[0]}, {answer_of('openssl', 'version').split(' (')[0]}, "
                   f"g++ {answer_of('g++', '-dumpfullversion')}"),
        ("server", answer_of("postgres", "--version")),
    ]
    return "### The machine\n\n" + table(("", ""), rows) + "\n\n" + stages(record)


def stages(record):
    """What was run. The load is the number of processes that wanted a core, ours and others'."""
    rows = []
    for name in [key[2] for key in record.figures if key[0] == "run" and key[3] == "minutes"]:
        figure = {metric: record.rounds("run", "-", name, metric)[0]
                  for metric in ("rounds", "clients", "minutes", "load_before", "load_after")}
        buffers = record.rounds("run", "-", name, "buffers").get(0)
        pages = "huge" if record.rounds("run", "-", name, "huge_pages").get(0) else "of 4 kB"
        rows.append((name, f"{figure['rounds']:.0f}", f"{figure['clients']:.0f}", f"{figure['minutes']:.0f}",
                     f"{figure['load_before']:.1f}", f"{figure['load_after']:.1f}",
                     f"{buffers:.0f} MiB" if buffers else "", pages if buffers else ""))
    return table(("stage", "rounds", "clients", "minutes", "load of the machine before", "after", "shared buffers", "pages"), rows)


def against_aims(record):
    rows = []
    for aim in aims.all_aims(record):
        ratios = aim.ratios(record)
        if not ratios:
            continue
        middle = stats.median(ratios)
        span = f"{min(ratios):.3g} to {max(ratios):.3g}" if len(ratios) > 1 else ""
        rows.append((aim.operation, aim.against, aim.text(), f"**{middle:.3g}**", span, "met" if aim.met(middle) else "**not met**"))
    if not rows:
        return ""
    return "### Against the aims\n\n" + table(("operation", "against", "aim", "ratio, median", "rounds", ""), rows)


def algorithms(record):
    names = sorted(key[2] for key in record.figures if key[:2] == ("micro", "verify ours"))
    rows = []
    for name in names:
        row = [name]
        for what in ("sign", "verify"):
            ours, raw = (record.rounds("micro", f"{what} {whose}", name, "cpu_us") for whose in ("ours", "raw"))
            row += [f"{stats.median(ours.values()):.2f}", f"{stats.median(raw.values()):.2f}",
                    f"{stats.median(stats.ratios(ours, raw)):.2f}"]
        rows.append(row)
    if not rows:
        return ""
    parts = [(key[2], f"{stats.median(values.values()):.2f}") for key, values in record.figures.items()
             if key[:2] == ("micro", "core")]
    return ("### Each algorithm, in the core\n\nMicroseconds of processor time, medians. "
            "Ours is the whole token: parts, header, signature, claims.\n\n"
            + table(("", "sign", "raw", "ratio", "verify", "raw", "ratio"), rows)
            + "\n\n### Parts of the core\n\n" + table(("", "microseconds"), parts))


def requests(record):
    """What `jwt_verify(token)` costs a request."""
    rows = []
    for kind, metric, label, form in (("seen", "tps", "seen before, per second", ".0f"), ("new", "tps", "new, per second", ".0f"),
                                      ("pkselect", "tps", "a primary-key SELECT instead, per second", ".0f"),
                                      ("loop seen", "cpu_us", "seen before, in a loop, us", ".2f"),
                                      ("loop new", "cpu_us", "new, in a loop, us", ".2f"),
                                      ("loop with key", "cpu_us", "`jwt_verify(token, key)` instead, us", ".2f"),
                                      ("first", "cpu_us", "first call of a connection, us", ".0f"),
                                      ("first", "faults", "pages that it touches first", ".0f")):
        values = [record.rounds("check", algorithm, kind, metric).values() for algorithm in checks.ALGORITHMS]
        if any(values):
            rows.append([label] + [f"{stats.median(v):{form}}" if v else "" for v in values])
    if not rows:
        return ""
    return ("### A request's check\n\n`jwt_verify(token)`, with the state of its session. One per transaction, then processor time.\n\n"
            + table(("", *checks.ALGORITHMS), rows))


def operations(record):
    rows = []
    keys = {key[:3] for key in record.figures if key[0] in ("table", "call", "session")}
    for stage, setting, operation in sorted(keys):
        def middle(metric, form, key=(stage, setting, operation)):
            values = list(record.rounds(*key, metric).values())
            return f"{stats.median(values):{form}}" if values else ""
        tps = list(record.rounds(stage, setting, operation, "tps").values())
        rows.append((stage, setting, operation, middle("tps", ".0f"), f"{stats.spread(tps):.0%}" if tps else "",
                     middle("cpu_us", ".1f"), middle("busy_us", ".1f"), middle("wal_bytes", ".0f")))
    if not rows:
        return ""
    return "### Operations\n\n" + table(
        ("stage", "commit", "operation", "per second", "spread", "server's processor time, us", "with the client's", "log, bytes"), rows)


def growth(record):
    sizes = sorted({int(key[1]) for key in record.figures if key[0] == "growth"})
    operations_ = sorted({key[2] for key in record.figures if key[0] == "growth"} - {"sizes"})
    if not sizes:
        return ""
    rows = []
    for operation in operations_:
        for metric, name, form in (("tps", "per second", ".0f"), ("busy_us", "processor time, us", ".1f"),
                                   ("wal_bytes", "log, bytes", ".0f"), ("images_bytes", "of them images of pages", ".0f")):
            values = [list(record.rounds("growth", str(size), operation, metric).values()) for size in sizes]
            if any(values):
                rows.append([operation, name] + [f"{stats.median(v):{form}}" if v else "" for v in values])
    for metric in sorted({key[3] for key in record.figures if key[0] == "growth" and key[2] == "sizes"}):
        values = [list(record.rounds("growth", str(size), "sizes", metric).values()) for size in sizes]
        rows.append(["size", metric.replace("_", " ")] + [f"{stats.median(v) / 2**20:.1f} MiB" if v else "" for v in values])
    return "### Growth\n\n" + table(["", "", *[f"{size:,} sessions" for size in sizes]], rows)


def memory(record):
    kinds = sorted({key[1] for key in record.figures if key[0] == "memory"})
    rows = []
    for kind in kinds:
        trace = [record.rounds("memory", kind, "resident", "kb")[i] for i in sorted(record.rounds("memory", kind, "resident", "kb"))]
        calls = next(iter(record.rounds("memory", kind, "resident", "calls").values()))
        quarter = trace[len(trace) // 4]
        rows.append((kind, f"{calls:,.0f}", f"{quarter:.0f}", f"{trace[-1]:.0f}", f"{trace[-1] - quarter:+.0f}"))
    if not rows:
        return ""
    return ("### Memory\n\nOf one backend, its own pages, in KiB.\n\n"
            + table(("calls of", "calls", "after a quarter of them", "at the end", "difference"), rows))


def plots(record, out):
    rows = []
    for aim in aims.all_aims(record):
        ratios = aim.ratios(record)
        if ratios:
            label = f"{aim.operation} / {aim.against}" if aim.against != "one" else aim.operation
            rows.append((label, stats.median(ratios), aim.least if aim.least is not None else aim.most, aim.least is not None))
    if rows:
        plot.against_aims(os.path.join(out, "aims.svg"), "Measured, against what we aim at", rows)
    rows = []
    for label, ours, theirs in (("log in", "issue", "baseline_login"), ("refresh", "refresh", "baseline_refresh"),
                                ("verify", "verify", "baseline_verify")):
        above, below = (record.rounds("session", "async", operation, "tps") for operation in (ours, theirs))
        if above and below:
            rows.append((label, stats.median(stats.ratios(above, below)), stats.median(above.values()), stats.median(below.values())))
    if rows:
        plot.beside_baseline(os.path.join(out, "baseline.svg"), "Per second, beside the same written by hand in plpgsql", rows)

    sizes = sorted({int(key[1]) for key in record.figures if key[0] == "growth"})
    for metric, name, title, label in (("busy_us", "growth-time.svg", "Processor time as sessions grow", "microseconds per transaction"),
                                       ("wal_bytes", "growth-log.svg", "Write-ahead log as sessions grow", "bytes per transaction")):
        series = {}
        for operation in ("issue", "refresh", "verify", "revoke", "baseline_login"):
            line = [(size, stats.median(v.values())) for size in sizes
                    if (v := record.rounds("growth", str(size), operation, metric)) and stats.median(v.values()) > 0]
            if line and not (metric == "wal_bytes" and operation == "verify"):
                series[operation.replace("_", " ")] = line
        if series:
            plot.lines(os.path.join(out, name), title, "sessions", label, series, log_x=True, log_y=True)

    series = {}
    for kind in sorted({key[1] for key in record.figures if key[0] == "memory"}):
        trace = record.rounds("memory", kind, "resident", "kb")
        share = 100 / max(max(trace), 1)
        series[kind] = [(turn * share, trace[turn] / 1024) for turn in sorted(trace)]
    if series:
        plot.lines(os.path.join(out, "memory.svg"), "A backend's own memory over its calls", "per cent of the calls", "MiB", series)
