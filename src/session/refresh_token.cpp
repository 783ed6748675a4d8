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

constexpr std::size_t kProofSize = 16;  // the second half of a secret

constexpr std::string_view kRotationLabel = "jwt_auth refresh rotation v1";
constexpr std::string_view kGenerationLabel = "jwt_auth refresh generation v1";
constexpr std::string_view kImportedFamilyLabel = "jwt_auth imported family v1";
constexpr std::string_view kImportedSecretLabel = "jwt_auth imported secret v1";

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

namespace {

jose::SecretBytes ImportedSecret(std::string_view label, const SessionId &session_id, std::string_view foreign_token) {
  std::string data(label);
  data += '\0';
  data.append(session_id.begin(), session_id.end());
  return jose::Hmac(jose::Digest::kSha256, foreign_token, data);
}

}  // namespace

RefreshToken RefreshToken::Imported(const SessionId &session_id, std::string_view foreign_token) {
  jose::SecretBytes family = ImportedSecret(kImportedFamilyLabel, session_id, foreign_token);
  family.resize(kFamilySize);
  jose::SecretBytes bytes;
  bytes.reserve(kTokenSize);
  PutHeader(session_id, 0, bytes);
  jose::Append(bytes, jose::AsText(family));
  jose::Append(bytes, jose::AsText(ImportedSecret(kImportedSecretLabel, session_id, foreign_token)));
  return RefreshToken(std::move(bytes));
}

namespace {

// Over session id, generation and the first half of the secret, which the header of a token and the secret begin with.
jose::SecretBytes GenerationProof(std::string_view server_secret, std::string_view header, std::string_view first_half) {
  std::string data(kGenerationLabel);
  data += '\0';
  data.append(header).append(first_half);
  jose::SecretBytes proof = jose::Hmac(jose::Digest::kSha256, server_secret, data);
  proof.resize(kProofSize);
  OPENSSL_cleanse(data.data(), data.size());
  return proof;
}

}  // namespace

RefreshToken RefreshToken::Successor(std::uint32_t generation, const Nonce &nonce, std::string_view pepper,
                                     std::string_view server_secret) const {
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
  if (server_secret.empty()) {
    jose::Append(bytes, Part(kFamilyOffset, kFamilySize));
    jose::Append(bytes, jose::AsText(secret));
    return RefreshToken(std::move(bytes));
  }
  const std::string_view first_half = jose::AsText(secret).substr(0, kSecretSize - kProofSize);
  const jose::SecretBytes proof = GenerationProof(server_secret, jose::AsText(bytes), first_half);
  jose::Append(bytes, Part(kFamilyOffset, kFamilySize));
  jose::Append(bytes, first_half);
  jose::Append(bytes, jose::AsText(proof));
  return RefreshToken(std::move(bytes));
}

bool RefreshToken::ProvesGeneration(std::string_view server_secret) const {
  if (server_secret.empty()) return false;
  const std::size_t half = kSecretSize - kProofSize;
  const jose::SecretBytes proof = GenerationProof(server_secret, Part(0, kFamilyOffset), Part(kSecretOffset, half));
  return jose::EqualInConstantTime(jose::AsText(proof), Part(kSecretOffset + half, kProofSize));
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
