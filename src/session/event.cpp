#include "session/event.hpp"

namespace jwt_auth::session {

const char *NameOf(Event event) noexcept {
  switch (event) {
    case Event::kNone:
      return "";
    case Event::kLogin:
      return "login";
    case Event::kLimitReached:
      return "limit_reached";
    case Event::kEvicted:
      return "evicted";
    case Event::kRefreshed:
      return "refreshed";
    case Event::kReplayElsewhere:
      return "replay_elsewhere";
    case Event::kReuseDetected:
      return "reuse_detected";
    case Event::kUnknownRotation:
      return "unknown_rotation";
    case Event::kIpMismatch:
      return "ip_mismatch";
    case Event::kFingerprintMismatch:
      return "fingerprint_mismatch";
    case Event::kExpired:
      return "expired";
    case Event::kLogout:
      return "logout";
    case Event::kSessionRevoked:
      return "session_revoked";
    case Event::kOthersRevoked:
      return "others_revoked";
    case Event::kUserRevoked:
      return "user_revoked";
    case Event::kAllRevoked:
      return "all_revoked";
    case Event::kTokenDenied:
      return "token_denied";
    case Event::kTokenConsumed:
      return "token_consumed";
    case Event::kPolicyChanged:
      return "policy_changed";
    case Event::kKeyCreated:
      return "key_created";
    case Event::kKeyRotated:
      return "key_rotated";
    case Event::kKeyRetired:
      return "key_retired";
    case Event::kIssuerTrusted:
      return "issuer_trusted";
    case Event::kIssuerDistrusted:
      return "issuer_distrusted";
    case Event::kApiKeyCreated:
      return "api_key_created";
    case Event::kApiKeyRevoked:
      return "api_key_revoked";
    case Event::kBound:
      return "bound";
    case Event::kProofMismatch:
      return "proof_mismatch";
    case Event::kReplaced:
      return "replaced";
    case Event::kClassChanged:
      return "class_changed";
    case Event::kLocked:
      return "locked";
    case Event::kUnlocked:
      return "unlocked";
    case Event::kRefused:
      return "refused";
    case Event::kRefreshRequired:
      return "refresh_required";
    case Event::kClaimsChanged:
      return "claims_changed";
    case Event::kReauthenticated:
      return "reauthenticated";
    case Event::kImpersonated:
      return "impersonated";
    case Event::kLateReplay:
      return "late_replay";
    case Event::kForgotten:
      return "forgotten";
    case Event::kImported:
      return "imported";
  }
  return "";
}

Event EventNamed(std::string_view name) noexcept {
  for (auto event = static_cast<std::uint8_t>(Event::kLogin); event <= static_cast<std::uint8_t>(kLastEvent); ++event) {
    if (name == NameOf(static_cast<Event>(event))) return static_cast<Event>(event);
  }
  return Event::kNone;
}

bool IsSecurityEvent(Event event) noexcept {
  switch (event) {
    case Event::kReplayElsewhere:
    case Event::kReuseDetected:
    case Event::kIpMismatch:
    case Event::kFingerprintMismatch:
    case Event::kProofMismatch:
    case Event::kSessionRevoked:
    case Event::kOthersRevoked:
    case Event::kUserRevoked:
    case Event::kAllRevoked:
    case Event::kTokenDenied:
    case Event::kApiKeyRevoked:
    case Event::kLocked:
    case Event::kUnlocked:
    case Event::kImpersonated:
    case Event::kLateReplay:
      return true;
    default:
      return false;
  }
}

}  // namespace jwt_auth::session
