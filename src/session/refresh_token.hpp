// The refresh token: opaque to its bearer, and never stored. The database keeps hashes of its parts.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "jose/result.hpp"
#include "jose/secret.hpp"
#include "session/session_id.hpp"

namespace jwt_auth::session {

using Hash = std::array<unsigned char, 32>;
using Nonce = std::array<unsigned char, 16>;

constexpr std::string_view kRefreshTokenPrefix = "jwtauth_r1_";
constexpr std::size_t kFamilySecretSize = 16;
constexpr std::size_t kSecretSize = 32;

// The parts of a token. They cleanse themselves, so this type stays inside the C++ phases.
class RefreshToken {
 public:
  // The first token of a session, from fresh random bytes.
  static RefreshToken Generate(const SessionId &id);
  // Strict: the prefix, then exactly the base64url of session id (16), generation (4, big-endian), family secret (16) and
  // secret (32). kMalformed otherwise, in constant work for anything of the wrong length.
  static Result<RefreshToken> Parse(std::string_view text);

  // The successor: HMAC-SHA256 under the secret of label, pepper, nonce and session id. It can be computed again from this
  // token, the nonce in the row and the pepper, and from none of them alone.
  RefreshToken Next(const Nonce &nonce, std::string_view pepper) const;

  const SessionId &session_id() const { return id_; }
  std::uint32_t generation() const { return generation_; }
  Hash FamilyHash() const;
  Hash SecretHash() const;
  jose::SecretBytes Text() const;

 private:
  RefreshToken() = default;
  SessionId id_{};
  std::uint32_t generation_ = 0;
  jose::SecretBytes family_;
  jose::SecretBytes secret_;
};

Nonce RandomNonce();
bool Equal(const Hash &a, const Hash &b);  // in constant time

}  // namespace jwt_auth::session
