#include "pg/keyring/new_key.hpp"

#include "jose/jws/algorithm.hpp"
#include "jose/keys/signing_jwk.hpp"
#include "pg/keyring/private_jwk.hpp"

namespace jwt_auth::pg {

namespace {

Result<NewKey> ForStorage(const jose::SigningJwk &jwk) {
  auto kid = CopyOut(jwk.kid);
  if (!kid) return kid.error();
  auto algorithm = CopyOut(jwk.alg);
  if (!algorithm) return algorithm.error();
  auto public_jwk = CopyOut(jwk.public_jwk ? *jwk.public_jwk : std::string());
  if (!public_jwk) return public_jwk.error();
  auto private_jwk = StoredPrivateJwk(jose::AsText(jwk.private_jwk), jwk.kid);
  if (!private_jwk) return private_jwk.error();
  return NewKey{*kid, *algorithm, jwk.public_jwk.has_value(), *public_jwk, *private_jwk};
}

// Curve and size as the predecessor has them: what an algorithm's name leaves open.
Result<void> SetLike(std::string_view public_jwk, jose::GenerateOptions &options) {
  const auto document = jose::ParseJsonObject(public_jwk);
  if (!document) return Error{ErrorCode::kUnusableKey, "a public key in the keyring is not a JWK"};
  const auto key = jose::ParseJwk(document->root());
  if (!key) return key.error();
  const auto family = jose::InfoOf(jose::AlgorithmsNamed(options.algorithm).first()).family;
  const bool for_rsa = family == jose::AlgorithmFamily::kRsaPkcs1 || family == jose::AlgorithmFamily::kRsaPss;
  if (for_rsa && key->type() == jose::KeyType::kRsa) options.rsa_bits = EVP_PKEY_get_bits(key->pkey());
  if (options.algorithm == "EdDSA" && key->curve() == jose::Curve::kEd448) options.curve = "Ed448";
  return {};
}

}  // namespace

Result<NewKey> MakeKey(std::string_view algorithm, const OptionalText &like) {
  if (jose::AlgorithmsNamed(algorithm).empty())
    return Error{ErrorCode::kInvalidArgument, "algorithm is not one that signs", jose::kSignatureAlgorithmNames};
  jose::GenerateOptions options;
  options.algorithm = algorithm;
  options.interrupted = IsInterrupted;
  if (like.present) {
    auto set = SetLike(like.text, options);
    if (!set) return set.error();
  }
  const auto generated = jose::GenerateJwk(options);
  if (!generated) return generated.error();
  const auto jwk = jose::ReadSigningKey(jose::AsText(*generated));
  if (!jwk) return jwk.error();
  return ForStorage(*jwk);
}

Result<NewKey> ImportKey(std::string_view text) {
  const auto jwk = jose::ReadSigningKey(text);
  if (!jwk) return jwk.error();
  return ForStorage(*jwk);
}

}  // namespace jwt_auth::pg
