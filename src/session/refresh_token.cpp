#include "session/refresh_token.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "jose/base64url.hpp"
#include "jose/openssl.hpp"

namespace jwt_auth::session {
namespace {

using jose::SecretBytes;

constexpr std::size_t kIdSize = 16;
constexpr std::size_t kGenerationSize = 4;
constexpr std::size_t kTokenSize = kIdSize + kGenerationSize + kFamilySecretSize + kSecretSize;
constexpr std::string_view kRotationLabel = "jwt_auth refresh token rotation v1";

std::string_view View(const SecretBytes &bytes) { return jose::AsText(bytes); }
template <std::size_t N>
std::string_view View(const std::array<unsigned char, N> &bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), N};
}

Hash HashOf(const SecretBytes &bytes) {
  const std::string digest = jose::Sha256(View(bytes));
  Hash hash;
  std::memcpy(hash.data(), digest.data(), hash.size());
  return hash;
}

}  // namespace

RefreshToken RefreshToken::Generate(const SessionId &id) {
  RefreshToken token;
  token.id_ = id;
  token.family_ = jose::RandomBytes(kFamilySecretSize);
  token.secret_ = jose::RandomBytes(kSecretSize);
  return token;
}

Result<RefreshToken> RefreshToken::Parse(std::string_view text) {
  constexpr Error kNotARefreshToken{ErrorCode::kMalformed, "not a refresh token"};
  if (text.size() != kRefreshTokenPrefix.size() + jose::Base64UrlLength(kTokenSize)) return kNotARefreshToken;
  if (text.substr(0, kRefreshTokenPrefix.size()) != kRefreshTokenPrefix) return kNotARefreshToken;
  SecretBytes bytes;
  bytes.reserve(kTokenSize);
  if (auto decoded = jose::AppendDecodedBase64Url(text.substr(kRefreshTokenPrefix.size()), bytes); !decoded)
    return kNotARefreshToken;

  RefreshToken token;
  auto at = bytes.cbegin();
  std::copy_n(at, kIdSize, token.id_.begin());
  at += kIdSize;
  for (std::size_t i = 0; i < kGenerationSize; ++i) token.generation_ = token.generation_ << 8 | *at++;
  token.family_.assign(at, at + kFamilySecretSize);
  token.secret_.assign(at + kFamilySecretSize, bytes.cend());
  return token;
}

RefreshToken RefreshToken::Next(const Nonce &nonce, std::string_view pepper) const {
  SecretBytes data;
  data.reserve(kRotationLabel.size() + pepper.size() + nonce.size() + id_.size());
  jose::Append(data, kRotationLabel);
  jose::Append(data, pepper);
  jose::Append(data, View(nonce));
  jose::Append(data, View(id_));
  RefreshToken next;
  next.id_ = id_;
  next.generation_ = generation_ + 1;
  next.family_ = family_;
  next.secret_ = jose::Hmac(jose::Digest::kSha256, View(secret_), View(data));
  return next;
}

Hash RefreshToken::FamilyHash() const { return HashOf(family_); }
Hash RefreshToken::SecretHash() const { return HashOf(secret_); }

SecretBytes RefreshToken::Text() const {
  SecretBytes bytes;
  bytes.reserve(kTokenSize);
  jose::Append(bytes, View(id_));
  for (std::size_t i = 0; i < kGenerationSize; ++i) bytes.push_back(static_cast<unsigned char>(generation_ >> (24 - 8 * i)));
  jose::Append(bytes, View(family_));
  jose::Append(bytes, View(secret_));
  SecretBytes text;
  text.reserve(kRefreshTokenPrefix.size() + jose::Base64UrlLength(kTokenSize));
  jose::Append(text, kRefreshTokenPrefix);
  jose::AppendBase64Url(View(bytes), text);
  return text;
}

Nonce RandomNonce() {
  const SecretBytes bytes = jose::RandomBytes(16);
  Nonce nonce;
  std::copy(bytes.begin(), bytes.end(), nonce.begin());
  return nonce;
}

bool Equal(const Hash &a, const Hash &b) { return jose::EqualInConstantTime(View(a), View(b)); }

}  // namespace jwt_auth::session
