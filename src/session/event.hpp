// What the audit table records: a closed list.
#pragma once

#include <cstdint>
#include <string_view>

namespace jwt_auth::session {

enum class Event : std::uint8_t {
  kNone,
  kLogin,
  kLimitReached,
  kEvicted,
  kRefreshed,
  kReplayElsewhere,
  kReuseDetected,
  kUnknownRotation,
  kIpMismatch,
  kFingerprintMismatch,
  kExpired,
  kLogout,
  kSessionRevoked,
  kOthersRevoked,
  kUserRevoked,
  kAllRevoked,
  kTokenDenied,
  kTokenConsumed,
  kPolicyChanged,
  kKeyCreated,
  kKeyRotated,
  kKeyRetired,
  kIssuerTrusted,
  kIssuerDistrusted,
  kApiKeyCreated,
  kApiKeyRevoked,
  kBound,
  kProofMismatch,
  kReplaced,
  kClassChanged,
  kLocked,
  kUnlocked,
  kRefused,
  kRefreshRequired,
  kClaimsChanged,
  kReauthenticated,
  kImpersonated,
  kLateReplay,
  kForgotten,
  kImported,
};
constexpr Event kLastEvent = Event::kImported;

// As stored in auth_event.event.
const char *NameOf(Event event) noexcept;
// kNone for a name that is not in the list.
Event EventNamed(std::string_view name) noexcept;

// Whether the application is told at once (NOTIFY): theft, mismatches and revocations, not what is routine.
bool IsSecurityEvent(Event event) noexcept;

}  // namespace jwt_auth::session
