// Somebody else who signs tokens: the keys that verify them, and what its tokens may say here. For C++ phases.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "jose/jwt/token_type.hpp"
#include "jose/keys/jwk.hpp"
#include "pg/support/arguments.hpp"

namespace jwt_auth::pg {

// A row of trusted_issuer as plain data.
struct IssuerRow {
  std::string_view issuer;
  std::string_view jwks;
  OptionalText secret_jwks;  // as it is stored: perhaps sealed
  OptionalText audience;
  TextArray audiences;  // of each array, count 0: NULL
  TextArray token_types;
  TextArray roles;
  bool subjects_are_ours;
};

// In `roles`: every role is believed. Only issuers that were trusted before version 2.0 have it.
constexpr std::string_view kEveryRole = "*";

// The name under which the secrets of an issuer are sealed, so that no other row's pass for them.
std::string SealNameOfIssuer(std::string_view issuer);

// The keys are parsed when the first token comes that needs them: there may be many issuers. A failure to parse or open them is
// not kept, for memory may have been exhausted, and a file may come back.
class TrustedIssuer {
 public:
  explicit TrustedIssuer(const IssuerRow &row);

  const std::string &public_jwks() const { return jwks_; }
  // Who its tokens may be meant for, jose::kAnyAudience for anybody; empty: whoever jwt_auth.audience names.
  const std::vector<std::string> &audiences() const { return audiences_; }
  // Whether its `sub` is a user of ours.
  bool subjects_are_ours() const { return subjects_are_ours_; }
  // Whether its tokens may name this role.
  bool BelievesRole(std::string_view role) const;
  // What its token's type has to be, where that of our own would have to be as `expected`. Points into this object.
  jose::ExpectedType TypeExpected(const jose::ExpectedType &expected) const;
  // The keys for a token with this `alg`. An HMAC key never verifies another algorithm, nor the other way round. kKeySealed,
  // kNoSuchKey.
  Result<const jose::KeySet *> KeysFor(std::string_view alg);

 private:
  Result<const jose::KeySet *> PublicKeys();
  Result<const jose::KeySet *> SecretKeys();

  std::string name_;
  std::string jwks_;
  std::optional<jose::SecretBytes> stored_secrets_;
  std::vector<std::string> audiences_, token_types_, roles_;
  bool subjects_are_ours_;
  std::optional<jose::KeySet> public_keys_, secret_keys_;
};

}  // namespace jwt_auth::pg
