// Proofs that were shown, in a bucket of fixed size: which is fresh, which is a repeat, and which makes room.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "session/shown_proof.hpp"

namespace jwt_auth::session {
namespace {

constexpr Micros kNow = 1'700'000'000 * kMicrosPerSecond;
constexpr Micros kMinute = 60 * kMicrosPerSecond;

ShownProof ProofOf(std::uint64_t key, unsigned number, Micros good_until = kNow + kMinute, std::uint64_t transaction = 1) {
  ShownProof proof{};
  proof.name[0] = static_cast<unsigned char>(number);
  proof.name[1] = static_cast<unsigned char>(number >> 8);
  proof.name[15] = static_cast<unsigned char>(key);
  proof.key = key;
  proof.good_until = good_until;
  proof.transaction = transaction;
  return proof;
}

ShowingDecision Show(ProofBucket &bucket, const ShownProof &proof, Micros now = kNow) {
  const ShowingDecision decision = DecideShowing(bucket, proof, now);
  if (decision.showing == Showing::kFirst) bucket[decision.place] = proof;
  return decision;
}
std::size_t CountOf(const ProofBucket &bucket, std::uint64_t key) {
  return static_cast<std::size_t>(
      std::count_if(bucket.begin(), bucket.end(), [&](const ShownProof &p) { return p.key == key; }));
}
bool Has(const ProofBucket &bucket, const ShownProof &proof) {
  return std::any_of(bucket.begin(), bucket.end(), [&](const ShownProof &p) { return p.name == proof.name; });
}

TEST(ShownProof, IsGoodOnce) {
  ProofBucket bucket{};
  EXPECT_EQ(Show(bucket, ProofOf(1, 1)).showing, Showing::kFirst);
  EXPECT_EQ(Show(bucket, ProofOf(1, 1, kNow + kMinute, 2)).showing, Showing::kRepeated);
  EXPECT_EQ(Show(bucket, ProofOf(1, 1, kNow + kMinute, 3)).showing, Showing::kRepeated);
  EXPECT_EQ(Show(bucket, ProofOf(1, 2, kNow + kMinute, 2)).showing, Showing::kFirst);
  // The same jti by another key has another name.
  EXPECT_EQ(Show(bucket, ProofOf(2, 1, kNow + kMinute, 2)).showing, Showing::kFirst);
}

TEST(ShownProof, MayBeShownAgainByTheTransactionThatShowedIt) {
  ProofBucket bucket{};
  const auto first = Show(bucket, ProofOf(1, 1));
  const auto again = Show(bucket, ProofOf(1, 1));
  EXPECT_EQ(again.showing, Showing::kAgain);
  EXPECT_EQ(again.place, first.place);
  EXPECT_EQ(Show(bucket, ProofOf(1, 1, kNow + kMinute, 2)).showing, Showing::kRepeated);
  EXPECT_EQ(Show(bucket, ProofOf(1, 1)).showing, Showing::kAgain);
}

TEST(ShownProof, LeavesItsPlaceOnceItIsTooOld) {
  ProofBucket bucket{};
  for (unsigned i = 0; i < kPlacesOfProofs; ++i) EXPECT_FALSE(Show(bucket, ProofOf(1, i)).displaces);
  EXPECT_EQ(Show(bucket, ProofOf(1, 7, kNow, 2), kNow + kMinute).showing, Showing::kRepeated);
  const auto later = Show(bucket, ProofOf(1, 100, kNow + 2 * kMinute), kNow + kMinute + 1);
  EXPECT_EQ(later.showing, Showing::kFirst);
  EXPECT_FALSE(later.displaces);
}

TEST(ShownProof, OfAFailedTransactionIsForgotten) {
  ProofBucket bucket{};
  Show(bucket, ProofOf(1, 1));
  Show(bucket, ProofOf(1, 2));
  ForgetShowing(bucket, ProofOf(1, 1, kNow, 2));  // by a transaction that did not show it
  EXPECT_EQ(Show(bucket, ProofOf(1, 1, kNow + kMinute, 3)).showing, Showing::kRepeated);
  ForgetShowing(bucket, ProofOf(1, 1));
  EXPECT_EQ(Show(bucket, ProofOf(1, 1, kNow + kMinute, 3)).showing, Showing::kFirst);
  EXPECT_EQ(Show(bucket, ProofOf(1, 2, kNow + kMinute, 3)).showing, Showing::kRepeated);
}

TEST(ShownProof, OfAFullBucketTheOldestOfTheBusiestKeyMakesRoom) {
  ProofBucket bucket{};
  // Key 1 has two places, every other key one; those of key 1 are neither the first to run out nor the last.
  for (unsigned i = 2; i < kPlacesOfProofs; ++i) Show(bucket, ProofOf(i, 0, kNow + i * kMicrosPerSecond));
  Show(bucket, ProofOf(1, 0, kNow + 9 * kMicrosPerSecond));
  Show(bucket, ProofOf(1, 1, kNow + 8 * kMicrosPerSecond));
  const auto decision = Show(bucket, ProofOf(100, 0));
  EXPECT_EQ(decision.showing, Showing::kFirst);
  EXPECT_TRUE(decision.displaces);
  EXPECT_TRUE(Has(bucket, ProofOf(1, 0)));
  EXPECT_FALSE(Has(bucket, ProofOf(1, 1)));
  // Now each key has one: the one that is too old first.
  EXPECT_TRUE(Show(bucket, ProofOf(101, 0)).displaces);
  EXPECT_FALSE(Has(bucket, ProofOf(2, 0)));
  EXPECT_EQ(Show(bucket, ProofOf(101, 0, kNow + kMinute, 2)).showing, Showing::kRepeated);
}

TEST(ShownProof, AFloodByOneKeyDisplacesItsOwn) {
  ProofBucket bucket{};
  for (unsigned i = 0; i < 10; ++i) Show(bucket, ProofOf(2 + i, 0, kNow + i * kMicrosPerSecond));
  for (unsigned i = 0; i < 10'000; ++i)
    EXPECT_EQ(Show(bucket, ProofOf(1, i, kNow + kMinute + i)).showing, Showing::kFirst) << i;
  EXPECT_EQ(CountOf(bucket, 1), kPlacesOfProofs - 10);
  for (unsigned i = 0; i < 10; ++i) EXPECT_TRUE(Has(bucket, ProofOf(2 + i, 0))) << i;
  // Others who come while it floods take places from it.
  for (unsigned i = 0; i < 10; ++i) Show(bucket, ProofOf(50 + i, 0, kNow + i * kMicrosPerSecond));
  for (unsigned i = 0; i < 10'000; ++i) Show(bucket, ProofOf(1, i, kNow + 2 * kMinute + i, 2));
  for (unsigned i = 0; i < 10; ++i) EXPECT_TRUE(Has(bucket, ProofOf(2 + i, 0)) && Has(bucket, ProofOf(50 + i, 0))) << i;
}

TEST(ShownProof, TwoFloodsShareABucket) {
  ProofBucket bucket{};
  for (unsigned i = 0; i < 1000; ++i) Show(bucket, ProofOf(1, i, kNow + kMinute + i));
  for (unsigned i = 0; i < 1000; ++i) Show(bucket, ProofOf(2, i, kNow + kMinute + i));
  EXPECT_EQ(CountOf(bucket, 1), kPlacesOfProofs / 2);
  EXPECT_EQ(CountOf(bucket, 2), kPlacesOfProofs / 2);
}

// How large a table has to be: what is displaced of proofs that fall into buckets by chance.
TEST(ShownProof, HardlyAnyIsDisplacedFromATableThatIsHalfFull) {
  constexpr unsigned kBuckets = 1000;
  std::mt19937_64 random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same at each run
  const auto displaced = [&](unsigned proofs) {
    std::vector<ProofBucket> table(kBuckets);
    unsigned count = 0;
    for (unsigned i = 0; i < proofs; ++i) count += Show(table[random() % kBuckets], ProofOf(i, i)).displaces ? 1 : 0;
    return count;
  };
  EXPECT_LE(displaced(kBuckets * kPlacesOfProofs / 2), 5U);
  EXPECT_GT(displaced(kBuckets * kPlacesOfProofs), 500U);
}

}  // namespace
}  // namespace jwt_auth::session
