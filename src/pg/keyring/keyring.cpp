#include "pg/keyring/keyring.hpp"

#include <algorithm>
#include <limits>

#include "pg/keyring/ring.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/statistics.hpp"

extern "C" {
#include <access/xact.h>
#include <access/xlog.h>
}

namespace jwt_auth::pg {

namespace {

constexpr jose::Micros kNever = std::numeric_limits<jose::Micros>::min();
constexpr jose::Micros kForever = std::numeric_limits<jose::Micros>::max();

// The backend's copy and whether it still holds. Invalidations only count and clear; they may arrive at any time.
struct RingCache {
  Ring *ring;
  bool valid;
  std::uint64_t invalidations;
  Oid tables[3];
  jose::Micros cutoff;
  // A key that could not be opened is tried again: after a reload of the configuration at once, else once in a while.
  bool lacks_a_key;
  TimestampTz loaded_at;
  TimestampTz loaded_with;
};
RingCache cache;

void on_relcache_invalidation(Datum, Oid relation) {
  const bool ours = relation == cache.tables[0] || relation == cache.tables[1] || relation == cache.tables[2];
  if (OidIsValid(relation) && !ours) return;
  cache.valid = false;
  cache.invalidations++;
}

Statement select_keys = {
    "SELECT kid, state = 'active', public_jwk::text, private_jwk, token_ttl, tokens_until FROM jwt_auth.signing_key"
    " WHERE state IN ('active', 'verify_only') ORDER BY state, created_at DESC, kid",
    0,
    {},
    nullptr};
Statement select_issuers = {"SELECT issuer, jwks::text, audience FROM jwt_auth.trusted_issuer", 0, {}, nullptr};
Statement select_cutoff = {"SELECT not_before FROM jwt_auth.cutoff", 0, {}, nullptr};

jose::Micros time_column(std::uint64_t row, int number, jose::Micros if_null) {
  bool is_null;
  const Datum value = column(row, number, &is_null);
  if (is_null) return if_null;
  const TimestampTz time = DatumGetTimestampTz(value);
  return TIMESTAMP_IS_NOEND(time) ? kForever : micros_of(time);
}

RingRows read_rows(MemoryContext context) {
  RingRows rows{};
  const Parameters none{};
  bool is_null;

  rows.key_count = execute_latest(select_keys, none);
  rows.keys = static_cast<KeyRow *>(MemoryContextAlloc(context, sizeof(KeyRow) * (rows.key_count + 1)));
  for (std::uint64_t i = 0; i < rows.key_count; i++) {
    rows.keys[i] = {text_column(i, 1, context).text,
                    DatumGetBool(column(i, 2, &is_null)),
                    text_column(i, 3, context),
                    text_column(i, 4, context),
                    DatumGetInt32(column(i, 5, &is_null)) * jose::kMicrosPerSecond,
                    time_column(i, 6, kNever)};
    cleanse_column(i, 4);
  }

  rows.issuer_count = execute_latest(select_issuers, none);
  rows.issuers = static_cast<IssuerRow *>(MemoryContextAlloc(context, sizeof(IssuerRow) * (rows.issuer_count + 1)));
  for (std::uint64_t i = 0; i < rows.issuer_count; i++)
    rows.issuers[i] = {text_column(i, 1, context).text, text_column(i, 2, context).text, text_column(i, 3, context)};

  const bool has_cutoff = execute_latest(select_cutoff, none) > 0;
  cache.cutoff = has_cutoff ? time_column(0, 1, kNever) : kNever;
  return rows;
}

void reload() {
  const std::uint64_t seen = cache.invalidations;
  Count(Counted::kKeyring, 0);
  cache.tables[0] = table_oid("signing_key");
  cache.tables[1] = table_oid("trusted_issuer");
  cache.tables[2] = table_oid("cutoff");

  MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "jwt_auth keyring load", ALLOCSET_SMALL_SIZES);
  const OwnerScope scope = enter_owner("signing_key");
  SPI_connect();
  const RingRows rows = read_rows(context);
  SPI_finish();
  leave_owner(scope);

