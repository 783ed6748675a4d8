// What the presentation of a refresh token means: the one place that decides.
#pragma once

#include <cstdint>

#include "session/binding.hpp"
#include "session/event.hpp"
#include "session/lifetime.hpp"
#include "session/refresh_token.hpp"

namespace jwt_auth::session {

// The `status` of a token response.
enum class Status : std::uint8_t {
  kOk,
  kReplayed,
  kLimitReached,
  kInvalid,
  kExpired,
  kIdleExpired,
  kReuseDetected,
  kIpMismatch,
  kFingerprintMismatch,
};
const char *NameOf(Status status) noexcept;

// A session's row, as far as a decision is concerned. Plain data.
struct SessionState {
  Micros created_at;
  Micros refreshed_at;  // when the current secret was made: the window of a retry counts from here
  Micros idle_end;
  Micros absolute_end;
  std::uint32_t generation;
  Hash family_hash;
  Hash current_hash;
  bool has_previous;
  Hash previous_hash;
  Client bound;   // at log-in
  Client latest;  // at the latest rotation
};

// Whether, why and since when a session is over though its row is still there: a cutoff came, or its time has run out.
struct Ending {
  bool over;
  Status status;  // of a refresh
  Event event;
  Micros at;
};
Ending EndOf(Micros created_at, Micros idle_end, Micros absolute_end, const Cutoffs &cutoffs, Micros now) noexcept;

struct RefreshPolicy {
  BindingPolicy binding;
  Micros reuse_interval;  // 0: a retry is never answered
};

// Which of a session's tokens was presented, as far as the row can tell.
enum class Presented : std::uint8_t { kCurrent, kPrevious, kOld, kNewer };
const char *NameOf(Presented presented) noexcept;

// What to answer and what to write. `ends` with an event says why the session ended; without `ends` nothing is deleted.
struct Decision {
  Status status;
  bool ends;
  Event event;          // of the outcome; kNone if there is none
  Presented presented;  // meaningful once the family secret matched
  // Mismatches that the policy only takes notes of; each is an event of its own beside an `ok`.
  bool logs_ip_mismatch;
  bool logs_fingerprint_mismatch;
};

// A presentation of a session that has no row.
constexpr Decision kUnknownSession = {Status::kInvalid, false, Event::kNone, Presented::kOld, false, false};

// First match wins:
//   family secret wrong                     invalid; nothing ends
//   older than a cutoff                     invalid; ends (user_revoked, all_revoked)
//   past its absolute, its idle end         expired, idle_expired; ends (expired)
//   binding violated under enforcement      ip_mismatch, fingerprint_mismatch; ends
//   current secret                          ok; the caller rotates
//   previous secret, within the interval    replayed; nothing is written, but replay_elsewhere if from somewhere else
//   previous secret, later                  reuse_detected; ends
//   no secret, generation above the row's   invalid; ends (unknown_rotation)
//   no secret                               reuse_detected; ends
// The previous secret's successor is unused by construction: its use would have made the successor the previous one.
// A clock that stepped back by less than the interval still admits a retry; by more, it does not stretch the window.
Decision Decide(const SessionState &state, const PresentedToken &token, const Client &client, const RefreshPolicy &policy,
                const Cutoffs &cutoffs, Micros now) noexcept;

}  // namespace jwt_auth::session
