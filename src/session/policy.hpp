// What the presentation of a refresh token means: the one place that decides.
#pragma once

#include <cstdint>
#include <optional>

#include "session/binding.hpp"
#include "session/event.hpp"
#include "session/late_retry.hpp"
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
  kProofRequired,
  kProofInvalid,
  kLocked,
  kRefused,
};
constexpr Status kLastStatus = Status::kRefused;
const char *NameOf(Status status) noexcept;

// A session's row, as far as a decision is concerned. Plain data.
struct SessionState {
  Micros created_at;
  Micros auth_time;     // kNoCutoff: created_at
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
  std::optional<LateReplay> late;
};

// Why and when a session ended whose row is still there: by a cutoff, or because its time has run out.
struct Ending {
  Status status;  // the answer to a refresh
  Event event;
  Micros at;
};
// None while the session lives. The user's cutoff comes before the global one, the absolute end before the idle end.
std::optional<Ending> EndOf(Micros created_at, Micros idle_end, Micros absolute_end, const Cutoffs &cutoffs,
                            Micros now) noexcept;

// What was shown of the key that a session is bound to.
enum class KeyProof : std::uint8_t {
  kNotBound,  // and nothing is asked
  kMissing,
  kWrong,
  kProven,
};

struct RefreshPolicy {
  BindingPolicy binding;
  Micros reuse_interval;  // 0: every retry comes late
  KeyProof key = KeyProof::kNotBound;
  LateRetry late_retry = LateRetry::kNever;
};

// Which of a session's refresh tokens was presented, as far as the row can tell.
enum class TokenAge : std::uint8_t { kCurrent, kPrevious, kOld, kNewer };
const char *NameOf(TokenAge age) noexcept;

// What to answer and what to write. `ends` with an event says why the session ended; without `ends` nothing is deleted.
struct Decision {
  Status status;
  bool ends;
  Event event;         // of the outcome; kNone if there is none
  TokenAge token_age;  // meaningful once the family secret matched
  // Mismatches that the policy only logs; each is an event of its own beside an `ok`.
  bool logs_ip_mismatch;
  bool logs_fingerprint_mismatch;
};

// The answer where the session has no row.
constexpr Decision kUnknownSession = {Status::kInvalid, false, Event::kNone, TokenAge::kOld, false, false};

// First match wins:
//   family secret wrong                     invalid; nothing ends
//   older than a cutoff                     invalid; ends (user_revoked, all_revoked)
//   past its absolute, its idle end         expired, idle_expired; ends (expired)
//   its key not proven                      proof_required, proof_invalid; nothing ends (proof_mismatch)
//   binding violated under enforcement      ip_mismatch, fingerprint_mismatch; ends
//   current secret                          ok; the caller rotates
//   previous secret, within the interval    replayed; nothing is written, but event replay_elsewhere if the client differs
//   previous secret, later, as AnswerLate
//   has it
//     kRecorded                             replayed (late_replay): the caller records it in the row, under the row's lock
//     kRepeated                             as within the interval
//     kRefused                              reuse_detected; ends
//   no secret, a proven generation above    invalid; ends (unknown_rotation): the row lost a rotation
//     the row's
//   no secret                               reuse_detected; ends
// The previous secret's successor is unused by construction: its use would have made the successor the previous one.
// A clock that stepped back by less than the interval still admits a retry; by more, it does not stretch the window.
Decision Decide(const SessionState &state, const RefreshTokenHashes &token, const Client &client, const RefreshPolicy &policy,
                const Cutoffs &cutoffs, Micros now) noexcept;

}  // namespace jwt_auth::session
