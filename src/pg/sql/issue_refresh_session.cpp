// issue_refresh_session: a log-in.
#include "jose/crypto/openssl.hpp"
#include "pg/identity/proof.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/keyring/prepare_to_sign.hpp"
#include "pg/session/claims_function.hpp"
#include "pg/session/client_argument.hpp"
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
#include "session/limit.hpp"

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

// Which live sessions go, chosen by the core; plain data.
struct Eviction {
  bool granted;
  session::LiveSession *evicted;
  std::size_t count;
};

Eviction choose_evictions(const LiveSessions &live, int limit) {
  Eviction eviction{};
  eviction.evicted = static_cast<session::LiveSession *>(palloc(sizeof(session::LiveSession) * (live.count + 1)));
  const auto chosen = value_or_raise([&]() -> Result<Eviction> {
    const session::Room room =
        session::MakeRoom({live.sessions, live.sessions + live.count}, limit, settings::SessionLimitPolicy());
    std::copy(room.evicted.begin(), room.evicted.end(), eviction.evicted);
    return Eviction{room.granted, eviction.evicted, room.evicted.size()};
  });
  return chosen;
}

// Sessions that made room.
struct Evicted {
  bool granted;
  pg_uuid_t *ids;
  int count;
};

// A refresh may come between the look and the deletion: then what looked idle is not, and the choice is made again.
constexpr int kMostChoices = 100;

Evicted make_room(const UserRef &user, const Account &account, const session::Cutoffs &cutoffs, MemoryContext context) {
  Evicted evicted{true, nullptr, 0};
  if (account.max_sessions == 0) return evicted;
  const bool only_as_seen = settings::SessionLimitPolicy() == session::LimitPolicy::kEvictIdle;
  for (int choice = 0; choice < kMostChoices; choice++) {
    const Micros now = now_micros();
    const LiveSessions live = read_live_sessions(user, std::max(cutoffs.user, cutoffs.global), now, context);
    const Eviction eviction = choose_evictions(live, account.max_sessions);
    if (!eviction.granted) return Evicted{false, nullptr, 0};
    if (evicted.ids == nullptr)
      evicted.ids = static_cast<pg_uuid_t *>(MemoryContextAlloc(context, sizeof(pg_uuid_t) * (eviction.count + 1)));
    bool all_gone = true;
    for (std::size_t i = 0; i < eviction.count; i++) {
      const session::LiveSession &one = eviction.evicted[i];
      const pg_uuid_t id = UuidOf(one.id);
      const bool deleted =
          only_as_seen ? delete_session(id, user.user_key, &one.generation) : delete_live_session(id, user.user_key);
      if (!deleted) {
        all_gone = !only_as_seen && all_gone;
        continue;
      }
      evicted.ids = static_cast<pg_uuid_t *>(repalloc(evicted.ids, sizeof(pg_uuid_t) * (evicted.count + 2)));
      evicted.ids[evicted.count++] = id;
    }
    if (all_gone) return evicted;
  }
  ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE), errmsg("could not make room for a session"),
                  errdetail("The user's sessions were refreshed faster than they could be evicted.")));
  pg_unreachable();
}

// Says which policy chose it and which log-in it made room for.
AuthEvent evicted_event(const pg_uuid_t &evicted, const pg_uuid_t &newcomer) {
  DetailBuilder detail;
  detail.add_text("policy", session::NameOf(settings::SessionLimitPolicy()));
  detail.add_text("by", uuid_text(newcomer));
  AuthEvent event{};
  event.event = session::Event::kEvicted;
  event.session_id = &evicted;
  event.detail = detail.finish();
  return event;
}

struct StoredSession {
  bool granted;
  bool is_proof_repeated;  // then nothing else was done
  Micros now;              // the clock, after the account's lock was taken
  NewSession session;
  FreshSession fresh;
  Account account;
  Evicted evicted;
};

NewSession new_session(FunctionCallInfo fcinfo, const UserRef &user, const ClientArgument &client, const FreshSession &fresh,
                       Micros created_at) {
  const session::LifetimePolicy lifetimes = settings::Lifetimes();
  NewSession row{};
  row.id = UuidOf(fresh.id);
  row.user = user;
  row.created_at = created_at;
  row.ends_at = session::AbsoluteEnd(created_at, lifetimes);
  row.idle_ends_at = session::IdleEnd(created_at, row.ends_at, lifetimes);
  row.family = fresh.family;
  row.current = fresh.current;
  row.ip = client.ip;
  row.has_ip = client.has_ip;
  row.client = client.client;
  row.user_agent = client.user_agent;
  row.has_claims = !PG_ARGISNULL(4);
  if (row.has_claims) row.claims = PG_GETARG_DATUM(4);
  row.has_metadata = !PG_ARGISNULL(5);
  if (row.has_metadata) row.metadata = PG_GETARG_DATUM(5);
  return row;
}

void record_refusal(const StoredSession &stored, const UserRef &user, const ClientArgument &client) {
  DetailBuilder detail;
  detail.add_number("max_sessions", stored.account.max_sessions);
  AuthEvent event{};
  event.event = session::Event::kLimitReached;
  event.detail = detail.finish();
  write_event(event_source(user.user_id, client), event, timestamp_of(stored.now));
}

