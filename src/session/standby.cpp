#include "session/standby.hpp"

#include <algorithm>

namespace jwt_auth::session {

namespace {

bool MayBeOnItsWay(const TokenTimes &session, const Replay &replay) noexcept {
  if (!replay.has_replayed) return true;
  return std::max(session.began, session.issued_at) > replay.last_commit - replay.margin;
}

}  // namespace

TokenVerdict JudgeOnStandby(TokenVerdict verdict, const TokenTimes &session, const Replay &replay) noexcept {
  const bool may_change = verdict == TokenVerdict::kAbsent || verdict == TokenVerdict::kIdle;
  return replay.is_standby && may_change && MayBeOnItsWay(session, replay) ? TokenVerdict::kNotKnownYet : verdict;
}

}  // namespace jwt_auth::session
