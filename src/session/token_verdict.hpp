// When an access token is good, as far as the database knows: by its session, or by when it was issued.
#pragma once

#include <cstdint>

#include "jose/result.hpp"
#include "session/lifetime.hpp"
#include "session/version.hpp"

namespace jwt_auth::session {

enum class TokenVerdict : std::uint8_t {
  kGood,
  kLocked,
  kEnded,
  kAbsent,  // there is no such session (any more)
  kIdle,    // the session has ended because it was not refreshed in time
  kNotKnownYet,
  kBeforeCutoff,
  kDenied,
  kStale
};

// The session of a token, and what is known of the token itself. Plain data.
struct SessionTokenState {
  Micros created_at;
  Micros absolute_end;
  Micros idle_end;
  bool is_denied;
  Versions token = {};  // those that the token carries
  Versions now = {};    // those of its user and its session
};

// First match wins: the user is locked; the session is from before a cutoff or past its end; its idle time
// has run out; the token was denied; it is older
// than a change, so its session has to be refreshed first. A revocation deletes its sessions; the cutoff is asked as well, for
// rows that came back from a copy.
TokenVerdict JudgeSessionToken(const SessionTokenState &state, const Cutoffs &cutoffs, Micros now) noexcept;

// A token without a session is judged by when it was issued: kNoCutoff where it does not say so (RFC 7519 section 4.1.6: `iat`
// is optional), which is before every cutoff. Locked, before a cutoff, or good unless it was denied: that is not asked here.
//
// `version` is the one of the user's rights where the token is another issuer's for a user of ours, else 0. Such a token
// carries no version of ours, so it counts as made when it was issued: a version is not below the clock of its change.
TokenVerdict JudgeIssuedToken(Micros issued_at, const Cutoffs &cutoffs, std::int64_t version, Micros now) noexcept;

// A token that somebody uses for the user (RFC 8693 section 4.1) is judged by that actor's account as well, as it judges what
// began then: kLocked, kEnded or kGood.
TokenVerdict JudgeActor(Micros began, const Cutoffs &actor, Micros now) noexcept;

// The refusal that a verdict means; null for kGood.
const Error *RefusalOf(TokenVerdict verdict) noexcept;

}  // namespace jwt_auth::session
