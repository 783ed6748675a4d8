// Whether a token is good now: the one path behind jwt_verify(token), authenticate and pre_request.
#pragma once

#include "pg/identity/proof.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/support/boundary.hpp"
#include "session/binding.hpp"

namespace jwt_auth::pg {

// Signature, type, times, issuer, audience, and what the database knows: session, cutoffs, denials. A refusal is a value.
Outcome<TokenFacts> check_token(std::string_view token, const jose::ExpectedType &type);
// The same, counted by nobody: for a second look.
Outcome<TokenFacts> look_at_token(std::string_view token, const jose::ExpectedType &type);

// What the bearer of a token showed beside it. Plain data.
struct Presentation {
  session::Address address;
  OptionalText fingerprint;
  bool has_max_age;
  jose::Micros max_age;
  OptionalText acr;  // the authentication context that is asked for (RFC 9470)
  ProofArgument proof;
  bool lacks_origin;  // jwt_auth.proof_origin is not set, so no proof can be checked
};

// For C++ phases: whether the token's own bounds hold, with nothing looked up. kBindingMismatch where client_ip or client_fp in
// a token of ours names another client (or the bearer showed none), kStaleLogin where auth_time is longer ago than max_age or
// acr is not the one asked for,
// kMalformed for claims of these names that are not what we put into a token.
Result<void> CheckPresentation(const TokenFacts &facts, const Presentation &presentation, jose::Micros now);

}  // namespace jwt_auth::pg
