#include "pg/keyring/issuer_rows.hpp"

#include "pg/keyring/private_jwk.hpp"
#include "pg/keyring/secret_statement.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"

namespace jwt_auth::pg {

namespace {

#define INSERT_ISSUER                                                                                                  \
  "INSERT INTO jwt_auth.trusted_issuer AS t (issuer, jwks, audience, created_at, secret_jwks, audiences, token_types," \
  " subjects, roles) "
#define OR_REPLACE                                                                                         \
  " ON CONFLICT (issuer) DO UPDATE SET jwks = excluded.jwks, audience = excluded.audience, secret_jwks = " \
  "excluded.secret_jwks,"                                                                                  \
  " audiences = excluded.audiences, token_types = excluded.token_types, subjects = excluded.subjects, roles = excluded.roles"
SecretStatement upsert_issuer = {
    "trusted_issuer",
    {INSERT_ISSUER "SELECT $1, $2::jsonb, $3, $4, nullif(secret, ''), $5, $6, $7, $8 FROM " ARRIVING_SECRET OR_REPLACE,
     {TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTARRAYOID, TEXTARRAYOID, TEXTOID, TEXTARRAYOID}},
    {INSERT_ISSUER "VALUES ($1, $2::jsonb, $3, $4, nullif($9, ''), $5, $6, $7, $8)" OR_REPLACE,
     {TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTARRAYOID, TEXTARRAYOID, TEXTOID, TEXTARRAYOID, TEXTOID}}};
#undef OR_REPLACE
#undef INSERT_ISSUER
Statement upsert_issuer_of_version_1 = {
    "INSERT INTO jwt_auth.trusted_issuer AS t (issuer, jwks, audience, created_at) VALUES ($1, $2::jsonb, $3, $4)"
    " ON CONFLICT (issuer) DO UPDATE SET jwks = excluded.jwks, audience = excluded.audience",
    {TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID}};

enum class SecretColumn { kIssuer, kSecretJwks };
Query<SecretColumn> select_secrets = {
    "SELECT issuer, secret_jwks FROM jwt_auth.trusted_issuer WHERE secret_jwks IS NOT NULL ORDER BY issuer", {}};
SecretStatement update_secrets = {
    "trusted_issuer",
    {"UPDATE jwt_auth.trusted_issuer SET secret_jwks = secret FROM " ARRIVING_SECRET " WHERE issuer = $1", {TEXTOID}},
    {"UPDATE jwt_auth.trusted_issuer SET secret_jwks = $2 WHERE issuer = $1", {TEXTOID, TEXTOID}}};

void refuse_in_version_1(const NewIssuer &issuer) {
  if (issuer.stored_secrets.empty() && issuer.audiences == 0 && issuer.token_types == 0 && issuer.roles == 0) return;
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("this database knows no such details of an issuer yet"),
                  errhint("ALTER EXTENSION jwt_auth UPDATE.")));
}

}  // namespace

bool has_issuer_columns() { return has_column("trusted_issuer", "subjects"); }

void write_issuer(const NewIssuer &issuer, TimestampTz now) {
  Parameters parameters{};
  add_text(parameters, issuer.issuer);
  add_text(parameters, issuer.public_jwks);
  add_optional(parameters, issuer.audience);
  add(parameters, TimestampTzGetDatum(now));
  if (!has_issuer_columns()) {
    refuse_in_version_1(issuer);
    execute(upsert_issuer_of_version_1, parameters);
    return;
  }
  add_nullable(parameters, issuer.audiences, issuer.audiences == 0);
  add_nullable(parameters, issuer.token_types, issuer.token_types == 0);
  add_text(parameters, issuer.subjects);
  add_nullable(parameters, issuer.roles, issuer.roles == 0);
  execute_with_secret(upsert_issuer, parameters, issuer.stored_secrets);
}

int seal_issuer_secrets() {
  if (!has_issuer_columns()) return 0;
  int count = 0;
  const auto rows = execute_latest(select_secrets, Parameters{});
  for (std::uint64_t i = 0; i < rows.count(); i++) {
    const std::string_view issuer = rows[i].text(SecretColumn::kIssuer, CurrentMemoryContext).text;
    const OptionalText stored = rows[i].text(SecretColumn::kSecretJwks, CurrentMemoryContext);
    rows[i].cleanse(SecretColumn::kSecretJwks);
    const auto resealed = Guard([&] { return ResealStoredSecret(stored.text, SealNameOfIssuer(issuer)); });
    cleanse_text(stored);
    if (!resealed.ok) raise_error(resealed.error);
    if (!resealed.value.changed) continue;
    Parameters parameters{};
    add_text(parameters, issuer);
    count += execute_with_secret(update_secrets, parameters, resealed.value.private_jwk.view()) > 0 ? 1 : 0;
  }
  return count;
}

}  // namespace jwt_auth::pg
