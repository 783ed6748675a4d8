// Runs what the core does with secrets under valgrind, with the secrets marked as undefined, as ctgrind does: memcheck then
// reports each branch and each address that depends on one. Prints a line for each path; fails unless the paths are silent and
// the planted leaks are not.
#include <valgrind/memcheck.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <string>

#include "jose/crypto/key_wrap.hpp"
#include "jose/crypto/openssl.hpp"
#include "jose/json/base64url.hpp"
#include "jose/jwe/content_encryption.hpp"
#include "jose/keys/jwk.hpp"
#include "session/api_key.hpp"
#include "session/challenge.hpp"
#include "session/policy.hpp"
#include "session/refresh_token.hpp"

namespace jwt_auth {
namespace {

using jose::AsText;

int failures = 0;

// Bytes that memcheck takes for undefined. They are copied: what was computed from a secret is one, too.
template <class Bytes>
Bytes Secret(Bytes bytes) {
  VALGRIND_MAKE_MEM_UNDEFINED(bytes.data(), bytes.size());
  return bytes;
}
template <class Bytes>
void Publish(Bytes &bytes) {
  VALGRIND_MAKE_MEM_DEFINED(bytes.data(), bytes.size());
}

void Check(const char *name, bool should_leak, const std::function<void()> &path) {
  // Fetching an algorithm for the first time is no part of the path.
  const int failures_before = failures;
  const auto before = VALGRIND_COUNT_ERRORS;
  path();
  const auto found = VALGRIND_COUNT_ERRORS - before;
  const bool good = (found > 0) == should_leak && failures == failures_before;
  if (!good) failures++;
  std::printf("%s %-9s %s (%lu reports)\n", good ? "ok    " : "FAILED", should_leak ? "planted" : "silent", name,
              static_cast<unsigned long>(found));
  std::fflush(stdout);
}

std::string Filled(std::size_t size, char byte) { return std::string(size, byte); }

// Within a path: what it must have answered.
void Expect(bool answered) {
  if (!answered) failures++;
}

void CheckComparisons() {
  for (const std::size_t place : {std::size_t{0}, std::size_t{31}, std::size_t{32}}) {
    std::string other = Filled(32, 'a');
    if (place < other.size()) other[place] = 'b';
    Check("EqualInConstantTime", false, [&] {
      if (jose::EqualInConstantTime(Secret(Filled(32, 'a')), other) != (place == 32)) failures++;
    });
    session::Hash secret;
    session::Hash presented;
    secret.fill('a');
    presented.fill('a');
    if (place < presented.size()) presented[place] = 'b';
    Check("SameHash", false, [&] {
      if (session::SameHash(Secret(secret), presented) != (place == 32)) failures++;
    });
  }
}

void CheckMacs() {
  for (const auto digest : {jose::Digest::kSha256, jose::Digest::kSha384, jose::Digest::kSha512}) {
    Check("Hmac", false, [&] { jose::Hmac(digest, Secret(Filled(64, 'k')), Secret(Filled(100, 'd'))); });
  }
  Check("HashOf", false, [] { session::HashOf(Secret(Filled(48, 's'))); });

  // Reading a key looks into it, to tell a secret from a PEM or a JWK; what is done with it afterwards does not.
  const auto keys = jose::SecretKeySet(Filled(64, 'k'));
  if (!keys || keys->keys.size() != 1) {
    failures++;
    return;
  }
  const jose::Key &key = keys->keys.front();
  VALGRIND_MAKE_MEM_UNDEFINED(const_cast<unsigned char *>(key.secret().data()), key.secret().size());
  for (const auto algorithm : {jose::Algorithm::kHS256, jose::Algorithm::kHS384, jose::Algorithm::kHS512}) {
    std::string good;
    Check("Key::Sign with a secret", false, [&] { good = *key.Sign(algorithm, "header.payload"); });
    Publish(good);
    std::string wrong = good;
    wrong[0] ^= 1;
    Check("Key::Verify of a good MAC", false, [&] {
      if (!key.Verify(algorithm, "header.payload", good)) failures++;
    });
    Check("Key::Verify of a wrong MAC", false, [&] {
      if (key.Verify(algorithm, "header.payload", wrong)) failures++;
    });
  }
}

const std::string server_secret = Filled(session::kServerSecretSize, 'v');
const std::string pepper = Filled(32, 'p');
constexpr session::Nonce kNonce = {1, 2, 3};
constexpr session::Cutoffs kNoCutoffs = {session::kNoCutoff, session::kNoCutoff};

// The text of a refresh token with its secrets marked. Public are the session id and the generation, which are the first 26
// characters and a part of the next one.
std::string MarkedText(const session::RefreshToken &token) {
  const auto encoded = token.Encode();
  std::string text(AsText(encoded));
  const std::size_t secret_from = session::kRefreshTokenPrefix.size() + 27;
  VALGRIND_MAKE_MEM_UNDEFINED(text.data() + secret_from, text.size() - secret_from);
  return text;
}

session::RefreshToken FirstToken(char family = 'f', char secret = 's') {
  return session::RefreshToken::First({}, Filled(16, family) + Filled(32, secret));
}
session::RefreshToken After(const session::RefreshToken &token) {
  return token.Successor(token.generation() + 1, kNonce, pepper, server_secret);
}

void CheckRefreshTokens() {
  const auto first = FirstToken();
  const std::string text = MarkedText(first);
  const session::Hash next_hash = After(first).SecretHash();
  Check("RefreshToken: read, succeeded, written", false, [&] {
    const auto token = session::RefreshToken::Decode(text);
    Expect(bool{token});
    if (!token) return;
    const auto next = token->Successor(1, Secret(kNonce), Secret(pepper), Secret(server_secret));
    next.Encode();
    // As where a lost answer is repeated.
    Expect(session::SameHash(next.SecretHash(), Secret(next_hash)));
  });
  Check("RefreshToken: succeeded without a server's secret", false, [&] {
    const auto token = session::RefreshToken::Decode(text);
    Expect(bool{token});
    if (!token) return;
    const auto next = token->Successor(1, Secret(kNonce), Secret(pepper));
    next.Encode();
    Expect(!session::SameHash(next.SecretHash(), Secret(next_hash)));
  });
  Check("RefreshToken: a character that is none", false, [&] {
    std::string foreign = text;
    foreign.back() = '!';
    Expect(!session::RefreshToken::Decode(foreign));
  });

  // One character of each half of the secret: of the HMAC that the token was made with, and of the proof.
  const auto second = After(first);
  const auto proves = [](const std::string &marked) {
    const auto token = session::RefreshToken::Decode(marked);
    Expect(bool{token});
    return token && token->ProvesGeneration(Secret(server_secret));
  };
  Check("RefreshToken: a proven generation", false, [&] { Expect(proves(MarkedText(second))); });
  for (const std::size_t from_end : {std::size_t{30}, std::size_t{5}}) {
    std::string wrong(AsText(second.Encode()));
    char &changed = wrong[wrong.size() - from_end];
    changed = changed == 'A' ? 'B' : 'A';
    const auto token = session::RefreshToken::Decode(wrong);
    if (!token) {
      failures++;
      return;
    }
    const std::string marked = MarkedText(*token);
    Check("RefreshToken: a wrong proof of the generation", false, [&] { Expect(!proves(marked)); });
  }
  Check("RefreshToken: a generation without a proof", false, [&] { Expect(!proves(text)); });

  const std::string foreign = Filled(40, 'o');
  const session::Hash imported_hash = session::RefreshToken::Imported({}, foreign).SecretHash();
  Check("RefreshToken: an imported one", false, [&] {
    const auto token = session::RefreshToken::Imported({}, Secret(foreign));
    Expect(session::SameHash(token.SecretHash(), Secret(imported_hash)));
    token.Successor(1, Secret(kNonce), Secret(pepper), Secret(server_secret)).Encode();
  });
  Check("RefreshToken: another imported one", false, [&] {
    const auto token = session::RefreshToken::Imported({}, Secret(Filled(40, 'q')));
    Expect(!session::SameHash(token.SecretHash(), Secret(imported_hash)));
  });
}

// A presented token and a row are compared as refresh_session does it: read, hashed, its generation proven, decided on.
session::Decision DecisionOn(const std::string &marked_text, const session::SessionState &state,
                             const session::RefreshPolicy &policy, const session::Client &client, session::Micros now) {
  const auto token = session::RefreshToken::Decode(marked_text);
  Expect(bool{token});
  if (!token) return session::kUnknownSession;
  auto presented = token->Hashes();
  // No secret: memcheck takes it for one, since the reader joins eight characters in one number.
  VALGRIND_MAKE_MEM_DEFINED(&presented.generation, sizeof presented.generation);
  presented.has_proven_generation = presented.generation > state.generation && token->ProvesGeneration(Secret(server_secret));
  return session::Decide(state, presented, client, policy, kNoCutoffs, now);
}

void CheckDecisions() {
  using session::Event;
  using session::Status;
  constexpr session::Micros kInterval = 10;
  constexpr session::Micros kRotatedAt = 1000;
  const auto first = FirstToken();
  const auto second = After(first);
  const auto third = After(second);
  session::Hash fingerprint;
  fingerprint.fill('i');

  // The row after the second rotation: `third` is current, `second` the previous one.
  session::SessionState state{};
  state.refreshed_at = kRotatedAt;
  state.idle_end = state.absolute_end = session::kNever;
  state.auth_time = session::kNoCutoff;
  state.generation = 2;
  state.family_hash = Secret(first.FamilyHash());
  state.current_hash = Secret(third.SecretHash());
  state.has_previous = true;
  state.previous_hash = Secret(second.SecretHash());
  state.bound = state.latest = {session::kNoAddress, true, Secret(fingerprint)};
  // The same after a failover that lost both rotations.
  session::SessionState restored = state;
  restored.generation = 0;
  restored.current_hash = Secret(first.SecretHash());
  restored.has_previous = false;

  const session::Client same = {session::kNoAddress, true, Secret(fingerprint)};
  fingerprint[31] ^= 1;
  const session::Client other = {session::kNoAddress, true, Secret(fingerprint)};
  session::RefreshPolicy once = {{session::IpBinding::kOff, 24, 64, session::FingerprintBinding::kOff}, kInterval};
  once.late_retry = session::LateRetry::kOnce;
  session::RefreshPolicy never = once;
  never.late_retry = session::LateRetry::kNever;
  session::RefreshPolicy bound = once;
  bound.binding.fingerprint = session::FingerprintBinding::kExact;
  constexpr session::Micros kSoon = kRotatedAt + kInterval - 1;
  constexpr session::Micros kLate = kRotatedAt + kInterval;

  // The same generation, but not a secret of the session.
  const auto stranger = After(After(FirstToken('g')));
  const auto invented = After(After(FirstToken('f', 't')));
  const auto unproven = first.Successor(1, kNonce, pepper);

  const struct {
    const char *name;
    const session::RefreshToken &token;
    const session::SessionState &state;
    const session::RefreshPolicy &policy;
    const session::Client &client;
    session::Micros now;
    Status status;
    Event event;
  } cases[] = {
      {"Decide: the current token", third, state, once, same, kLate, Status::kOk, Event::kNone},
      {"Decide: another family", stranger, state, once, same, kLate, Status::kInvalid, Event::kNone},
      {"Decide: the previous token, in time", second, state, never, same, kSoon, Status::kReplayed, Event::kNone},
      {"Decide: the previous token, in time, elsewhere", second, state, never, other, kSoon, Status::kReplayed,
       Event::kReplayElsewhere},
      {"Decide: the previous token, late", second, state, once, same, kLate, Status::kReplayed, Event::kLateReplay},
      {"Decide: the previous token, too late", second, state, never, same, kLate, Status::kReuseDetected,
       Event::kReuseDetected},
      {"Decide: an old token", first, state, once, same, kSoon, Status::kReuseDetected, Event::kReuseDetected},
      {"Decide: an invented secret", invented, state, once, same, kSoon, Status::kReuseDetected, Event::kReuseDetected},
      {"Decide: a newer token", second, restored, once, same, kLate, Status::kInvalid, Event::kUnknownRotation},
      {"Decide: a newer token without a proof", unproven, restored, once, same, kLate, Status::kReuseDetected,
       Event::kReuseDetected},
      {"Decide: the fingerprint that is asked for", third, state, bound, same, kLate, Status::kOk, Event::kNone},
      {"Decide: another fingerprint", third, state, bound, other, kLate, Status::kFingerprintMismatch,
       Event::kFingerprintMismatch},
  };
  for (const auto &it : cases) {
    const std::string marked = MarkedText(it.token);
    Check(it.name, false, [&] {
      const auto decision = DecisionOn(marked, it.state, it.policy, it.client, it.now);
      Expect(decision.status == it.status && decision.event == it.event);
    });
  }
}

// The text of an API key with its secret and checksum marked; the 21 characters before it are of the key's id.
std::string MarkedText(const session::ApiKey &key) {
  const auto encoded = key.Encode();
  std::string text(AsText(encoded));
  const std::size_t secret_from = session::kApiKeyPrefix.size() + 21;
  VALGRIND_MAKE_MEM_UNDEFINED(text.data() + secret_from, text.size() - secret_from);
  return text;
}

void CheckApiKeys() {
  const auto made = session::ApiKey::Make({}, Filled(session::kApiKeySecretSize, 's'));
  const std::string good = MarkedText(made);
  const std::string other = MarkedText(session::ApiKey::Make({}, Filled(session::kApiKeySecretSize, 't')));
  session::ApiKeyState state{};
  state.secret_hash = Secret(made.SecretHash());
  state.expires_at = session::kNever;
  const auto verdict_on = [&](const std::string &text) {
    const auto key = session::ApiKey::Decode(text);
    Expect(bool{key});
    if (!key) return session::ApiKeyVerdict::kUnknown;
    return session::JudgeApiKey(state, key->Present(), session::kNoAddress, kNoCutoffs, 1);
  };
  Check("ApiKey: made, written", false,
        [] { session::ApiKey::Make({}, Secret(Filled(session::kApiKeySecretSize, 's'))).Encode(); });
  Check("ApiKey: read, judged, the right one", false, [&] { Expect(verdict_on(good) == session::ApiKeyVerdict::kGood); });
  Check("ApiKey: read, judged, a wrong one", false, [&] { Expect(verdict_on(other) == session::ApiKeyVerdict::kUnknown); });
  Check("ApiKey: a wrong checksum", false, [&] {
    std::string mistyped = good;
    // Of another key's secret: the checksum is the last four bytes.
    mistyped.replace(40, 10, other, 40, 10);
    Expect(!session::ApiKey::Decode(mistyped));
  });
}

void CheckChallenges() {
  const auto now = session::Micros{1'700'000'000'000'000};
  std::string nonce;
  Check("MakeProofNonce", false, [&] { nonce = session::MakeProofNonce(Secret(server_secret), now); });
  Publish(nonce);
  const auto is_fresh = [&] { return session::IsFreshProofNonce(Secret(server_secret), nonce, now, 1'000'000, 0); };
  Check("IsFreshProofNonce of a good one", false, [&] { Expect(is_fresh()); });
  nonce[20] = nonce[20] == 'A' ? 'B' : 'A';
  Check("IsFreshProofNonce of a wrong one", false, [&] { Expect(!is_fresh()); });

  session::ChallengedSession session = {{}, 3, {}, true};
  session.current_hash = Secret(FirstToken().SecretHash());
  std::string challenge;
  Check("MakeChallenge", false, [&] { challenge = session::MakeChallenge(Secret(server_secret), session, now); });
  Publish(challenge);
  const auto is_good = [&] { return session::IsGoodChallenge(Secret(server_secret), challenge, session, now, 0); };
  Check("IsGoodChallenge of a good one", false, [&] { Expect(is_good()); });
  challenge[20] = challenge[20] == 'A' ? 'B' : 'A';
  Check("IsGoodChallenge of a wrong one", false, [&] { Expect(!is_good()); });
  challenge = session::MakeChallenge(server_secret, session, now);
  Publish(challenge);
  session.current_hash = Secret(FirstToken('f', 't').SecretHash());
  Check("IsGoodChallenge of one from before a rotation", false, [&] { Expect(!is_good()); });
}

void CheckContentMacs() {
  const std::string key = Filled(32, 'k');
  const std::string iv = Filled(16, 'i');
  const auto sealed = jose::EncryptContent(jose::JweEncryption::kA128CbcHs256, key, iv, "header", Filled(40, 'p'));
  std::string tag(sealed.tag);
  tag[0] ^= 1;
  Check("DecryptContent: a wrong tag of A128CBC-HS256", false, [&] {
    if (jose::DecryptContent(jose::JweEncryption::kA128CbcHs256, Secret(key), iv, "header", sealed.ciphertext, tag)) failures++;
  });
}

void CheckKeyWrap() {
  for (const std::size_t size : {std::size_t{16}, std::size_t{32}}) {
    std::string wrapped = jose::WrapKey(Filled(size, 'w'), Filled(32, 'k'));
    Check("UnwrapKey of a good one", false, [&] {
      if (!jose::UnwrapKey(Secret(Filled(size, 'w')), wrapped)) failures++;
    });
    wrapped[0] ^= 1;
    Check("UnwrapKey of a wrong one", false, [&] {
      if (jose::UnwrapKey(Secret(Filled(size, 'w')), wrapped)) failures++;
    });
  }
}

// What the run must find: this file is compiled as the core is.
bool LeakingEqual(const std::string &a, const std::string &b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

void CheckPlanted() {
  Check("a comparison that stops at the first difference", true, [] {
    volatile bool same = LeakingEqual(Secret(Filled(32, 'a')), Filled(32, 'a'));
    (void)same;
  });
  Check("memcmp", true, [] {
    volatile bool same = std::memcmp(Secret(Filled(32, 'a')).data(), Filled(32, 'b').data(), 32) == 0;
    if (same) std::fflush(stdout);
  });
  Check("a table that is read at a secret's place", true, [] { jose::EncodeBase64Url(Secret(Filled(32, 'a'))); });
}

}  // namespace
}  // namespace jwt_auth

int main() {
  if (!RUNNING_ON_VALGRIND) {
    std::puts("runs under valgrind only");
    return 2;
  }
  using namespace jwt_auth;
  CheckComparisons();
  CheckMacs();
  CheckRefreshTokens();
  CheckDecisions();
  CheckApiKeys();
  CheckChallenges();
  CheckContentMacs();
  CheckKeyWrap();
  CheckPlanted();
  return failures == 0 ? 0 : 1;
}
