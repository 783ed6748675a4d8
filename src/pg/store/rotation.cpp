#include "pg/store/rotation.hpp"

#include <limits>

#include "pg/store/row_writer.hpp"
#include "pg/store/session_parameters.hpp"

extern "C" {
#include <utils/date.h>
}

namespace jwt_auth::pg {

namespace {

// What a rotation looks at, and then what it only writes.
enum class SessionColumn {
  kGeneration,
  kCurrentHash,
  kPurgeAfter,
  kHasData,
  kVersion,
  kAuthTime,
  kAuthContext,
  kEndsAt,
  kIdleEndsAt,
  kRefreshedAt,
  kPreviousHash,
  kNonce,
  kIp,
  kFingerprint,
  kUserAgent,
};
TableOf<SessionColumn> rotation_table = {"refresh_session",
                                         {{"session_id", UUIDOID}, {"user_key", INT4OID}},
                                         {{"generation", INT4OID, false, ColumnUse::kReadAndWritten},
                                          {"current_hash", BYTEAOID, false, ColumnUse::kReadAndWritten},
                                          {"purge_after", DATEOID, false, ColumnUse::kReadAndWritten},
                                          {"has_data", BOOLOID},
                                          {"version", INT8OID, true},
                                          {"auth_time", TIMESTAMPTZOID, true},
                                          {"auth_context", TEXTOID, true},
                                          {"ends_at", TIMESTAMPTZOID, false, ColumnUse::kWritten},
                                          {"idle_ends_at", TIMESTAMPTZOID, false, ColumnUse::kWritten},
                                          {"refreshed_at", TIMESTAMPTZOID, false, ColumnUse::kWritten},
                                          {"previous_hash", BYTEAOID, false, ColumnUse::kWritten},
                                          {"nonce", BYTEAOID, false, ColumnUse::kWritten},
                                          {"ip", INETOID, false, ColumnUse::kWritten},
                                          {"fingerprint", BYTEAOID, false, ColumnUse::kWritten},
                                          {"user_agent", TEXTOID, false, ColumnUse::kWritten}}};

#define UPDATE_SESSION                                                                                                       \
  "UPDATE jwt_auth.refresh_session SET idle_ends_at = $4, refreshed_at = $5, generation = generation + 1,"                   \
  " previous_hash = current_hash, current_hash = $6, nonce = $7, ip = coalesce($8, ip),"                                     \
  " fingerprint = coalesce($9, fingerprint), user_agent = coalesce($10, user_agent), purge_after = least(purge_after, $11)," \
  " ends_at = $12"                                                                                                           \
  " WHERE session_id = $1 AND user_key = $2 AND current_hash = $3"
enum class RotatedColumn { kHasData, kVersion, kAuthTime, kAuthContext };
Query<RotatedColumn> update_session = {UPDATE_SESSION " RETURNING has_data, version, auth_time, auth_context",
                                       {UUIDOID, INT4OID, BYTEAOID, TIMESTAMPTZOID, TIMESTAMPTZOID, BYTEAOID, BYTEAOID, INETOID,
                                        BYTEAOID, TEXTOID, DATEOID, TIMESTAMPTZOID}};
// For a database that has not been updated to 2.0 yet.
Query<RotatedColumn> update_session_of_version_1 = {UPDATE_SESSION
                                                    " RETURNING has_data, 0::bigint, NULL::timestamptz, NULL::text",
                                                    {UUIDOID, INT4OID, BYTEAOID, TIMESTAMPTZOID, TIMESTAMPTZOID, BYTEAOID,
                                                     BYTEAOID, INETOID, BYTEAOID, TEXTOID, DATEOID, TIMESTAMPTZOID}};
#undef UPDATE_SESSION

Datum hash_datum(const session::Hash &hash) { return bytes_datum(hash.data(), hash.size()); }

// The row as the swap leaves it, unless its current secret is not the one presented.
bool choose_rotation(const KeyedRow &found, RowChange &change, void *argument) {
  const auto &row = static_cast<const RowOf<SessionColumn> &>(found);
  const Rotation &rotation = *static_cast<const Rotation *>(argument);
  const std::string_view current = row.bytes(SessionColumn::kCurrentHash);
  session::Hash hash;
  if (current.size() != hash.size()) return false;
  std::memcpy(hash.data(), current.data(), hash.size());
  if (!session::SameHash(hash, rotation.presented)) return false;
  // The statement then says that there is no greater number.
  if (row.int4(SessionColumn::kGeneration) == std::numeric_limits<std::int32_t>::max()) return false;
  change.set(SessionColumn::kGeneration, Int32GetDatum(row.int4(SessionColumn::kGeneration) + 1));
  change.set(SessionColumn::kPreviousHash, row.value(SessionColumn::kCurrentHash));
  change.set(SessionColumn::kCurrentHash, hash_datum(rotation.successor));
  change.set(SessionColumn::kNonce, bytes_datum(rotation.nonce.data(), rotation.nonce.size()));
  change.set(SessionColumn::kRefreshedAt, TimestampTzGetDatum(timestamp_of(rotation.now)));
  change.set(SessionColumn::kEndsAt, TimestampTzGetDatum(timestamp_of(rotation.ends_at)));
  change.set(SessionColumn::kIdleEndsAt, TimestampTzGetDatum(timestamp_of(rotation.idle_ends_at)));
  const DateADT purge_after = date_of(rotation.idle_ends_at);
  if (purge_after < DatumGetDateADT(row.value(SessionColumn::kPurgeAfter)))
    change.set(SessionColumn::kPurgeAfter, DateADTGetDatum(purge_after));
  if (rotation.has_ip) change.set(SessionColumn::kIp, rotation.ip);
  if (rotation.client.has_fingerprint) change.set(SessionColumn::kFingerprint, hash_datum(rotation.client.fingerprint));
  if (rotation.user_agent.present) change.set(SessionColumn::kUserAgent, text_datum(rotation.user_agent.text));
  return true;
}

bool rotate_in_place(const Rotation &rotation, MemoryContext context, SessionRow &row) {
  RowOf<SessionColumn> found = {rotation_table, {UUIDPGetDatum(&rotation.id), Int32GetDatum(rotation.user_key)}};
  if (!change_row(found, choose_rotation, const_cast<Rotation *>(&rotation))) return false;
  row.has_data = found.boolean(SessionColumn::kHasData);
  row.version = found.int8_or(SessionColumn::kVersion, 0);
  row.auth_time = found.time_or(SessionColumn::kAuthTime, row.state.created_at);
  row.auth_context = {false, {}};
  if (!found.is_null(SessionColumn::kAuthContext))
    row.auth_context = {true, copy_to(context, found.bytes(SessionColumn::kAuthContext))};
  return true;
}

bool rotate_by_statement(const Rotation &rotation, MemoryContext context, SessionRow &row) {
  Parameters parameters{};
  add_session(parameters, rotation.id, rotation.user_key);
  add_bytes(parameters, rotation.presented.data(), rotation.presented.size());
  add_time(parameters, rotation.idle_ends_at);
  add_time(parameters, rotation.now);
  add_bytes(parameters, rotation.successor.data(), rotation.successor.size());
  add_bytes(parameters, rotation.nonce.data(), rotation.nonce.size());
  add_nullable(parameters, rotation.ip, !rotation.has_ip);
  add_fingerprint(parameters, rotation.client);
  add_optional(parameters, rotation.user_agent);
  add(parameters, DateADTGetDatum(date_of(rotation.idle_ends_at)));
  add_time(parameters, rotation.ends_at);
  const Rows<RotatedColumn> rows = execute(has_key_columns() ? update_session : update_session_of_version_1, parameters);
  if (rows.count() != 1) return false;
  row.has_data = rows[0].boolean(RotatedColumn::kHasData);
  row.version = rows[0].int8(RotatedColumn::kVersion);
  row.auth_time = rows[0].time_or(RotatedColumn::kAuthTime, row.state.created_at);
  row.auth_context = rows[0].text(RotatedColumn::kAuthContext, context);
  return true;
}

}  // namespace

bool rotate_session(const Rotation &rotation, MemoryContext context, SessionRow &row) {
  return rotate_in_place(rotation, context, row) || rotate_by_statement(rotation, context, row);
}

}  // namespace jwt_auth::pg
