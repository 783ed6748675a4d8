// Proofs of possession for applications that check them themselves: verify_proof, proof_nonce.
#include "pg/identity/proof.hpp"
#include "pg/keyring/server_secret.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/result_row.hpp"
#include "session/challenge.hpp"

namespace jwt_auth::pg {

namespace {

enum class ProofColumn { kJkt, kJti, kIat };

Datum verify_proof(FunctionCallInfo fcinfo) {
  ProofArgument argument{};
  argument.proof = {true, required_bytes(fcinfo, 0, "proof")};
  argument.method = required_bytes(fcinfo, 1, "method");
  argument.url = required_bytes(fcinfo, 2, "url");
  check_proof_request(argument.method, argument.url);
  const CheckedProof checked = check_proof(argument, optional_text(fcinfo, 3), optional_name(fcinfo, 4, "nonce"), now_micros());
  if (!checked.ok) raise_error(proof_error(checked.refusal));

  const Datum jkt = value_or_raise([&] { return CopyOutVarlena(jose::FormatThumbprint(checked.thumbprint)); });
  ResultRow row = result_row(fcinfo, {TEXTOID, TEXTOID, TIMESTAMPTZOID});
  set(row, ProofColumn::kJkt, jkt);
  set(row, ProofColumn::kJti, text_datum(checked.jti.view()));
  set(row, ProofColumn::kIat, TimestampTzGetDatum(timestamp_of(checked.iat)));
  return row_datum(row);
}

Datum proof_nonce() {
  need_server_secret();
  const jose::Micros now = now_micros();
  return value_or_raise([&] { return CopyOutVarlena(session::MakeProofNonce(ServerSecret(), now)); });
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_verify_proof) { return jwt_auth::pg::verify_proof(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_proof_nonce) { return (void)fcinfo, jwt_auth::pg::proof_nonce(); }
