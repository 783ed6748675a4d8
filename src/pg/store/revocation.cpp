#include "pg/store/revocation.hpp"

#include "pg/keyring/signed_tokens.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/row_writer.hpp"
#include "pg/support/settings.hpp"

extern "C" {
#include <access/xact.h>
#include <commands/async.h>
#include <utils/xid8.h>
}

namespace jwt_auth::pg {

namespace {

// The first eight in the order of the statement's parameters.
enum class FeedColumn { kXact, kKind, kSessionId, kUserId, kNotBefore, kVersion, kTokenId, kUntil, kId };
TableOf<FeedColumn> feed_table = {"revocation",
                                  {},
                                  {{"xact", XID8OID, false, ColumnUse::kInserted},
                                   {"kind", TEXTOID, false, ColumnUse::kInserted},
                                   {"session_id", UUIDOID, false, ColumnUse::kInserted},
                                   {"user_id", TEXTOID, false, ColumnUse::kInserted},
                                   {"not_before", TIMESTAMPTZOID, false, ColumnUse::kInserted},
                                   {"version", INT8OID, false, ColumnUse::kInserted},
                                   {"token_id", TEXTOID, false, ColumnUse::kInserted},
                                   {"until", TIMESTAMPTZOID, false, ColumnUse::kInserted},
                                   {"id", INT8OID, false, ColumnUse::kIdentity}}};

Statement insert_revocation = {
    "INSERT INTO jwt_auth.revocation (xact, kind, session_id, user_id, not_before, version, token_id, until)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    {XID8OID, TEXTOID, UUIDOID, TEXTOID, TIMESTAMPTZOID, INT8OID, TEXTOID, TIMESTAMPTZOID}};

Statement delete_old = {
    "DELETE FROM jwt_auth.revocation WHERE (xact, id) IN (SELECT xact, id FROM jwt_auth.revocation WHERE until <= $1"
    " ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED)",
    {TIMESTAMPTZOID, INT8OID}};

// Cutoffs of which it was not known for how long they refuse anything. $3: also those for everybody.
Statement delete_spent = {
    "DELETE FROM jwt_auth.revocation WHERE (xact, id) IN (SELECT xact, id FROM jwt_auth.revocation WHERE until = 'infinity'"
    " AND not_before <= $1 AND (kind <> 'everybody' OR $3) LIMIT $2 FOR UPDATE SKIP LOCKED)",
    {TIMESTAMPTZOID, INT8OID, BOOLOID}};

const char *name_of(RevocationKind kind) {
  switch (kind) {
    case RevocationKind::kSession:
      return "session";
    case RevocationKind::kUser:
      return "user";
    case RevocationKind::kEverybody:
      return "everybody";
    case RevocationKind::kToken:
      return "token";
    case RevocationKind::kKey:
      return "key";
    case RevocationKind::kRefreshRequired:
      break;
  }
  return "refresh_required";
}

// What other systems signed is refused by a cutoff alone; it has none of our sessions and versions.
session::SignedTokens tokens_of(RevocationKind kind) {
  if (kind == RevocationKind::kEverybody) return session::SignedTokens::kAll;
  return kind == RevocationKind::kUser ? session::SignedTokens::kOfOurUsers : session::SignedTokens::kOurs;
}

void set_time(NewRow &row, FeedColumn column, session::Micros time) {
  if (time != session::kNoCutoff) row.set(column, TimestampTzGetDatum(timestamp_of(time)));
}

NewRow new_row(const Revocation &revocation) {
  const session::Micros until =
      revocation.until != session::kNoCutoff ? revocation.until : signed_tokens_end(tokens_of(revocation.kind), now_micros());
  NewRow row{};
  row.set(FeedColumn::kXact, FullTransactionIdGetDatum(GetTopFullTransactionId()));
  row.set(FeedColumn::kKind, CStringGetTextDatum(name_of(revocation.kind)));
  if (revocation.session_id != nullptr) row.set(FeedColumn::kSessionId, UUIDPGetDatum(revocation.session_id));
  row.set(FeedColumn::kUserId, revocation.user_id);
  set_time(row, FeedColumn::kNotBefore, revocation.not_before);
  if (revocation.version != 0) row.set(FeedColumn::kVersion, Int64GetDatum(revocation.version));
  row.set(FeedColumn::kTokenId, revocation.token_id);
  set_time(row, FeedColumn::kUntil, until);
  return row;
}

void insert_by_statement(const NewRow &row) {
  Parameters parameters{};
  add_columns(parameters, row, 0, insert_revocation.parameter_count);
  execute(insert_revocation, parameters);
}

}  // namespace

void write_revocation(const Revocation &revocation) {
  if (!has_table("revocation")) return;
  const NewRow row = new_row(revocation);
  if (!insert_rows(feed_table, &row, 1)) insert_by_statement(row);
  if (*settings::revocation_channel != '\0') Async_Notify(settings::revocation_channel, "");
}

std::uint64_t delete_revocations(session::Micros before, session::Micros spent, std::int64_t size) {
  if (!has_table("revocation")) return 0;
  Parameters parameters{};
  add_time(parameters, before);
  add(parameters, Int64GetDatum(size));
  const std::uint64_t deleted = execute(delete_old, parameters);
  if (spent == session::kNoCutoff || deleted >= static_cast<std::uint64_t>(size)) return deleted;
  Parameters of_cutoffs{};
  add_time(of_cutoffs, spent);
  add(of_cutoffs, Int64GetDatum(size - static_cast<std::int64_t>(deleted)));
  add(of_cutoffs, BoolGetDatum(!trusts_another_issuer()));
  return deleted + execute(delete_spent, of_cutoffs);
}

}  // namespace jwt_auth::pg
