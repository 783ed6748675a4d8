// Counts of what happened, by outcome, since the server started: per database, in shared memory where the library is preloaded,
// else for this backend alone. Counting is one atomic addition; nothing is written to a table and a rollback takes nothing
// back.
#pragma once

#include <cstdint>

#include "jose/result.hpp"
#include "session/event.hpp"
#include "session/policy.hpp"

namespace jwt_auth::pg {

// What is counted. Each has outcomes: see NameOfOutcome().
enum class Counted : std::uint8_t {
  kVerify,   // jwt_verify(token), authenticate, pre_request, consume_token: 0 = accepted, else 1 + ErrorCode
  kLogin,    // issue_refresh_session: session::Status
  kRefresh,  // refresh_session: session::Status
  kReuse,    // sessions ended for reuse, by the age of the presented token: session::TokenAge
  kEvent,    // rows of auth_event, by name: session::Event
  kKeyring,  // 0: loads of the keyring into a backend's cache
  kPurge,    // purge_expired, purge_events: PurgeOutcome
  kProof,    // proofs of a key in authenticate and pre_request, where repeats are refused: ProofOutcome
};
constexpr unsigned kCountedKinds = 8;

enum class PurgeOutcome : std::uint8_t { kSession, kDeniedToken, kLeft, kEvent, kSessionData, kAccount, kCorrected };
// kDisplaced: one that could have been shown again was forgotten for want of room.
enum class ProofOutcome : std::uint8_t { kShown, kRepeated, kDisplaced };

// Neither raises nor throws: for both sides of the boundary.
void Count(Counted what, unsigned outcome, std::uint64_t by = 1) noexcept;
inline void CountAccepted() noexcept { Count(Counted::kVerify, 0); }
inline void CountRefused(ErrorCode code) noexcept { Count(Counted::kVerify, 1 + static_cast<unsigned>(code)); }
inline void Count(Counted what, session::Status status) noexcept { Count(what, static_cast<unsigned>(status)); }
inline void Count(session::Event event) noexcept { Count(Counted::kEvent, static_cast<unsigned>(event)); }

// One line of the statistics; false past the last one. Names are static.
struct CountedLine {
  const char *what;
  const char *outcome;
  std::uint64_t count;
};
bool read_statistics(unsigned line, CountedLine &result);
// "server" or "backend", and since when it counts (microseconds since 2000, as PostgreSQL has it).
const char *statistics_scope();
std::int64_t statistics_since();

// Asks for shared memory if the library is being preloaded; called once, when it is loaded.
void init_statistics();

}  // namespace jwt_auth::pg
