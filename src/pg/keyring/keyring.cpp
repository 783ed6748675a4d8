#include "pg/keyring/keyring.hpp"

#include "pg/keyring/ring_rows.hpp"
#include "pg/store/citus.hpp"
#include "pg/store/relcache_changes.hpp"
#include "pg/store/rollback.hpp"
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
  bool may_hold_own_changes;
  std::uint64_t version;
  Oid tables[lengthof(kTables)];
  jose::Micros cutoff;
  TimestampTz loaded_at;
  TimestampTz loaded_with;
  bool is_distributed;
};
RingCache cache;

void on_relcache_invalidation(Oid relation) {
  bool ours = !OidIsValid(relation);
  for (const Oid table : cache.tables) ours = ours || relation == table;
  if (!ours) return;
  cache.valid = false;
  cache.invalidations++;
}

void on_rollback_of_changes() {
  if (cache.may_hold_own_changes) on_relcache_invalidation(InvalidOid);
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
  const RingRows rows = read_ring_rows(context);
  const auto outcome = Guard([&]() -> Result<void> {
    auto ring = BuildRing(rows);
    if (!ring) return ring.error();
    delete cache.ring;
    cache.ring = ring->release();
    return {};
  });
  cleanse_ring_rows(rows);
  MemoryContextDelete(context);
  if (!outcome.ok) raise_error(outcome.error);
  cache.cutoff = rows.cutoff;
  cache.version++;
  cache.valid = cache.invalidations == seen;
  cache.may_hold_own_changes = has_written();
  cache.loaded_with = PgReloadTime;
  cache.loaded_at = GetCurrentTimestamp();
  cache.is_distributed = is_distributed(kTables[0]);
}

// A key that could not be opened is tried again: after a reload of the configuration at once, else once in a while. Where every
// node has a copy of the keyring, a message of a change may be missing: a node may be new and have no copy yet, or have been
// away while a change was committed.
bool deserves_another_try() {
  if (cache.loaded_with != PgReloadTime) return true;
  if (!cache.is_distributed && !cache.ring->lacks_a_key()) return false;
  return GetCurrentTimestamp() - cache.loaded_at > (cache.is_distributed ? 5 : 1) * USECS_PER_SEC;
}

}  // namespace

void init_keyring() {
  on_relcache_change(on_relcache_invalidation);
  on_rollback(on_rollback_of_changes);
}

void refresh_keyring() {
  // Without this an open transaction that does nothing but call us would never hear of a change.
  AcceptInvalidationMessages();
  if (!cache.valid || deserves_another_try()) reload();
}

std::uint64_t ring_version() { return cache.version; }

jose::Micros global_cutoff() { return cache.cutoff; }

Ring &CurrentRing() noexcept { return *cache.ring; }

}  // namespace jwt_auth::pg
