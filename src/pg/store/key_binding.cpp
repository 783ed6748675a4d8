#include "pg/store/key_binding.hpp"

#include "pg/store/citus.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/suppressed.hpp"

extern "C" {
#include <access/xact.h>
}

namespace jwt_auth::pg {

namespace {

Statement bind_inserted = {
    "UPDATE jwt_auth.refresh_session SET bound_kind = $3, bound_key = $4 WHERE session_id = $1 AND user_key = $2",
    {UUIDOID, INT4OID, CHAROID, BYTEAOID}};

// The previous secret goes as well: no refresh token is good any more.
Statement bind_unbound = {
    "UPDATE jwt_auth.refresh_session SET bound_kind = $5, bound_key = $6, generation = generation + 1, current_hash = $4,"
    " previous_hash = NULL, nonce = NULL"
    " WHERE session_id = $1 AND user_key = $2 AND current_hash = $3 AND bound_kind IS NULL",
    {UUIDOID, INT4OID, BYTEAOID, BYTEAOID, CHAROID, BYTEAOID}};

// The distribution key is part of the proof's own name: a proof is good once, whoever shows it.
Statement insert_proof = {
    "INSERT INTO jwt_auth.used_proof (user_key, good_until, proof_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    {INT4OID, TIMESTAMPTZOID, BYTEAOID}};
Statement delete_old_proofs = {
    "DELETE FROM jwt_auth.used_proof WHERE ctid = ANY (ARRAY(SELECT ctid FROM jwt_auth.used_proof WHERE good_until < $1"
    " ORDER BY good_until LIMIT $2 FOR UPDATE SKIP LOCKED))",
    {TIMESTAMPTZOID, INT8OID}};
// Of all shards, without a place for each row: by purge_expired() alone.
Statement delete_old_proofs_of_shards = {"DELETE FROM jwt_auth.used_proof WHERE good_until < $1", {TIMESTAMPTZOID}};
// A few more than are added, so that what a burst left behind shrinks.
constexpr std::int64_t kDeletedPerUse = 4;

Statement note_mismatch = {
    "UPDATE jwt_auth.refresh_session SET proof_mismatch_at = $3 WHERE session_id = $1 AND user_key = $2"
    " AND (proof_mismatch_at IS NULL OR proof_mismatch_at NOT BETWEEN $3 - interval '1 minute' AND $3)",
    {UUIDOID, INT4OID, TIMESTAMPTZOID}};
enum class MismatchColumn { kRecent };
Query<MismatchColumn> select_mismatch = {
    "SELECT coalesce(proof_mismatch_at BETWEEN $3 - interval '1 minute' AND $3, false) FROM jwt_auth.refresh_session"
    " WHERE session_id = $1 AND user_key = $2",
    {UUIDOID, INT4OID, TIMESTAMPTZOID}};

void add_session(Parameters &parameters, const pg_uuid_t &id, session::UserKey user_key) {
  add(parameters, UUIDPGetDatum(&id));
  add(parameters, Int32GetDatum(user_key));
}

void add_binding(Parameters &parameters, const KeyBinding &binding) {
  add(parameters, CharGetDatum(static_cast<char>(binding.kind)));
  add_bytes(parameters, reinterpret_cast<const unsigned char *>(binding.key.data()), binding.key.size());
}

std::int32_t first_four_bytes(const session::Hash &hash) {
  std::uint32_t number = 0;
  for (int i = 0; i < 4; i++) number = number << 8 | hash[i];
  return static_cast<std::int32_t>(number);
}

}  // namespace

std::optional<jose::Thumbprint> key_of_tokens(const KeyBinding &binding) {
  jose::Thumbprint thumbprint;
  if (binding.kind != KeyKind::kDpop || binding.key.size() != thumbprint.size()) return std::nullopt;
  std::memcpy(thumbprint.data(), binding.key.data(), thumbprint.size());
  return thumbprint;
}

bool has_key_columns() { return has_column("refresh_session", "bound_kind"); }

void require_key_columns() {
  if (has_key_columns()) return;
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("sessions of this database cannot be bound to a key yet"),
                  errhint("ALTER EXTENSION jwt_auth UPDATE.")));
}

void bind_new_session(const pg_uuid_t &id, session::UserKey user_key, const KeyBinding &binding) {
  Parameters parameters{};
  add_session(parameters, id, user_key);
  add_binding(parameters, binding);
  if (execute(bind_inserted, parameters) == 0) raise_suppressed("refresh_session");
}

bool bind_session(const pg_uuid_t &id, session::UserKey user_key, const session::Hash &current, const session::Hash &secret,
                  const KeyBinding &binding) {
  Parameters parameters{};
  add_session(parameters, id, user_key);
  add_bytes(parameters, current.data(), current.size());
  add_bytes(parameters, secret.data(), secret.size());
  add_binding(parameters, binding);
  return execute(bind_unbound, parameters) == 1;
}

bool use_proof(const session::Hash &proof, session::Micros good_until) {
  Parameters parameters{};
  add(parameters, Int32GetDatum(first_four_bytes(proof)));
  add_time(parameters, good_until);
  add_bytes(parameters, proof.data(), proof.size());
  if (execute(insert_proof, parameters) == 0) return false;
  // With an old snapshot, rows that others have removed meanwhile would be conflicts.
  if (IsolationUsesXactSnapshot() || is_distributed("used_proof")) return true;
  delete_used_proofs(now_micros(), kDeletedPerUse);
  return true;
}

std::uint64_t delete_used_proofs(session::Micros now, std::int64_t most) {
  Parameters parameters{};
  add_time(parameters, now);
  if (is_distributed("used_proof")) {
    (void)execute(delete_old_proofs_of_shards, parameters);
    return 0;
  }
  add(parameters, Int64GetDatum(most));
  return execute(delete_old_proofs, parameters);
}

bool note_proof_mismatch(const pg_uuid_t &id, session::UserKey user_key, session::Micros now) {
  Parameters parameters{};
  add_session(parameters, id, user_key);
  add_time(parameters, now);
  // Most wrong proofs come in crowds: a look is cheaper than a write that waits.
  const auto rows = execute_latest(select_mismatch, parameters);
  if (rows.empty() || rows[0].boolean(MismatchColumn::kRecent)) return false;
  return execute_on_latest(note_mismatch, parameters) == 1;
}

}  // namespace jwt_auth::pg
