#include "session/api_key.hpp"

#include <algorithm>

#include "jose/crypto/openssl.hpp"
#include "jose/json/base64url.hpp"
#include "session/token_verdict.hpp"

namespace jwt_auth::session {

namespace {

constexpr std::size_t kIdSize = 16;
constexpr std::size_t kSignificantSize = kIdSize + kApiKeySecretSize;
constexpr std::size_t kChecksumSize = 4;
constexpr std::size_t kApiKeySize = kSignificantSize + kChecksumSize;

static_assert(kApiKeyLength == kApiKeyPrefix.size() + jose::Base64UrlLength(kApiKeySize));

// Of the prefix and the first kSignificantSize bytes.
std::string ChecksumOf(const jose::SecretBytes &bytes) {
  jose::SecretBytes covered;
  covered.reserve(kApiKeyPrefix.size() + kSignificantSize);
  jose::Append(covered, kApiKeyPrefix);
  jose::Append(covered, jose::AsText(bytes).substr(0, kSignificantSize));
  return jose::Sha256(jose::AsText(covered)).substr(0, kChecksumSize);
}

constexpr Error kNoApiKey{ErrorCode::kMalformed, "not an API key"};

}  // namespace

Result<ApiKey> ApiKey::Decode(std::string_view text) {
  if (text.size() != kApiKeyLength || !LooksLikeApiKey(text)) return kNoApiKey;
  jose::SecretBytes bytes;
  bytes.reserve(kApiKeySize);
  const Result<void> decoded = jose::AppendDecodedBase64Url(text.substr(kApiKeyPrefix.size()), bytes);
  if (!decoded || bytes.size() != kApiKeySize) return kNoApiKey;
  if (!jose::EqualInConstantTime(jose::AsText(bytes).substr(kSignificantSize), ChecksumOf(bytes)))
    return Error{ErrorCode::kMalformed, "the checksum of the API key is wrong"};
  return ApiKey(std::move(bytes));
}

ApiKey ApiKey::Make(const ApiKeyId &id, std::string_view secret) {
  jose::SecretBytes bytes;
  bytes.reserve(kApiKeySize);
  bytes.insert(bytes.end(), id.begin(), id.end());
  jose::Append(bytes, secret.substr(0, kApiKeySecretSize));
  jose::Append(bytes, ChecksumOf(bytes));
  return ApiKey(std::move(bytes));
}

ApiKeyId ApiKey::id() const {
  ApiKeyId id;
  std::copy_n(bytes_.begin(), kIdSize, id.begin());
  return id;
}

Hash ApiKey::SecretHash() const { return HashOf(jose::AsText(bytes_).substr(kIdSize, kApiKeySecretSize)); }

jose::SecretBytes ApiKey::Encode() const {
  jose::SecretBytes text;
  text.reserve(kApiKeyLength);
  jose::Append(text, kApiKeyPrefix);
  jose::AppendBase64Url(jose::AsText(bytes_), text);
  return text;
}

bool IsScopeToken(std::string_view text) noexcept {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F' && c != '"' && c != '\\'; });
}

bool HasScope(std::string_view scope, std::string_view wanted) noexcept {
  if (wanted.empty()) return false;
  while (!scope.empty()) {
    const std::size_t end = std::min(scope.find(' '), scope.size());
    if (scope.substr(0, end) == wanted) return true;
    scope.remove_prefix(std::min(end + 1, scope.size()));
  }
  return false;
}

bool IsAllowedFrom(const ApiKeyState &state, const Address &address) noexcept {
  if (state.allowed_from_count == 0) return true;
  return address.known() && std::any_of(state.allowed_from, state.allowed_from + state.allowed_from_count,
                                        [&](const Network &network) { return Contains(network, address); });
}

ApiKeyVerdict JudgeExchangedKey(const ApiKeyState &state, const Cutoffs &cutoffs, Micros now) noexcept {
  if (IsLocked(cutoffs, now)) return ApiKeyVerdict::kLocked;
  if (!IsAfterCutoffs(state.created_at, cutoffs)) return ApiKeyVerdict::kRevoked;
  if (now >= state.expires_at) return ApiKeyVerdict::kExpired;
  return ApiKeyVerdict::kGood;
}

ApiKeyVerdict JudgeApiKey(const ApiKeyState &state, const PresentedApiKey &presented, const Address &address,
                          const Cutoffs &cutoffs, Micros now) noexcept {
  if (!SameHash(state.secret_hash, presented.secret_hash)) return ApiKeyVerdict::kUnknown;
  const ApiKeyVerdict verdict = JudgeExchangedKey(state, cutoffs, now);
  if (verdict != ApiKeyVerdict::kGood) return verdict;
  return IsAllowedFrom(state, address) ? ApiKeyVerdict::kGood : ApiKeyVerdict::kOtherNetwork;
}

Status StatusOf(ApiKeyVerdict verdict) noexcept {
  switch (verdict) {
    case ApiKeyVerdict::kGood:
      return Status::kOk;
    case ApiKeyVerdict::kLocked:
      return Status::kLocked;
    case ApiKeyVerdict::kExpired:
      return Status::kExpired;
    case ApiKeyVerdict::kOtherNetwork:
      return Status::kIpMismatch;
    case ApiKeyVerdict::kUnknown:
    case ApiKeyVerdict::kRevoked:
      break;
  }
  return Status::kInvalid;
}

Error RefusalOf(ApiKeyVerdict verdict) noexcept {
  switch (verdict) {
    case ApiKeyVerdict::kLocked:
      return *RefusalOf(TokenVerdict::kLocked);
    case ApiKeyVerdict::kRevoked:
      return {ErrorCode::kBeforeCutoff, "the API key is older"};
    case ApiKeyVerdict::kExpired:
      return {ErrorCode::kExpired, "the API key ran out"};
    case ApiKeyVerdict::kOtherNetwork:
      return {ErrorCode::kBindingMismatch, "the API key may not be used from this address"};
    case ApiKeyVerdict::kGood:
    case ApiKeyVerdict::kUnknown:
      break;
  }
  return {ErrorCode::kSessionEnded, "the API key is unknown or was revoked"};
}

}  // namespace jwt_auth::session
