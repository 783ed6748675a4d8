// issue_refresh_session: a log-in.
#include "jose/crypto/openssl.hpp"
#include "jose/json/base64url.hpp"
#include "pg/identity/proof.hpp"
#include "pg/identity/tombstone.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/keyring/session_classes.hpp"
#include "pg/session/claims_function.hpp"
#include "pg/session/client_argument.hpp"
#include "pg/session/session_room.hpp"
#include "pg/session/token_response.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/session_store.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/statistics.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

namespace {

using session::Micros;

// A session's id and first refresh token: plain data.
struct FreshSession {
  session::SessionId id;
  session::Hash family, current;
  Bytes refresh_token;
};

Result<FreshSession> MakeSession(Micros created_at, session::UserKey user_key) {
  const jose::SecretBytes random = jose::RandomBytes(4 + session::kFreshSecretSize);
  FreshSession fresh{};
  fresh.id = session::MakeSessionId(created_at, user_key, {random[0], random[1], random[2], random[3]});
  const auto token = session::RefreshToken::First(fresh.id, jose::AsText(random).substr(4));
  fresh.family = token.FamilyHash();
  fresh.current = token.SecretHash();
  auto text = CopyOut(jose::AsText(token.Encode()));
  if (!text) return text.error();
  fresh.refresh_token = *text;
  return fresh;
}

// One call, from its arguments to what it wrote. Plain data.
struct Login {
  UserRef user;
  ClientArgument client;
  OptionalText session_class;
  OptionalHash device;
  const CheckedProof *proof;  // null: none was given
  MemoryContext caller;

