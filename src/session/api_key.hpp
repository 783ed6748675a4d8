// API keys: their text form, their scopes, and when one is good.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "jose/crypto/secret.hpp"
#include "jose/result.hpp"
#include "session/binding.hpp"
#include "session/lifetime.hpp"
#include "session/policy.hpp"
#include "session/refresh_token.hpp"
#include "session/session_id.hpp"

namespace jwt_auth::session {

// An id with the layout of a session id, so the user's key can be read from it. No session has the id of an API key: the row
// is looked for in another table.
using ApiKeyId = SessionId;

// Recognisable and versioned. A secret scanner finds leaked keys with
//   jwtauth_k1_[A-Za-z0-9_-]{69}[AQgw]
constexpr std::string_view kApiKeyPrefix = "jwtauth_k1_";
// The prefix, then 52 bytes as base64url.
constexpr std::size_t kApiKeyLength = kApiKeyPrefix.size() + 70;
// Random bytes that a new key needs.
constexpr std::size_t kApiKeySecretSize = 32;

// What a presented key says, without its secret: plain data that may cross into a Postgres phase.
struct PresentedApiKey {
  ApiKeyId id;
  Hash secret_hash;
};

// key id (16) || secret (32) || checksum (4), in memory that is cleansed. The checksum is the first four bytes of SHA-256 over
// the prefix and the 48 bytes before it. It proves nothing; it tells a mistyped or invented text from a key without a look at
// the tables.
class ApiKey {
 public:
  // Strict: exactly the prefix, the one base64url spelling of 52 bytes, and the right checksum. kMalformed otherwise.
  static Result<ApiKey> Decode(std::string_view text);
  // A new key. `secret` is kApiKeySecretSize bytes from the system's generator.
  static ApiKey Make(const ApiKeyId &id, std::string_view secret);

  ApiKeyId id() const;
  // SHA-256 of the secret, which has too many random bits for anything slower to be of use.
  Hash SecretHash() const;
  PresentedApiKey Present() const { return {id(), SecretHash()}; }
  jose::SecretBytes Encode() const;

 private:
  explicit ApiKey(jose::SecretBytes bytes) : bytes_(std::move(bytes)) {}
  jose::SecretBytes bytes_;
};

// Whether a text starts like an API key, so that it is not taken for a token of another kind.
inline bool LooksLikeApiKey(std::string_view text) noexcept { return text.substr(0, kApiKeyPrefix.size()) == kApiKeyPrefix; }

// scope-token of RFC 6749 section 3.3: printable ASCII without space, quotation mark and backslash, at least one character.
bool IsScopeToken(std::string_view text) noexcept;
// Whether a `scope` claim, scope tokens separated by spaces, holds that one. Case matters.
bool HasScope(std::string_view scope, std::string_view wanted) noexcept;

// A key's row, as far as a decision is concerned. Plain data.
struct ApiKeyState {
  Hash secret_hash;
  Micros created_at;
  Micros expires_at;  // kNever: none
  const Network *allowed_from;
  std::size_t allowed_from_count;  // 0: from anywhere
};

enum class ApiKeyVerdict : std::uint8_t { kGood, kUnknown, kLocked, kRevoked, kExpired, kOtherNetwork };

// First match wins: another secret is kUnknown; of a user who is locked kLocked; older than a cutoff kRevoked; past its end
// kExpired; from outside the allowed networks, or from an unknown address where there are any, kOtherNetwork.
ApiKeyVerdict JudgeApiKey(const ApiKeyState &state, const PresentedApiKey &presented, const Address &address,
                          const Cutoffs &cutoffs, Micros now) noexcept;
// The same for an access token that the key was exchanged for, which holds no secret of it.
ApiKeyVerdict JudgeExchangedKey(const ApiKeyState &state, const Cutoffs &cutoffs, Micros now) noexcept;
// Whether the key may be used from there.
bool IsAllowedFrom(const ApiKeyState &state, const Address &address) noexcept;

// How a verdict is answered by exchange_api_key, and with which error elsewhere. Not for kGood.
Status StatusOf(ApiKeyVerdict verdict) noexcept;
Error RefusalOf(ApiKeyVerdict verdict) noexcept;

// `last_used_at` is written when it is older than this.
constexpr Micros kApiKeyUseGrain = 3600 * kMicrosPerSecond;

}  // namespace jwt_auth::session
