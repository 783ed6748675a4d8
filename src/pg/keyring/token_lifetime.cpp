#include "pg/keyring/token_lifetime.hpp"

#include <algorithm>

#include "pg/store/citus.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/compat_executor.hpp"
#include "pg/support/settings.hpp"

extern "C" {
#include <access/table.h>
}

namespace jwt_auth::pg {

namespace {

Statement insert_row = {
    "INSERT INTO jwt_auth.token_lifetime (kid, token_ttl, tokens_until, recorded_at) VALUES ($1, $2, $3, $4)",
    {TEXTOID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID}};

enum class LongestColumn { kTtl, kUntil };
Query<LongestColumn> select_longest = {
    "SELECT coalesce(max(token_ttl), 0), coalesce(max(tokens_until), '-infinity') FROM jwt_auth.token_lifetime WHERE kid = $1",
    {TEXTOID}};

#define SELECT_SUPERSEDED                                                                                                 \
  "SELECT l.id FROM jwt_auth.token_lifetime l LEFT JOIN jwt_auth.signing_key k ON k.kid = l.kid AND k.state <> 'retired'" \
  " WHERE k.kid IS NULL"                                                                                                  \
  " OR (l.token_ttl <= k.token_ttl AND l.tokens_until <= greatest(k.tokens_until, $1))"                                   \
  " OR EXISTS (SELECT FROM jwt_auth.token_lifetime m"                                                                     \
  " WHERE m.kid = l.kid AND m.token_ttl >= l.token_ttl AND m.tokens_until >= l.tokens_until"                              \
  " AND (m.token_ttl, m.tokens_until, m.id) > (l.token_ttl, l.tokens_until, l.id))"
Statement delete_rows = {"DELETE FROM jwt_auth.token_lifetime WHERE id IN (" SELECT_SUPERSEDED " FOR UPDATE OF l SKIP LOCKED)",
                         {TIMESTAMPTZOID}};
// For a reference table: each copy would pass by the rows that are locked there, and then they would differ.
enum class SupersededColumn { kId };
Query<SupersededColumn> select_superseded = {SELECT_SUPERSEDED, {TIMESTAMPTZOID}};
Statement delete_one = {"DELETE FROM jwt_auth.token_lifetime WHERE id = $1", {UUIDOID}};
#undef SELECT_SUPERSEDED

Oid find_table() {
  const Oid schema = get_namespace_oid("jwt_auth", true);
  return OidIsValid(schema) ? get_relname_relid("token_lifetime", schema) : InvalidOid;
}

Datum attribute(TupleTableSlot *slot, Oid table, const char *name) {
  bool is_null;
  return slot_getattr(slot, get_attnum(table, name), &is_null);
}

}  // namespace

TimestampTz end_after(TimestampTz time, std::int64_t seconds) {
  return TIMESTAMP_NOT_FINITE(time) ? time : time + seconds * USECS_PER_SEC;
}

bool has_token_lifetimes() { return OidIsValid(find_table()); }

void record_lifetime(std::string_view kid, const TokenLifetime &lifetime) {
  Parameters parameters{};
  add_text(parameters, kid);
  add(parameters, Int32GetDatum(lifetime.ttl));
  add(parameters, TimestampTzGetDatum(lifetime.until));
  add(parameters, TimestampTzGetDatum(GetCurrentTimestamp()));
  execute(insert_row, parameters);
}

TokenLifetime committed_lifetime(std::string_view kid, const TokenLifetime &of_key) {
  const TokenLifetime own = {std::max(of_key.ttl, settings::access_token_ttl), of_key.until};
  if (!has_token_lifetimes()) return own;
  Parameters parameters{};
  add_text(parameters, kid);
  const auto rows = execute_latest(select_longest, parameters);
  return {std::max(own.ttl, rows[0].int4(LongestColumn::kTtl)), std::max(own.until, rows[0].timestamp(LongestColumn::kUntil))};
}

namespace {

// A transaction that is still open may have given its token away already. Only SnapshotDirty shows what it wrote. `kid` null:
// of all keys.
TokenLifetime longest_of(const std::string_view *kid) {
  TokenLifetime longest = {0, DT_NOBEGIN};
  const Oid oid = local_rows_of("token_lifetime");
  if (!OidIsValid(oid)) return longest;
  Relation table = table_open(oid, AccessShareLock);
  SnapshotData snapshot;
  InitDirtySnapshot(snapshot);
  TableScanDesc scan = begin_table_scan(table, &snapshot);
  TupleTableSlot *slot = table_slot_create(table, nullptr);
  while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
    if (kid != nullptr && view_of(DatumGetTextPP(attribute(slot, oid, "kid"))) != *kid) continue;
    longest.ttl = std::max(longest.ttl, DatumGetInt32(attribute(slot, oid, "token_ttl")));
    longest.until = std::max(longest.until, DatumGetTimestampTz(attribute(slot, oid, "tokens_until")));
  }
  ExecDropSingleTupleTableSlot(slot);
  table_endscan(scan);
  table_close(table, AccessShareLock);
  return longest;
}

}  // namespace

TokenLifetime longest_lifetime(std::string_view kid) { return longest_of(&kid); }

TokenLifetime longest_lifetime() { return longest_of(nullptr); }

TimestampTz last_token_end(std::string_view kid, TimestampTz signed_until) {
  const TokenLifetime longest = longest_lifetime(kid);
  return longest.ttl == 0 ? longest.until : std::max(longest.until, end_after(signed_until, longest.ttl));
}

void delete_superseded_lifetimes(TimestampTz now) {
  Parameters parameters{};
  add(parameters, TimestampTzGetDatum(now));
  if (!is_distributed("token_lifetime")) {
    execute_on_latest(delete_rows, parameters);
    return;
  }
  const Rows<SupersededColumn> rows = execute_latest(select_superseded, parameters);
  for (std::uint64_t i = 0; i < rows.count(); i++) {
    Parameters id{};
    add(id, rows[i].value(SupersededColumn::kId));
    execute_on_latest(delete_one, id);
  }
}

}  // namespace jwt_auth::pg