  bool is_proof_repeated;  // then nothing else was done
  bool is_locked;          // likewise
  Account account;
  Micros forgotten_at;  // before the application was asked
  RoomRequest request;
  SessionRoom room;
  Micros now;  // the clock, after the account's lock was taken
  FreshSession fresh;
  NewSession session;
  EndedForRoom ended;
};

// A session that begins after a cutoff which lies ahead of the clock ends by the clock all the same.
NewSession new_session(FunctionCallInfo fcinfo, const Login &login, Micros created_at) {
  const session::LifetimePolicy lifetimes = LifetimesOfClass(login.session_class);
  NewSession row{};
  row.id = UuidOf(login.fresh.id);
  row.user = login.user;
  row.created_at = created_at;
  row.ends_at = session::AbsoluteEnd(login.now, lifetimes);
  row.idle_ends_at = session::IdleEnd(login.now, row.ends_at, lifetimes);
  row.family = login.fresh.family;
  row.current = login.fresh.current;
  row.ip = login.client.ip;
  row.has_ip = login.client.has_ip;
  row.client = login.client.client;
  row.user_agent = login.client.user_agent;
  row.has_claims = !PG_ARGISNULL(4);
  if (row.has_claims) row.claims = PG_GETARG_DATUM(4);
  row.has_metadata = !PG_ARGISNULL(5);
  if (row.has_metadata) row.metadata = PG_GETARG_DATUM(5);
  row.session_class = login.session_class;
  row.device = login.device;
  return row;
}

void record_refusal(const Login &login) {
  JsonBuilder detail;
  detail.add_number("max_sessions", login.request.rule.limit);
  detail.add_optional("class", login.session_class);
  AuthEvent event{};
  event.event = session::Event::kLimitReached;
  event.detail = detail.finish();
  write_event(event_source(login.user.user_id, login.client), event, timestamp_of(login.now));
}

// By the application.
void record_refused(const Login &login) {
  AuthEvent event{};
  event.event = session::Event::kRefused;
  write_event(event_source(login.user.user_id, login.client), event, timestamp_of(login.now));
}

std::string_view bytes_of(const session::Hash &hash) noexcept {
  return {reinterpret_cast<const char *>(hash.data()), hash.size()};
}

const char *json_text_of(JsonbValue &value) {
  Jsonb *json = JsonbValueToJsonb(&value);
  return JsonbToCString(nullptr, &json->root, static_cast<int>(VARSIZE(json)));
}

// The class, the hash of the device, and what the application says for the audit.
const char *login_detail(const Login &login) {
  JsonBuilder detail;
  detail.add_optional("class", login.session_class);
  if (login.device.present)
    detail.add_text("device",
                    value_or_raise([&] { return CopyOut(jose::EncodeBase64Url(bytes_of(login.device.hash))); }).view());
  if (login.session.has_metadata) {
    JsonbValue audit;
    if (getKeyJsonValueFromContainer(&DatumGetJsonbP(login.session.metadata)->root, "audit", 5, &audit) != nullptr)
      detail.add_json("audit", json_text_of(audit));
  }
  return detail.finish();
}

void record_login(const Login &login) {
  int count = login.ended.count;
  auto *events = static_cast<AuthEvent *>(palloc(sizeof(AuthEvent) * (count + 2)));
  describe_ended(login.request, login.ended, login.session.id, events);
  events[count] = AuthEvent{};
  events[count].event = session::Event::kLogin;
  events[count].session_id = &login.session.id;
  events[count++].detail = login_detail(login);
  if (login.proof != nullptr) {
    events[count] = AuthEvent{};
    events[count].event = session::Event::kBound;
    events[count].session_id = &login.session.id;
    events[count++].detail = "{\"kind\": \"dpop\"}";
  }
  write_events(event_source(login.user.user_id, login.client), events, count, timestamp_of(login.now));
}

// Everything that is decided, before anything ends. Inside as_owner(), as all that writes. From here on log-ins and revocations
// of the user wait for this transaction.
void decide(FunctionCallInfo fcinfo, Login &login) {
  login.is_proof_repeated = login.proof != nullptr && !use_proof(login.proof->id, login.proof->good_until);
  if (login.is_proof_repeated) return;
  login.account = touch_account(login.user, GetCurrentTimestamp());
  login.is_locked = now_micros() < login.account.locked_until;
  if (login.is_locked) return;
  // A cutoff for everybody, or a change of the class, may have come while the account was waited for.
  refresh_keyring();
  require_session_class(login.session_class);
  const session::LimitRule settings = {settings::max_sessions_per_user, settings::SessionLimitPolicy()};
  const session::LimitRule rule = session::LimitOf(FindSessionClass(login.session_class), settings, login.account.max_sessions);
  login.request = {login.user, login.session_class, login.device, rule, {login.account.not_before, global_cutoff()}};
  login.room = choose_room(login.request, login.caller);
  login.now = now_micros();
  const Micros created_at = session::CreationTime(login.now, login.request.cutoffs);
  if (!session::IsAfterCutoffs(created_at, login.request.cutoffs))
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("no session can begin"),
                    errdetail("The cutoff of the user or of everybody never ends.")));
  if (!login.room.granted) return record_refusal(login);
  login.fresh =
      in_context(login.caller, [&] { return value_or_raise([&] { return MakeSession(created_at, login.user.user_key); }); });
  login.session = new_session(fcinfo, login, created_at);
}

void store(Login &login) {
  login.ended = clear_room(login.request, login.room, login.caller);
  const NewSession &session = login.session;
  insert_session(session);
  if (session.created_at > login.now)
    correct_session(session.id, login.user.user_key, {login.now, session.ends_at, session.idle_ends_at});
  if (login.proof != nullptr)
    bind_new_session(login.session.id, login.user.user_key, {KeyKind::kDpop, view_of(login.proof->thumbprint)});
  record_login(login);
}

// The application's function may have locked or forgotten the user, or revoked what the user has: then no session begins.
// Inside as_owner().
bool has_ended_meanwhile(Login &login) {
  RowOf<AccountColumn> row = account_row(login.user);
  read_rows({&row}, ReadMode::kPlain);
  const Account account = account_in(row);
  refresh_keyring();
  login.is_locked = now_micros() < account.locked_until;
  return login.is_locked || !row.found || read_forgotten_at(login.user) != login.forgotten_at ||
         !session::IsAfterCutoffs(login.session.created_at, {account.not_before, global_cutoff()});
}

