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
  OptionalText type;  // the type (typ) that the token must have
  jose::Micros now;
};

// From consecutive arguments: algorithms, issuer, audience, leeway, and at `type_index` the type, where the function has so
// many (those of 1.1 had none).
ClaimsRequest claims_request(FunctionCallInfo fcinfo, int first_index, int type_index);

// For C++ phases: the claims of a token whose signature, type, times, issuer and audience hold.
Result<FlatJson> VerifiedClaims(std::string_view token, const jose::KeySet &keys, const ClaimsRequest &request);

// The row of jwt_try_verify: (valid, claims, error_code, error_message).
Datum acceptance_row(FunctionCallInfo fcinfo, Datum claims);
Datum refusal_row(FunctionCallInfo fcinfo, const Error &refusal);

}  // namespace jwt_auth::pg
