#include "pg/identity/proof.hpp"

#include "jose/proof/http_url.hpp"
#include "pg/keyring/server_secret.hpp"
#include "pg/support/settings.hpp"
#include "session/challenge.hpp"

namespace jwt_auth::pg {

namespace {

jose::Micros max_age() noexcept { return settings::proof_max_age * jose::kMicrosPerSecond; }
jose::Micros leeway() noexcept { return settings::leeway * jose::kMicrosPerSecond; }

// What the server asks of a proof's nonce, and whether there is a secret to know its own nonces by. Plain data.
struct NonceRule {
  bool has_secret;
  OptionalText demanded;
};

bool IsFresh(const NonceRule &rule, std::string_view nonce, jose::Micros now) {
  return rule.has_secret && session::IsFreshProofNonce(ServerSecret(), nonce, now, max_age(), leeway());
}

jose::NonceCheck CheckNonce(const jose::DpopProof &proof, const NonceRule &rule, jose::Micros now) {
  const bool fresh = proof.nonce() && IsFresh(rule, *proof.nonce(), now);
  if (!rule.demanded.present) return fresh ? jose::NonceCheck::kFresh : jose::NonceCheck::kNotAsked;
  if (IsFresh(rule, rule.demanded.text, now)) return fresh ? jose::NonceCheck::kFresh : jose::NonceCheck::kWrong;
  // One that the application made: when, it knows itself.
  const bool same = proof.nonce() && jose::EqualInConstantTime(*proof.nonce(), rule.demanded.text);
  return same ? jose::NonceCheck::kNotAsked : jose::NonceCheck::kWrong;
}

CheckedProof Refused(jose::ProofRefusal refusal) {
  CheckedProof checked{};
  checked.refusal = refusal;
  return checked;
}

// So that a jti of one client does not use up another's.
session::Hash IdOf(const jose::DpopProof &proof) {
  std::string text(reinterpret_cast<const char *>(proof.thumbprint().data()), proof.thumbprint().size());
  return session::HashOf(text + proof.jti());
}

Result<CheckedProof> CheckProof(const ProofArgument &argument, const OptionalText &access_token, const NonceRule &rule,
                                jose::Micros now) {
  const auto proof = jose::ReadDpopProof(argument.proof.text);
  if (!proof) return Refused(proof.refusal());
  jose::DpopExpectations expected;
  expected.method = argument.method;
  expected.url = argument.url;
  expected.access_token = AsOptional(access_token);
  expected.nonce = CheckNonce(*proof, rule, now);
  expected.max_age = max_age();
  expected.leeway = leeway();
  expected.now = now;
  CheckedProof checked{};
  if (const auto refusal = jose::CheckDpopProof(*proof, expected)) {
    checked.refusal = *refusal;
    checked.has_nonce = proof->nonce().has_value();
    return checked;
  }
  checked.ok = true;
  checked.thumbprint = proof->thumbprint();
  checked.id = IdOf(*proof);
  checked.iat = proof->iat();
  checked.good_until = jose::DpopGoodUntil(*proof, expected);
  auto jti = CopyOut(proof->jti());
  if (!jti) return jti.error();
  checked.jti = *jti;
  return checked;
}

}  // namespace

void check_proof_request(std::string_view method, std::string_view url) {
  if (method.empty()) ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the method of the request is empty")));
  const bool is_url = value_or_raise([&]() -> Result<bool> { return jose::NormalizedHttpUrl(url).has_value(); });
  if (!is_url)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the URL of the request is not an absolute HTTP URL"),
                    errhint("Give the whole URL, such as https://api.example.com/refresh.")));
}

ProofArgument proof_argument(FunctionCallInfo fcinfo, int first_index) {
  ProofArgument argument{};
  argument.proof = optional_text(fcinfo, first_index);
  if (!argument.proof.present) return argument;
  argument.method = required_bytes(fcinfo, first_index + 1, "proof_method");
  argument.url = required_bytes(fcinfo, first_index + 2, "proof_url");
  check_proof_request(argument.method, argument.url);
  return argument;
}

CheckedProof check_proof(const ProofArgument &argument, const OptionalText &access_token, const OptionalText &nonce,
                         jose::Micros now) {
  // Whether a nonce is one of ours has to be known where one is asked for, and where it stands for the client's clock: JW022 if
  // the secret can't be read then.
  const bool has_secret = nonce.present ? find_server_secret() : server_secret_state() == SecretState::kReadable;
  const auto check = [&](bool has) {
    return value_or_raise([&] { return CheckProof(argument, access_token, {has, nonce}, now); });
  };
  const CheckedProof checked = check(has_secret);
  const bool is_refused_for_its_time =
      !checked.ok && (checked.refusal == jose::ProofRefusal::kTooOld || checked.refusal == jose::ProofRefusal::kAhead);
  if (!has_secret && is_refused_for_its_time && checked.has_nonce && find_server_secret()) return check(true);
  return checked;
}

Error proof_error(jose::ProofRefusal refusal) { return {ErrorCode::kProofInvalid, jose::DescriptionOf(refusal)}; }

}  // namespace jwt_auth::pg
