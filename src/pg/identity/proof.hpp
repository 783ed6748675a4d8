// Proofs of possession as SQL functions are given them (RFC 9449).
#pragma once

#include "jose/proof/dpop.hpp"
#include "pg/support/arguments.hpp"
#include "session/refresh_token.hpp"

namespace jwt_auth::pg {

// The arguments proof, proof_method and proof_url. Plain data.
struct ProofArgument {
  OptionalText proof;
  std::string_view method, url;
};
// Three arguments that follow one another. 22004 for a proof without method or URL, 22023 for a URL that is none of HTTP: these
// come from the application, so a refusal would not tell it what is wrong.
ProofArgument proof_argument(FunctionCallInfo fcinfo, int first_index);
// 22004, 22023 likewise, for a method and a URL that are needed.
void check_proof_request(std::string_view method, std::string_view url);

// What a proof was found to be. Plain data.
struct CheckedProof {
  bool ok;
  jose::ProofRefusal refusal;   // if not ok
  bool has_nonce;               // that may stand for a clock that is wrong
  jose::Thumbprint thumbprint;  // of the key; from here on if ok
  session::Hash id;             // names the proof: SHA-256 of thumbprint and jti
  jose::Micros iat;
  jose::Micros good_until;  // later it is refused for its age
  Bytes jti;
};

// Checks a proof for a request. `access_token`: the proof must be for it. `nonce`: what is asked for, if anything: a nonce of
// proof_nonce() asks for one that is fresh, any other text for itself; JW022 if the server's secret can't be read then.
CheckedProof check_proof(const ProofArgument &argument, const OptionalText &access_token, const OptionalText &nonce,
                         jose::Micros now);

// Of a token that is bound to a key, where pre_request() can't know the URL of the request.
constexpr Error kNoProofOrigin{ErrorCode::kProofInvalid, "jwt_auth.proof_origin is not set"};
// The refusal of a token or of verify_proof(): JW015.
Error proof_error(jose::ProofRefusal refusal);

}  // namespace jwt_auth::pg
