#include "session/refresh_token.hpp"

#include <algorithm>
#include <string>

#include "jose/crypto/openssl.hpp"
#include "jose/crypto/verdict.hpp"
#include "jose/json/base64url.hpp"

namespace jwt_auth::session {

namespace {

constexpr std::size_t kIdSize = 16;
constexpr std::size_t kGenerationOffset = 16;
constexpr std::size_t kFamilyOffset = 20;
constexpr std::size_t kFamilySize = 16;
constexpr std::size_t kSecretOffset = 36;
constexpr std::size_t kSecretSize = 32;
constexpr std::size_t kTokenSize = 68;

constexpr std::string_view kRotationLabel = "jwt_auth refresh rotation v1";

static_assert(kRefreshTokenLength == kRefreshTokenPrefix.size() + jose::Base64UrlLength(kTokenSize));

void PutHeader(const SessionId &id, std::uint32_t generation, jose::SecretBytes &bytes) {
  bytes.insert(bytes.end(), id.begin(), id.end());
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<unsigned char>(generation >> shift));
}

}  // namespace

Result<RefreshToken> RefreshToken::Decode(std::string_view text) {
  if (text.size() != kRefreshTokenLength || text.substr(0, kRefreshTokenPrefix.size()) != kRefreshTokenPrefix) {
    return Error{ErrorCode::kMalformed, "not a refresh token"};
  }
  jose::SecretBytes bytes;
  bytes.reserve(kTokenSize);
  const Result<void> decoded = jose::AppendDecodedBase64Url(text.substr(kRefreshTokenPrefix.size()), bytes);
  if (!decoded || bytes.size() != kTokenSize) return Error{ErrorCode::kMalformed, "not a refresh token"};
  return RefreshToken(std::move(bytes));
}

RefreshToken RefreshToken::First(const SessionId &session_id, std::string_view random) {
  jose::SecretBytes bytes;
  bytes.reserve(kTokenSize);
  PutHeader(session_id, 0, bytes);
  jose::Append(bytes, random.substr(0, kFreshSecretSize));
  return RefreshToken(std::move(bytes));
}

RefreshToken RefreshToken::Successor(std::uint32_t generation, const Nonce &nonce, std::string_view pepper) const {
  jose::SecretBytes data;
  data.reserve(kRotationLabel.size() + pepper.size() + nonce.size() + kIdSize);
  jose::Append(data, kRotationLabel);
  jose::Append(data, pepper);
  data.insert(data.end(), nonce.begin(), nonce.end());
  jose::Append(data, Part(0, kIdSize));
  const jose::SecretBytes secret = jose::Hmac(jose::Digest::kSha256, Part(kSecretOffset, kSecretSize), jose::AsText(data));

  jose::SecretBytes bytes;
  bytes.reserve(kTokenSize);
  PutHeader(session_id(), generation, bytes);
  jose::Append(bytes, Part(kFamilyOffset, kFamilySize));
  jose::Append(bytes, jose::AsText(secret));
  return RefreshToken(std::move(bytes));
}

SessionId RefreshToken::session_id() const {
  SessionId id;
  std::copy_n(bytes_.begin(), kIdSize, id.begin());
  return id;
}

std::uint32_t RefreshToken::generation() const {
  std::uint32_t generation = 0;
  for (std::size_t i = 0; i < 4; ++i) generation = generation << 8 | bytes_[kGenerationOffset + i];
  return generation;
}

Hash RefreshToken::FamilyHash() const { return HashOf(Part(kFamilyOffset, kFamilySize)); }

Hash RefreshToken::SecretHash() const { return HashOf(Part(kSecretOffset, kSecretSize)); }

jose::SecretBytes RefreshToken::Encode() const {
  jose::SecretBytes text;
  text.reserve(kRefreshTokenLength);
  jose::Append(text, kRefreshTokenPrefix);
  jose::AppendBase64Url(jose::AsText(bytes_), text);
  return text;
}

bool SameHash(const Hash &a, const Hash &b) noexcept { return jose::Verdict(CRYPTO_memcmp(a.data(), b.data(), a.size())) == 0; }

Hash HashOf(std::string_view text) {
  const std::string digest = jose::Sha256(text);
  Hash hash;
  std::copy_n(digest.begin(), hash.size(), reinterpret_cast<char *>(hash.data()));
  return hash;
}

}  // namespace jwt_auth::session
