#include "session/policy.hpp"

namespace jwt_auth::session {

namespace {

TokenAge AgeOf(const SessionState &state, const RefreshTokenHashes &token) noexcept {
  if (SameHash(state.current_hash, token.secret_hash)) return TokenAge::kCurrent;
  if (state.has_previous && SameHash(state.previous_hash, token.secret_hash)) return TokenAge::kPrevious;
  return token.has_proven_generation && token.generation > state.generation ? TokenAge::kNewer : TokenAge::kOld;
}

// Whether a client differs from the one of the latest rotation. What it does not tell is not compared.
bool IsElsewhere(const Client &latest, const Client &client) noexcept {
  if (client.address.known() && !SameAddress(latest.address, client.address)) return true;
  if (!client.has_fingerprint) return false;
  return !latest.has_fingerprint || !SameHash(latest.fingerprint, client.fingerprint);
}

// Whether an enforcing policy refuses to answer a late retry of this client: the session may be bound to neither, if the log-in
// gave no address, and the answer of the latest rotation was for one client.
bool IsRefusedElsewhere(const BindingPolicy &policy, const Client &latest, const Client &client) noexcept {
  return CheckAddress(policy, latest.address, client.address) == BindingCheck::kViolated ||
         CheckFingerprint(policy, latest, client) == BindingCheck::kViolated;
}

LateAnswer LateAnswerTo(const SessionState &state, const Client &client, const RefreshPolicy &policy, Micros now) noexcept {
  const LateAnswer answer = AnswerLate(state.generation, state.late, policy.late_retry, policy.reuse_interval, now);
  // Whoever proves the key is the client that lost the answer, however late and however often it asks.
  if (policy.key == KeyProof::kProven) return answer == LateAnswer::kRefused ? LateAnswer::kRecorded : answer;
  return IsRefusedElsewhere(policy.binding, state.latest, client) ? LateAnswer::kRefused : answer;
}

Decision DecideOnPrevious(const SessionState &state, const Client &client, const RefreshPolicy &policy, Micros now) noexcept {
  const auto replayed = [](Event event) {
    return Decision{Status::kReplayed, false, event, TokenAge::kPrevious, false, false};
  };
  const LateAnswer answer = IsWithinInterval(state.refreshed_at, now, policy.reuse_interval)
                                ? LateAnswer::kRepeated
                                : LateAnswerTo(state, client, policy, now);
  switch (answer) {
    case LateAnswer::kRecorded:
      return replayed(Event::kLateReplay);
    case LateAnswer::kRepeated:
      return replayed(IsElsewhere(state.latest, client) ? Event::kReplayElsewhere : Event::kNone);
    case LateAnswer::kRefused:
      break;
  }
  return {Status::kReuseDetected, true, Event::kReuseDetected, TokenAge::kPrevious, false, false};
}

}  // namespace

const char *NameOf(Status status) noexcept {
  switch (status) {
    case Status::kOk:
      return "ok";
    case Status::kReplayed:
      return "replayed";
    case Status::kLimitReached:
      return "limit_reached";
    case Status::kInvalid:
      return "invalid";
    case Status::kExpired:
      return "expired";
    case Status::kIdleExpired:
      return "idle_expired";
    case Status::kReuseDetected:
      return "reuse_detected";
    case Status::kIpMismatch:
      return "ip_mismatch";
    case Status::kFingerprintMismatch:
      return "fingerprint_mismatch";
    case Status::kProofRequired:
      return "proof_required";
    case Status::kProofInvalid:
      return "proof_invalid";
    case Status::kLocked:
      return "locked";
    case Status::kRefused:
      return "refused";
  }
  return "";
}

const char *NameOf(TokenAge age) noexcept {
  switch (age) {
    case TokenAge::kCurrent:
      return "current";
    case TokenAge::kPrevious:
      return "previous";
    case TokenAge::kOld:
      return "old";
    case TokenAge::kNewer:
      return "newer";
  }
  return "";
}

std::optional<Ending> EndOf(Micros created_at, Micros idle_end, Micros absolute_end, const Cutoffs &cutoffs,
                            Micros now) noexcept {
  if (created_at <= cutoffs.user) return Ending{Status::kInvalid, Event::kUserRevoked, cutoffs.user};
  if (created_at <= cutoffs.global) return Ending{Status::kInvalid, Event::kAllRevoked, cutoffs.global};
  if (now >= absolute_end) return Ending{Status::kExpired, Event::kExpired, absolute_end};
  if (now >= idle_end) return Ending{Status::kIdleExpired, Event::kExpired, idle_end};
  return std::nullopt;
}

Decision Decide(const SessionState &state, const RefreshTokenHashes &token, const Client &client, const RefreshPolicy &policy,
                const Cutoffs &cutoffs, Micros now) noexcept {
  if (!SameHash(state.family_hash, token.family_hash)) return kUnknownSession;

  const TokenAge age = AgeOf(state, token);
  const auto ends = [age](Status status, Event event) { return Decision{status, true, event, age, false, false}; };

  const auto ending = EndOf(state.created_at, state.idle_end, state.absolute_end, cutoffs, now);
  if (ending) return ends(ending->status, ending->event);

  // Before whatever could end the session: anybody may send a wrong proof.
  if (policy.key == KeyProof::kMissing) return {Status::kProofRequired, false, Event::kProofMismatch, age, false, false};
  if (policy.key == KeyProof::kWrong) return {Status::kProofInvalid, false, Event::kProofMismatch, age, false, false};

  const BindingCheck address = CheckAddress(policy.binding, state.bound.address, client.address);
  if (address == BindingCheck::kViolated) return ends(Status::kIpMismatch, Event::kIpMismatch);
  const BindingCheck fingerprint = CheckFingerprint(policy.binding, state.bound, client);
  if (fingerprint == BindingCheck::kViolated) return ends(Status::kFingerprintMismatch, Event::kFingerprintMismatch);

  switch (age) {
    case TokenAge::kCurrent:
      return {Status::kOk, false, Event::kNone, age, address == BindingCheck::kLogged, fingerprint == BindingCheck::kLogged};
    case TokenAge::kPrevious:
      return DecideOnPrevious(state, client, policy, now);
    case TokenAge::kNewer:
      return ends(Status::kInvalid, Event::kUnknownRotation);
    case TokenAge::kOld:
      return ends(Status::kReuseDetected, Event::kReuseDetected);
  }
  return kUnknownSession;
}

}  // namespace jwt_auth::session
