// API keys: create_api_key, exchange_api_key, the functions that end and list them, and has_scope.
#include "jose/crypto/openssl.hpp"
#include "pg/identity/api_key_check.hpp"
#include "pg/identity/identity.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/keyring/prepare_to_sign.hpp"
#include "pg/session/claims_function.hpp"
#include "pg/session/key_claims.hpp"
#include "pg/session/key_ending.hpp"
#include "pg/session/token_response.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/store/own_users.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/result_set.hpp"
#include "pg/support/address.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/result_row.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

namespace {

using session::Micros;

constexpr std::size_t kMaxName = 256;
constexpr int kMaxNetworks = 256;
constexpr std::size_t kMaxScope = 4096;  // all of a key's scopes, with a space between two of them

// What a new key is to be. Plain data.
struct NewKeyArguments {
  UserRef user;
  std::string_view name;
  Datum scopes, allowed_from, claims;
  bool has_scopes, has_allowed_from, has_claims;
  Micros expires_at;
};

// A key that could make others would outlive its own revocation, and an actor who could make one the end of the impersonation.
void refuse_borrowed_identity() {
  const Identity *identity = current_identity();
  if (identity == nullptr) return;
  if (actor_of(*identity).present)
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("an actor cannot create API keys"),
                    errhint("Create it in a transaction that is authenticated with a token of the user's own, or with none.")));
  auto *claims = reinterpret_cast<Jsonb *>(const_cast<struct varlena *>(identity->claims()));
  if (!has_member(claims, "key_id")) return;
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("an API key cannot create API keys"),
                  errhint("Create it in a transaction that is authenticated with a session's token, or with none.")));
}

std::string_view name_argument(FunctionCallInfo fcinfo, int index) {
  const std::string_view name = required_bytes(fcinfo, index, "name");
  if (name.empty() || name.size() > kMaxName)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("name must have 1 to %zu bytes", kMaxName)));
  return name;
}

// An empty list is none.
bool has_scopes_argument(FunctionCallInfo fcinfo, int index) {
  if (PG_ARGISNULL(index)) return false;
  const TextArray scopes = text_array(fcinfo, index, "scopes");
  std::size_t size = 0;
  for (int i = 0; i < scopes.count; i++) {
    const std::string_view scope = scopes.elements[i];
    if (!session::IsScopeToken(scope))
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                      errmsg("scope \"%s\" is not valid", pnstrdup(scope.data(), scope.size())),
                      errhint("A scope has one or more printable ASCII characters, without spaces, \" and \\ (RFC 6749 "
                              "section 3.3).")));
    size += scope.size() + 1;
  }
  if (size > kMaxScope + 1)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("scopes must have at most %zu bytes", kMaxScope)));
  return scopes.count > 0;
}

// An empty list would be a key that can be used from nowhere; by mistake it might be read as "from anywhere".
bool has_networks_argument(FunctionCallInfo fcinfo, int index) {
  if (PG_ARGISNULL(index)) return false;
  const Networks networks = networks_of(PG_GETARG_DATUM(index), CurrentMemoryContext);
  if (networks.count == 0 || networks.count > kMaxNetworks)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("allowed_from must have 1 to %d networks", kMaxNetworks),
                    errhint("Use NULL for a key that may be used from anywhere.")));
  return true;
}

Micros expiry_argument(FunctionCallInfo fcinfo, int index) {
  if (PG_ARGISNULL(index)) return session::kNever;
  const Micros expires_at = micros_of(PG_GETARG_TIMESTAMPTZ(index));
  if (expires_at <= now_micros())
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("expires_at must lie in the future")));
  return expires_at;
}

NewKeyArguments new_key_arguments(FunctionCallInfo fcinfo) {
  NewKeyArguments arguments{};
  arguments.user = user_argument(fcinfo, 0);
  arguments.name = name_argument(fcinfo, 1);
  arguments.has_scopes = has_scopes_argument(fcinfo, 2);
  arguments.scopes = PG_GETARG_DATUM(2);
  arguments.expires_at = expiry_argument(fcinfo, 3);
  arguments.has_allowed_from = has_networks_argument(fcinfo, 4);
  arguments.allowed_from = PG_GETARG_DATUM(4);
  arguments.has_claims = !PG_ARGISNULL(5);
  if (arguments.has_claims) check_kept_claims(PG_GETARG_JSONB_P(5));
  arguments.claims = PG_GETARG_DATUM(5);
  return arguments;
}

