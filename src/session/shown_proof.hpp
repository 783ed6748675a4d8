// Proofs of a key that were shown, in memory of a fixed size: a table of buckets, each with a few places. The keyed hash of a
// proof chooses its bucket; what happens within one is decided here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "session/lifetime.hpp"

namespace jwt_auth::session {

// A proof that was shown. Plain data, so that it can lie in shared memory; all zero bytes are a free place.
struct ShownProof {
  std::array<unsigned char, 16> name;  // of the keyed hash over the key's thumbprint and the jti
  std::uint64_t key;                   // the first bytes of the thumbprint: tells apart who shows proofs
  Micros good_until;                   // included; later the proof is refused for its age, and its place is free
  std::uint64_t transaction;           // that showed it
};

constexpr std::size_t kPlacesOfProofs = 32;
using ProofBucket = std::array<ShownProof, kPlacesOfProofs>;

enum class Showing : std::uint8_t {
  kFirst,     // nobody has shown it: it goes into `place`
  kAgain,     // by the transaction that showed it first, at `place`
  kRepeated,  // by another transaction: refuse it
};
struct ShowingDecision {
  Showing showing;
  std::size_t place;
  bool displaces;  // kFirst: the proof that is in that place could be shown again, and is forgotten for want of room
};

// What it means that this proof is shown now. Where the bucket is full, the key that has the most proofs in it, the new one
// counted, loses the one that would be refused for its age first. So a client that shows many proofs displaces its own, and
// those of others only where they have as many there.
ShowingDecision DecideShowing(const ProofBucket &bucket, const ShownProof &shown, Micros now) noexcept;

// Forgets that the proof was shown, if the bucket has it by this transaction.
void ForgetShowing(ProofBucket &bucket, const ShownProof &shown) noexcept;

}  // namespace jwt_auth::session
