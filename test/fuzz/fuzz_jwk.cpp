// A JWK: what is accepted is a whole key, whose public part, thumbprint and PEM form belong to it.
#include "fuzz.hpp"
#include "jose/keys/issuer_jwks.hpp"

using namespace jwt_auth;
using fuzz::Require;

namespace {

std::string ThumbprintOf(std::string_view jwk) {
  const auto document = jose::ParseJsonObject(jwk);
  Require(static_cast<bool>(document), "a JWK that is written is JSON");
  const auto thumbprint = jose::JwkThumbprint(document->root());
  Require(static_cast<bool>(thumbprint), "a JWK has a thumbprint");
  return *thumbprint;
}

// Signing with a key of more than this takes long.
bool IsQuick(const jose::Key &key) { return key.type() != jose::KeyType::kRsa || EVP_PKEY_get_bits(key.pkey()) <= 3072; }

void CheckSecret(const jose::JsonValue &jwk, const jose::Key &key) {
  Require(key.is_private() && !key.secret().empty(), "a secret is private and not empty");
  Require(!jose::PublicJwk(jwk) && !jose::JwkToPem(jwk), "a secret has no public part and no PEM form");
  for (int i = 0; i < jose::kAlgorithmCount; ++i) {
    const auto algorithm = static_cast<jose::Algorithm>(i);
    if (!key.algorithms().contains(algorithm)) continue;
    const jose::AlgorithmInfo &info = jose::InfoOf(algorithm);
    Require(info.family == jose::AlgorithmFamily::kHmac && key.secret().size() >= jose::DigestSize(info.digest),
            "a secret is for HMAC, and as long as the hash");
  }
}

void CheckPair(const jose::JsonValue &jwk, std::string_view text, const jose::Key &key) {
  const auto public_jwk = jose::PublicJwk(jwk);
  Require(static_cast<bool>(public_jwk), "a key has a public part");
  const auto document = jose::ParseJsonObject(*public_jwk);
  Require(static_cast<bool>(document), "the public part is JSON");
  for (const char *name : {"d", "p", "q", "dp", "dq", "qi", "k", "oth", "priv"}) {
    Require(!document->root().Find(name), "the public part holds nothing private");
  }
  const auto reread = jose::ParseJwk(document->root(), jose::KeyPurpose::kEncryption);
  Require(reread && !reread->is_private() && reread->type() == key.type() && reread->algorithms() == key.algorithms(),
          "the public part is a public key for the same");
  Require(*jose::PublicJwk(document->root()) == *public_jwk, "the public part of a public key is itself");
  const std::string thumbprint = ThumbprintOf(text);
  Require(ThumbprintOf(*public_jwk) == thumbprint, "a key and its public part have one thumbprint");

  const auto pem = jose::JwkToPem(jwk);
  Require(static_cast<bool>(pem), "a key has a PEM form");
  const auto from_pem = jose::JwkFromPem(jose::AsText(*pem), std::nullopt, std::nullopt);
  Require(from_pem && ThumbprintOf(jose::AsText(*from_pem)) == thumbprint, "a key comes back from PEM");

  if (!key.is_private() || key.algorithms().empty() || !IsQuick(key)) return;
  const auto algorithm = key.algorithms().first();
  const auto signature = key.Sign(algorithm, text);
  Require(signature && reread->Verify(algorithm, text, *signature), "the public part verifies what the private one signs");
}

// The half that is shown can be read again and is all public, and the keys that are handed on are usable ones.
void CheckIssuerSet(std::string_view text) {
  const auto keys = jose::ReadIssuerJwks(text);
  if (!keys) {
    Require(keys.error().code == ErrorCode::kUnusableKey || keys.error().code == ErrorCode::kTooLarge,
            "refusals of an issuer's set are those documented");
    return;
  }
  const auto again = jose::ReadIssuerJwks(keys->public_jwks);
  Require(again && again->secret_jwks.empty() && again->public_jwks == keys->public_jwks, "the public half is public");
  const auto verifying = jose::VerifyingJwks(keys->public_jwks);
  Require(verifying && (verifying->empty() || keys->public_verifies), "only what verifies is handed on");
}

}  // namespace

FUZZ_TARGET(input) {
  const std::string_view text = input.Rest();
  CheckIssuerSet(text);
  const auto document = jose::ParseJsonObject(text);
  if (!document) return;
  const auto key = jose::ParseJwk(document->root(), jose::KeyPurpose::kEncryption);
  const auto to_sign = jose::ParseJwk(document->root(), jose::KeyPurpose::kSignature);
  Require(key || !to_sign, "what may sign may be read to encrypt");
  if (!key) {
    Require(key.error().code == ErrorCode::kUnusableKey, "refusals of a key are those documented");
    return;
  }
  if (key->type() == jose::KeyType::kOct) {
    CheckSecret(document->root(), *key);
  } else {
    CheckPair(document->root(), text, *key);
  }
}