// A key's id and text. Plain data.
struct FreshKey {
  session::ApiKeyId id;
  session::Hash secret_hash;
  Bytes text;
};

Result<FreshKey> MakeKey(Micros created_at, session::UserKey user_key) {
  const jose::SecretBytes random = jose::RandomBytes(4 + session::kApiKeySecretSize);
  FreshKey fresh{};
  fresh.id = session::MakeSessionId(created_at, user_key, {random[0], random[1], random[2], random[3]});
  const auto key = session::ApiKey::Make(fresh.id, jose::AsText(random).substr(4));
  fresh.secret_hash = key.SecretHash();
  auto text = CopyOut(jose::AsText(key.Encode()));
  if (!text) return text.error();
  fresh.text = *text;
  return fresh;
}

// The account's row is written first, so a revocation of the user that races comes before the key, or ends it.
FreshKey store_key(const NewKeyArguments &arguments) {
  return as_owner("account", [&](MemoryContext caller) {
    const UserRef &user = arguments.user;
    hold_account(user);
    refresh_keyring();
    const Account account = read_account(user);
    const session::Cutoffs cutoffs = {account.not_before, global_cutoff(), account.locked_until};
    const Micros now = now_micros();
    if (session::IsLocked(cutoffs, now))
      ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("no API key can be created"),
                      errdetail("The user is locked.")));
    const Micros created_at = session::CreationTime(now, cutoffs);
    if (!session::IsAfterCutoffs(created_at, cutoffs))
      ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("no API key can be created"),
                      errdetail("The cutoff of the user or of everybody never ends.")));
    const FreshKey fresh =
        in_context(caller, [&] { return value_or_raise([&] { return MakeKey(created_at, user.user_key); }); });
    NewApiKey row{};
    row.id = UuidOf(fresh.id);
    row.user = user;
    row.name = arguments.name;
    row.scopes = arguments.scopes;
    row.has_scopes = arguments.has_scopes;
    row.allowed_from = arguments.allowed_from;
    row.has_allowed_from = arguments.has_allowed_from;
    row.claims = arguments.claims;
    row.has_claims = arguments.has_claims;
    row.secret_hash = fresh.secret_hash;
    row.created_at = created_at;
    row.expires_at = arguments.expires_at;
    insert_api_key(row);
    ApiKeyRow stored;
    if ((row.has_claims || row.has_scopes) && read_api_key(row.id, user.user_key, caller, stored)) {
      const KeyClaims claims = key_claims(stored);
      check_room_for_claims([&] { return MintKeyToken(claims, longest_moment(now)); });
    }
    write_key_event(session::Event::kApiKeyCreated, user, row.id, row.name, timestamp_of(now));
    return fresh;
  });
}

enum class CreatedColumn { kKeyId, kApiKey };

Datum create_api_key(FunctionCallInfo fcinfo) {
  refuse_restricted_operation();
  refuse_borrowed_identity();
  ResultRow row = result_row(fcinfo, {UUIDOID, TEXTOID});
  const FreshKey fresh = store_key(new_key_arguments(fcinfo));
  const pg_uuid_t id = UuidOf(fresh.id);
  set(row, CreatedColumn::kKeyId, UUIDPGetDatum(&id));
  set(row, CreatedColumn::kApiKey, text_datum(fresh.text.view()));
  cleanse(fresh.text);
  return row_datum(row);
}

Datum exchange_api_key(FunctionCallInfo fcinfo) {
  refuse_restricted_operation();
  TokenResponse response{};
  response.status = session::Status::kInvalid;
  const OptionalText api_key = optional_text(fcinfo, 0);
  if (!api_key.present) return response_datum(fcinfo, response);
  const session::Address address = PG_ARGISNULL(1) ? session::kNoAddress : address_of(PG_GETARG_DATUM(1));
  const ApiKeyCheck check = check_api_key(api_key.text, address);
  if (!check.is_good() && check.refusal.code == ErrorCode::kOtherServer) raise_error(check.refusal);
  if (!check.well_formed) return response_datum(fcinfo, response);
  if (!check.is_good()) {
    response.status = session::StatusOf(check.verdict);
    return response_datum(fcinfo, response);
  }

  const KeyClaims claims = key_claims(check.row);
  const Micros now = prepare_to_sign_access_token(now_micros());
  const AccessToken access = value_or_raise([&] { return MintKeyToken(claims, now); });
  note_key_use(check.row, now, KeyUse::kExchange);
  response.status = session::Status::kOk;
  response.has_tokens = true;
  response.access_token = access.text;
  response.access_expires_at = access.expires_at;
  response.user_id = {true, check.row.user_id};
  return response_datum(fcinfo, response);
}

