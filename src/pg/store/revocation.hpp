// What is revoked, for services that verify tokens without the database: the rows behind revocations().
#pragma once

#include "pg/store/plans.hpp"
#include "pg/support/postgres.hpp"
#include "session/lifetime.hpp"

namespace jwt_auth::pg {

enum class RevocationKind : std::uint8_t { kSession, kUser, kEverybody, kToken, kKey, kRefreshRequired };

// Plain data; what is absent is NULL in the row.
struct Revocation {
  RevocationKind kind;
  const pg_uuid_t *session_id = nullptr;
  OptionalText user_id = {false, {}};
  session::Micros not_before = session::kNoCutoff;  // kNoCutoff: none
  std::int64_t version = 0;                         // 0: none
  OptionalText token_id = {false, {}};
  session::Micros until = session::kNoCutoff;  // kNoCutoff: when every token that was signed by now has run out
};

// Writes the row, in place where that is all that an INSERT would do, and rings jwt_auth.revocation_channel, both with the
// transaction that revokes. Inside SPI, as the tables' owner. Does nothing in a database that was not updated to version 2.0.
void write_revocation(const Revocation &revocation);

// Deletes up to `size` rows whose tokens had run out by `before`, or whose end was not known and whose cutoff is not later than
// `spent` (spent_cutoffs()), and answers how many there were.
std::uint64_t delete_revocations(session::Micros before, session::Micros spent, std::int64_t size);

}  // namespace jwt_auth::pg
