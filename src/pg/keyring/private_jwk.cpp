#include "pg/keyring/private_jwk.hpp"

#include "jose/keys/sealed_jwk.hpp"
#include "pg/keyring/key_encryption.hpp"

namespace jwt_auth::pg {

namespace {

constexpr std::size_t kShownInErrors = 64;
constexpr Error kNothingOpensIt{ErrorCode::kKeySealed, "no key-encryption key opens it"};
constexpr Error kForeignKey{ErrorCode::kUnusableKey, "a private key in the keyring does not belong to its row"};

// Exhausted memory says nothing about the key.
Error Unusable(const Error &cause, const char *detail) {
  return IsOutOfMemory(cause) ? cause : Error{ErrorCode::kUnusableKey, detail};
}

bool IsPlain(std::string_view private_jwk) { return private_jwk.substr(0, 1) == "{"; }

// The thumbprint says all that counts of a public key, whatever the order and the blanks.
Result<std::string> ThumbprintOf(std::string_view jwk) {
  const auto document = jose::ParseJsonObject(jwk);
  if (!document) return document.error();
  return jose::JwkThumbprint(document->root());
}

// The key in a private JWK, if it is the one that the row is about: so that nobody can give one key another's name.
Result<jose::Key> ReadOwnKey(std::string_view jwk, std::string_view kid, const OptionalText &public_jwk) {
  const auto document = jose::ParseJsonObject(jwk);
  if (!document) return Unusable(document.error(), "a private key in the keyring is not a JWK");
  auto key = jose::ParseJwk(document->root());
  if (!key) return key.error();
  if (key->kid() != kid || !key->is_private()) return kForeignKey;
  if (public_jwk.present != (key->type() != jose::KeyType::kOct)) return kForeignKey;
  if (!public_jwk.present) return key;
  const auto ours = jose::JwkThumbprint(document->root());
  const auto published = ThumbprintOf(public_jwk.text);
  if (!ours) return Unusable(ours.error(), kForeignKey.detail);
  if (!published) return Unusable(published.error(), kForeignKey.detail);
  if (*ours != *published) return kForeignKey;
  return key;
}

// The private JWK of a sealed row, and whether the newest key-encryption key opened it.
struct Opened {
  jose::SecretBytes jwk;
  bool is_current;
};

Result<Opened> OpenSealed(std::string_view sealed, std::string_view kid) {
  if (!SealingIsOn()) return Error{ErrorCode::kKeySealed, "jwt_auth.key_encryption_key_file is not set"};
  const auto current = KeyEncryptionKey();
  if (current) {
    auto jwk = jose::OpenJwk(sealed, **current, kid);
    if (jwk) return Opened{std::move(*jwk), true};
    if (IsOutOfMemory(jwk.error())) return jwk.error();
  }
  const auto previous = PreviousKeyEncryptionKey();
  if (previous && *previous != nullptr) {
    auto jwk = jose::OpenJwk(sealed, **previous, kid);
    if (jwk) return Opened{std::move(*jwk), false};
    if (IsOutOfMemory(jwk.error())) return jwk.error();
  }
  if (!current) return current.error();
  if (!previous) return previous.error();
  return kNothingOpensIt;
}

Result<Bytes> SealedForStorage(std::string_view jwk, std::string_view kid) {
  const auto key = KeyEncryptionKey();
  if (!key) return key.error();
  const auto sealed = jose::SealJwk(jwk, **key, kid);
  if (!sealed) return sealed.error();
  return CopyOut(*sealed);
}

// Where a constraint refuses a row, PostgreSQL shows the first 64 bytes of each column: these hold nothing.
Result<Bytes> PlainForStorage(std::string_view jwk) {
  jose::SecretBytes text;
  text.reserve(jwk.size() + kShownInErrors);
  jose::Append(text, "{");
  text.insert(text.end(), kShownInErrors, ' ');
  jose::Append(text, jwk.substr(1));
  return CopyOut(jose::AsText(text));
}

}  // namespace

bool IsLost(const Error &error) noexcept {
  return error.code == kNothingOpensIt.code && error.detail != nullptr &&
         std::strcmp(error.detail, kNothingOpensIt.detail) == 0;
}

Result<Bytes> StoredPrivateJwk(std::string_view jwk, std::string_view name) {
  return SealingIsOn() ? SealedForStorage(jwk, name) : PlainForStorage(jwk);
}

Result<jose::Key> OpenStoredKey(std::string_view kid, const OptionalText &public_jwk, const OptionalText &private_jwk) {
  if (!private_jwk.present) return Error{ErrorCode::kUnusableKey, "the private part of a key is not in the keyring"};
  if (IsPlain(private_jwk.text)) return ReadOwnKey(private_jwk.text, kid, public_jwk);
  const auto opened = OpenSealed(private_jwk.text, kid);
  if (!opened) return opened.error();
  return ReadOwnKey(jose::AsText(opened->jwk), kid, public_jwk);
}

Result<Resealed> ResealStoredKey(std::string_view kid, const OptionalText &public_jwk, const OptionalText &private_jwk) {
  const bool plain = IsPlain(private_jwk.text);
  Opened opened{};
  if (plain) {
    jose::Append(opened.jwk, private_jwk.text);
  } else {
    auto unsealed = OpenSealed(private_jwk.text, kid);
    if (!unsealed) return unsealed.error();
    opened = std::move(*unsealed);
  }
  const auto key = ReadOwnKey(jose::AsText(opened.jwk), kid, public_jwk);
  if (!key) return key.error();
  if (opened.is_current) return Resealed{false, {}};
  auto sealed = SealedForStorage(jose::AsText(opened.jwk), kid);
  if (!sealed) return sealed.error();
  return Resealed{true, *sealed};
}

Result<jose::SecretBytes> OpenStoredSecret(std::string_view stored, std::string_view name) {
  if (!IsPlain(stored)) {
    auto opened = OpenSealed(stored, name);
    if (!opened) return opened.error();
    return std::move(opened->jwk);
  }
  jose::SecretBytes jwk;
  jose::Append(jwk, stored);
  return jwk;
}

Result<Resealed> ResealStoredSecret(std::string_view stored, std::string_view name) {
  Opened opened{};
  if (IsPlain(stored)) {
    jose::Append(opened.jwk, stored);
  } else {
    auto unsealed = OpenSealed(stored, name);
    if (!unsealed) return unsealed.error();
    opened = std::move(*unsealed);
  }
  if (opened.is_current) return Resealed{false, {}};
  auto sealed = SealedForStorage(jose::AsText(opened.jwk), name);
  if (!sealed) return sealed.error();
  return Resealed{true, *sealed};
}

}  // namespace jwt_auth::pg
