"""What so many users need, on paper: rates that are assumed, times costs that were measured at the greatest number of sessions."""

import textwrap

import stats

# Assumed of one user.
LOG_INS_A_DAY = 1 / 30
REFRESHES_A_DAY = 6 / 3         # six on a day that they use the application, which is every third: three hours of half-hour tokens
VERIFICATIONS_A_DAY = 200 / 3   # requests whose token the database checks
LIVE_SESSIONS = 2
EVENTS_KEPT = 6                 # of three months: two for each log-in, with what ended the session before
BUSIEST_HOUR = 0.1              # of the day
BUSY = 0.6                      # of a core, at most, in that hour
CORES_OF_A_SERVER = 32

# What Citus adds, measured by hand on 13.2 with three nodes: commands to the shard's node per call, and processor time for each.
COMMANDS = {"issue": 5, "refresh": 7, "verify": 1}
COMMAND_US = 350

USERS = (10_000_000, 100_000_000, 1_000_000_000)


def peak(users, a_day):
    return users * a_day * BUSIEST_HOUR / 3600


def rates(users):
    return {"issue": peak(users, LOG_INS_A_DAY), "refresh": peak(users, REFRESHES_A_DAY), "verify": peak(users, VERIFICATIONS_A_DAY)}


def table(record, header):
    sizes = sorted({int(key[1]) for key in record.figures if key[0] == "growth"})
    if not sizes:
        return ""
    size = sizes[-1]

    def figure(operation, metric):
        return stats.median(record.rounds("growth", str(size), operation, metric).values())

    def bytes_of(*relations):
        return sum(record.rounds("growth", str(size), "sizes", relation)[0] for relation in relations)

    micros = {operation: figure(operation, "cpu_us") for operation in COMMANDS}
    logged = {operation: figure(operation, "wal_bytes") for operation in COMMANDS}
    a_session = bytes_of("sessions", "indexes_of_sessions") / size
    an_account = bytes_of("accounts_with_indexes") / (size / 5)
    an_event = bytes_of("events_with_indexes") / size

    def cores(users, cost):
        return sum(rate * cost[operation] for operation, rate in rates(users).items()) / 1e6 / BUSY

    citus = {operation: count * COMMAND_US for operation, count in COMMANDS.items()}
    rows = [("log-ins a second", lambda u: f"{rates(u)['issue']:,.0f}"),
            ("refreshes a second", lambda u: f"{rates(u)['refresh']:,.0f}"),
            ("verifications a second", lambda u: f"{rates(u)['verify']:,.0f}"),
            ("cores, plain servers", lambda u: f"{cores(u, micros):,.1f}"),
            ("of them without the verifications", lambda u: f"{cores(u, {**micros, 'verify': 0}):,.1f}"),
            (f"servers of {CORES_OF_A_SERVER} cores", lambda u: f"{max(1, -(-cores(u, micros) // CORES_OF_A_SERVER)):,.0f}"),
            ("cores, Citus", lambda u: f"{cores(u, citus):,.1f}"),
            ("write-ahead log, MB a second", lambda u: f"{sum(r * logged[o] for o, r in rates(u).items()) / 1e6:,.1f}"),
            ("disk, GB", lambda u: f"{u * (LIVE_SESSIONS * a_session + an_account + EVENTS_KEPT * an_event) / 1e9:,.0f}")]
    lines = header(("in the busiest hour", *[f"{users / 1e6:,.0f} million users" for users in USERS]),
                   [(name, *[value(users) for users in USERS]) for name, value in rows])
    costs = (f"Costs at {size:,} sessions: a log-in {micros['issue']:.0f} microseconds of the server's processor time and "
             f"{logged['issue'] / 1000:.1f} kB of log, a refresh {micros['refresh']:.0f} and {logged['refresh'] / 1000:.2f}, a "
             f"verification {micros['verify']:.0f}; a session takes {a_session:.0f} bytes with its index entries, an account "
             f"{an_account:.0f}, an event {an_event:.0f}.")
    return textwrap.fill(costs, 120) + "\n\n" + lines
