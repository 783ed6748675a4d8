// create_signing_key, jwks, and tokens signed and verified with the keyring: jwt_sign(claims), jwt_verify(token).
#include "jose/base64url.hpp"
#include "jose/jwk.hpp"
#include "pg/arguments.hpp"
#include "pg/boundary.hpp"
#include "pg/jsonb.hpp"
#include "pg/keyring.hpp"
#include "pg/owner.hpp"
#include "pg/plans.hpp"
#include "pg/postgres.hpp"
#include "pg/settings.hpp"
#include "pg/token_check.hpp"

extern "C" {
#include <commands/trigger.h>
}

namespace jwt_auth::pg {

namespace {

// A key made for the ring, in the current memory context.
struct NewKey {
  Bytes kid;
  bool has_public;
  Bytes public_jwk;
  Bytes private_jwk;
};

Result<NewKey> MakeKey(std::string_view algorithm) {
  if (jose::AlgorithmsNamed(algorithm).empty()) return Error{ErrorCode::kInvalidArgument, "algorithm is not one that signs"};
  auto private_jwk = jose::GenerateJwk({algorithm, {}, 2048, {}});
  if (!private_jwk) return private_jwk.error();
  auto document = jose::ParseJsonObject(jose::AsText(*private_jwk));
  if (!document) return document.error();
  const auto kid = document->root().Find("kid");

  NewKey key{};
  auto kid_copy = CopyOut(kid->text());
  if (!kid_copy) return kid_copy.error();
  key.kid = *kid_copy;
  if (document->root().Find("kty")->text() != "oct") {
    auto public_jwk = jose::PublicJwk(document->root());
    if (!public_jwk) return public_jwk.error();
    auto copy = CopyOut(*public_jwk);
    if (!copy) return copy.error();
    key.public_jwk = *copy;
    key.has_public = true;
  }
  auto private_copy = CopyOut(jose::AsText(*private_jwk));
  if (!private_copy) return private_copy.error();
  key.private_jwk = *private_copy;
  return key;
}

Statement insert_key = {
    "INSERT INTO jwt_auth.signing_key (kid, algorithm, state, public_jwk, private_jwk, created_at, activated_at)"
    " VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7) ON CONFLICT DO NOTHING",
    7,
    {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID},
    nullptr};

Datum text_datum(std::string_view text) {
  return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

Datum create_signing_key(FunctionCallInfo fcinfo) {
  const std::string_view algorithm = required_bytes(fcinfo, 0, "algorithm");
  if (PG_ARGISNULL(1)) raise_null_argument("activate");
  const bool activate = PG_GETARG_BOOL(1);
  const NewKey key = value_or_raise([&] { return MakeKey(algorithm); });

  const TimestampTz now = GetCurrentTimestamp();
  Parameters parameters{};
  add(parameters, text_datum(key.kid.view()));
  add(parameters, text_datum(algorithm));
  add(parameters, CStringGetTextDatum(activate ? "active" : "pending"));
  add_nullable(parameters, key.has_public ? text_datum(key.public_jwk.view()) : 0, !key.has_public);
  add(parameters, text_datum(key.private_jwk.view()));
  add(parameters, TimestampTzGetDatum(now));
  add_nullable(parameters, TimestampTzGetDatum(now), !activate);

  const OwnerScope scope = enter_owner("signing_key");
  SPI_connect();
  const bool inserted = execute(insert_key, parameters) == 1;
  SPI_finish();
  leave_owner(scope);
  cleanse(key.private_jwk);
  if (!inserted)
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("a signing key is active already"),
                    errhint("Replace it with jwt_auth.rotate_signing_key(), or make a pending key with activate => false.")));
  return text_datum(key.kid.view());
}

Statement select_jwks = {
    "SELECT jsonb_build_object('keys', coalesce(jsonb_agg(public_jwk ORDER BY state, created_at DESC, kid), '[]'::jsonb))"
    " FROM jwt_auth.signing_key WHERE state <> 'retired' AND public_jwk IS NOT NULL",
    0,
    {},
    nullptr};

Datum jwks() {
  MemoryContext caller = CurrentMemoryContext;
  const OwnerScope scope = enter_owner("signing_key");
  SPI_connect();
  execute_latest(select_jwks, Parameters{});
  bool is_null;
  const Datum value = column(0, 1, &is_null);
  MemoryContext spi = MemoryContextSwitchTo(caller);
  Datum copy = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
  MemoryContextSwitchTo(spi);
  SPI_finish();
  leave_owner(scope);
  return copy;
}

// Which of the claims that jwt_sign(claims) fills in are there already.
struct Present {
  bool iat, exp, iss, aud, jti;
};

std::string CompletedClaims(std::string_view claims, const Present &present, jose::Micros now) {
  const std::int64_t iat = now / jose::kMicrosPerSecond;
  std::string text(claims.substr(0, claims.size() - 1));
  const auto begin_member = [&text](const char *name) {
    if (text.back() != '{') text += ',';
    jose::AppendJsonString(name, text);
    text += ':';
  };
  const auto add_text = [&](const char *name, std::string_view value) {
    begin_member(name);
    jose::AppendJsonString(value, text);
  };
  if (!present.iss && *settings::issuer != '\0') add_text("iss", settings::issuer);
  if (!present.aud && *settings::audience != '\0') add_text("aud", settings::audience);
  if (!present.iat) {
    begin_member("iat");
    text += std::to_string(iat);
  }
  if (!present.exp) {
    begin_member("exp");
    text += std::to_string(iat + settings::access_token_ttl);
  }
  if (!present.jti) add_text("jti", jose::EncodeBase64Url(jose::AsText(jose::RandomBytes(16))));
  text += '}';
  return text;
}

Datum sign_ring(FunctionCallInfo fcinfo) {
  Jsonb *claims = required_jsonb(fcinfo, 0, "claims");
  const Bytes text = claims_text_of(claims);
  const Present present{has_member(claims, "iat"), has_member(claims, "exp"), has_member(claims, "iss"),
                        has_member(claims, "aud"), has_member(claims, "jti")};
  const jose::Micros now = now_micros();
  refresh_keyring();
  return value_or_raise([&]() -> Result<Datum> {
    auto token = SignWithRing(CompletedClaims(text.view(), present, now));
    if (!token) return token.error();
    if (token->size() > static_cast<std::size_t>(settings::max_token_size)) return kTokenTooLarge;
    return CopyOutVarlena(*token);
  });
}

Datum verify_ring(FunctionCallInfo fcinfo) {
  const Outcome<TokenFacts> outcome = check_token(required_token(fcinfo, 0));
  if (!outcome.ok) raise_error(outcome.error);
  return jsonb_from(outcome.value.claims);
}

Datum keyring_changed(FunctionCallInfo fcinfo) {
  if (!CALLED_AS_TRIGGER(fcinfo))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("keyring_changed is a trigger function")));
  const auto *trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
  CacheInvalidateRelcacheByRelid(RelationGetRelid(trigger->tg_relation));
  return static_cast<Datum>(0);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_create_signing_key) { return jwt_auth::pg::create_signing_key(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_jwks) { return (void)fcinfo, jwt_auth::pg::jwks(); }
JWT_AUTH_FUNCTION(jwt_auth_sign_ring) { return jwt_auth::pg::sign_ring(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_verify_ring) { return jwt_auth::pg::verify_ring(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_keyring_changed) { return jwt_auth::pg::keyring_changed(fcinfo); }