  const auto outcome = Guard([&]() -> Result<void> {
    auto ring = BuildRing(rows);
    cache.lacks_a_key = ring->lacks_a_key();
    delete cache.ring;
    cache.ring = ring.release();
    return {};
  });
  for (std::uint64_t i = 0; i < rows.key_count; i++) cleanse_text(rows.keys[i].private_jwk);
  MemoryContextDelete(context);
  if (!outcome.ok) raise_error(outcome.error);
  cache.valid = cache.invalidations == seen;
  cache.loaded_with = PgReloadTime;
  cache.loaded_at = GetCurrentTimestamp();
}

bool deserves_another_try() {
  if (cache.loaded_with != PgReloadTime) return true;
  return cache.lacks_a_key && GetCurrentTimestamp() - cache.loaded_at > USECS_PER_SEC;
}

}  // namespace

void init_keyring() { CacheRegisterRelcacheCallback(on_relcache_invalidation, static_cast<Datum>(0)); }

void refresh_keyring() {
  // Without this an open transaction that does nothing but call us would never hear of a change.
  AcceptInvalidationMessages();
  if (!cache.valid || deserves_another_try()) reload();
}

jose::Micros global_cutoff() { return cache.cutoff; }

Ring &CurrentRing() { return *cache.ring; }

namespace {

Statement record_ttl = {
    "UPDATE jwt_auth.signing_key SET token_ttl = $2 WHERE state = 'active' AND token_ttl < $2 AND kid ="
    " (SELECT kid FROM jwt_auth.signing_key WHERE kid = $1 FOR NO KEY UPDATE SKIP LOCKED)",
    2,
    {TEXTOID, INT4OID},
    nullptr};
Statement record_end = {
    "UPDATE jwt_auth.signing_key SET tokens_until = greatest(tokens_until, $2) WHERE kid = $1 AND state = 'active'",
    2,
    {TEXTOID, TIMESTAMPTZOID},
    nullptr};

// With the latest snapshot, so that a REPEATABLE READ transaction that began before the last rotation can still sign.
bool record_with_active_key(Statement &statement, Datum value) {
  Parameters parameters{};
  add(parameters, text_datum(cache.ring->active.kid));
  add(parameters, value);
  const OwnerScope scope = enter_owner("signing_key");
  SPI_connect();
  const bool recorded = execute_on_latest(statement, parameters) == 1;
  SPI_finish();
  leave_owner(scope);
  return recorded;
}

bool can_write() { return !XactReadOnly && !RecoveryInProgress() && !IsInParallelMode(); }

// Rounded up to an eighth of the token's life, so that a row of such tokens costs one write now and then.
TimestampTz rounded_end(jose::Micros exp, jose::Micros now) {
  const jose::Micros step = std::max((exp - now) / 8, static_cast<jose::Micros>(settings::access_token_ttl) * USECS_PER_SEC);
  if (exp >= kForever - step) return DT_NOEND;
  return timestamp_of((exp / step + 1) * step);
}

jose::Micros access_token_end(jose::Micros now) { return now + settings::access_token_ttl * jose::kMicrosPerSecond; }

}  // namespace

void prepare_to_sign_access_token(jose::Micros now) { prepare_to_sign(access_token_end(now), now); }

void prepare_to_sign(jose::Micros exp, jose::Micros now) {
  refresh_keyring();
  while (!cache.ring->active.kid.empty()) {
    CHECK_FOR_INTERRUPTS();
    const jose::Micros known_until = std::max(now + cache.ring->active.token_ttl, cache.ring->active.tokens_until);
    if (exp <= known_until) return;
    if (exp <= access_token_end(now)) {
      // The setting is higher here than where the key was made active. Whoever holds the row is noting the same.
      if (can_write()) (void)record_with_active_key(record_ttl, Int32GetDatum(settings::access_token_ttl));
      refresh_keyring();
      return;
    }
    if (!can_write())
      ereport(ERROR, (errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
                      errmsg("cannot sign a token that outlives jwt_auth.access_token_ttl in a read-only transaction"),
                      errdetail("How long it is valid must be recorded with its key."),
                      errhint("Sign it on the primary, in a transaction that may write.")));
    const bool recorded = record_with_active_key(record_end, TimestampTzGetDatum(rounded_end(exp, now)));
    refresh_keyring();
    // Otherwise the key was rotated just now, and another one will sign.
    if (recorded) return;
  }
}

}  // namespace jwt_auth::pg
