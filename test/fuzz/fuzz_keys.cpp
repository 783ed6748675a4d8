// Key arguments: JWK, JWKS, PEM, DER in armour, raw secrets. A key of another kind is never taken for a secret.
#include <openssl/evp.h>

#include "fuzz.hpp"
#include "jose/json/base64url.hpp"
#include "jose/keys/der.hpp"
#include "jose/keys/key_cache.hpp"
#include "jose/keys/pem.hpp"
#include "jose/keys/signing_jwk.hpp"

using namespace jwt_auth;
using fuzz::Require;

namespace {

// RFC 7517 section 4.5: what shares a kid does not verify the same tokens, unless it is the same key.
void RequireAlternatives(const jose::Key &a, const jose::Key &b) {
  if (!a.kid() || a.kid() != b.kid() || (a.operations() & b.operations() & jose::kOpVerify) == 0) return;
  if ((a.algorithms() & b.algorithms()).empty()) return;
  Require(a.type() == b.type(), "keys of one kid are alternatives or the same");
  Require(a.type() == jose::KeyType::kOct ? a.secret() == b.secret() : EVP_PKEY_eq(a.pkey(), b.pkey()) == 1,
          "keys of one kid are alternatives or the same");
}

void CheckArgument(std::string_view text, jose::KeyPurpose purpose) {
  const auto keys = jose::ParseKeys(text, purpose);
  if (!keys) {
    Require(fuzz::IsOneOf(keys, {ErrorCode::kUnusableKey, ErrorCode::kTooLarge}), "refusals of keys are those documented");
    return;
  }
  Require(!keys->keys.empty() && keys->keys.size() <= jose::kMaxKeysInSet, "there is a key, and not too many");
  Require(keys->is_jwks || keys->keys.size() == 1, "only a JWKS holds several keys");
  for (std::size_t i = 0; i < keys->keys.size(); ++i) {
    const jose::Key &key = keys->keys[i];
    for (std::size_t j = 0; j < i; ++j) RequireAlternatives(key, keys->keys[j]);
    if (key.type() != jose::KeyType::kOct || jose::AsText(key.secret()) != text) continue;
    Require(text.find("-----BEGIN") == std::string_view::npos && text.find("\"kty\"") == std::string_view::npos,
            "text that looks like a key is no secret");
    const std::size_t start = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    Require(start == std::string_view::npos || (text.substr(start, 4) != "ssh-" && text[start] != '{'),
            "text that looks like a key is no secret");
  }
}

void AnyCached(jose::KeyCache::Kind kind, std::string_view text) {
  using Kind = jose::KeyCache::Kind;
  static jose::KeyCache cache(8);
  const auto cached = cache.Get(kind, text);
  Require(cache.size() <= 8, "the cache is bounded");
  const bool is_text = kind == Kind::kText || kind == Kind::kVerificationText || kind == Kind::kEncryptionText;
  const bool to_sign = kind == Kind::kText || kind == Kind::kRawSecret;
  const auto purpose = kind == Kind::kVerificationText ? jose::KeyPurpose::kVerification
                       : to_sign                       ? jose::KeyPurpose::kSignature
                                                       : jose::KeyPurpose::kEncryption;
  const auto parsed = is_text ? jose::ParseKeys(text, purpose) : jose::SecretKeySet(text, purpose);
  Require(static_cast<bool>(cached) == static_cast<bool>(parsed), "what is kept is what is parsed");
  if (!cached) return;
  Require((*cached)->keys.size() == parsed->keys.size(), "what is kept is what is parsed");
  Require(is_text || jose::AsText((*cached)->keys.front().secret()) == text, "bytes are a secret as they are");
}

void AnySigningKey(std::string_view text) {
  const auto signing = jose::ReadSigningKey(text);
  if (!signing) return;
  const auto again = jose::ReadSigningKey(jose::AsText(signing->private_jwk));
  Require(again && again->kid == signing->kid && again->alg == signing->alg && again->private_jwk == signing->private_jwk,
          "a key of the ring is written as it is read");
}

// DER in armour, so that its bytes are what changes.
void AnyDer(fuzz::Input input) {
  constexpr std::string_view kLabels[] = {"PUBLIC KEY",      "PRIVATE KEY",    "RSA PUBLIC KEY",
                                          "RSA PRIVATE KEY", "EC PRIVATE KEY", "CERTIFICATE"};
  const std::string label(kLabels[input.Choice(std::size(kLabels))]);
  const std::string_view der = input.Rest();
  // A key whose algorithm nobody here knows is no secret either.
  if (!jose::KeyAlgorithmIdentifier(der).empty() && jose::MayBeDerKey(der)) {
    Require(!jose::SecretKeySet(der), "DER of a key is no secret");
    Require(!jose::ParseKeys(jose::EncodeBase64Url(der)), "base64 of DER of a key is no secret");
  }
  std::string base64(der.size() * 2 + 65, '\0');
  base64.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char *>(base64.data()),
                                                         reinterpret_cast<const unsigned char *>(der.data()),
                                                         static_cast<int>(der.size()))));
  std::string pem = "-----BEGIN " + label + "-----\n";
  for (std::size_t at = 0; at < base64.size(); at += 64) pem += base64.substr(at, 64) + "\n";
  pem += "-----END " + label + "-----\n";
  const auto jwk = jose::JwkFromPem(pem, std::nullopt, std::nullopt);
  if (!jwk) return;
  Require(static_cast<bool>(jose::ParseKeys(pem, jose::KeyPurpose::kEncryption)), "what has a JWK is a key");
  Require(!jose::SecretKeySet(pem), "PEM is no secret");
  const auto document = jose::ParseJsonObject(jose::AsText(*jwk));
  Require(document && jose::JwkToPem(document->root()), "a key goes back to PEM");
}

}  // namespace

FUZZ_TARGET(input) {
  using Kind = jose::KeyCache::Kind;
  constexpr Kind kKinds[] = {Kind::kText, Kind::kRawSecret, Kind::kEncryptionText, Kind::kEncryptionSecret,
                             Kind::kVerificationText};
  const std::size_t choice = input.Choice(9);
  switch (choice) {
    case 0:
      return CheckArgument(input.Rest(), jose::KeyPurpose::kSignature);
    case 1:
      return CheckArgument(input.Rest(), jose::KeyPurpose::kEncryption);
    case 2:
      return AnySigningKey(input.Rest());
    case 3:
      return AnyDer(input);
    default:
      return AnyCached(kKinds[choice - 4], input.Rest());
  }
}