// `owner`: if present, only a key of this user is deleted.
bool revoke_key(const pg_uuid_t &id, const OptionalText &owner) {
  return as_owner("api_key", [&](MemoryContext caller) {
    const session::UserKey user_key = session::UserKeyIn(SessionIdOf(id));
    require_own_user_key(user_key);
    const DeletedApiKey deleted = delete_api_key(id, user_key, owner, caller);
    if (!deleted.found) return false;
    record_key_end({user_key, {}, deleted.user_id}, id, deleted.name, GetCurrentTimestamp());
    return true;
  });
}

Datum revoke_own_api_key(FunctionCallInfo fcinfo) {
  const UserRef user = spellings_argument(fcinfo, 0).user;
  return BoolGetDatum(revoke_key(required_uuid(fcinfo, 1, "key_id"), {true, user.user_id}));
}

enum class ListedColumn { kKeyId, kName, kScopes, kAllowedFrom, kCreatedAt, kExpiresAt, kLastUsedAt };
Query<ListedColumn> select_user_keys = {
    "SELECT k.key_id, k.name, k.scopes, k.allowed_from, k.created_at, k.expires_at, u.last_used_at FROM jwt_auth.api_key k"
    " LEFT JOIN jwt_auth.api_key_use u ON u.key_id = k.key_id AND u.user_key = k.user_key"
    " WHERE k.user_key = $1 AND k.user_id = $2 AND k.created_at > $3 AND (k.expires_at IS NULL OR k.expires_at > $4)"
    " ORDER BY k.key_id DESC",
    {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID}};

Datum user_api_keys(FunctionCallInfo fcinfo) {
  const UserRef user = spellings_argument(fcinfo, 0).user;
  refresh_keyring();
  ReturnSetInfo &set = result_set(fcinfo);
  as_owner("api_key", [&](MemoryContext) {
    Parameters parameters{};
    add(parameters, Int32GetDatum(user.user_key));
    add_text(parameters, user.user_id);
    add_time(parameters, std::max(global_cutoff(), read_account(user).not_before));
    add_time(parameters, now_micros());
    put_rows(set, execute_latest(select_user_keys, parameters));
  });
  return static_cast<Datum>(0);
}

// False where nobody is authenticated, and for a token without a scope claim: a session's token has none.
Datum has_scope(FunctionCallInfo fcinfo) {
  const Identity *identity = current_identity();
  if (identity == nullptr) return BoolGetDatum(false);
  const std::string_view wanted = view_of(PG_GETARG_VARLENA_PP(0));
  auto *claims = reinterpret_cast<Jsonb *>(const_cast<struct varlena *>(identity->claims()));
  JsonbValue scope;
  if (getKeyJsonValueFromContainer(&claims->root, "scope", 5, &scope) == nullptr || scope.type != jbvString)
    return BoolGetDatum(false);
  return BoolGetDatum(session::HasScope({scope.val.string.val, static_cast<std::size_t>(scope.val.string.len)}, wanted));
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_create_api_key) { return jwt_auth::pg::create_api_key(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_exchange_api_key) { return jwt_auth::pg::exchange_api_key(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_revoke_api_key) {
  return BoolGetDatum(jwt_auth::pg::revoke_key(jwt_auth::pg::required_uuid(fcinfo, 0, "key_id"), {false, {}}));
}
JWT_AUTH_FUNCTION(jwt_auth_revoke_own_api_key) { return jwt_auth::pg::revoke_own_api_key(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_user_api_keys) { return jwt_auth::pg::user_api_keys(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_has_scope) { return jwt_auth::pg::has_scope(fcinfo); }
