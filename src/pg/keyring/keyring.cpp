#include "pg/keyring/keyring.hpp"

#include "pg/keyring/issuer_rows.hpp"
#include "pg/keyring/ring.hpp"
#include "pg/keyring/session_classes.hpp"
#include "pg/keyring/token_lifetime.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/statistics.hpp"

namespace jwt_auth::pg {

namespace {

// The tables that are kept: a change of one of them is a change of the ring. The last two are not there before version
// 2.0.
constexpr const char *kTables[] = {"signing_key", "trusted_issuer", "cutoff", "token_lifetime", "session_class"};

// The backend's copy and whether it still holds. Invalidations only count and clear; they may arrive at any time.
struct RingCache {
  Ring *ring;
  bool valid;
  std::uint64_t invalidations;
  std::uint64_t version;
  Oid tables[lengthof(kTables)];
  jose::Micros cutoff;
  TimestampTz loaded_at;
  TimestampTz loaded_with;
};
RingCache cache;

void on_relcache_invalidation(Datum, Oid relation) {
  bool ours = !OidIsValid(relation);
  for (const Oid table : cache.tables) ours = ours || relation == table;
  if (!ours) return;
  cache.valid = false;
  cache.invalidations++;
}

enum class KeyColumn { kKid, kActive, kPublicJwk, kPrivateJwk, kTokenTtl, kTokensUntil };
Query<KeyColumn> select_keys = {
    "SELECT k.kid, state = 'active', public_jwk::text, private_jwk, greatest(k.token_ttl, l.token_ttl),"
    " greatest(k.tokens_until, l.tokens_until) FROM jwt_auth.signing_key k LEFT JOIN"
    " (SELECT kid, max(token_ttl) AS token_ttl, max(tokens_until) AS tokens_until FROM jwt_auth.token_lifetime GROUP BY kid) l"
    " ON l.kid = k.kid WHERE state IN ('active', 'verify_only') ORDER BY state, created_at DESC, kid",
    {}};
Query<KeyColumn> select_keys_of_version_1 = {
    "SELECT kid, state = 'active', public_jwk::text, private_jwk, token_ttl, tokens_until FROM jwt_auth.signing_key"
    " WHERE state IN ('active', 'verify_only') ORDER BY state, created_at DESC, kid",
    {}};
enum class CutoffColumn { kNotBefore };
Query<CutoffColumn> select_cutoff = {"SELECT not_before FROM jwt_auth.cutoff", {}};

template <class T>
T *allocate(MemoryContext context, std::uint64_t count) {
  return static_cast<T *>(MemoryContextAlloc(context, sizeof(T) * (count + 1)));
}

void read_keys(RingRows &ring, MemoryContext context) {
  const auto rows = execute_latest(has_token_lifetimes() ? select_keys : select_keys_of_version_1, Parameters{});
  ring.key_count = rows.count();
  ring.keys = allocate<KeyRow>(context, rows.count());
  for (std::uint64_t i = 0; i < rows.count(); i++) {
    const auto row = rows[i];
    ring.keys[i] = {row.text(KeyColumn::kKid, context).text,
                    row.boolean(KeyColumn::kActive),
                    row.text(KeyColumn::kPublicJwk, context),
                    row.text(KeyColumn::kPrivateJwk, context),
                    row.int4(KeyColumn::kTokenTtl) * jose::kMicrosPerSecond,
                    row.time_or(KeyColumn::kTokensUntil, session::kNoCutoff)};
    row.cleanse(KeyColumn::kPrivateJwk);
  }
}

RingRows read_rows(MemoryContext context) {
  RingRows ring{};
  read_keys(ring, context);
  const IssuerRows issuers = read_issuers(context);
  ring.issuers = issuers.rows;
  ring.issuer_count = issuers.count;
  read_session_classes(ring, context);
  const auto cutoff = execute_latest(select_cutoff, Parameters{});
  ring.cutoff = cutoff.empty() ? session::kNoCutoff : cutoff[0].time(CutoffColumn::kNotBefore);
  return ring;
}

void note_tables() {
  const Oid schema = get_namespace_oid("jwt_auth", true);
  for (std::size_t i = 0; i < lengthof(kTables); i++)
    cache.tables[i] = OidIsValid(schema) ? get_relname_relid(kTables[i], schema) : InvalidOid;
}

void reload() {
  const std::uint64_t seen = cache.invalidations;
  Count(Counted::kKeyring, 0);
  note_tables();
  MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "jwt_auth keyring load", ALLOCSET_SMALL_SIZES);
  const RingRows rows = as_owner("signing_key", [&](MemoryContext) { return read_rows(context); });
  const auto outcome = Guard([&]() -> Result<void> {
    auto ring = BuildRing(rows);
    if (!ring) return ring.error();
    delete cache.ring;
    cache.ring = ring->release();
    return {};
  });
  for (std::uint64_t i = 0; i < rows.key_count; i++) cleanse_text(rows.keys[i].private_jwk);
  for (std::uint64_t i = 0; i < rows.issuer_count; i++) cleanse_text(rows.issuers[i].secret_jwks);
  MemoryContextDelete(context);
  if (!outcome.ok) raise_error(outcome.error);
  cache.cutoff = rows.cutoff;
  cache.version++;
  cache.valid = cache.invalidations == seen;
  cache.loaded_with = PgReloadTime;
  cache.loaded_at = GetCurrentTimestamp();
}

// A key that could not be opened is tried again: after a reload of the configuration at once, else once in a while.
bool deserves_another_try() {
  if (cache.loaded_with != PgReloadTime) return true;
  return cache.ring->lacks_a_key() && GetCurrentTimestamp() - cache.loaded_at > USECS_PER_SEC;
}

}  // namespace

void init_keyring() { CacheRegisterRelcacheCallback(on_relcache_invalidation, static_cast<Datum>(0)); }

void refresh_keyring() {
  // Without this an open transaction that does nothing but call us would never hear of a change.
  AcceptInvalidationMessages();
  if (!cache.valid || deserves_another_try()) reload();
}

std::uint64_t ring_version() { return cache.version; }

jose::Micros global_cutoff() { return cache.cutoff; }

Ring &CurrentRing() noexcept { return *cache.ring; }

}  // namespace jwt_auth::pg
