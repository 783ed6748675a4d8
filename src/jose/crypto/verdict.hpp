// Where what was computed from a secret stops being one: the answer of a comparison, whether a text is well-formed at all, or a
// text that is handed to anybody who asks.
#pragma once

#include <string>

#ifdef JWT_AUTH_CHECK_TIMING
#include <valgrind/memcheck.h>
#endif

namespace jwt_auth::jose {

// Returns `verdict`. test/timing runs the core under valgrind with its secrets marked as undefined, so every branch and every
// address that depends on one is reported; this marks a value that the caller may branch on.
template <class T>
inline T Verdict(T verdict) noexcept {
#ifdef JWT_AUTH_CHECK_TIMING
  VALGRIND_MAKE_MEM_DEFINED(&verdict, sizeof verdict);
#endif
  return verdict;
}

// The same for the characters of a text.
inline std::string Published(std::string text) noexcept {
#ifdef JWT_AUTH_CHECK_TIMING
  VALGRIND_MAKE_MEM_DEFINED(text.data(), text.size());
#endif
  return text;
}

}  // namespace jwt_auth::jose
