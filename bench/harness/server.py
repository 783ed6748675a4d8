"""The throwaway server: its sessions, its processor time, its write-ahead log, and pgbench against it."""

import os
import re
import resource
import subprocess
import threading
import time

PGBENCH = os.path.join(os.path.dirname(__file__), "..", "pgbench")
MARK = "-- end of answer --"


class Session:
    """One psql that stays open, so that a backend can be watched over many statements."""

    def __init__(self, **settings):
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self.process = subprocess.Popen(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, bufsize=1, env={**os.environ, "PGOPTIONS": options})
        self.pid = int(self.query("SELECT pg_backend_pid()"))

    def query(self, sql):
        self.process.stdin.write(f"{sql.rstrip().rstrip(';')};\n\\echo {MARK}\n")
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.rstrip("\n") == MARK:
                return "\n".join(lines)
            lines.append(line.rstrip("\n"))
        raise RuntimeError("psql ended: " + " / ".join(lines))

    def cpu(self):
        return process_cpu(self.pid)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def process_cpu(pid):
    """Processor seconds of a live process, to the nanosecond: waiting for a busy machine is not in it."""
    return time.clock_gettime((~pid << 3) | 2)


def children_cpu():
    """Processor seconds of the client programs that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def resident_kb(pid):
    """Memory of the process's own: shared buffers that it has touched are not in it."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"RssAnon:\s+(\d+) kB", status.read()).group(1))


def minor_faults(pid):
    """Pages that the process touched for the first time, or again after they were taken from it."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return int(stat.read().rpartition(")")[2].split()[7])


def run_sql(path, **variables):
    arguments = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *arguments, "-f", path],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{path}: {done.stderr.strip()}")
    return done.stdout


class Server:
    def __init__(self):
        self.control = Session()
        data = self.control.query("SHOW data_directory")
        with open(os.path.join(data, "postmaster.pid"), encoding="ascii") as file:
            self.postmaster = int(file.readline())

    def query(self, sql):
        return self.control.query(sql)

    def finished_cpu(self):
        """Processor seconds of the backends that have ended."""
        with open(f"/proc/{self.postmaster}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Its buffers in MiB, and whether they are in huge pages."""
        with open(f"/proc/{self.postmaster}/status", encoding="ascii") as status:
            huge = re.search(r"HugetlbPages:\s+[1-9]", status.read()) is not None
        return {"buffers": int(self.query("SELECT pg_size_bytes(current_setting('shared_buffers')) / 1048576")), "huge_pages": int(huge)}

    def settle(self):
        """A checkpoint, so that each run starts from the same state of the log."""
        self.query("CHECKPOINT")

    def pgbench(self, script, clients=1, threads=None, transactions=50, variables=None, settings=None,
                watch=None, application="measured"):
        """Runs one script; answers rates, latencies per statement, processor time and log written, per transaction.

        watch(pid): called now and then with the backend's process id while it runs (one client only)."""
        path = script if os.path.exists(script) else os.path.join(PGBENCH, script + ".sql")
        command = ["pgbench", "-n", "-r", "-M", "prepared", "-c", str(clients), "-j", str(threads or min(clients, 2)), "-f", path]
        command += ["-t", str(transactions)]
        for name, value in (variables or {}).items():
            command += ["-D", f"{name}={value}"]
        options = " ".join(f"-c {name}={value}" for name, value in (settings or {}).items())
        environment = {**os.environ, "PGOPTIONS": options, "PGAPPNAME": application}

        lsn = self.query("SELECT pg_current_wal_insert_lsn()")
        cpu, client = self.finished_cpu(), children_cpu()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        watcher = threading.Thread(target=self._watch, args=(process, watch, application), daemon=True) if watch else None
        if watcher:
            watcher.start()
        out, err = process.communicate()
        if watcher:
            watcher.join()
        if process.returncode != 0 or "aborted" in err:
            raise RuntimeError(f"{os.path.basename(path)}: {err.strip()[-1500:]}")
        self._wait_for_backends(application)
        cpu, client = self.finished_cpu() - cpu, children_cpu() - client
        wal, end = self.query(
            f"SELECT pg_current_wal_insert_lsn() - '{lsn}', pg_current_wal_insert_lsn()").split("|")
        done = int(re.search(r"actually processed: (\d+)", out).group(1))
        if done == 0:
            raise RuntimeError(f"{os.path.basename(path)}: no transaction was processed")
        statements = [float(m) * 1000 for m in re.findall(r"^\s+([0-9.]+)\s+\d*\s*(?:SELECT|INSERT|UPDATE|DO)", out, re.M)]
        return {
            "transactions": done,
            "tps": float(re.search(r"^tps = ([0-9.]+)", out, re.M).group(1)),
            "cpu_us": cpu / done * 1e6,
            "busy_us": (cpu + client) / done * 1e6,
            "wal_bytes": float(wal) / done,
            "statement_us": statements,
            "lsn": (lsn, end),
        }

    def steady(self, script, transactions, clients, **how):
        """pgbench(), and what it does and costs in connections that have been there for a while, as those of a pool have: a quarter
        of the transactions is run by as many connections before, and its time and costs are subtracted. The first calls of a
        backend load the library, plan, and touch shared memory that is new to it."""
        few = max(transactions // 4, 2)
        if transactions <= few:
            raise ValueError(f"{script}: {transactions} transactions of a client are too few to tell anything")
        first = self.pgbench(script, clients=clients, transactions=few, **how)
        self.settle()
        variables = dict(how.pop("variables", None) or {})
        if "each" in variables:
            variables["k"] = few  # goes on where the first ones ended
        result = self.pgbench(script, clients=clients, transactions=transactions, variables=variables, **how)
        more = result["transactions"] - first["transactions"]
        for cost in ("cpu_us", "busy_us"):
            result[cost] = (result[cost] * result["transactions"] - first[cost] * first["transactions"]) / more
        seconds = result["transactions"] / result["tps"] - first["transactions"] / first["tps"]
        if seconds > 0:  # in a run of a moment it need not be
            result["tps"] = more / seconds
        return result

    def _wait_for_backends(self, application):
        while self.query(f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{application}'") != "0":
            time.sleep(0.02)
        time.sleep(0.05)

    def _watch(self, process, watch, application):
        session, pid = Session(), None
        while process.poll() is None:
            if pid is None:
                answer = session.query(f"SELECT pid FROM pg_stat_activity WHERE application_name = '{application}' LIMIT 1")
                pid = int(answer) if answer else None
            else:
                try:
                    watch(pid)
                except (OSError, AttributeError):
                    pid = None  # pgbench's first connection, which only asks for something
            time.sleep(0.1)
        session.close()

    def wal(self, lsn_range, transactions):
        """Bytes of log per transaction: records without images of whole pages, and those images."""
        first, last = lsn_range
        self.query("SELECT pg_logical_emit_message(true, 'bench', 'its commit flushes the log')")
        sizes = self.query(f"SELECT sum(record_size), sum(fpi_size) FROM pg_get_wal_stats('{first}', '{last}')").split("|")
        return [float(size) / transactions for size in sizes]
