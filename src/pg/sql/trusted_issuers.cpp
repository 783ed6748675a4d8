// Trusted issuers: trust_issuer, distrust_issuer.
#include "jose/keys/public_jwks.hpp"
#include "pg/keyring/key_events.hpp"
#include "pg/keyring/keyring_change.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/settings.hpp"

namespace jwt_auth::pg {

namespace {

constexpr std::size_t kLongestIssuer = 2048;  // more does not fit an index entry

Statement upsert_issuer = {
    "INSERT INTO jwt_auth.trusted_issuer AS t (issuer, jwks, audience, created_at) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (issuer) DO UPDATE SET jwks = excluded.jwks, audience = excluded.audience",
    {TEXTOID, JSONBOID, TEXTOID, TIMESTAMPTZOID}};
Statement select_issuer = {"SELECT FROM jwt_auth.trusted_issuer WHERE issuer = $1", {TEXTOID}};
Statement delete_issuer = {"DELETE FROM jwt_auth.trusted_issuer WHERE issuer = $1", {TEXTOID}};

Datum trust_issuer(FunctionCallInfo fcinfo) {
  const std::string_view issuer = required_bytes(fcinfo, 0, "issuer");
  Jsonb *jwks = required_jsonb(fcinfo, 1, "jwks");
  const OptionalText audience = optional_text(fcinfo, 2);
  if (issuer.empty()) raise_error({ErrorCode::kInvalidArgument, "issuer is empty"});
  if (issuer.size() > kLongestIssuer) raise_error({ErrorCode::kInvalidArgument, "issuer is too long"});
  if (issuer == settings::issuer)
    raise_error({ErrorCode::kInvalidArgument, "issuer is jwt_auth.issuer, whose tokens only our own keys verify"});
  if (audience.present && audience.text.empty()) raise_error({ErrorCode::kInvalidArgument, "audience is empty"});
  const Bytes text = json_text_of(jwks);
  const auto checked = Guard([&] { return jose::CheckPublicJwks(text.view()); });
  cleanse(text);
  if (!checked.ok) raise_error(checked.error);

  Parameters parameters{};
  add_text(parameters, issuer);
  add(parameters, JsonbPGetDatum(jwks));
  add_optional(parameters, audience);
  const TimestampTz now = GetCurrentTimestamp();
  add(parameters, TimestampTzGetDatum(now));
  change_keyring([&](MemoryContext) {
    execute(upsert_issuer, parameters);
    record_issuer_event(session::Event::kIssuerTrusted, issuer, now);
  });
  PG_RETURN_VOID();
}

Datum distrust_issuer(FunctionCallInfo fcinfo) {
  const std::string_view issuer = required_bytes(fcinfo, 0, "issuer");
  Parameters parameters{};
  add_text(parameters, issuer);
  const bool was_trusted = change_keyring([&](MemoryContext) {
    const bool deleted = execute(delete_issuer, parameters) > 0;
    if (deleted)
      record_issuer_event(session::Event::kIssuerDistrusted, issuer, GetCurrentTimestamp());
    else if (execute_latest(select_issuer, parameters) > 0)
      ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                      errmsg("could not serialize access: the issuer was trusted after this transaction began")));
    return deleted;
  });
  return BoolGetDatum(was_trusted);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_trust_issuer) { return jwt_auth::pg::trust_issuer(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_distrust_issuer) { return jwt_auth::pg::distrust_issuer(fcinfo); }