void record_login(const StoredSession &stored, const UserRef &user, const ClientArgument &client, bool is_bound) {
  const int evicted = stored.evicted.count;
  auto *events = static_cast<AuthEvent *>(palloc(sizeof(AuthEvent) * (evicted + 2)));
  for (int i = 0; i < evicted; i++) events[i] = evicted_event(stored.evicted.ids[i], stored.session.id);
  events[evicted] = AuthEvent{};
  events[evicted].event = session::Event::kLogin;
  events[evicted].session_id = &stored.session.id;
  int count = evicted + 1;
  if (is_bound) {
    events[count] = AuthEvent{};
    events[count].event = session::Event::kBound;
    events[count].session_id = &stored.session.id;
    events[count++].detail = "{\"kind\": \"dpop\"}";
  }
  write_events(event_source(user.user_id, client), events, count, timestamp_of(stored.now));
}

// Everything that is written. Inside as_owner(); `caller` is for what is answered.
void store_session(FunctionCallInfo fcinfo, const UserRef &user, const ClientArgument &client, const CheckedProof *proof,
                   MemoryContext caller, StoredSession &stored) {
  stored.is_proof_repeated = proof != nullptr && !use_proof(proof->id, proof->good_until);
  if (stored.is_proof_repeated) return;
  stored.account = touch_account(user, GetCurrentTimestamp());
  // A cutoff for everybody may have come while the account was waited for.
  refresh_keyring();
  const session::Cutoffs cutoffs = {stored.account.not_before, global_cutoff()};
  stored.evicted = make_room(user, stored.account, cutoffs, caller);
  stored.granted = stored.evicted.granted;
  stored.now = now_micros();
  const Micros created_at = session::CreationTime(stored.now, cutoffs);
  if (!session::IsAfterCutoffs(created_at, cutoffs))
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("no session can begin"),
                    errdetail("The cutoff of the user or of everybody never ends.")));
  if (!stored.granted) return record_refusal(stored, user, client);
  stored.fresh = in_context(caller, [&] { return value_or_raise([&] { return MakeSession(created_at, user.user_key); }); });
  stored.session = new_session(fcinfo, user, client, stored.fresh, created_at);
  insert_session(stored.session);
  if (proof != nullptr) bind_new_session(stored.session.id, user.user_key, {KeyKind::kDpop, view_of(proof->thumbprint)});
  record_login(stored, user, client, proof != nullptr);
}

// A log-in that was not granted.
Datum refused(FunctionCallInfo fcinfo, TokenResponse &response, session::Status status) {
  Count(Counted::kLogin, status);
  response.status = status;
  return response_datum(fcinfo, response);
}

Datum issue_refresh_session(FunctionCallInfo fcinfo) {
  refuse_restricted_operation();
  const UserRef user = user_argument(fcinfo, 0);
  const ClientArgument client = client_argument(fcinfo, 1, 2, 3);
  refuse_unsupported(fcinfo, 6, "class");
  refuse_unsupported(fcinfo, 7, "device");
  const ProofArgument proof = proof_argument(fcinfo, 8);
  if (!PG_ARGISNULL(4)) check_session_claims(PG_GETARG_JSONB_P(4));
  if (!PG_ARGISNULL(5)) check_object(PG_GETARG_JSONB_P(5), "metadata");
  refresh_keyring();

  CheckedProof checked{};
  if (proof.proof.present) checked = check_proof(proof, {}, {}, now_micros());
  TokenResponse response{};
  response.user_id = {true, user.user_id};
  if (proof.proof.present && !checked.ok) return refused(fcinfo, response, session::Status::kProofInvalid);

  StoredSession stored{};
  as_owner("account", [&](MemoryContext caller) {
    store_session(fcinfo, user, client, proof.proof.present ? &checked : nullptr, caller, stored);
  });
  if (stored.is_proof_repeated) return refused(fcinfo, response, session::Status::kProofInvalid);
  if (!stored.granted) return refused(fcinfo, response, session::Status::kLimitReached);
  const OptionalText members =
      token_claim_members(user.user_id, stored.session.id, stored.session.claims, stored.session.has_claims);
  // A session that begins after a cutoff which lies ahead of the clock has tokens of the clock all the same.
  const AccessTokenRequest request = {user.user_id,
                                      stored.fresh.id,
                                      stored.now,
                                      std::min(stored.now, stored.session.created_at),
                                      stored.session.idle_ends_at,
                                      members.text,
                                      stored.session.client,
                                      stored.account.binding,
                                      checked.ok ? std::optional(checked.thumbprint) : std::nullopt};
  prepare_to_sign_access_token(request.now);
  const AccessToken access = value_or_raise([&] { return MintAccessToken(request); });
  Count(Counted::kLogin, session::Status::kOk);
  response.status = session::Status::kOk;
  response.has_tokens = true;
  response.access_token = access.text;
  response.access_expires_at = access.expires_at;
  response.refresh_token = stored.fresh.refresh_token;
  response.refresh_expires_at = stored.session.idle_ends_at;
  response.session_id = &stored.session.id;
  response.evicted = stored.evicted.ids;
  response.evicted_count = stored.evicted.count;
  return response_datum(fcinfo, response);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_issue_refresh_session) { return jwt_auth::pg::issue_refresh_session(fcinfo); }
