#include "session/token_verdict.hpp"

namespace jwt_auth::session {

TokenVerdict JudgeSessionToken(const SessionTokenState &state, const Cutoffs &cutoffs, Micros now) noexcept {
  if (IsLocked(cutoffs, now)) return TokenVerdict::kLocked;
  if (!IsAfterCutoffs(state.created_at, cutoffs) || now >= state.absolute_end) return TokenVerdict::kEnded;
  if (now >= state.idle_end) return TokenVerdict::kIdle;
  if (state.is_denied) return TokenVerdict::kDenied;
  return IsStale(state.token, state.now) ? TokenVerdict::kStale : TokenVerdict::kGood;
}

TokenVerdict JudgeIssuedToken(Micros issued_at, const Cutoffs &cutoffs, std::int64_t version, Micros now) noexcept {
  if (IsLocked(cutoffs, now)) return TokenVerdict::kLocked;
  if (issued_at < cutoffs.global || issued_at < cutoffs.user) return TokenVerdict::kBeforeCutoff;
  if (version != 0 && issued_at < version) return TokenVerdict::kStale;
  return TokenVerdict::kGood;
}

TokenVerdict JudgeActor(Micros began, const Cutoffs &actor, Micros now) noexcept {
  if (IsLocked(actor, now)) return TokenVerdict::kLocked;
  return began > actor.user ? TokenVerdict::kGood : TokenVerdict::kEnded;
}

const Error *RefusalOf(TokenVerdict verdict) noexcept {
  static constexpr Error kLocked{ErrorCode::kBeforeCutoff, "user is locked"};
  static constexpr Error kEnded{ErrorCode::kSessionEnded, nullptr};
  static constexpr Error kNotKnownYet{ErrorCode::kNotKnownYet, nullptr};
  static constexpr Error kBeforeCutoff{ErrorCode::kBeforeCutoff, nullptr};
  static constexpr Error kDenied{ErrorCode::kDenied, nullptr};
  static constexpr Error kStale{ErrorCode::kRefreshFirst, nullptr};
  switch (verdict) {
    case TokenVerdict::kGood:
      break;
    case TokenVerdict::kLocked:
      return &kLocked;
    case TokenVerdict::kEnded:
    case TokenVerdict::kAbsent:
    case TokenVerdict::kIdle:
      return &kEnded;
    case TokenVerdict::kNotKnownYet:
      return &kNotKnownYet;
    case TokenVerdict::kBeforeCutoff:
      return &kBeforeCutoff;
    case TokenVerdict::kDenied:
      return &kDenied;
    case TokenVerdict::kStale:
      return &kStale;
  }
  return nullptr;
}

}  // namespace jwt_auth::session
