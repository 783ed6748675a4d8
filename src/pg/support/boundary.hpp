// The boundary between PostgreSQL's C, where an error is a longjmp, and C++, where it unwinds.
//
// An SQL-callable function runs in phases that never mix:
//   1. a Postgres phase: detoast, settings, SPI. Only plain data on the stack.
//   2. a C++ phase: one call of Guard() with a lambda. Everything with a destructor lives and dies in there, and nothing in
//      there can ereport: it calls no snake_case function but the few here that are made for it.
//   3. a Postgres phase again: raise_error(), more SPI, or the result.
#pragma once

#include <exception>
#include <new>

#include "jose/crypto/openssl.hpp"
#include "jose/json/json.hpp"
#include "jose/result.hpp"
#include "pg/support/errors.hpp"
#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

// What a C++ phase hands to the Postgres phase behind it: plain data.
template <class T>
struct Outcome {
  bool ok;
  Error error;  // if not ok
  T value;      // if ok
};
struct Nothing {};

// Runs a C++ phase. `body` returns a Result of plain data; every exception ends here; OpenSSL's error queue is left empty.
template <class Body>
auto Guard(Body &&body) noexcept {
  using Value = typename std::invoke_result_t<Body>::Value;
  using Plain = std::conditional_t<std::is_void_v<Value>, Nothing, Value>;
  static_assert(std::is_trivially_destructible_v<Plain> && std::is_trivially_copyable_v<Plain>,
                "what crosses the boundary is plain data: a longjmp may skip it");
  Outcome<Plain> outcome{};
  try {
    auto result = body();
    if (!result) {
      outcome.error = result.error();
    } else {
      outcome.ok = true;
      if constexpr (!std::is_void_v<Value>) outcome.value = *result;
    }
  } catch (const std::bad_alloc &) {
    outcome.ok = false;
    outcome.error = Error{ErrorCode::kOutOfMemory, nullptr};
  } catch (...) {
    outcome.ok = false;
    outcome.error = Error{ErrorCode::kInternal, nullptr};
  }
  jose::DrainErrorQueue();
  return outcome;
}

// For long C++ phases: whether the statement is to end. InterruptPending alone says nothing: it is also set by timers and
// barriers that do not cancel the statement.
inline bool IsInterrupted() noexcept {
  return INTERRUPTS_CAN_BE_PROCESSED() && (QueryCancelPending != 0 || ProcDiePending != 0 || HasTransactionTimedOut());
}
// Guard() for a body that gives up with kInterrupted once IsInterrupted() or jose::IsInterrupted(), which is then raised.
// Should nothing come of it, the body runs again.
template <class Body>
auto guard_interruptible(Body &&body) {
  for (;;) {
    const auto outcome = Guard(body);
    if (outcome.ok || outcome.error.code != ErrorCode::kInterrupted) return outcome;
    CHECK_FOR_INTERRUPTS();
  }
}

// guard_interruptible(), and a refusal is raised: for functions that have nothing else to do with one.
template <class Body>
auto value_or_raise(Body &&body) {
  const auto outcome = guard_interruptible(std::forward<Body>(body));
  if (!outcome.ok) raise_error(outcome.error);
  return outcome.value;
}

// Bytes in the current memory context, with a NUL behind them.
struct Bytes {
  char *data;
  std::size_t size;
  std::string_view view() const { return {data, size}; }
};

// A JSON document in the current memory context.
struct FlatJson {
  const jose::JsonNode *nodes;
  std::uint32_t count;
  const char *text;
  jose::JsonValue root() const noexcept { return {nodes, text}; }
};

// For C++ phases: copies out of one into the current memory context. They don't ereport: kOutOfMemory instead.
Result<Bytes> CopyOut(std::string_view bytes) noexcept;
Result<FlatJson> CopyOut(const jose::JsonDocument &document) noexcept;
// The same as a varlena: a text or bytea Datum.
Result<Datum> CopyOutVarlena(std::string_view bytes) noexcept;

// For Postgres phases: the bytes of a detoasted text or bytea.
inline std::string_view view_of(const struct varlena *value) {
  return {VARDATA_ANY(value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(value))};
}
// Overwrites palloc'd bytes that held a secret.
void cleanse(Bytes bytes);

}  // namespace jwt_auth::pg
