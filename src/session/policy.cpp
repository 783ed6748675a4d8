#include "session/policy.hpp"

namespace jwt_auth::session {

namespace {

Presented WhichToken(const SessionState &state, const PresentedToken &token) noexcept {
  if (SameHash(state.current_hash, token.secret_hash)) return Presented::kCurrent;
  if (state.has_previous && SameHash(state.previous_hash, token.secret_hash)) return Presented::kPrevious;
  return token.generation > state.generation ? Presented::kNewer : Presented::kOld;
}

// A client that says nothing about itself is not somewhere else.
bool IsElsewhere(const Client &latest, const Client &client) noexcept {
  if (client.address.known() && !SameAddress(latest.address, client.address)) return true;
  if (!client.has_fingerprint) return false;
  return !latest.has_fingerprint || !SameHash(latest.fingerprint, client.fingerprint);
}

bool IsWithinRetryWindow(Micros rotated_at, Micros now, Micros interval) noexcept {
  Micros elapsed = 0;
  if (__builtin_sub_overflow(now, rotated_at, &elapsed)) return false;
  return elapsed < interval && elapsed > -interval;
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
  }
  return "";
}

const char *NameOf(Presented presented) noexcept {
  switch (presented) {
    case Presented::kCurrent:
      return "current";
    case Presented::kPrevious:
      return "previous";
    case Presented::kOld:
      return "old";
    case Presented::kNewer:
      return "newer";
  }
  return "";
}

Ending EndOf(Micros created_at, Micros idle_end, Micros absolute_end, const Cutoffs &cutoffs, Micros now) noexcept {
  if (created_at <= cutoffs.user) return {true, Status::kInvalid, Event::kUserRevoked, cutoffs.user};
  if (created_at <= cutoffs.global) return {true, Status::kInvalid, Event::kAllRevoked, cutoffs.global};
  if (now >= absolute_end) return {true, Status::kExpired, Event::kExpired, absolute_end};
  if (now >= idle_end) return {true, Status::kIdleExpired, Event::kExpired, idle_end};
  return {false, Status::kOk, Event::kNone, kNever};
}

Decision Decide(const SessionState &state, const PresentedToken &token, const Client &client, const RefreshPolicy &policy,
                const Cutoffs &cutoffs, Micros now) noexcept {
  if (!SameHash(state.family_hash, token.family_hash)) return kUnknownSession;

  const Presented presented = WhichToken(state, token);
  const auto ends = [presented](Status status, Event event) { return Decision{status, true, event, presented, false, false}; };

  const Ending ending = EndOf(state.created_at, state.idle_end, state.absolute_end, cutoffs, now);
  if (ending.over) return ends(ending.status, ending.event);

  const BindingCheck address = CheckAddress(policy.binding, state.bound.address, client.address);
  if (address == BindingCheck::kViolated) return ends(Status::kIpMismatch, Event::kIpMismatch);
  const BindingCheck fingerprint = CheckFingerprint(policy.binding, state.bound, client);
  if (fingerprint == BindingCheck::kViolated) return ends(Status::kFingerprintMismatch, Event::kFingerprintMismatch);

  switch (presented) {
    case Presented::kCurrent:
      return {
          Status::kOk, false, Event::kNone, presented, address == BindingCheck::kLogged, fingerprint == BindingCheck::kLogged};
    case Presented::kPrevious:
      if (IsWithinRetryWindow(state.refreshed_at, now, policy.reuse_interval)) {
        const Event event = IsElsewhere(state.latest, client) ? Event::kReplayElsewhere : Event::kNone;
        return {Status::kReplayed, false, event, presented, false, false};
      }
      return ends(Status::kReuseDetected, Event::kReuseDetected);
    case Presented::kNewer:
      return ends(Status::kInvalid, Event::kUnknownRotation);
    case Presented::kOld:
      return ends(Status::kReuseDetected, Event::kReuseDetected);
  }
  return kUnknownSession;
}

}  // namespace jwt_auth::session
