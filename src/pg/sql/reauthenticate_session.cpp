// reauthenticate_session: the user of a session has proved again who they are (a step-up, RFC 9470).
#include "pg/keyring/session_classes.hpp"
#include "pg/session/claims_function.hpp"
#include "pg/session/session_token.hpp"
#include "pg/session/token_response.hpp"
#include "pg/store/account_version.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/session_change.hpp"

namespace jwt_auth::pg {

namespace {

constexpr int kMaxMethods = 32;
constexpr std::size_t kMaxName = 256;

void check_name(std::string_view name, const char *argument) {
  if (name.empty() || name.size() > kMaxName)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must have 1 to %zu bytes", argument, kMaxName)));
}

// {"amr": [...], "acr": "..."} of what was given; null for neither.
const char *context_argument(FunctionCallInfo fcinfo) {
  JsonBuilder context;
  if (!PG_ARGISNULL(1)) {
    const TextArray methods = text_array(fcinfo, 1, "amr");
    if (methods.count > kMaxMethods)
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("amr must have at most %d elements", kMaxMethods)));
    for (int i = 0; i < methods.count; i++) check_name(methods.elements[i], "an element of amr");
    if (methods.count > 0) context.add_texts("amr", methods);
  }
  const OptionalText acr = optional_text(fcinfo, 2);
  if (acr.present) {
    check_name(acr.text, "acr");
    context.add_text("acr", acr.text);
  }
  return context.finish();
}

// Plain data.
struct Reauthentication {
  const char *context;
  LockedSession session;
  bool has_claims;
  Datum claims;
};

// Inside as_owner().
void reauthenticate(Reauthentication &request, const pg_uuid_t &id, MemoryContext caller) {
  LockedSession &session = request.session;
  session = lock_session(id, caller);
  // Who acts for a user can't prove to be that user.
  if (!session.is_alive() || session.row.actor.present) return;
  const UserRef user = {session.row.user_key, {}, session.row.user_id};
  session.account.version = version_for_claims(user, session.account);
  session.row.auth_time = session.now;
  session.row.auth_context = {false, {}};
  if (request.context != nullptr) session.row.auth_context = {true, request.context};
  write_authentication(session, session.row.auth_context);
  AuthEvent event{};
  event.event = session::Event::kReauthenticated;
  event.session_id = &id;
  event.detail = request.context;
  write_event(event_source(user.user_id), event, timestamp_of(session.now));
  request.has_claims = session.row.has_data && read_claims(id, session.row.user_key, caller, request.claims);
}

session::Status status_of(const LockedSession &session) {
  if (!session.found || session.row.actor.present) return session::Status::kInvalid;
  return session.ending ? session.ending->status : session::Status::kOk;
}

Datum reauthenticate_session(FunctionCallInfo fcinfo) {
  refuse_restricted_operation();
  const pg_uuid_t id = required_uuid(fcinfo, 0, "session_id");
  Reauthentication request{};
  request.context = context_argument(fcinfo);
  as_owner("refresh_session", [&](MemoryContext caller) { reauthenticate(request, id, caller); });

  const SessionRow &row = request.session.row;
  TokenResponse response{};
  response.status = status_of(request.session);
  if (response.status != session::Status::kOk) return response_datum(fcinfo, response);
  response.session_id = &row.id;
  response.user_id = {true, row.user_id};
  const TokenClaims claims = token_claims(row.user_id, id, request.claims, request.has_claims);
  if (application_refuses(claims, row, event_source(row.user_id))) {
    response.status = session::Status::kRefused;
    return response_datum(fcinfo, response);
  }
  AccessTokenRequest token = session_token_request(row, request.session.account, LifetimesOfClass(row.session_class),
                                                   request.session.now, row.state.idle_end, claims.members);
  prepare_to_sign_session_token(token);
  const AccessToken access = value_or_raise([&] { return MintAccessToken(token); });
  response.has_tokens = true;
  response.access_token = access.text;
  response.access_expires_at = access.expires_at;
  return response_datum(fcinfo, response);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_reauthenticate_session) { return jwt_auth::pg::reauthenticate_session(fcinfo); }
