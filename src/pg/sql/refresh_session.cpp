// refresh_session: what a presented refresh token means, and what comes of it. Read, decide, then compare and swap.
#include "pg/identity/proof.hpp"
#include "pg/keyring/key_encryption.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/keyring/server_secret.hpp"
#include "pg/keyring/session_classes.hpp"
#include "pg/session/claims_function.hpp"
#include "pg/session/client_argument.hpp"
#include "pg/session/presented_token.hpp"
#include "pg/session/session_token.hpp"
#include "pg/session/token_response.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/store/account_version.hpp"
#include "pg/store/auth_event.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/rotation.hpp"
#include "pg/store/session_store.hpp"
#include "pg/store/suppressed.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/statistics.hpp"
#include "pg/support/uuid.hpp"

namespace jwt_auth::pg {

namespace {

using session::Decision;
using session::Micros;
using session::Status;

// The token that follows the presented one under a nonce.
struct Successor {
  session::Hash hash;
  Bytes text;
};

Successor successor_of(const PresentedToken &presented, std::uint32_t generation, const session::Nonce &nonce,
                       std::string_view server_secret) {
  return value_or_raise([&]() -> Result<Successor> {
    const auto token = TokenOf(presented);
    if (!token) return token.error();
    const auto pepper = Pepper();
    if (!pepper) return pepper.error();
    const auto next = token->Successor(generation, nonce, jose::AsText(*pepper), server_secret);
    auto text = CopyOut(jose::AsText(next.Encode()));
    if (!text) return text.error();
    return Successor{next.SecretHash(), *text};
  });
}

session::Nonce random_nonce() {
  return value_or_raise([]() -> Result<session::Nonce> {
    const jose::SecretBytes random = jose::RandomBytes(sizeof(session::Nonce));
    session::Nonce nonce;
    std::copy(random.begin(), random.end(), nonce.begin());
    return nonce;
  });
}

// One call, from its first look to what it wrote. Plain data.
struct Refresh {
  PresentedToken presented;
  session::RefreshTokenHashes token;
  pg_uuid_t id;
  session::UserKey user_key;
  const ClientArgument *client;
  const ProofArgument *proof;
  CheckedProof checked;    // what it was found to be, if there is one
  bool is_proof_repeated;  // it was used before
  MemoryContext caller;
  std::string_view server_secret;  // empty where the database has none yet, or none that can be read

