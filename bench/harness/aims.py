"""What we aim at: ratios of two figures of one run."""

import dataclasses

import checks
import stats


@dataclasses.dataclass(frozen=True)
class Figure:
    stage: str
    setting: str
    operation: str
    metric: str

    def rounds(self, record):
        return record.rounds(self.stage, self.setting, self.operation, self.metric)


@dataclasses.dataclass(frozen=True)
class Aim:
    operation: str    # a row of the table
    against: str
    above: Figure     # the ratio is above / below
    below: Figure
    least: float = None
    most: float = None

    def ratios(self, record):
        above, below = self.above.rounds(record), self.below.rounds(record)
        if not above or not below:
            return []
        return stats.ratios(above, below)

    def met(self, ratio):
        return ratio >= self.least if self.least is not None else ratio <= self.most

    def text(self):
        return f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"


def table(operation):
    return Figure("table", "-", operation, "cpu_us")


def call(operation):
    return Figure("call", "-", operation, "tps")


def micro(kind, algorithm):
    return Figure("micro", kind, algorithm, "cpu_us")


def session(operation, setting="async", metric="tps"):
    return Figure("session", setting, operation, metric)


def check(kind, algorithm, metric="tps"):
    return Figure("check", algorithm, kind, metric)


def growth(operation, size, metric):
    return Figure("growth", str(size), operation, metric)


def all_aims(record):
    aims = [
        Aim("jwt_verify HS256, a table of tokens", "pgjwt", table("verify pgjwt"), table("verify ours"), least=12),
        Aim("jwt_verify HS256, one per transaction", "pgjwt", call("verify_call_ours"), call("verify_call_pgjwt"), least=10),
        Aim("jwt_verify HS256, one per transaction", "SELECT 1", call("verify_call_ours"), call("select1"), least=0.7),
        Aim("jwt_sign HS256, a table of claims", "pgjwt", table("sign pgjwt"), table("sign ours"), least=15),
    ]
    for algorithm, verify, sign in (("RS256", 1.15, 1.05), ("ES256", 1.10, 1.25), ("EdDSA", 1.05, 1.15)):
        aims.append(Aim(f"verify {algorithm}", "raw OpenSSL", micro("verify ours", algorithm), micro("verify raw", algorithm),
                        most=verify))
        aims.append(Aim(f"sign {algorithm}", "raw OpenSSL", micro("sign ours", algorithm), micro("sign raw", algorithm),
                        most=sign))
    for algorithm in checks.ALGORITHMS:
        aims.append(Aim(f"jwt_verify(token) {algorithm}, seen before, one per transaction", "primary-key SELECT", check("seen", algorithm),
                        check("pkselect", "HS256"), least=0.8))
    aims.append(Aim("jwt_verify(token) HS256, new, one per transaction", "primary-key SELECT", check("new", "HS256"),
                    check("pkselect", "HS256"), least=0.65))
    for algorithm in checks.ALGORITHMS:
        aims.append(Aim(f"jwt_verify(token) {algorithm}, seen before, in a loop", "jwt_verify(token, key)",
                        check("loop seen", algorithm, "cpu_us"), check("loop with key", "HS256", "cpu_us"), most=2))
    aims.append(Aim("jwt_verify(token) HS256, new, in a loop", "jwt_verify(token, key)", check("loop new", "HS256", "cpu_us"),
                    check("loop with key", "HS256", "cpu_us"), most=3.3))
    aims += [
        Aim("jwt_verify(token), state checked", "primary-key SELECT", session("verify"), session("pkselect"), least=0.7),
        Aim("jwt_verify(token), state checked", "plpgsql baseline", session("verify"), session("baseline_verify"), least=15),
        Aim("issue_refresh_session", "plpgsql baseline", session("issue"), session("baseline_login"), least=3),
        Aim("issue_refresh_session, asynchronous commit", "bare INSERT", session("issue"), session("insert"), least=0.55),
        Aim("issue_refresh_session, synchronous commit", "bare INSERT", session("issue", "sync"),
            session("insert", "sync"), least=0.75),
        Aim("refresh_session", "indexed UPDATE", session("refresh"), session("update_indexed"), least=0.85),
        Aim("refresh_session, HOT updates of all", "its updates", session("refresh", metric="hot_updates"),
            session("refresh", metric="updates"), least=0.99),
        Aim("refresh_session, log without page images, bytes", "one", session("refresh", metric="wal_record_bytes"),
            session("refresh", metric="one"), most=350),
        Aim("revoke_user_tokens, 5 sessions", "HOT UPDATE", session("revoke"), session("update_hot"), least=0.5),
    ]
    sizes = sorted({int(key[1]) for key in record.figures if key[0] == "growth"})
    if len(sizes) > 1:
        small, large = sizes[0], sizes[-1]
        for operation in ("issue", "refresh", "verify", "revoke"):
            aims.append(Aim(f"{operation} at {large:,} sessions", f"at {small:,}", growth(operation, large, "tps"),
                            growth(operation, small, "tps"), least=0.8))
        aims.append(Aim(f"log per issue at {large:,} sessions", "plpgsql baseline", growth("issue", large, "wal_bytes"),
                        growth("baseline_login", large, "wal_bytes"), most=0.25))
    return aims
