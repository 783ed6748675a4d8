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
  const auto before = VALGRIND_COUNT_ERRORS;
  path();
  const auto found = VALGRIND_COUNT_ERRORS - before;
  const bool good = (found > 0) == should_leak;
  if (!good) failures++;
  std::printf("%s %-9s %s (%lu reports)\n", good ? "ok    " : "FAILED", should_leak ? "planted" : "silent", name,
              static_cast<unsigned long>(found));
  std::fflush(stdout);
}

std::string Filled(std::size_t size, char byte) { return std::string(size, byte); }

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

void CheckRefreshTokens() {
  constexpr std::size_t kPublicPart =
      27;  // characters of the session id and generation; the next one is shared with the secret
  const auto first = session::RefreshToken::First({}, Filled(session::kFreshSecretSize, 's'));
  const auto encoded = first.Encode();
  std::string text(AsText(encoded));
  const std::size_t secret_from = session::kRefreshTokenPrefix.size() + kPublicPart;
  VALGRIND_MAKE_MEM_UNDEFINED(text.data() + secret_from, text.size() - secret_from);
  Check("RefreshToken: read, hashed, succeeded, written", false, [&] {
    const auto token = session::RefreshToken::Decode(text);
    if (!token) {
      failures++;
      return;
    }
    const auto presented = token->Hashes();
    const auto next = token->Successor(1, Secret(session::Nonce{}), Secret(Filled(32, 'p')));
    next.Encode();
    session::SessionState state{};
    state.family_hash = Secret(first.FamilyHash());
    state.current_hash = Secret(first.SecretHash());
    state.idle_end = state.absolute_end = session::kNever;
    const session::RefreshPolicy policy = {{session::IpBinding::kOff, 24, 64, session::FingerprintBinding::kOff}, 0};
    const session::Cutoffs none = {session::kNoCutoff, session::kNoCutoff};
    if (session::Decide(state, presented, {}, policy, none, 1).status != session::Status::kOk) failures++;
  });
  Check("RefreshToken: a character that is none", false, [&] {
    std::string foreign = text;
    foreign.back() = '!';
    if (session::RefreshToken::Decode(foreign)) failures++;
  });
}

void CheckApiKeys() {
  const auto made = session::ApiKey::Make({}, Filled(session::kApiKeySecretSize, 's'));
  const auto encoded = made.Encode();
  std::string text(AsText(encoded));
  const std::size_t secret_from = session::kApiKeyPrefix.size() + 21;
  VALGRIND_MAKE_MEM_UNDEFINED(text.data() + secret_from, text.size() - secret_from);
  Check("ApiKey: read, checked, hashed, written", false, [&] {
    const auto key = session::ApiKey::Decode(text);
    if (!key) {
      failures++;
      return;
    }
    key->SecretHash();
    key->Encode();
  });
}

void CheckChallenges() {
  const auto now = session::Micros{1'700'000'000'000'000};
  std::string nonce = session::MakeProofNonce(Filled(32, 's'), now);
  Check("IsFreshProofNonce of a good one", false, [&] {
    if (!session::IsFreshProofNonce(Secret(Filled(32, 's')), nonce, now, 1'000'000, 0)) failures++;
  });
  nonce[20] = nonce[20] == 'A' ? 'B' : 'A';
  Check("IsFreshProofNonce of a wrong one", false, [&] {
    if (session::IsFreshProofNonce(Secret(Filled(32, 's')), nonce, now, 1'000'000, 0)) failures++;
  });
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
  CheckApiKeys();
  CheckChallenges();
  CheckContentMacs();
  CheckKeyWrap();
  CheckPlanted();
  return failures == 0 ? 0 : 1;
}
