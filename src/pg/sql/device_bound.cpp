// Sessions bound to a browser's key (DBSC): device_challenge, bind_device, refresh_bound_session.
#include "jose/proof/dbsc.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/keyring/server_secret.hpp"
#include "pg/keyring/session_classes.hpp"
#include "pg/session/claims_function.hpp"
#include "pg/session/client_argument.hpp"
#include "pg/session/session_token.hpp"
#include "pg/session/token_response.hpp"
#include "pg/store/account_version.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/rotation.hpp"
#include "pg/store/session_store.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/statistics.hpp"
#include "pg/support/uuid.hpp"
#include "session/challenge.hpp"

namespace jwt_auth::pg {

namespace {

using session::Micros;
using session::Status;

session::ChallengedSession challenged(const SessionRow &row) noexcept {
  return {SessionIdOf(row.id), row.state.generation, row.state.current_hash, row.key.kind != KeyKind::kNone};
}

// What a proof was found to be. Plain data.
struct DeviceProof {
  bool ok;
  jose::ProofRefusal refusal;  // if not ok
  Bytes public_jwk;            // of a registration
};

bool AnswersChallenge(std::string_view challenge, const SessionRow &row, Micros now) {
  return session::IsGoodChallenge(ServerSecret(), challenge, challenged(row), now, settings::leeway * jose::kMicrosPerSecond);
}

Result<DeviceProof> CheckRegistration(std::string_view proof, const SessionRow &row, Micros now) {
  const auto registration = jose::ReadDbscRegistration(proof);
  if (!registration) return DeviceProof{false, registration.refusal(), {}};
  if (!AnswersChallenge(registration->challenge, row, now)) return DeviceProof{false, jose::ProofRefusal::kOtherChallenge, {}};
  auto jwk = CopyOut(registration->public_jwk);
  if (!jwk) return jwk.error();
  return DeviceProof{true, {}, *jwk};
}

Result<DeviceProof> CheckRefresh(std::string_view proof, const SessionRow &row, Micros now) {
  const auto challenge = jose::DbscChallengeOf(proof, row.key.key);
  if (!challenge) return DeviceProof{false, challenge.refusal(), {}};
  if (!AnswersChallenge(*challenge, row, now)) return DeviceProof{false, jose::ProofRefusal::kOtherChallenge, {}};
  return DeviceProof{true, {}, {}};
}

session::Hash random_hash() {
  return value_or_raise([]() -> Result<session::Hash> {
    const jose::SecretBytes random = jose::RandomBytes(sizeof(session::Hash));
    session::Hash hash;
    std::copy(random.begin(), random.end(), hash.begin());
    return hash;
  });
}

AuthEvent event_of(const SessionRow &row, session::Event name, const char *detail) {
  AuthEvent event{};
  event.event = name;
  event.session_id = &row.id;
  event.detail = detail;
  return event;
}

// A wrong key's attempt. A challenge that has run out or was used up is none: the browser is given another one.
bool is_mismatch(jose::ProofRefusal refusal) {
  return refusal != jose::ProofRefusal::kMissing && refusal != jose::ProofRefusal::kOtherChallenge;
}

const char *reason_of(jose::ProofRefusal refusal) {
  JsonBuilder detail;
  detail.add_text("reason", jose::NameOf(refusal));
  return detail.finish();
}

Datum device_challenge(FunctionCallInfo fcinfo) {
  const pg_uuid_t id = required_uuid(fcinfo, 0, "session_id");
  const session::UserKey user_key = session::UserKeyIn(SessionIdOf(id));
  need_server_secret();
  SessionRow row{};
  const bool found = as_owner("refresh_session",
                              [&](MemoryContext caller) { return read_session(id, user_key, ReadMode::kLatest, caller, row); });
  if (!found) raise_error({ErrorCode::kSessionEnded, nullptr});
  const Micros now = now_micros();
  return value_or_raise([&] { return CopyOutVarlena(session::MakeChallenge(ServerSecret(), challenged(row), now)); });
}

bool bind_as_owner(const pg_uuid_t &id, std::string_view proof, MemoryContext caller) {
  const session::UserKey user_key = session::UserKeyIn(SessionIdOf(id));
  SessionRow row{};
  if (!read_session(id, user_key, ReadMode::kLocked, caller, row)) {
    raise_if_unseen(id, user_key);
    return false;
  }
  refresh_keyring();
  const Account account = read_account({user_key, {}, row.user_id});
  const Micros now = now_micros();
  const session::SessionState &state = row.state;
  if (session::EndOf(state.created_at, state.idle_end, state.absolute_end, {account.not_before, global_cutoff()}, now))
    return false;
  if (row.key.kind != KeyKind::kNone || row.actor.present) return false;
  const DeviceProof checked = value_or_raise([&] { return CheckRegistration(proof, row, now); });
  if (!checked.ok) {
    if (is_mismatch(checked.refusal) && note_proof_mismatch(id, user_key, now))
      write_event(event_source(row.user_id), event_of(row, session::Event::kProofMismatch, reason_of(checked.refusal)),
                  timestamp_of(now));
    return false;
  }
  if (!bind_session(id, user_key, state.current_hash, random_hash(), {KeyKind::kDbsc, checked.public_jwk.view()})) return false;
  write_event(event_source(row.user_id), event_of(row, session::Event::kBound, "{\"kind\": \"dbsc\"}"), timestamp_of(now));
  return true;
}

Datum bind_device(FunctionCallInfo fcinfo) {
  const pg_uuid_t id = required_uuid(fcinfo, 0, "session_id");
  const std::string_view proof = required_bytes(fcinfo, 1, "proof");
  require_key_columns();
  if (!find_server_secret()) PG_RETURN_BOOL(false);
  PG_RETURN_BOOL(as_owner("refresh_session", [&](MemoryContext caller) { return bind_as_owner(id, proof, caller); }));
}

// One refresh by a browser. Plain data.
struct BoundRefresh {
  SessionRow row;
  Account account;
  std::optional<session::Ending> ending;  // by its time or a cutoff
  session::Decision decision;
  session::LifetimePolicy lifetimes;  // of the session's class
  Micros now, ends_at, idle_end;
  bool has_claims;
  Datum claims;
};

// What was presented is the proof; to the rules it is the session's current secret.
session::Decision decide(BoundRefresh &refresh, const DeviceProof &proof, const ClientArgument &client) {
  session::SessionState state = refresh.row.state;
  refresh.lifetimes = LifetimesOfClass(refresh.row.session_class);
  // Of a session that a clock which ran ahead has begun, the log-in is earlier than its row says.
  const Micros began = std::min(state.created_at, session::AuthTime(state.auth_time, state.created_at, refresh.now));
  refresh.ends_at = session::EndAtRefresh(began, state.absolute_end, refresh.row.session_class.present, refresh.lifetimes);
  state.absolute_end = std::min(state.absolute_end, refresh.ends_at);
  const session::RefreshTokenHashes token = {SessionIdOf(refresh.row.id), state.generation, state.family_hash,
                                             state.current_hash, false};
  session::RefreshPolicy policy = {refresh.account.binding, 0};
  // A browser's refresh is no request of the page's, so nobody can give its fingerprint.
  policy.binding.fingerprint = session::FingerprintBinding::kOff;
  policy.key = proof.ok                                        ? session::KeyProof::kProven
               : proof.refusal == jose::ProofRefusal::kMissing ? session::KeyProof::kMissing
                                                               : session::KeyProof::kWrong;
  const session::Cutoffs cutoffs = {refresh.account.not_before, global_cutoff()};
  refresh.ending = session::EndOf(state.created_at, state.idle_end, state.absolute_end, cutoffs, refresh.now);
  return session::Decide(state, token, client.client, policy, cutoffs, refresh.now);
}

void rotate(BoundRefresh &refresh, const ClientArgument &client, MemoryContext context) {
  Rotation rotation{};
  rotation.id = refresh.row.id;
  rotation.user_key = refresh.row.user_key;
  rotation.presented = refresh.row.state.current_hash;
  rotation.successor = random_hash();
  rotation.now = refresh.now;
  refresh.idle_end = session::IdleEnd(refresh.now, refresh.ends_at, refresh.lifetimes);
  rotation.ends_at = refresh.ends_at;
  rotation.idle_ends_at = refresh.idle_end;
  rotation.ip = client.ip;
  rotation.has_ip = client.has_ip;
  rotation.client = client.client;
  rotation.user_agent = client.user_agent;
  if (!rotate_session(rotation, context, refresh.row)) elog(ERROR, "a locked session was rotated by somebody else");
}

void refresh_as_owner(BoundRefresh &refresh, const pg_uuid_t &id, const OptionalText &proof, const ClientArgument &client,
                      MemoryContext caller) {
  const session::UserKey user_key = session::UserKeyIn(SessionIdOf(id));
  refresh.decision = session::kUnknownSession;
  if (!read_session(id, user_key, ReadMode::kLocked, caller, refresh.row)) return raise_if_unseen(id, user_key);
  if (refresh.row.key.kind != KeyKind::kDbsc) return;
  refresh_keyring();
  const UserRef user = {user_key, {}, refresh.row.user_id};
  refresh.account = read_account(user);
  refresh.account.version = version_for_claims(user, refresh.account);
  refresh.now = now_micros();
  const bool corrected = correct_if_ahead(refresh.row.state, refresh.now);
  DeviceProof checked{false, jose::ProofRefusal::kMissing, {}};
  if (proof.present && !proof.text.empty())
    checked = value_or_raise([&] { return CheckRefresh(proof.text, refresh.row, refresh.now); });
  refresh.decision = decide(refresh, checked, client);

  const TimestampTz at = timestamp_of(refresh.now);
  const EventSource source = event_source(refresh.row.user_id, client);
  if (refresh.decision.event == session::Event::kProofMismatch) {
    if (is_mismatch(checked.refusal) && note_proof_mismatch(id, user_key, refresh.now))
      write_event(source, event_of(refresh.row, session::Event::kProofMismatch, reason_of(checked.refusal)), at);
    return;
  }
  if (refresh.decision.ends) {
    delete_session(id, user_key);
    JsonBuilder detail;
    add_decision(detail, refresh.decision, refresh.ending, refresh.account.binding);
    write_event(source, event_of(refresh.row, refresh.decision.event, detail.finish()), at);
    return;
  }
  rotate(refresh, client, caller);
  if (corrected) correct_session(id, user_key, {refresh.row.state.auth_time, refresh.ends_at, refresh.idle_end});
  if (refresh.decision.logs_ip_mismatch) {
    AuthEvent event = event_of(refresh.row, session::Event::kIpMismatch, "{\"enforced\": false}");
    event.is_unenforced = true;
    write_event(source, event, at);
  }
  if (settings::log_refresh) write_event(source, event_of(refresh.row, session::Event::kRefreshed, nullptr), at);
  refresh.has_claims = refresh.row.has_data && read_claims(id, user_key, caller, refresh.claims);
}

Datum refresh_bound_session(FunctionCallInfo fcinfo) {
  PreventCommandDuringRecovery("refresh_bound_session()");
  refuse_restricted_operation();
  const pg_uuid_t id = required_uuid(fcinfo, 0, "session_id");
  const OptionalText proof = optional_text(fcinfo, 1);
  const ClientArgument client = client_argument(fcinfo, 2, 3, PG_NARGS());
  require_key_columns();
  need_server_secret();
  BoundRefresh refresh{};
  as_owner("refresh_session", [&](MemoryContext caller) { refresh_as_owner(refresh, id, proof, client, caller); });

  TokenClaims claims{};
  if (refresh.decision.status == Status::kOk) {
    claims = token_claims(refresh.row.user_id, id, refresh.claims, refresh.has_claims);
    if (application_refuses(claims, refresh.row, event_source(refresh.row.user_id, client))) {
      refresh.decision.status = Status::kRefused;
      refresh.decision.ends = true;
    }
  }
  const Status status = refresh.decision.status;
  Count(Counted::kRefresh, status);
  TokenResponse response{};
  response.status = status;
  if (status == Status::kOk || refresh.decision.ends) {
    response.session_id = &refresh.row.id;
    response.user_id = {true, refresh.row.user_id};
  }
  if (status != Status::kOk) return response_datum(fcinfo, response);

  AccessTokenRequest request =
      session_token_request(refresh.row, refresh.account, refresh.lifetimes, refresh.now, refresh.idle_end, claims.members);
  prepare_to_sign_session_token(request);
  const AccessToken access = value_or_raise([&] { return MintAccessToken(request); });
  response.has_tokens = true;
  response.access_token = access.text;
  response.access_expires_at = access.expires_at;
  return response_datum(fcinfo, response);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_device_challenge) { return jwt_auth::pg::device_challenge(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_bind_device) { return jwt_auth::pg::bind_device(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_refresh_bound_session) { return jwt_auth::pg::refresh_bound_session(fcinfo); }
