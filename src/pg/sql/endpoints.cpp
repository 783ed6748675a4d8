// The functions behind standard HTTP endpoints: introspect (RFC 7662), revoke (RFC 7009), jwks_http.
#include "jose/crypto/openssl.hpp"
#include "jose/json/base64url.hpp"
#include "pg/identity/api_key_check.hpp"
#include "pg/identity/token_cache.hpp"
#include "pg/identity/token_check.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/session/key_claims.hpp"
#include "pg/session/presented_token.hpp"
#include "pg/store/imported_token.hpp"
#include "pg/store/owner.hpp"
#include "pg/support/json_builder.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/result_row.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/uuid.hpp"

extern "C" {
Datum jwt_auth_deny_token(PG_FUNCTION_ARGS);
Datum jwt_auth_jwks(PG_FUNCTION_ARGS);
Datum jwt_auth_revoke_api_key(PG_FUNCTION_ARGS);
Datum jwt_auth_revoke_refresh_token(PG_FUNCTION_ARGS);
}

namespace jwt_auth::pg {

namespace {

// What a text is, by its form: the kinds have nothing in common, so the caller's hint is not needed.
enum class Credential { kNone, kAccessToken, kRefreshToken, kApiKey };

Credential credential_argument(FunctionCallInfo fcinfo, int index) {
  if (PG_ARGISNULL(index) || token_is_too_large(fcinfo, index)) return Credential::kNone;
  const std::string_view text = view_of(PG_GETARG_VARLENA_PP(index));
  if (session::LooksLikeApiKey(text)) return Credential::kApiKey;
  if (text.substr(0, session::kRefreshTokenPrefix.size()) == session::kRefreshTokenPrefix) return Credential::kRefreshToken;
  return Credential::kAccessToken;
}

// What says nothing about the credential: this server can't judge it.
void raise_if_unexpected(const Error &error) {
  if (!IsTokenRefusal(error.code) || error.code == ErrorCode::kOtherServer || error.code == ErrorCode::kNotKnownYet)
    raise_error(error);
}

Datum jsonb_of(const char *text) { return DirectFunctionCall1(jsonb_in, CStringGetDatum(text)); }

Datum inactive() {
  JsonBuilder answer;
  answer.add_bool("active", false);
  return jsonb_of(answer.finish());
}

// The members that introspection adds win over claims of these names.
Datum active(Datum claims, const char *token_type) {
  JsonBuilder answer;
  answer.add_bool("active", true);
  answer.add_text("token_type", token_type);
  return DirectFunctionCall2(jsonb_concat, claims, jsonb_of(answer.finish()));
}

Datum introspect_access_token(std::string_view token) {
  const Outcome<TokenFacts> outcome = look_at_token(token, AccessTokenExpected());
  if (!outcome.ok) {
    raise_if_unexpected(outcome.error);
    return inactive();
  }
  // A token that is bound to a key is good only with a proof of it, which the resource has to check. A certificate's
  // (RFC 8705) is shown below HTTP.
  const auto confirmation = outcome.value.claims.root().Find("cnf");
  const bool is_bound = confirmation && confirmation->FindText("jkt").has_value();
  return active(claims_datum(outcome.value), is_bound ? "DPoP" : "Bearer");
}

Datum introspect_api_key(std::string_view api_key) {
  const ApiKeyCheck check = check_api_key(api_key, session::kNoAddress);
  if (check.is_good()) return active(claims_of_key(check.row), "Bearer");
  raise_if_unexpected(check.refusal);
  return inactive();
}

// A session whose current refresh token was presented. Plain data.
struct CurrentSession {
  bool found;
  pg_uuid_t id;
  std::string_view user_id;
  session::Micros created_at, idle_end;
};

CurrentSession find_current_session(const session::RefreshTokenHashes &presented) {
  refresh_keyring();
  return as_owner("refresh_session", [&](MemoryContext caller) {
    CurrentSession current{};
    SessionRow row;
    const session::UserKey user_key = session::UserKeyIn(presented.session_id);
    current.id = UuidOf(presented.session_id);
    if (!read_session(current.id, user_key, ReadMode::kLatest, caller, row)) return current;
    const session::SessionState &state = row.state;
    const session::Cutoffs cutoffs = {read_account({user_key, {}, row.user_id}).not_before, global_cutoff()};
    current.found = session::SameHash(state.family_hash, presented.family_hash) &&
                    session::SameHash(state.current_hash, presented.secret_hash) &&
                    !session::EndOf(state.created_at, state.idle_end, state.absolute_end, cutoffs, now_micros());
    current.user_id = row.user_id;
    current.created_at = state.created_at;
    current.idle_end = state.idle_end;
    return current;
  });
}

Datum introspect_refresh_token(std::string_view text) {
  const std::optional<PresentedToken> presented = presented_token(text);
  if (!presented) return inactive();
  const CurrentSession current = find_current_session(presented->hashes);
  if (!current.found) return inactive();
  JsonBuilder claims;
  claims.add_text("sub", current.user_id);
  if (*settings::issuer != '\0') claims.add_text("iss", settings::issuer);
  claims.add_text("sid", uuid_text(current.id));
  claims.add_number("iat", session::WholeSeconds(current.created_at));
  if (current.idle_end != session::kNever) claims.add_number("exp", session::WholeSeconds(current.idle_end));
  return active(jsonb_of(claims.finish()), "refresh_token");
}

Datum introspect(FunctionCallInfo fcinfo) {
  switch (credential_argument(fcinfo, 0)) {
    case Credential::kAccessToken: {
      const std::string_view text = view_of(PG_GETARG_VARLENA_PP(0));
      // A refresh token of another system may have any form.
      return find_imported_session(text) ? introspect_refresh_token(text) : introspect_access_token(text);
    }
    case Credential::kRefreshToken:
      return introspect_refresh_token(view_of(PG_GETARG_VARLENA_PP(0)));
    case Credential::kApiKey:
      return introspect_api_key(view_of(PG_GETARG_VARLENA_PP(0)));
    case Credential::kNone:
      break;
  }
  return inactive();
}

// Whoever holds the secret may end the key, from wherever it is.
void revoke_presented_key(std::string_view api_key) {
  const ApiKeyCheck check = check_api_key(api_key, session::kNoAddress);
  raise_if_unexpected(check.refusal);
  if (!check.well_formed || check.verdict == session::ApiKeyVerdict::kUnknown) return;
  (void)DirectFunctionCall1(jwt_auth_revoke_api_key, UUIDPGetDatum(&check.row.id));
}

void deny_access_token(FunctionCallInfo fcinfo) {
  const std::string_view token = view_of(PG_GETARG_VARLENA_PP(0));
  refresh_keyring();
  const jose::Micros now = now_micros();
  const auto outcome = Guard([&] { return VerifyWithRing(token, {}, now, Purpose::kDeny); });
  if (outcome.ok)
    (void)DirectFunctionCall1(jwt_auth_deny_token, PG_GETARG_DATUM(0));
  else if (!IsTokenRefusal(outcome.error.code))
    raise_error(outcome.error);
}

void revoke(FunctionCallInfo fcinfo) {
  switch (credential_argument(fcinfo, 0)) {
    case Credential::kAccessToken:
      // A refresh token of another system may have any form.
      if (find_imported_session(view_of(PG_GETARG_VARLENA_PP(0))))
        (void)DirectFunctionCall1(jwt_auth_revoke_refresh_token, PG_GETARG_DATUM(0));
      else
        deny_access_token(fcinfo);
      return;
    case Credential::kRefreshToken:
      (void)DirectFunctionCall1(jwt_auth_revoke_refresh_token, PG_GETARG_DATUM(0));
      return;
    case Credential::kApiKey:
      return revoke_presented_key(view_of(PG_GETARG_VARLENA_PP(0)));
    case Credential::kNone:
      return;
  }
}

enum class KeySetColumn { kBody, kEtag, kMaxAge };

Datum jwks_http(FunctionCallInfo fcinfo) {
  Jsonb *jwks = DatumGetJsonbP(DirectFunctionCall1(jwt_auth_jwks, static_cast<Datum>(0)));
  const Bytes body = json_text_of(jwks);
  // A strong validator (RFC 9110 section 8.8.3): the same keys have the same body.
  const Bytes etag = value_or_raise(
      [&]() -> Result<Bytes> { return CopyOut("\"" + jose::EncodeBase64Url(jose::Sha256(body.view())) + "\""); });
  ResultRow row = result_row(fcinfo, {TEXTOID, TEXTOID, INT4OID});
  set(row, KeySetColumn::kBody, text_datum(body.view()));
  set(row, KeySetColumn::kEtag, text_datum(etag.view()));
  set(row, KeySetColumn::kMaxAge, Int32GetDatum(settings::jwks_max_age));
  return row_datum(row);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_introspect) { return jwt_auth::pg::introspect(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_revoke) {
  jwt_auth::pg::revoke(fcinfo);
  PG_RETURN_VOID();
}
JWT_AUTH_FUNCTION(jwt_auth_jwks_http) { return jwt_auth::pg::jwks_http(fcinfo); }
