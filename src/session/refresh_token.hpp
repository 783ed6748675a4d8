// The opaque refresh token: its text form, its hashes, and how one follows from another.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "jose/crypto/secret.hpp"
#include "jose/result.hpp"
#include "session/session_id.hpp"

namespace jwt_auth::session {

using Hash = std::array<unsigned char, 32>;   // SHA-256
using Nonce = std::array<unsigned char, 16>;  // fresh at each rotation, kept in the row

// Recognisable (secret scanners look for it) and versioned.
constexpr std::string_view kRefreshTokenPrefix = "jwtauth_r1_";
// The prefix, then 68 bytes as base64url.
constexpr std::size_t kRefreshTokenLength = kRefreshTokenPrefix.size() + 91;
// Random bytes that a log-in needs: a family secret and a first secret.
constexpr std::size_t kFreshSecretSize = 48;

// The parts of a refresh token, with hashes in place of the secrets: plain data that may cross into a Postgres phase.
struct RefreshTokenHashes {
  SessionId session_id;
  std::uint32_t generation;
  Hash family_hash;
  Hash secret_hash;
  bool has_proven_generation;  // see RefreshToken::ProvesGeneration; only asked where it matters
};

// session id (16) || generation (4, big-endian) || family secret (16) || secret (32), in memory that is cleansed.
//
// The family secret is the same in every token of a session, so only a client that once held one of them can end the session
// by presenting a wrong secret. The generation counts rotations; it is only read where no secret matches, and believed only if
// the token proves it.
class RefreshToken {
 public:
  // Strict: exactly the prefix and the one base64url spelling of 68 bytes. kMalformed otherwise.
  static Result<RefreshToken> Decode(std::string_view text);
  // The first token of a session. `random` is kFreshSecretSize bytes from the system's generator.
  static RefreshToken First(const SessionId &session_id, std::string_view random);
  // The first token of a session that was imported: what another system's refresh token stands for. Family secret and secret
  // are
  //   HMAC-SHA256(key = the other system's token, data = label || session id)
  // so each presentation of that token gives the same one, and neither the session's row nor its id gives any of it.
  static RefreshToken Imported(const SessionId &session_id, std::string_view foreign_token);
  // The token that follows this one. Its secret is
  //   HMAC-SHA256(key = this secret, data = label || pepper || nonce || session id)
  // so it can be computed again from this token and the row together, and from neither alone. With the server's secret, which
  // no token and no session's row holds, only the first 16 bytes are of this HMAC; the other 16 are
  //   HMAC-SHA256(key = server secret, data = label || session id || generation || the first 16)
  // which prove that the server itself issued this generation. An empty server secret gives the older form.
  RefreshToken Successor(std::uint32_t generation, const Nonce &nonce, std::string_view pepper,
                         std::string_view server_secret = {}) const;
  // Whether the token is of the newer form under that secret: its generation is the one that it was issued with.
  bool ProvesGeneration(std::string_view server_secret) const;

  SessionId session_id() const;
  std::uint32_t generation() const;
  Hash FamilyHash() const;
  Hash SecretHash() const;
  RefreshTokenHashes Hashes() const { return {session_id(), generation(), FamilyHash(), SecretHash(), false}; }
  jose::SecretBytes Encode() const;

 private:
  explicit RefreshToken(jose::SecretBytes bytes) : bytes_(std::move(bytes)) {}
  std::string_view Part(std::size_t offset, std::size_t size) const { return jose::AsText(bytes_).substr(offset, size); }
  jose::SecretBytes bytes_;
};

// Comparison whose time does not depend on the contents.
bool SameHash(const Hash &a, const Hash &b) noexcept;
// SHA-256 of a text that a client gave (its fingerprint).
Hash HashOf(std::string_view text);

}  // namespace jwt_auth::session
