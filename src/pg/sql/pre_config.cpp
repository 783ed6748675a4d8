// What PostgREST calls when it reads its configuration: the keys that verify tokens.
#include <algorithm>
#include <vector>

#include "jose/json/json_writer.hpp"
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
  bool signs_with_unknown;  // the active key is of an algorithm that not every PostgREST knows
};

void AppendHmacKey(const jose::Key &key, jose::SecretBytes &set) {
  jose::JsonWriter writer(set);
  writer.BeginObject();
  jose::AppendSecretMembers(jose::AsText(key.secret()), set);
  writer.Add("kid", key.kid().value_or(""));
  writer.Add("alg", key.alg().value_or("HS256"));
  writer.EndObject();
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
    if (keys) jose::JsonWriter(set).AddJson(*keys);
  }
  return {};
}

// Whether every PostgREST from 12 to 16 verifies with it: its libraries know no PS256, ES256K and ML-DSA, or not all of them
// do.
bool IsKnownToPostgrest(const jose::Key &key) {
  const auto algorithm = key.default_algorithm();
  if (!algorithm || *algorithm == jose::Algorithm::kES256K) return false;
  const jose::AlgorithmFamily family = jose::InfoOf(*algorithm).family;
  return family != jose::AlgorithmFamily::kRsaPss && family != jose::AlgorithmFamily::kMlDsa;
}

Result<PostgrestKeys> KeysForPostgrest(std::string_view own_jwks) {
  const auto own = jose::VerifyingJwks(own_jwks);
  if (!own) return own.error();
  const Ring &ring = CurrentRing();
  jose::SecretBytes set;
  jose::JsonWriter writer(set);
  writer.BeginObject();
  writer.Name("keys");
  writer.BeginArray();
  const std::size_t nothing = set.size();
  writer.AddJson(*own);
  for (const jose::Key &key : ring.verifying.keys)
    if (settings::pre_config_hmac_keys && key.type() == jose::KeyType::kOct) AppendHmacKey(key, set);
  const bool has_our_own = set.size() > nothing;
  const auto appended = AppendIssuers(ring, set);
  if (!appended) return appended.error();
  const bool is_empty = set.size() == nothing;
  writer.EndArray();
  writer.EndObject();
  const auto copy = CopyOut(jose::AsText(set));
  if (!copy) return copy.error();
  const auto active = std::find_if(ring.verifying.keys.begin(), ring.verifying.keys.end(),
                                   [&](const jose::Key &key) { return key.kid() == ring.active.kid; });
  const bool is_active = active != ring.verifying.keys.end();
  return PostgrestKeys{*copy, is_empty, has_our_own, is_active && active->type() == jose::KeyType::kOct,
                       is_active && !IsKnownToPostgrest(*active)};
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
  else if (keys.signs_with_unknown)
    ereport(WARNING, (errmsg("the active signing key has an algorithm that PostgREST does not know, or not in each version"),
                      errhint("Rotate with jwt_auth.rotate_signing_key('ES256').")));
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
