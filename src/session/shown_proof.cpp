#include "session/shown_proof.hpp"

namespace jwt_auth::session {

namespace {

bool IsFree(const ShownProof &place, Micros now) noexcept { return place.good_until < now; }

std::size_t CountOf(const ProofBucket &bucket, std::uint64_t key, std::uint64_t newcomer) noexcept {
  std::size_t count = key == newcomer ? 1 : 0;
  for (const ShownProof &place : bucket) count += place.key == key ? 1 : 0;
  return count;
}

// Of a bucket without a free place.
std::size_t PlaceToClear(const ProofBucket &bucket, std::uint64_t newcomer) noexcept {
  std::size_t chosen = 0;
  std::size_t most = 0;
  for (std::size_t i = 0; i < bucket.size(); ++i) {
    const std::size_t count = CountOf(bucket, bucket[i].key, newcomer);
    if (count < most || (count == most && bucket[i].good_until >= bucket[chosen].good_until)) continue;
    most = count;
    chosen = i;
  }
  return chosen;
}

}  // namespace

ShowingDecision DecideShowing(const ProofBucket &bucket, const ShownProof &shown, Micros now) noexcept {
  std::size_t free = bucket.size();
  for (std::size_t i = 0; i < bucket.size(); ++i) {
    const ShownProof &place = bucket[i];
    if (IsFree(place, now)) {
      free = i;
    } else if (place.name == shown.name) {
      return {place.transaction == shown.transaction ? Showing::kAgain : Showing::kRepeated, i, false};
    }
  }
  if (free < bucket.size()) return {Showing::kFirst, free, false};
  return {Showing::kFirst, PlaceToClear(bucket, shown.key), true};
}

void ForgetShowing(ProofBucket &bucket, const ShownProof &shown) noexcept {
  for (ShownProof &place : bucket) {
    if (place.name == shown.name && place.transaction == shown.transaction) place = ShownProof{};
  }
}

}  // namespace jwt_auth::session
