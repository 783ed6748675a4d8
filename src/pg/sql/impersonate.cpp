// impersonate: an access token with which somebody acts for a user, and says so (RFC 8693 section 4.1).
#include <tuple>

#include "jose/crypto/openssl.hpp"
#include "pg/identity/tombstone.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/session/access_token.hpp"
#include "pg/session/claims_function.hpp"
#include "pg/session/token_response.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/store/account_version.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/impersonation.hpp"
#include "pg/store/owner.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

namespace {

using session::Micros;

// Plain data.
struct Request {
  UserRef user, actor;
  Micros lifetime;
  OptionalText reason;

  bool is_locked;  // one of the two: then nothing else is known
  Account account;
  Micros now;
  Micros user_forgotten_at, actor_forgotten_at;  // before the application was asked
  session::SessionId id;
  Impersonation row;
};

Micros lifetime_argument(FunctionCallInfo fcinfo, int index) {
  if (PG_ARGISNULL(index)) raise_null_argument("lifetime");
  const Micros lifetime = micros_argument(fcinfo, index, "lifetime");
  if (lifetime < session::kMicrosPerSecond)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("lifetime must be at least one second")));
  return lifetime;
}

// The id of the row, and bytes that no token's hash is.
struct Random {
  session::SessionId id;
  session::Hash unguessable;
};
Result<Random> MakeRandom(Micros created_at, session::UserKey user_key) {
  const jose::SecretBytes bytes = jose::RandomBytes(4 + sizeof(session::Hash));
  Random random{};
  random.id = session::MakeSessionId(created_at, user_key, {bytes[0], bytes[1], bytes[2], bytes[3]});
  std::copy(bytes.begin() + 4, bytes.end(), random.unguessable.begin());
  return random;
}

// A revocation of either that races comes before, or ends it, and forget_user() of either finds what is written here. In one
// order, so that two who act for each other wait for each other and not for ever.
void hold_accounts(const Request &request) {
  const auto place = [](const UserRef &user) { return std::tuple(user.user_key, user.user_id); };
  const bool actor_first = place(request.actor) < place(request.user);
  if (actor_first) share_account(request.actor);
  hold_account(request.user);
  if (!actor_first) share_account(request.actor);
}

// Inside as_owner().
void decide(Request &request) {
  hold_accounts(request);
  refresh_keyring();
  request.account = read_account(request.user);
  request.account.version = version_for_claims(request.user, request.account);
  const Account actor = read_account_since_forgotten(request.actor);
  request.now = now_micros();
  request.is_locked = request.now < std::max(request.account.locked_until, actor.locked_until);
  if (request.is_locked) return;
  if (has_claims_function()) {
    request.user_forgotten_at = read_forgotten_at(request.user);
    request.actor_forgotten_at = read_forgotten_at(request.actor);
  }
  const session::Cutoffs cutoffs = {std::max(request.account.not_before, actor.not_before), global_cutoff()};
  const Micros created_at = session::CreationTime(request.now, cutoffs);
  if (!session::IsAfterCutoffs(created_at, cutoffs))
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("no session can begin"),
                    errdetail("The cutoff of the user, of the actor or of everybody never ends.")));
  const Random random = value_or_raise([&] { return MakeRandom(created_at, request.user.user_key); });
  request.id = random.id;
  request.row = {UuidOf(random.id), request.user, request.actor.user_id, created_at, created_at + request.lifetime,
                 random.unguessable};
}

// The application's function may have locked or forgotten one of the two, or revoked what they have: then nobody acts for
// anybody. Inside as_owner().
bool is_cut_off(const Request &request) {
  refresh_keyring();
  // Both had an account before.
  if (!has_account(request.user) || !has_account(request.actor)) return true;
  if (read_forgotten_at(request.user) != request.user_forgotten_at) return true;
  if (read_forgotten_at(request.actor) != request.actor_forgotten_at) return true;
  const Account user = read_account(request.user);
  const Account actor = read_account(request.actor);
  const session::Cutoffs cutoffs = {std::max(user.not_before, actor.not_before), global_cutoff()};
  return now_micros() < std::max(user.locked_until, actor.locked_until) ||
         !session::IsAfterCutoffs(request.row.created_at, cutoffs);
}

// It is the actor who does it, whoever the transaction acts as.
void record(const Request &request, AuthEvent event) {
  const OptionalText actor = {true, request.actor.user_id};
  EventSource source = event_source(request.user.user_id);
  source.actor = &actor;
  write_event(source, event, timestamp_of(request.now));
}

void store(const Request &request) {
  insert_impersonation(request.row);
  JsonBuilder detail;
  detail.add_text("actor", request.actor.user_id);
  detail.add_number("lifetime", request.lifetime / session::kMicrosPerSecond);
  detail.add_optional("reason", request.reason);
  AuthEvent event{};
  event.event = session::Event::kImpersonated;
  event.session_id = &request.row.id;
  event.detail = detail.finish();
  record(request, event);
}

void record_refused(const Request &request) {
  JsonBuilder detail;
  detail.add_text("actor", request.actor.user_id);
  AuthEvent event{};
  event.event = session::Event::kRefused;
  event.detail = detail.finish();
  record(request, event);
}

// There is no auth_time: the user proved nothing, so whoever asks for a recent log-in refuses it.
AccessToken mint(const Request &request, std::string_view members) {
  AccessTokenRequest token = {request.user.user_id,    request.id, request.now, std::nullopt, request.row.ends_at, members,
                              session::kUnknownClient, {}};
  token.lifetime = request.lifetime;
  token.versions.user = request.account.version;
  token.actor = request.actor.user_id;
  prepare_to_sign_session_token(token);
  return value_or_raise([&] { return MintAccessToken(token); });
}

Datum impersonate(FunctionCallInfo fcinfo) {
  refuse_restricted_operation();
  Request request{};
  request.user = user_argument(fcinfo, 0);
  if (PG_ARGISNULL(1)) raise_null_argument("actor");
  request.actor = acting_user_argument(fcinfo, 1);
  if (request.actor.user_id == request.user.user_id)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("actor must not be the user")));
  request.lifetime = lifetime_argument(fcinfo, 2);
  const bool has_claims = !PG_ARGISNULL(3);
  if (has_claims) check_session_claims(PG_GETARG_JSONB_P(3));
  request.reason = optional_text(fcinfo, 4);

  TokenResponse response{};
  response.user_id = {true, request.user.user_id};
  as_owner("account", [&](MemoryContext) { decide(request); });
  if (request.is_locked) {
    response.status = session::Status::kLocked;
    return response_datum(fcinfo, response);
  }
  const TokenClaims claims = token_claims(request.user.user_id, request.row.id, PG_GETARG_DATUM(3), has_claims);
  const bool is_refused = as_owner("account", [&](MemoryContext) {
    const bool refuses = claims.is_refused || (has_claims_function() && is_cut_off(request));
    if (refuses)
      record_refused(request);
    else
      store(request);
    return refuses;
  });
  if (is_refused) {
    response.status = session::Status::kRefused;
    return response_datum(fcinfo, response);
  }
  const AccessToken access = mint(request, claims.members);
  response.status = session::Status::kOk;
  response.has_tokens = true;
  response.access_token = access.text;
  response.access_expires_at = access.expires_at;
  response.session_id = &request.row.id;
  return response_datum(fcinfo, response);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_impersonate) { return jwt_auth::pg::impersonate(fcinfo); }
