// The rules of a session's life as pure functions: what a presented refresh token means, what a binding allows, when a session
// ends, who makes room for a new one. The clock is a parameter; whoever calls reads, asks here, writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "jose/claims.hpp"
#include "session/refresh_token.hpp"

namespace jwt_auth::session {

constexpr Micros kNever = std::numeric_limits<Micros>::max();
constexpr Micros kNoCutoff = std::numeric_limits<Micros>::min();

// ---- Binding ----------------------------------------------------------------------------------------------------------

enum class IpBinding : std::uint8_t { kOff, kLog, kSubnet, kExact };
enum class FingerprintBinding : std::uint8_t { kOff, kLog, kExact };

struct BindingPolicy {
  IpBinding ip = IpBinding::kOff;
  FingerprintBinding fingerprint = FingerprintBinding::kOff;
  std::uint8_t prefix_v4 = 24;
  std::uint8_t prefix_v6 = 64;
};

// An address, or none. An IPv4 address mapped into IPv6 (::ffff:a.b.c.d) is that IPv4 address.
struct Address {
  bool present = false;
  bool is_v4 = false;
  std::array<unsigned char, 16> bytes{};  // the first four for IPv4
};
Address AddressV4(const unsigned char (&bytes)[4]);
Address AddressV6(const unsigned char (&bytes)[16]);
// The address with all bits behind the prefix cleared.
Address NetworkOf(const Address &address, const BindingPolicy &policy);

// SHA-256 of a fingerprint, or none.
struct FingerprintHash {
  bool present = false;
  Hash hash{};
};

// What a session was bound to at log-in, or what a client comes with.
struct Client {
  Address address;
  FingerprintHash fingerprint;
};

// Whether a client is where (and what) it was. An address or fingerprint that was absent at log-in binds nothing; one that was
// there and is absent now differs. Under kOff everything agrees; kLog compares as kExact does.
bool AddressAgrees(const Address &bound, const Address &presented, const BindingPolicy &policy);
bool FingerprintAgrees(const FingerprintHash &bound, const FingerprintHash &presented, const BindingPolicy &policy);
constexpr bool Enforces(IpBinding binding) { return binding == IpBinding::kSubnet || binding == IpBinding::kExact; }
constexpr bool Enforces(FingerprintBinding binding) { return binding == FingerprintBinding::kExact; }

// ---- Lifetimes --------------------------------------------------------------------------------------------------------

// When a session counts as created: a clock that was set back must not put it before a cutoff.
Micros CreatedAt(Micros now, Micros user_cutoff, Micros global_cutoff);
// When it ends whatever happens; kNever for a `max_age` of 0.
Micros AbsoluteEnd(Micros created_at, Micros max_age);
// When it ends unless it is refreshed before; never beyond `ends_at`.
Micros IdleEnd(Micros now, Micros idle_ttl, Micros ends_at);
// The exp of an access token in whole seconds; never beyond the session's end.
std::int64_t AccessExpiry(Micros now, Micros access_ttl, Micros session_end);

// ---- What a presentation means ------------------------------------------------------------------------------------------

// A session's row.
struct SessionState {
  Micros created_at = 0;
  Micros ends_at = kNever;  // absolute
  Micros idle_ends_at = 0;
  Micros rotated_at = 0;  // of the last rotation
  std::uint32_t generation = 0;
  Hash family{};
  Hash current{};
  bool has_previous = false;
  Hash previous{};
  Client bound;         // at log-in
  Client last_rotated;  // who rotated last
};

// A refresh token as presented, without its secrets.
struct Presentation {
  std::uint32_t generation = 0;
  Hash family{};
  Hash secret{};
  Client client;
};

struct RefreshPolicy {
  Micros user_cutoff = kNoCutoff;
  Micros global_cutoff = kNoCutoff;
  Micros reuse_interval = 0;
  BindingPolicy binding;
};

enum class Verdict : std::uint8_t {
  kInvalid,              // nothing ends
  kCutOff,               // older than a cutoff: invalid, the row goes
  kExpired,              // past the absolute end: the row goes
  kIdleExpired,          // past the idle end: the row goes
  kIpMismatch,           // the session ends
  kFingerprintMismatch,  // the session ends
  kRotate,               // ok
  kUnknownRotation,      // the row lost a rotation (rollback, failover, restore): invalid, the session ends, no theft
  kReplayed,             // the same successor again, nothing changes
  kReuseDetected,        // theft: the session ends
};

// Which token of the session it was.
enum class PresentedToken : std::uint8_t { kCurrent, kPrevious, kOld, kAhead };

struct Decision {
  Verdict verdict = Verdict::kInvalid;
  PresentedToken presented = PresentedToken::kOld;
  bool log_ip_mismatch = false;           // under kLog
  bool log_fingerprint_mismatch = false;  // under kLog
  bool replayed_elsewhere = false;        // a replay asked for from another address or fingerprint than the rotation's
};
constexpr bool EndsSession(Verdict verdict) {
  return verdict != Verdict::kInvalid && verdict != Verdict::kRotate && verdict != Verdict::kReplayed;
}

// The first rule that matches, in the order of Verdict.
Decision Decide(const SessionState &state, const Presentation &presented, const RefreshPolicy &policy, Micros now);

// Whether a row stands for a live session.
bool IsAlive(Micros created_at, Micros ends_at, Micros idle_ends_at, Micros user_cutoff, Micros global_cutoff, Micros now);

// ---- The session limit ---------------------------------------------------------------------------------------------------

enum class LimitPolicy : std::uint8_t { kEvictOldest, kEvictIdle, kReject };

struct LiveSession {
  SessionId id{};
  Micros created_at = 0;
  Micros refreshed_at = 0;
};

// How many live sessions must go before one more may be made: 0 for an unlimited user (`limit` 0) or one with room.
std::size_t SessionsOverLimit(std::size_t live, int limit);
// Orders `sessions` so that those to evict come first: the oldest, or the longest idle.
void OrderForEviction(LiveSession *sessions, std::size_t count, LimitPolicy policy);

}  // namespace jwt_auth::session
