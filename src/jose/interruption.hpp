// How long work learns that it is to end.
#pragma once

#include "jose/result.hpp"

namespace jwt_auth::jose {

// Asked between the steps of long work, such as the keys of a set. It must return: it neither raises nor throws, since frames
// with destructors are above it.
using InterruptionCheck = bool (*)() noexcept;

// The one that is asked. The shell installs its own when the library is loaded; null: nothing is ever interrupted.
inline InterruptionCheck interruption_check = nullptr;

// Whether the work is to end now: its function then returns kInterrupted.
inline bool IsInterrupted() noexcept { return interruption_check != nullptr && interruption_check(); }
constexpr Error kInterrupted{ErrorCode::kInterrupted, nullptr};

}  // namespace jwt_auth::jose
