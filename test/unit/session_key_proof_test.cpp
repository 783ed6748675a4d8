// What a refresh of a session that is bound to a key means: the proof comes before everything that could end the session.
#include <gtest/gtest.h>

#include "session/policy.hpp"

namespace jwt_auth::session {
namespace {

constexpr Micros kNow = 1'700'000'000'000'000;
constexpr Micros kSecond = kMicrosPerSecond;

Hash Filled(unsigned char byte) {
  Hash hash;
  hash.fill(byte);
  return hash;
}

SessionState Row() {
  SessionState state{};
  state.created_at = kNow - 1000 * kSecond;
  state.refreshed_at = kNow - 500 * kSecond;  // long before any retry interval
  state.idle_end = kNow + 1000 * kSecond;
  state.absolute_end = kNow + 2000 * kSecond;
  state.generation = 5;
  state.family_hash = Filled(1);
  state.current_hash = Filled(2);
  state.has_previous = true;
  state.previous_hash = Filled(3);
  state.bound = kUnknownClient;
  state.latest = kUnknownClient;
  return state;
}

Decision With(KeyProof key, unsigned char secret, std::uint32_t generation = 5, const SessionState &state = Row(),
              const Cutoffs &cutoffs = {kNoCutoff, kNoCutoff}, Micros interval = 10 * kSecond) {
  RefreshPolicy policy{};
  policy.reuse_interval = interval;
  policy.key = key;
  const RefreshTokenHashes token = {SessionId{}, generation, Filled(1), Filled(secret), false};
  return Decide(state, token, kUnknownClient, policy, cutoffs, kNow);
}

TEST(KeyProof, MissingOrWrongEndsNothing) {
  for (const unsigned char secret : {2, 3, 4}) {
    for (const std::uint32_t generation : {1U, 5U, 9U}) {
      const Decision missing = With(KeyProof::kMissing, secret, generation);
      EXPECT_EQ(missing.status, Status::kProofRequired);
      EXPECT_EQ(missing.event, Event::kProofMismatch);
      EXPECT_FALSE(missing.ends);
      const Decision wrong = With(KeyProof::kWrong, secret, generation);
      EXPECT_EQ(wrong.status, Status::kProofInvalid);
      EXPECT_EQ(wrong.event, Event::kProofMismatch);
      EXPECT_FALSE(wrong.ends);
    }
  }
}

TEST(KeyProof, OfASessionThatIsOverEndsItAllTheSame) {
  for (const KeyProof key : {KeyProof::kMissing, KeyProof::kWrong, KeyProof::kProven}) {
    const Decision cut = With(key, 2, 5, Row(), {kNow, kNoCutoff});
    EXPECT_EQ(cut.event, Event::kUserRevoked);
    EXPECT_TRUE(cut.ends);
    SessionState idle = Row();
    idle.idle_end = kNow;
    EXPECT_EQ(With(key, 2, 5, idle).status, Status::kIdleExpired);
  }
}

TEST(KeyProof, OfATokenThatIsNotOurs) {
  const RefreshTokenHashes token = {SessionId{}, 5, Filled(9), Filled(2), false};
  for (const KeyProof key : {KeyProof::kMissing, KeyProof::kWrong, KeyProof::kProven}) {
    RefreshPolicy policy{};
    policy.key = key;
    const Decision decision = Decide(Row(), token, kUnknownClient, policy, {kNoCutoff, kNoCutoff}, kNow);
    EXPECT_EQ(decision.status, Status::kInvalid);
    EXPECT_EQ(decision.event, Event::kNone);
  }
}

TEST(KeyProof, ProvenRotatesAndAnswersALateRetry) {
  EXPECT_EQ(With(KeyProof::kProven, 2).status, Status::kOk);
  EXPECT_EQ(With(KeyProof::kProven, 3).status, Status::kReplayed);
  EXPECT_EQ(With(KeyProof::kProven, 3, 4, Row(), {kNoCutoff, kNoCutoff}, 0).status, Status::kReplayed);
  EXPECT_EQ(With(KeyProof::kProven, 3).event, Event::kLateReplay);
  EXPECT_EQ(With(KeyProof::kNotBound, 3).status, Status::kReuseDetected);
  EXPECT_EQ(With(KeyProof::kProven, 4).status, Status::kReuseDetected);
}

// Whatever late_retry says, in each rotation, and again after the interval: each time it is recorded.
TEST(KeyProof, ProvenMayBeLateAnyTime) {
  for (const LateRetry late_retry : kLateRetries) {
    for (const LateReplay late : {LateReplay{4, kNow}, LateReplay{5, kNow - 10 * kSecond}, LateReplay{9, kNow}}) {
      SessionState state = Row();
      state.late = late;
      state.latest.has_fingerprint = true;
      RefreshPolicy policy{};
      policy.binding.fingerprint = FingerprintBinding::kExact;
      policy.reuse_interval = 10 * kSecond;
      policy.key = KeyProof::kProven;
      policy.late_retry = late_retry;
      const RefreshTokenHashes token = {SessionId{}, 4, Filled(1), Filled(3), false};
      const Decision decision = Decide(state, token, kUnknownClient, policy, {kNoCutoff, kNoCutoff}, kNow);
      EXPECT_EQ(decision.status, Status::kReplayed);
      EXPECT_EQ(decision.event, Event::kLateReplay);
    }
  }
}

TEST(KeyProof, ComesBeforeTheAddress) {
  const unsigned char home[] = {192, 0, 2, 1};
  SessionState state = Row();
  state.bound.address = MakeAddress(Address::Family::kV4, home);
  RefreshPolicy policy{};
  policy.binding.ip = IpBinding::kExact;
  const RefreshTokenHashes token = {SessionId{}, 5, Filled(1), Filled(2), false};
  policy.key = KeyProof::kWrong;
  EXPECT_EQ(Decide(state, token, kUnknownClient, policy, {kNoCutoff, kNoCutoff}, kNow).status, Status::kProofInvalid);
  policy.key = KeyProof::kProven;
  EXPECT_EQ(Decide(state, token, kUnknownClient, policy, {kNoCutoff, kNoCutoff}, kNow).status, Status::kIpMismatch);
}

}  // namespace
}  // namespace jwt_auth::session
