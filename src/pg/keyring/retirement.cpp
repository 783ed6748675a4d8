#include "pg/keyring/retirement.hpp"

#include <algorithm>

#include "pg/keyring/key_events.hpp"
#include "pg/keyring/keyring_change.hpp"
#include "pg/keyring/token_lifetime.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/settings.hpp"

namespace jwt_auth::pg {

namespace {

enum class DemotedColumn { kKid, kSeenAt, kHasRunOut };
Query<DemotedColumn> select_demoted = {
    "SELECT kid, rotation_seen_at, coalesce(verify_until < $1, false) FROM jwt_auth.signing_key WHERE state = 'verify_only'"
    " AND (rotation_seen_at IS NULL OR verify_until < $1) ORDER BY kid",
    {TIMESTAMPTZOID}};
// Before version 2.0 a key's end is what was written at its rotation.
Query<DemotedColumn> select_run_out = {
    "SELECT kid, $1, true FROM jwt_auth.signing_key WHERE state = 'verify_only' AND verify_until < $1 ORDER BY kid",
    {TIMESTAMPTZOID}};

// The row, unless somebody holds it.
#define LOCK_DEMOTED(columns) \
  "SELECT " columns "FROM jwt_auth.signing_key WHERE kid = $1 AND state = 'verify_only' FOR NO KEY UPDATE SKIP LOCKED"
Statement lock_row = {LOCK_DEMOTED(""), {TEXTOID}};
enum class LockedColumn { kTokenTtl, kTokensUntil, kVerifyUntil };
Query<LockedColumn> lock_lifetimes = {LOCK_DEMOTED("token_ttl, tokens_until, verify_until "), {TEXTOID}};
#undef LOCK_DEMOTED
Statement note_sight = {
    "UPDATE jwt_auth.signing_key SET rotation_seen_at = $2, token_ttl = $3, tokens_until = $4, verify_until = $5"
    " WHERE kid = $1",
    {TEXTOID, TIMESTAMPTZOID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID}};
Statement retire_row = {"UPDATE jwt_auth.signing_key SET state = 'retired', retired_at = $2, private_jwk = NULL WHERE kid = $1",
                        {TEXTOID, TIMESTAMPTZOID}};

struct DemotedKey {
  std::string_view kid;
  bool seen;
  TimestampTz seen_at;
  bool has_run_out;
};
struct DemotedKeys {
  DemotedKey *keys;
  std::uint64_t count;
};

// Those that something may be done about.
DemotedKeys find_demoted_keys(MemoryContext context, TimestampTz now) {
  Parameters parameters{};
  add(parameters, TimestampTzGetDatum(now));
  const auto rows = execute_latest(has_token_lifetimes() ? select_demoted : select_run_out, parameters);
  auto *keys = static_cast<DemotedKey *>(MemoryContextAlloc(context, sizeof(DemotedKey) * (rows.count() + 1)));
  for (std::uint64_t i = 0; i < rows.count(); i++) {
    const auto row = rows[i];
    const bool seen = !row.is_null(DemotedColumn::kSeenAt);
    keys[i] = {row.text(DemotedColumn::kKid, context).text, seen, seen ? row.timestamp(DemotedColumn::kSeenAt) : DT_NOBEGIN,
               row.boolean(DemotedColumn::kHasRunOut)};
  }
  return {keys, rows.count()};
}

// No token is signed with the key from now on. The clock was read with the keyring locked, so after the rotation's message had
// been sent to all signers; a signer reads the clock before it looks for messages.
void note_rotation(std::string_view kid, TimestampTz now) {
  Parameters parameters{};
  add_text(parameters, kid);
  const Rows<LockedColumn> rows = execute_on_latest(lock_lifetimes, parameters);
  if (rows.empty()) return;
  const auto row = rows[0];
  const TokenLifetime tokens =
      committed_lifetime(kid, {row.int4(LockedColumn::kTokenTtl), row.timestamp_or(LockedColumn::kTokensUntil, DT_NOBEGIN)});
  add(parameters, TimestampTzGetDatum(now));
  add(parameters, Int32GetDatum(tokens.ttl));
  add_nullable(parameters, TimestampTzGetDatum(tokens.until), TIMESTAMP_IS_NOBEGIN(tokens.until));
  add(parameters, TimestampTzGetDatum(std::max({row.timestamp_or(LockedColumn::kVerifyUntil, DT_NOBEGIN),
                                                end_after(now, std::int64_t{tokens.ttl} + settings::leeway),
                                                end_after(tokens.until, settings::leeway)})));
  execute_on_latest(note_sight, parameters);
}

// Unless a token of the key that was recorded since, or that an open transaction has recorded, is good.
void retire_unless_used(const DemotedKey &key, TimestampTz now) {
  const TimestampTz end = last_token_end(key.kid, key.seen_at);
  if (TIMESTAMP_IS_NOEND(end) || (!TIMESTAMP_IS_NOBEGIN(end) && end + settings::leeway * USECS_PER_SEC >= now)) return;
  Parameters parameters{};
  add_text(parameters, key.kid);
  if (execute_on_latest(lock_row, parameters) == 0) return;
  add(parameters, TimestampTzGetDatum(now));
  if (execute_on_latest(retire_row, parameters) == 1) record_key_event(session::Event::kKeyRetired, key.kid, now);
}

}  // namespace

void retire_run_out_keys() {
  const bool something_to_do =
      as_owner("signing_key", [](MemoryContext caller) { return find_demoted_keys(caller, GetCurrentTimestamp()).count > 0; });
  if (something_to_do && try_to_lock_keyring()) {
    as_owner("signing_key", [](MemoryContext caller) {
      const DemotedKeys demoted = find_demoted_keys(caller, GetCurrentTimestamp());
      const TimestampTz now = GetCurrentTimestamp();
      for (std::uint64_t i = 0; i < demoted.count; i++) {
        const DemotedKey &key = demoted.keys[i];
        if (!key.seen)
          note_rotation(key.kid, now);
        else if (key.has_run_out)
          retire_unless_used(key, now);
      }
    });
  }
  if (has_token_lifetimes()) as_owner("signing_key", [](MemoryContext) { delete_superseded_lifetimes(GetCurrentTimestamp()); });
}

}  // namespace jwt_auth::pg
