#include "pg/session/access_token.hpp"
#include "jose/json/base64url.hpp"
#include "jose/jwt/token_id.hpp"

#include "pg/keyring/keyring.hpp"
#include "pg/keyring/prepare_to_sign.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/time.hpp"

namespace jwt_auth::pg {

namespace {

constexpr std::string_view kReserved[] = {"iss", "sub", "aud",       "sid",       "iat",       "iat_us", "nbf",
                                          "exp", "jti", "auth_time", "client_ip", "client_fp", "cnf",    "act",
                                          "amr", "acr", "scope",     "key_id",    "uv",        "sv"};

session::LifetimePolicy LifetimesOf(const AccessTokenRequest &request) noexcept {
  session::LifetimePolicy lifetimes = settings::Lifetimes();
  if (request.lifetime != 0) lifetimes.access_token_ttl = request.lifetime;
  return lifetimes;
}

}  // namespace

bool is_reserved_claim(std::string_view name) {
  for (const std::string_view reserved : kReserved)
    if (name == reserved) return true;
  return false;
}

void check_session_claims(Jsonb *claims) {
  check_object(claims, "claims");
  for (const std::string_view name : kReserved) {
    if (has_member(claims, name))
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                      errmsg("claim \"%s\" cannot be given, since the server sets it", name.data())));
  }
}

Bytes claim_members(Jsonb *claims) {
  for (const std::string_view name : kReserved) {
    if (!has_member(claims, name)) continue;
    claims = DatumGetJsonbP(DirectFunctionCall2(jsonb_delete, JsonbPGetDatum(claims), CStringGetTextDatum(name.data())));
  }
  const Bytes text = json_text_of(claims);
  return Bytes{text.data + 1, text.size - 2};
}

void check_kept_claims(Jsonb *claims) {
  check_session_claims(claims);
  const std::size_t encoded = claim_members(claims).size / 3 * 4;
  if (encoded > static_cast<std::size_t>(settings::max_token_size)) raise_error(kTokenTooLarge);
}

void prepare_to_sign_session_token(AccessTokenRequest &request) {
  if (request.lifetime == 0) {
    request.now = prepare_to_sign_access_token(request.now);
    return;
  }
  for (;;) {
    const std::int64_t expires_at = session::AccessExpiry(request.now, request.idle_end, LifetimesOf(request));
    if (!records_before_signing(expires_at * session::kMicrosPerSecond, request.now)) return;
    request.now = now_micros();
  }
}

AccessTokenRequest largest_of(AccessTokenRequest request) noexcept {
  request.now = longest_moment(request.now);
  request.versions = {std::max<std::int64_t>(request.versions.user, request.now),
                      std::max<std::int64_t>(request.versions.session, request.now)};
  return request;
}

Result<AccessToken> MintAccessToken(const AccessTokenRequest &request) {
  const std::int64_t expires_at = session::AccessExpiry(request.now, request.idle_end, LifetimesOf(request));

  ClaimsWriter claims;
  if (*settings::issuer != '\0') claims.Add("iss", settings::issuer);
  claims.Add("sub", request.user_id);
  if (*settings::audience != '\0') claims.Add("aud", settings::audience);
  claims.Add("exp", expires_at);
  claims.Add("iat", session::WholeSeconds(request.now));
  claims.Add("iat_us", request.now % jose::kMicrosPerSecond);
  claims.Add("jti", jose::FreshTokenId());
  claims.Add("sid", session::FormatSessionId(request.session_id));
  if (request.auth_time) claims.Add("auth_time", session::WholeSeconds(*request.auth_time));
  claims.AddMembers(request.auth_members);
  if (!request.actor.empty()) claims.AddActor(request.actor);
  if (request.versions.user != 0) claims.Add("uv", request.versions.user);
  if (request.versions.session != 0) claims.Add("sv", request.versions.session);
  if (const auto network = session::BoundNetwork(request.binding, request.bound.address))
    claims.Add("client_ip", session::FormatNetwork(*network));
  if (session::CarriesFingerprint(request.binding, request.bound)) {
    const session::Hash &hash = request.bound.fingerprint;
    claims.Add("client_fp", jose::EncodeBase64Url({reinterpret_cast<const char *>(hash.data()), hash.size()}));
  }
  if (request.key) claims.AddConfirmation(*request.key);
  auto token = SignWithRing(claims.Finish(request.claim_members), AccessTokenType());
  if (!token) return token.error();
  // Do not issue a token that jwt_verify() would refuse as too large.
  if (token->size() > static_cast<std::size_t>(settings::max_token_size)) return kTokenTooLarge;
  auto copy = CopyOutVarlena(*token);
  if (!copy) return copy.error();
  return AccessToken{*copy, expires_at};
}

}  // namespace jwt_auth::pg
