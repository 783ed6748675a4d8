// Nonces and challenges that nothing stores: what is recognised again, and what is not.
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "session/challenge.hpp"

namespace jwt_auth::session {
namespace {

constexpr Micros kSecond = kMicrosPerSecond;
constexpr Micros kNow = 1'700'000'000 * kSecond + 250'000;
constexpr Micros kLifetime = 60 * kSecond;
constexpr Micros kLeeway = 5 * kSecond;
const std::string kSecret(kServerSecretSize, 's');

bool IsFresh(std::string_view nonce, Micros now = kNow, std::string_view secret = kSecret) {
  return IsFreshProofNonce(secret, nonce, now, kLifetime, kLeeway);
}

TEST(ProofNonce, IsGoodForItsLifetime) {
  const std::string nonce = MakeProofNonce(kSecret, kNow);
  EXPECT_EQ(nonce.size(), 32U);
  EXPECT_TRUE(IsFresh(nonce));
  EXPECT_TRUE(IsFresh(nonce, kNow + kLifetime + kLeeway));
  EXPECT_FALSE(IsFresh(nonce, kNow + kLifetime + kLeeway + kSecond));
  EXPECT_TRUE(IsFresh(nonce, kNow - kLeeway));
  EXPECT_FALSE(IsFresh(nonce, kNow - kLeeway - kSecond));
}

TEST(ProofNonce, IsGoodToTheMicrosecond) {
  const Micros second = kNow / kSecond * kSecond;
  const std::string nonce = MakeProofNonce(kSecret, kNow);
  EXPECT_TRUE(IsFresh(nonce, second - kLeeway));
  EXPECT_FALSE(IsFresh(nonce, second - kLeeway - 1));
  EXPECT_TRUE(IsFresh(nonce, second + kSecond + kLifetime + kLeeway - 1));
  EXPECT_FALSE(IsFresh(nonce, second + kSecond + kLifetime + kLeeway));
}

TEST(ProofNonce, IsNotFromATimeThatNoClockShows) {
  constexpr Micros kEnd = std::numeric_limits<Micros>::max() / 4;
  EXPECT_TRUE(IsFresh(MakeProofNonce(kSecret, kEnd), kEnd));
  EXPECT_FALSE(IsFresh(MakeProofNonce(kSecret, kEnd + kSecond), kEnd + kSecond));
}

TEST(ProofNonce, IsBase64Url) {
  std::string nonce = MakeProofNonce(kSecret, kNow);
  nonce[7] = '!';
  EXPECT_FALSE(IsFresh(nonce));
}

TEST(ProofNonce, IsTheSameWithinASecond) {
  const std::string nonce = MakeProofNonce(kSecret, kNow);
  EXPECT_EQ(MakeProofNonce(kSecret, kNow + 1), nonce);
  EXPECT_NE(MakeProofNonce(kSecret, kNow + kSecond), nonce);
  EXPECT_NE(MakeProofNonce(std::string(kServerSecretSize, 't'), kNow), nonce);
}

TEST(ProofNonce, OfAnotherOrNoServerIsRefused) {
  const std::string nonce = MakeProofNonce(kSecret, kNow);
  EXPECT_FALSE(IsFresh(nonce, kNow, std::string(kServerSecretSize, 't')));
  EXPECT_FALSE(IsFresh(""));
  EXPECT_FALSE(IsFresh(nonce.substr(1)));
  EXPECT_FALSE(IsFresh(nonce + "A"));
  EXPECT_FALSE(IsFresh(nonce + "="));
  EXPECT_FALSE(IsFresh(std::string(32, '_')));
  EXPECT_FALSE(IsFresh(std::string(32, 'A')));
  EXPECT_FALSE(IsFresh(std::string(32, '*')));
  EXPECT_FALSE(IsFresh(std::string(1U << 20, 'A')));
  for (std::size_t i = 0; i < nonce.size(); ++i) {
    std::string altered = nonce;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(IsFresh(altered)) << i;
  }
}

ChallengedSession Session() {
  ChallengedSession session{};
  session.id.fill(7);
  session.generation = 3;
  session.current_hash.fill(9);
  session.is_bound = true;
  return session;
}
bool IsGood(std::string_view challenge, const ChallengedSession &session, Micros now = kNow) {
  return IsGoodChallenge(kSecret, challenge, session, now, kLeeway);
}

TEST(Challenge, IsGoodForItsSessionAndWhile) {
  const std::string challenge = MakeChallenge(kSecret, Session(), kNow);
  EXPECT_EQ(challenge.size(), 32U);
  EXPECT_TRUE(IsGood(challenge, Session()));
  EXPECT_TRUE(IsGood(challenge, Session(), kNow + kChallengeLifetime));
  EXPECT_FALSE(IsGood(challenge, Session(), kNow + kChallengeLifetime + kLeeway + kSecond));
  EXPECT_FALSE(IsGood(challenge, Session(), kNow - kLeeway - kSecond));
  EXPECT_FALSE(IsGoodChallenge(std::string(kServerSecretSize, 't'), challenge, Session(), kNow, kLeeway));
}

TEST(Challenge, OfAnotherSessionOrRotationIsRefused) {
  const std::string challenge = MakeChallenge(kSecret, Session(), kNow);
  ChallengedSession other = Session();
  other.id[15] = 8;
  EXPECT_FALSE(IsGood(challenge, other));
  other = Session();
  other.generation = 4;  // used up by the rotation
  EXPECT_FALSE(IsGood(challenge, other));
  other.generation = 2;
  EXPECT_FALSE(IsGood(challenge, other));
  other = Session();
  other.current_hash[0] = 8;  // the same generation again, after a restore
  EXPECT_FALSE(IsGood(challenge, other));
  other = Session();
  other.is_bound = false;  // a registration's
  EXPECT_FALSE(IsGood(challenge, other));
}

TEST(Challenge, IsNoNonceAndTheOtherWayRound) {
  EXPECT_FALSE(IsFresh(MakeChallenge(kSecret, Session(), kNow)));
  EXPECT_FALSE(IsGood(MakeProofNonce(kSecret, kNow), Session()));
}

TEST(Challenge, MayComeWithAnyGenerationAndClock) {
  ChallengedSession session = Session();
  session.generation = 0xFFFFFFFF;
  for (const Micros now : {Micros{0}, kSecond, kNow}) {
    EXPECT_TRUE(IsGood(MakeChallenge(kSecret, session, now), session, now)) << now;
  }
}

}  // namespace
}  // namespace jwt_auth::session
