#include "pg/identity/authenticate.hpp"

#include "pg/identity/api_key_check.hpp"
#include "pg/identity/identity.hpp"
#include "pg/identity/proof_table.hpp"
#include "pg/identity/token_cache.hpp"
#include "pg/identity/token_state.hpp"
#include "pg/session/key_claims.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/statistics.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

namespace {

void log_other_client(const TokenFacts &facts) {
  if (!facts.sid.present) return;
  const char *session = pnstrdup(facts.sid.text.data(), Min(facts.sid.text.size(), 36));
  ereport(LOG_SERVER_ONLY, (errmsg("jwt_auth: a token of session %s was presented by another client", session)));
}

// What jwt_auth.role_claim leads to: names with dots between them lead into objects, as PostgREST's jwt-role-claim-key does.
bool find_role(Jsonb *claims, JsonbValue &value) {
  JsonbContainer *object = &claims->root;
  for (const char *name = settings::role_claim;;) {
    const char *dot = std::strchr(name, '.');
    const int length = static_cast<int>(dot != nullptr ? dot - name : std::strlen(name));
    if (!JsonContainerIsObject(object) || getKeyJsonValueFromContainer(object, name, length, &value) == nullptr) return false;
    if (dot == nullptr) return true;
    if (value.type != jbvBinary) return false;
    object = value.val.binary.data;
    name = dot + 1;
  }
}

// The role that the claims name, terminated, in the current memory context; null if they name none.
char *role_claim(Jsonb *claims) {
  JsonbValue value;
  if (!find_role(claims, value) || value.type != jbvString) return nullptr;
  return pnstrdup(value.val.string.val, value.val.string.len);
}

constexpr Error kNoProof{
    ErrorCode::kProofInvalid, "there is no proof",
    "The token is bound to a key of its client: give the DPoP header of the request as the argument proof."};

// A `cnf` claim is a promise that the bearer proves a key (RFC 9449 section 6, RFC 7800), whoever issued the token. None if it
// was proven, or if there is no such claim. Asked last: a proof is used up by a token that is otherwise good.
std::optional<Error> key_refusal(const TokenFacts &facts, std::string_view token, const Presentation &presentation,
                                 jose::Micros now) {
  const auto cnf = facts.claims.root().Find("cnf");
  if (!cnf) return std::nullopt;
  const auto jkt = cnf->FindText("jkt");
  if (!jkt) return Error{ErrorCode::kProofInvalid, "cnf of the token asks for a proof that is not DPoP"};
  if (presentation.lacks_origin) return kNoProofOrigin;
  if (!presentation.proof.proof.present) return kNoProof;
  const CheckedProof proof = check_proof(presentation.proof, {true, token}, {}, now);
  if (!proof.ok) return proof_error(proof.refusal);
  const Bytes shown = value_or_raise([&] { return CopyOut(jose::FormatThumbprint(proof.thumbprint)); });
  if (shown.view() != *jkt) return proof_error(jose::ProofRefusal::kOtherKey);
  if (!show_proof(proof, now)) return proof_error(jose::ProofRefusal::kRepeated);
  return std::nullopt;
}

// An API key in the place of a token. It proves no log-in, so whoever asks for a recent one refuses it.
Outcome<Authenticated> authenticate_key(std::string_view api_key, const Presentation &presentation) {
  static constexpr Error kNoLogin{ErrorCode::kStaleLogin, "an API key does not say when or how its user logged in"};
  const ApiKeyCheck check = check_api_key(api_key, presentation.address);
  const Error *refusal = !check.is_good()                                       ? &check.refusal
                         : presentation.has_max_age || presentation.acr.present ? &kNoLogin
                                                                                : nullptr;
  if (refusal != nullptr) {
    CountRefused(refusal->code);
    return {false, *refusal, {}};
  }
  CountAccepted();
  note_key_use(check.row, now_micros(), KeyUse::kAuthenticate);
  const Datum claims = claims_of_key(check.row);
  become(DatumGetJsonbP(claims), {true, check.row.user_id}, nullptr, check.row.state.expires_at);
  return {true, {}, {claims, {}}};
}

}  // namespace

Outcome<Authenticated> authenticate_token(std::string_view token, const Presentation &presentation) {
  if (InSecurityRestrictedOperation())
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("cannot authenticate within a security-restricted operation")));
  if (session::LooksLikeApiKey(token)) return authenticate_key(token, presentation);
  const Outcome<TokenFacts> checked = check_token(token, AccessTokenExpected());
  if (!checked.ok) return {false, checked.error, {}};
  const TokenFacts &facts = checked.value;
  const jose::Micros now = now_micros();
  const auto accepted = Guard([&] { return CheckPresentation(facts, presentation, now); });
  if (!accepted.ok) {
    if (accepted.error.code == ErrorCode::kBindingMismatch) log_other_client(facts);
    return {false, accepted.error, {}};
  }

  pg_uuid_t key_id;
  if (key_id_of(facts, key_id)) {
    const Error *refusal = key_network_refusal(key_id, presentation.address);
    if (refusal != nullptr) return {false, *refusal, {}};
  }
  if (const auto refusal = key_refusal(facts, token, presentation, now)) return {false, *refusal, {}};

  Jsonb *claims = DatumGetJsonbP(claims_datum(facts));
  // A session is ours: what another issuer calls one says nothing about our table.
  pg_uuid_t session;
  const bool has_session = facts.issuer.empty() && facts.sid.present && ParseUuid(facts.sid.text, session);
  jose::Micros ends_at;
  if (__builtin_add_overflow(facts.exp, settings::leeway * jose::kMicrosPerSecond, &ends_at)) ends_at = facts.exp;
  become(claims, facts.subject_is_ours ? facts.sub : OptionalText{false, {}}, has_session ? &session : nullptr, ends_at);
  return {true, {}, {JsonbPGetDatum(claims), facts.issuer}};
}

bool names_role(Jsonb *claims) {
  JsonbValue value;
  return find_role(claims, value);
}

void check_role(const Authenticated &who) {
  const char *name = role_claim(DatumGetJsonbP(who.claims));
  if (name == nullptr || who.issuer.empty()) return;
  refresh_keyring();
  if (value_or_raise([&]() -> Result<bool> { return BelievesRole(who.issuer, name); })) return;
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("the issuer of the token may not choose its role"),
                  errhint("The argument roles of jwt_auth.trust_issuer() lists the roles that are believed from an issuer.")));
}

void assume_role(const Authenticated &who) {
  const char *name = role_claim(DatumGetJsonbP(who.claims));
  if (name == nullptr || *name == '\0' || std::strcmp(name, "none") == 0)
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("the token names no role to become"),
                    errhint("It is looked for in the claim that jwt_auth.role_claim names.")));
  check_role(who);
  const Oid role = get_role_oid(name, true);
  if (!OidIsValid(role) || !may_set_role(GetSessionUserId(), role))
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied to become the role that the token names"),
             errhint("Grant that role to the role that the application connects as.")));
  (void)set_config_option("role", name, superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

}  // namespace jwt_auth::pg
