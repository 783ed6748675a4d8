// The clock, and the one conversion between PostgreSQL's timestamps (microseconds since 2000) and the core's times
// (microseconds since 1970).
#pragma once

#include "pg/support/postgres.hpp"
#include "session/lifetime.hpp"

extern "C" {
#include <utils/date.h>
}

namespace jwt_auth::pg {

constexpr session::Micros kPostgresEpoch =
    static_cast<session::Micros>(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY * USECS_PER_SEC;

// infinity is session::kNever, -infinity is session::kNoCutoff. The last years of a timestamp, which do not fit, are kNever.
inline session::Micros micros_of(TimestampTz timestamp) {
  if (TIMESTAMP_IS_NOBEGIN(timestamp)) return session::kNoCutoff;
  session::Micros micros = 0;
  return __builtin_add_overflow(timestamp, kPostgresEpoch, &micros) ? session::kNever : micros;
}

// The other way round. Times before the first timestamp are -infinity.
inline TimestampTz timestamp_of(session::Micros micros) {
  if (micros == session::kNever) return DT_NOEND;
  return micros < MIN_TIMESTAMP + kPostgresEpoch ? DT_NOBEGIN : micros - kPostgresEpoch;
}

// The day of a moment, in UTC; infinity for kNever.
inline DateADT date_of(session::Micros micros) {
  if (micros == session::kNever) return DATEVAL_NOEND;
  return session::DayOf(micros) - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE);
}

// The clock now.
inline session::Micros now_micros() { return GetCurrentTimestamp() + kPostgresEpoch; }

// Whether more time has passed than a statement takes that waits for nobody: then others may have committed meanwhile, and what
// was decided before it is decided again.
inline bool has_waited(session::Micros since) { return now_micros() - since > 1000; }

}  // namespace jwt_auth::pg
