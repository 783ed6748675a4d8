#include "pg/identity/proof_table.hpp"

#include <algorithm>
#include <atomic>

#include "pg/support/settings.hpp"
#include "pg/support/shared_memory.hpp"
#include "pg/support/statistics.hpp"
#include "session/shown_proof.hpp"

extern "C" {
#include <access/xact.h>
#include <storage/lwlock.h>
}

namespace jwt_auth::pg {

namespace {

using session::ProofBucket;
using session::ShownProof;

// Buckets whose numbers leave the same remainder share a lock.
constexpr int kLocks = 64;

struct Shared {
  // Random, and of this start of the server alone: so nobody can choose the bucket of a proof, and the memory shows no jti.
  unsigned char key[32];
  std::atomic<std::uint64_t> transactions;  // that showed a proof
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::is_trivially_destructible_v<Shared>);
static_assert(std::is_trivially_copyable_v<ShownProof> && MAXALIGN(sizeof(Shared)) == sizeof(Shared));

std::size_t bucket_count() noexcept {
  return (static_cast<std::size_t>(settings::proof_table_size) + session::kPlacesOfProofs - 1) / session::kPlacesOfProofs;
}

Shared *shared;  // null unless there is a table
ProofBucket *buckets;
LWLockPadded *locks;

constexpr char kName[] = "jwt_auth proofs";

void attach(void *memory, bool is_new) {
  shared = static_cast<Shared *>(memory);
  buckets = reinterpret_cast<ProofBucket *>(shared + 1);
  locks = GetNamedLWLockTranche(kName);
  if (is_new && !pg_strong_random(shared->key, sizeof(shared->key))) elog(FATAL, "could not generate a random key");
}

constexpr SharedPiece kPiece = {
    kName, [] { return bucket_count() == 0 ? std::size_t{0} : sizeof(Shared) + bucket_count() * sizeof(ProofBucket); }, kLocks,
    attach};

// Where a proof belongs. Plain data.
struct Filed {
  std::size_t bucket;
  ShownProof proof;
};

// What the transaction has shown, to be forgotten if it fails. Nobody shows more than one or two; those beyond stay shown.
constexpr int kMostOwn = 8;
Filed own[kMostOwn];
int own_count;
std::uint64_t transaction;  // its number; 0: it has shown none

// The database is part of the hash: a proof may be shown to two applications that share a server.
Filed FileOf(const CheckedProof &proof, Oid database) {
  const auto bytes_of = [](const auto &value) {
    return std::string_view(reinterpret_cast<const char *>(&value), sizeof(value));
  };
  jose::SecretBytes text;
  text.reserve(sizeof(shared->key) + sizeof(database) + sizeof(proof.id));
  jose::Append(text, bytes_of(shared->key));
  jose::Append(text, bytes_of(database));
  jose::Append(text, bytes_of(proof.id));
  const session::Hash hash = session::HashOf(jose::AsText(text));
  Filed filed{};
  std::uint64_t number = 0;
  std::memcpy(&number, hash.data() + filed.proof.name.size(), sizeof(number));
  filed.bucket = number % bucket_count();
  std::copy_n(hash.begin(), filed.proof.name.size(), filed.proof.name.begin());
  std::memcpy(&filed.proof.key, proof.thumbprint.data(), sizeof(filed.proof.key));
  filed.proof.good_until = proof.good_until;
  return filed;
}

LWLock *lock_of(const Filed &filed) { return &locks[filed.bucket % kLocks].lock; }

session::ShowingDecision show(const Filed &filed, jose::Micros now) {
  LWLock *lock = lock_of(filed);
  LWLockAcquire(lock, LW_EXCLUSIVE);
  ProofBucket &bucket = buckets[filed.bucket];
  const session::ShowingDecision decision = session::DecideShowing(bucket, filed.proof, now);
  ShownProof &place = bucket[decision.place];
  if (decision.showing == session::Showing::kFirst) place = filed.proof;
  // Another proof with the same jti may be younger.
  if (decision.showing == session::Showing::kAgain) place.good_until = std::max(place.good_until, filed.proof.good_until);
  LWLockRelease(lock);
  return decision;
}

void forget(const Filed &filed) {
  LWLock *lock = lock_of(filed);
  LWLockAcquire(lock, LW_EXCLUSIVE);
  session::ForgetShowing(buckets[filed.bucket], filed.proof);
  LWLockRelease(lock);
}

// A ROLLBACK that was asked for is no failure: some end all that only read with it. One of the client's comes in a block that
// says so. One in a procedure comes while that runs; after an error nothing runs, and interrupts are held off before the abort
// holds them off itself. Where in doubt the proof stays used.
bool has_failed(XactEvent event) {
  return event == XACT_EVENT_ABORT && TransactionBlockStatusCode() != 'E' && error_context_stack == nullptr &&
         InterruptHoldoffCount > 1;
}

void on_end_of_transaction(XactEvent event, void *) {
  if (transaction == 0) return;
  if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_PREPARE && event != XACT_EVENT_ABORT) return;
  for (int i = 0; i < own_count && has_failed(event); i++) forget(own[i]);
  own_count = 0;
  transaction = 0;
}

void count(ProofOutcome outcome) { Count(Counted::kProof, static_cast<unsigned>(outcome)); }

}  // namespace

void init_proof_table() {
  share(kPiece);
  if (process_shared_preload_libraries_in_progress) RegisterXactCallback(on_end_of_transaction, nullptr);
}

bool show_proof(const CheckedProof &proof, jose::Micros now) {
  if (shared == nullptr) return true;
  const Oid database = MyDatabaseId;
  Filed filed = value_or_raise([&]() -> Result<Filed> { return FileOf(proof, database); });
  if (transaction == 0) transaction = shared->transactions.fetch_add(1, std::memory_order_relaxed) + 1;
  filed.proof.transaction = transaction;
  const session::ShowingDecision decision = show(filed, now);
  if (decision.showing == session::Showing::kRepeated) {
    count(ProofOutcome::kRepeated);
    return false;
  }
  if (decision.showing == session::Showing::kAgain) return true;
  if (own_count < kMostOwn) own[own_count++] = filed;
  count(ProofOutcome::kShown);
  if (decision.displaces) count(ProofOutcome::kDisplaced);
  return true;
}

}  // namespace jwt_auth::pg
