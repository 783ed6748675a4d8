// What jwt_verify and jwt_decrypt with explicit keys share: from a signed token to the claims that hold.
#pragma once

#include "jose/jwt/claims.hpp"
#include "jose/keys/jwk.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"

namespace jwt_auth::pg {

// What a caller asks of a token beside the key; plain data.
struct ClaimsRequest {
  jose::AlgorithmSet algorithms;
  OptionalText issuer;
  OptionalText audience;
  jose::Micros leeway;
  jose::Micros now;
};

// From four consecutive arguments: algorithms, issuer, audience, leeway.
ClaimsRequest claims_request(FunctionCallInfo fcinfo, int first_index);

// For C++ phases: the claims of a token whose signature, times, issuer and audience hold.
Result<FlatJson> VerifiedClaims(std::string_view token, const jose::KeySet &keys, const ClaimsRequest &request);

}  // namespace jwt_auth::pg