  bool found;
  SessionRow row;
  UserRef user;
  Account account;
  bool corrected;  // the times of the row as they were read, which a clock that ran ahead had written
  Micros now;
  std::optional<session::Ending> ending;  // by its time or a cutoff
  Decision decision;
  Successor successor;
  session::LifetimePolicy lifetimes;  // of the session's class
  Micros ends_at, idle_end;           // after a rotation
  bool has_claims;
  Datum claims;  // as stored at log-in
};

// What is wrong with the proof of the key that the row is bound to; none if nothing is.
std::optional<jose::ProofRefusal> proof_refusal(const Refresh &refresh) {
  // A browser's session is refreshed by refresh_bound_session() alone.
  if (refresh.row.key.kind != KeyKind::kDpop || !refresh.proof->proof.present) return jose::ProofRefusal::kMissing;
  if (!refresh.checked.ok) return refresh.checked.refusal;
  if (refresh.row.key.key != view_of(refresh.checked.thumbprint)) return jose::ProofRefusal::kOtherKey;
  if (refresh.is_proof_repeated) return jose::ProofRefusal::kRepeated;
  return std::nullopt;
}

session::KeyProof key_proof(const Refresh &refresh) {
  if (refresh.row.key.kind == KeyKind::kNone) return session::KeyProof::kNotBound;
  const auto refusal = proof_refusal(refresh);
  if (!refusal) return session::KeyProof::kProven;
  return *refusal == jose::ProofRefusal::kMissing ? session::KeyProof::kMissing : session::KeyProof::kWrong;
}

// Of a token that the row does not know yet. JW022 where the secret can't be read: it is not to be taken for an invented one.
bool proves_generation(const Refresh &refresh) {
  if (!find_server_secret()) return false;
  return value_or_raise([&]() -> Result<bool> {
    const auto token = TokenOf(refresh.presented);
    return token && token->ProvesGeneration(ServerSecret());
  });
}

// Decides on the row as it was read, by the account, the cutoffs and the clock of this moment.
void judge(Refresh &refresh) {
  // A cutoff for everybody may have come while the row was waited for.
  refresh_keyring();
  refresh.user = UserRef{refresh.user_key, {}, refresh.row.user_id};
  refresh.account = read_account(refresh.user);
  refresh.account.version = version_for_claims(refresh.user, refresh.account);
  refresh.now = now_micros();
  // A database that has not been updated to 2.0 yet can't record late replays.
  const session::LateRetry late_retry = has_key_columns() ? settings::LateRetryPolicy() : session::LateRetry::kNever;
  const session::RefreshPolicy policy = {refresh.account.binding, settings::refresh_reuse_interval * jose::kMicrosPerSecond,
                                         key_proof(refresh), late_retry};
  const session::Cutoffs cutoffs = {refresh.account.not_before, global_cutoff()};
  if (correct_if_ahead(refresh.row.state, refresh.now)) refresh.corrected = true;
  session::SessionState state = refresh.row.state;
  refresh.lifetimes = LifetimesOfClass(refresh.row.session_class);
  // Of a session that a clock which ran ahead has begun, the log-in is earlier than its row says.
  const Micros began = std::min(state.created_at, session::AuthTime(state.auth_time, state.created_at, refresh.now));
  refresh.ends_at = session::EndAtRefresh(began, state.absolute_end, refresh.row.session_class.present, refresh.lifetimes);
  state.absolute_end = std::min(state.absolute_end, refresh.ends_at);
  refresh.token.has_proven_generation = refresh.token.generation > state.generation && proves_generation(refresh);
  refresh.ending = session::EndOf(state.created_at, state.idle_end, state.absolute_end, cutoffs, refresh.now);
  refresh.decision = session::Decide(state, refresh.token, refresh.client->client, policy, cutoffs, refresh.now);
}

// Reads and decides, under whichever lock. A row that a transaction with an old snapshot can't see is a conflict, not an
// unknown session.
void look(Refresh &refresh, ReadMode mode) {
  refresh.decision = session::kUnknownSession;
  refresh.corrected = false;
  refresh.found = read_session(refresh.id, refresh.user_key, mode, refresh.caller, refresh.row);
  if (refresh.found)
    judge(refresh);
  else
    raise_if_unseen(refresh.id, refresh.user_key);
}

bool swap(Refresh &refresh) {
  Rotation rotation{};
  rotation.id = refresh.id;
  rotation.user_key = refresh.user_key;
  rotation.presented = refresh.token.secret_hash;
  rotation.nonce = random_nonce();
  refresh.successor = in_context(refresh.caller, [&] {
    return successor_of(refresh.presented, refresh.row.state.generation + 1, rotation.nonce, refresh.server_secret);
  });
  refresh.idle_end = session::IdleEnd(refresh.now, refresh.ends_at, refresh.lifetimes);
  rotation.successor = refresh.successor.hash;
  rotation.now = refresh.now;
  rotation.ends_at = refresh.ends_at;
  rotation.idle_ends_at = refresh.idle_end;
  rotation.ip = refresh.client->ip;
  rotation.has_ip = refresh.client->has_ip;
  rotation.client = refresh.client->client;
  rotation.user_agent = refresh.client->user_agent;
  return rotate_session(rotation, refresh.caller, refresh.row);
}

AuthEvent event_of(const Refresh &refresh, session::Event name, const char *detail) {
  AuthEvent event{};
  event.event = name;
  event.session_id = &refresh.id;
  event.detail = detail;
  return event;
}

const char *detail_of(const Refresh &refresh) {
  JsonBuilder detail;
  add_decision(detail, refresh.decision, refresh.ending, refresh.account.binding);
  if (refresh.decision.event == session::Event::kProofMismatch)
    detail.add_text("reason", jose::NameOf(proof_refusal(refresh).value_or(jose::ProofRefusal::kMissing)));
  return detail.finish();
}

AuthEvent unenforced(const Refresh &refresh, session::Event name) {
  AuthEvent event = event_of(refresh, name, "{\"enforced\": false}");
  event.is_unenforced = true;
  return event;
}

void record(const Refresh &refresh) {
  const Decision &decision = refresh.decision;
  const EventSource source = event_source(refresh.user.user_id, *refresh.client);
  const TimestampTz at = timestamp_of(refresh.now);
  if (decision.event != session::Event::kNone) write_event(source, event_of(refresh, decision.event, detail_of(refresh)), at);
  if (decision.logs_ip_mismatch) write_event(source, unenforced(refresh, session::Event::kIpMismatch), at);
  if (decision.logs_fingerprint_mismatch) write_event(source, unenforced(refresh, session::Event::kFingerprintMismatch), at);
  if (decision.status == Status::kOk && settings::log_refresh)
    write_event(source, event_of(refresh, session::Event::kRefreshed, nullptr), at);
}

void end_session(const Refresh &refresh) {
  if (refresh.ending)
    delete_session(refresh.id, refresh.user_key);
  else
    delete_live_session(refresh.id, refresh.user_key);
}

// Makes the current token again. False if that fails: another pepper than at the rotation gives another secret.
bool repeat_successor(Refresh &refresh) {
  const session::SessionState &state = refresh.row.state;
  const auto is_current = [&](std::string_view server_secret) {
    refresh.successor = in_context(
        refresh.caller, [&] { return successor_of(refresh.presented, state.generation, refresh.row.nonce, server_secret); });
    return session::SameHash(refresh.successor.hash, state.current_hash);
  };
  // The rotation may have been made before the database had a secret.
  return is_current(refresh.server_secret) || (!refresh.server_secret.empty() && is_current({}));
}

void act(Refresh &refresh) {
  if (refresh.decision.status == Status::kReplayed) {
    refresh.idle_end = refresh.row.state.idle_end;
    bool is_repeated = repeat_successor(refresh);
    // JW022 where that may be for want of the secret: with it the client can ask again. Its file may have come back meanwhile.
    if (!is_repeated && refresh.server_secret.empty() && find_server_secret()) {
      refresh.server_secret = ServerSecret();
      is_repeated = repeat_successor(refresh);
    }
    if (!is_repeated) {
      refresh.decision = session::kUnknownSession;
      return;
    }
  }
  if (refresh.decision.event == session::Event::kProofMismatch &&
      !note_proof_mismatch(refresh.id, refresh.user_key, refresh.now))
    return;
  if (refresh.decision.ends) end_session(refresh);
  if (refresh.decision.event == session::Event::kLateReplay)
    record_late_replay(refresh.id, refresh.user_key, {refresh.row.state.generation, refresh.now});
  record(refresh);
}

void read_stored_claims(Refresh &refresh) {
  refresh.has_claims = refresh.row.has_data && read_claims(refresh.id, refresh.user_key, refresh.caller, refresh.claims);
}

bool hands_out_tokens(const Decision &decision) {
  return decision.status == Status::kOk || decision.status == Status::kReplayed;
}

bool asks_for_action(const Decision &decision) { return decision.ends || hands_out_tokens(decision); }

// Before any row is locked: of two refreshes that show one proof, the one that waits here holds nothing that the other needs.
void use_up_proof(Refresh &refresh) {
  if (refresh.row.key.kind == KeyKind::kNone || !hands_out_tokens(refresh.decision)) return;
  if (use_proof(refresh.checked.id, refresh.checked.good_until)) return;
  refresh.is_proof_repeated = true;
  judge(refresh);
}

// Everything that touches the tables. Inside as_owner().
void run(Refresh &refresh) {
  ReadMode mode = ReadMode::kPlain;
  look(refresh, mode);
  use_up_proof(refresh);
  while (asks_for_action(refresh.decision)) {
    if (refresh.decision.status == Status::kOk) {
      if (swap(refresh)) {
        const session::SessionState &state = refresh.row.state;
        if (refresh.corrected)
          correct_session(refresh.id, refresh.user_key, {state.auth_time, refresh.ends_at, refresh.idle_end});
        // The row may have been waited for, and the world have changed meanwhile; it is ours now, so this judgement is the
        // last.
        if (has_waited(refresh.now)) judge(refresh);
        break;
      }
      // The row was changed since it was read. Where it is locked it can't have been.
      if (mode == ReadMode::kLocked) raise_suppressed("refresh_session");
    }
    // What ends a session or hands a token out again is decided on a row that nobody else is changing.
    CHECK_FOR_INTERRUPTS();
    mode = ReadMode::kLocked;
    look(refresh, mode);
    if (refresh.decision.status != Status::kOk) break;
  }
  act(refresh);
  if (hands_out_tokens(refresh.decision)) read_stored_claims(refresh);
}

Datum refresh_session(FunctionCallInfo fcinfo) {
  // Also of what it would refuse without writing: this server may only not know it yet.
  PreventCommandDuringRecovery("refresh_session()");
  refuse_restricted_operation();
  const OptionalText text = optional_text(fcinfo, 0);
  const ClientArgument client = client_argument(fcinfo, 1, 2, 3);
  const ProofArgument proof = proof_argument(fcinfo, 4);
  const std::optional<PresentedToken> presented = text.present ? presented_token(text.text) : std::nullopt;
  TokenResponse response{};
  response.status = Status::kInvalid;
  if (!presented) {
    Count(Counted::kRefresh, Status::kInvalid);
    return response_datum(fcinfo, response);
  }

  refresh_keyring();
  Refresh refresh{};
  refresh.presented = *presented;
  refresh.token = presented->hashes;
  refresh.id = UuidOf(presented->hashes.session_id);
  refresh.user_key = session::UserKeyIn(presented->hashes.session_id);
  refresh.client = &client;
  refresh.proof = &proof;
  if (proof.proof.present) refresh.checked = check_proof(proof, {}, {}, now_micros());
  refresh.caller = CurrentMemoryContext;
  if (server_secret_state() == SecretState::kReadable) refresh.server_secret = ServerSecret();
  as_owner("refresh_session", [&](MemoryContext) { run(refresh); });

  TokenClaims claims{};
  if (hands_out_tokens(refresh.decision)) {
    claims = token_claims(refresh.user.user_id, refresh.id, refresh.claims, refresh.has_claims);
    if (application_refuses(claims, refresh.row, event_source(refresh.user.user_id, client))) {
      refresh.decision.status = Status::kRefused;
      refresh.decision.ends = true;
    }
  }

  Count(Counted::kRefresh, refresh.decision.status);
  if (refresh.decision.status == Status::kReuseDetected)
    Count(Counted::kReuse, static_cast<unsigned>(refresh.decision.token_age));
  response.status = refresh.decision.status;
  const bool has_tokens = hands_out_tokens(refresh.decision);
  if (refresh.decision.ends || has_tokens) {
    response.session_id = &refresh.id;
    response.user_id = {true, refresh.user.user_id};
  }
  if (!has_tokens) return response_datum(fcinfo, response);

  AccessTokenRequest request =
      session_token_request(refresh.row, refresh.account, refresh.lifetimes, refresh.now, refresh.idle_end, claims.members);
  prepare_to_sign_session_token(request);
  const AccessToken access = value_or_raise([&] { return MintAccessToken(request); });
  response.has_tokens = true;
  response.access_token = access.text;
  response.access_expires_at = access.expires_at;
  response.refresh_token = refresh.successor.text;
  response.refresh_expires_at = refresh.idle_end;
  return response_datum(fcinfo, response);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_refresh_session) { return jwt_auth::pg::refresh_session(fcinfo); }
