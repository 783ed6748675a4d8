// Nonces and challenges: values that the server hands out and recognises again without having stored them. Each is a time in
// seconds and a MAC over it under the server's secret, 32 characters of base64url.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "session/refresh_token.hpp"
#include "session/session_id.hpp"

namespace jwt_auth::session {

constexpr std::size_t kServerSecretSize = 32;

// A nonce for DPoP proofs (RFC 9449 section 8): whoever signs one has heard from the server lately.
std::string MakeProofNonce(std::string_view server_secret, Micros now);
// Whether the text is a nonce of this server's that was made within `lifetime`. `leeway` is for the clocks of several servers
// that share a secret: a nonce may lie that far ahead, and be that much older.
bool IsFreshProofNonce(std::string_view server_secret, std::string_view nonce, Micros now, Micros lifetime, Micros leeway);

// What a challenge is bound to. A rotation changes `generation` and `current_hash`, so it uses every challenge up that was made
// before it; `current_hash` is random, so a challenge from before the database was restored is none of the restored session.
struct ChallengedSession {
  SessionId id;
  std::uint32_t generation;
  Hash current_hash;
  bool is_bound;  // a registration's proof is not good for a refresh
};
// How long a challenge is good: the time that a browser takes to sign it, and some more for a challenge that was sent ahead.
constexpr Micros kChallengeLifetime = 600 * kMicrosPerSecond;

std::string MakeChallenge(std::string_view server_secret, const ChallengedSession &session, Micros now);
bool IsGoodChallenge(std::string_view server_secret, std::string_view challenge, const ChallengedSession &session, Micros now,
                     Micros leeway);

}  // namespace jwt_auth::session
