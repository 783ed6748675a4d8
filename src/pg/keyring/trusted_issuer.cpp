#include "pg/keyring/trusted_issuer.hpp"

#include <algorithm>

#include "pg/keyring/private_jwk.hpp"

namespace jwt_auth::pg {

namespace {

std::vector<std::string> Copy(const TextArray &texts) { return {texts.elements, texts.elements + texts.count}; }

bool Holds(const std::vector<std::string> &texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

bool IsHmac(std::string_view alg) {
  const jose::AlgorithmSet named = jose::AlgorithmsNamed(alg);
  return !named.empty() && jose::InfoOf(named.first()).family == jose::AlgorithmFamily::kHmac;
}

}  // namespace

std::string SealNameOfIssuer(std::string_view issuer) { return std::string("jwt_auth trusted issuer ").append(issuer); }

TrustedIssuer::TrustedIssuer(const IssuerRow &row)
    : name_(row.issuer),
      jwks_(row.jwks),
      audiences_(Copy(row.audiences)),
      token_types_(Copy(row.token_types)),
      roles_(Copy(row.roles)),
      subjects_are_ours_(row.subjects_are_ours) {
  if (row.secret_jwks.present) stored_secrets_.emplace(row.secret_jwks.text.begin(), row.secret_jwks.text.end());
  if (row.audience.present) audiences_.emplace_back(row.audience.text);
}

bool TrustedIssuer::BelievesRole(std::string_view role) const { return Holds(roles_, role) || Holds(roles_, kEveryRole); }

jose::ExpectedType TrustedIssuer::TypeExpected(const jose::ExpectedType &expected) const {
  if (token_types_.empty() || expected.rule != jose::ExpectedType::Rule::kAccessToken) return expected;
  return {jose::ExpectedType::Rule::kOneOf, {}, false, &token_types_};
}

Result<const jose::KeySet *> TrustedIssuer::KeysFor(std::string_view alg) {
  return stored_secrets_ && IsHmac(alg) ? SecretKeys() : PublicKeys();
}

Result<const jose::KeySet *> TrustedIssuer::PublicKeys() {
  if (!public_keys_) {
    auto keys = jose::ParseKeys(jwks_, jose::KeyPurpose::kVerification);
    if (!keys && stored_secrets_ && !IsOutOfMemory(keys.error()))
      return Error{ErrorCode::kNoSuchKey, "its issuer has no public key"};
    if (!keys) return keys.error();
    public_keys_ = std::move(*keys);
  }
  return &*public_keys_;
}

Result<const jose::KeySet *> TrustedIssuer::SecretKeys() {
  if (!secret_keys_) {
    const auto jwks = OpenStoredSecret(jose::AsText(*stored_secrets_), SealNameOfIssuer(name_));
    if (!jwks) return jwks.error();
    auto keys = jose::ParseKeys(jose::AsText(*jwks), jose::KeyPurpose::kVerification);
    if (!keys) return keys.error();
    secret_keys_ = std::move(*keys);
  }
  return &*secret_keys_;
}

}  // namespace jwt_auth::pg