bool is_refused(const Login &login) { return login.is_proof_repeated || login.is_locked || !login.room.granted; }

// A log-in that was not granted.
Datum refused(FunctionCallInfo fcinfo, TokenResponse &response, session::Status status) {
  Count(Counted::kLogin, status);
  response.status = status;
  return response_datum(fcinfo, response);
}

// A class whose token lifetime is the setting's has none of its own.
Micros token_lifetime_of(const OptionalText &session_class) {
  return session_class.present ? LifetimesOfClass(session_class).access_token_ttl : 0;
}

AccessToken mint(const Login &login, std::string_view members) {
  // A session that begins after a cutoff which lies ahead of the clock has tokens of the clock all the same.
  AccessTokenRequest request = {login.user.user_id,
                                login.fresh.id,
                                login.now,
                                std::min(login.now, login.session.created_at),
                                login.session.idle_ends_at,
                                members,
                                login.session.client,
                                login.account.binding};
  if (login.proof != nullptr) request.key = login.proof->thumbprint;
  request.lifetime = token_lifetime_of(login.session_class);
  request.versions.user = login.account.version;
  prepare_to_sign_session_token(request);
  return value_or_raise([&] { return MintAccessToken(request); });
}

Datum issue_refresh_session(FunctionCallInfo fcinfo) {
  refuse_restricted_operation();
  Login login{};
  login.caller = CurrentMemoryContext;
  login.user = user_argument(fcinfo, 0);
  login.client = client_argument(fcinfo, 1, 2, 3);
  login.device = device_argument(fcinfo, 7);
  const ProofArgument proof = proof_argument(fcinfo, 8);
  if (!PG_ARGISNULL(4)) check_session_claims(PG_GETARG_JSONB_P(4));
  if (!PG_ARGISNULL(5)) check_object(PG_GETARG_JSONB_P(5), "metadata");
  refresh_keyring();
  login.session_class = class_argument(fcinfo, 6);

  CheckedProof checked{};
  if (proof.proof.present) checked = check_proof(proof, {}, {}, now_micros());
  TokenResponse response{};
  response.user_id = {true, login.user.user_id};
  if (proof.proof.present && !checked.ok) return refused(fcinfo, response, session::Status::kProofInvalid);
  login.proof = proof.proof.present ? &checked : nullptr;

  // The application's function is asked between the decision and the first deletion, and not as the tables' owner.
  const bool asks_application = has_claims_function();
  as_owner("account", [&](MemoryContext) {
    decide(fcinfo, login);
    if (is_refused(login)) return;
    if (asks_application)
      login.forgotten_at = read_forgotten_at(login.user);
    else
      store(login);
  });
  if (login.is_proof_repeated) return refused(fcinfo, response, session::Status::kProofInvalid);
  if (login.is_locked) return refused(fcinfo, response, session::Status::kLocked);
  if (!login.room.granted) return refused(fcinfo, response, session::Status::kLimitReached);
  TokenClaims claims = token_claims(login.user.user_id, login.session.id, login.session.claims, login.session.has_claims);
  if (asks_application) {
    as_owner("account", [&](MemoryContext) {
      claims.is_refused = claims.is_refused || has_ended_meanwhile(login);
      if (claims.is_refused)
        record_refused(login);
      else
        store(login);
    });
  }
  if (login.is_locked) return refused(fcinfo, response, session::Status::kLocked);
  if (claims.is_refused) return refused(fcinfo, response, session::Status::kRefused);
  const AccessToken access = mint(login, claims.members);
  Count(Counted::kLogin, session::Status::kOk);
  response.status = session::Status::kOk;
  response.has_tokens = true;
  response.access_token = access.text;
  response.access_expires_at = access.expires_at;
  response.refresh_token = login.fresh.refresh_token;
  response.refresh_expires_at = login.session.idle_ends_at;
  response.session_id = &login.session.id;
  response.evicted = login.ended.ids;
  response.evicted_count = login.ended.count;
  return response_datum(fcinfo, response);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_issue_refresh_session) { return jwt_auth::pg::issue_refresh_session(fcinfo); }
