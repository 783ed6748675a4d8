// What PostgREST calls when it reads its configuration: the keys that verify tokens.
#include <algorithm>
#include <vector>

#include "jose/json/base64url.hpp"
#include "jose/keys/issuer_jwks.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/keyring/ring.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/settings.hpp"

extern "C" {
Datum jwt_auth_jwks(PG_FUNCTION_ARGS);
}

namespace jwt_auth::pg {

namespace {

// The set for PostgREST, and what is to be said about it.
struct PostgrestKeys {
  Bytes jwks;  // may hold secrets: cleanse() it
  bool is_empty;
  bool has_our_own;  // a key of ours is among them
  bool signs_with_hmac;
};

void AppendMember(std::string_view jwk, jose::SecretBytes &set) {
  if (set.back() != '[') jose::Append(set, ",");
  jose::Append(set, jwk);
}

void AppendHmacKey(const jose::Key &key, jose::SecretBytes &set) {
  jose::SecretBytes jwk;
  jose::Append(jwk, R"({"kty":"oct","k":")");
  jose::AppendBase64Url(jose::AsText(key.secret()), jwk);
  jose::Append(jwk, R"(","kid":)");
  jose::AppendJsonString(key.kid().value_or(""), jwk);
  jose::Append(jwk, R"(,"alg":)");
  jose::AppendJsonString(key.alg().value_or("HS256"), jwk);
  jose::Append(jwk, "}");
  AppendMember(jose::AsText(jwk), set);
}

// The public keys of trusted issuers, in the order of their names. One whose set can't be read has none.
Result<void> AppendIssuers(const Ring &ring, jose::SecretBytes &set) {
  std::vector<std::string_view> names;
  for (const auto &[name, issuer] : ring.issuers)
    if (name != settings::issuer) names.push_back(name);
  std::sort(names.begin(), names.end());
  for (const std::string_view name : names) {
    const auto keys = jose::VerifyingJwks(ring.issuers.at(std::string(name)).public_jwks());
    if (!keys && IsOutOfMemory(keys.error())) return keys.error();
    if (keys && !keys->empty()) AppendMember(*keys, set);
  }
  return {};
}

Result<PostgrestKeys> KeysForPostgrest(std::string_view own_jwks) {
  const auto own = jose::ParseJsonObject(own_jwks);
  if (!own) return own.error();
  const Ring &ring = CurrentRing();
  jose::SecretBytes set;
  jose::Append(set, R"({"keys":[)");
  const std::size_t nothing = set.size();
  if (const auto keys = own->root().Find("keys"); keys && keys->is(jose::JsonType::kArray)) {
    for (std::uint32_t i = keys->begin(); i != keys->end(); i = keys->after(i)) {
      if (set.size() > nothing) jose::Append(set, ",");
      jose::AppendJson(keys->at(i), set);
    }
  }
  for (const jose::Key &key : ring.verifying.keys)
    if (settings::pre_config_hmac_keys && key.type() == jose::KeyType::kOct) AppendHmacKey(key, set);
  const bool has_our_own = set.size() > nothing;
  const auto appended = AppendIssuers(ring, set);
  if (!appended) return appended.error();
  const bool is_empty = set.size() == nothing;
  jose::Append(set, "]}");
  const auto copy = CopyOut(jose::AsText(set));
  if (!copy) return copy.error();
  const auto &active = ring.active.keys.keys;
  return PostgrestKeys{*copy, is_empty, has_our_own, !active.empty() && active[0].type() == jose::KeyType::kOct};
}

void pre_config() {
  Jsonb *own = DatumGetJsonbP(DirectFunctionCall1(jwt_auth_jwks, static_cast<Datum>(0)));
  const Bytes own_text = json_text_of(own);
  refresh_keyring();
  const PostgrestKeys keys = value_or_raise([&] { return KeysForPostgrest(own_text.view()); });
  if (keys.signs_with_hmac && !settings::pre_config_hmac_keys)
    ereport(WARNING, (errmsg("the active signing key is an HMAC key, which cannot be published"),
                      errhint("Rotate to a key pair with jwt_auth.rotate_signing_key('ES256'), turn on "
                              "jwt_auth.pre_config_hmac_keys, or give PostgREST the secret in its own jwt-secret.")));
  else if (!keys.has_our_own)
    ereport(WARNING,
            (errmsg("there is no signing key to publish"), errhint("Create one with jwt_auth.create_signing_key('ES256').")));
  if (!keys.is_empty)
    (void)set_config_option("pgrst.jwt_secret", keys.jwks.data, superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION,
                            GUC_ACTION_LOCAL, true, 0, false);
  cleanse(keys.jwks);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_pre_config) {
  (void)fcinfo;
  jwt_auth::pg::pre_config();
  PG_RETURN_VOID();
}
