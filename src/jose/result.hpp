// Expected failures are values. Exceptions are for exhausted memory and for bugs.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

namespace jwt_auth {

// Every way in which this extension says no. src/pg/support/errors.cpp gives each its SQLSTATE and its
// message; nothing else does.
enum class ErrorCode : std::uint8_t {
  kMalformed,            // JW001 not a token, or not one that this library accepts
  kBadSignature,         // JW002
  kExpired,              // JW003
  kNotYetValid,          // JW004 nbf or iat lies ahead
  kIssuerMismatch,       // JW005
  kAudienceMismatch,     // JW006
  kAlgorithmNotAllowed,  // JW007
  kNoSuchKey,            // JW008
  kBeforeCutoff,         // JW009
  kSessionEnded,         // JW010
  kDenied,               // JW011
  kBindingMismatch,      // JW012
  kStaleLogin,           // JW013 the log-in is longer ago than the caller allows
  kOtherTokenType,       // JW014 the type (typ) is not the expected one
  kProofInvalid,         // JW015 the proof of the key that the token is bound to is missing or wrong
  kRefreshFirst,         // JW016 made before a change of its user's rights or its session's claims
  kNotKnownYet,          // JW017 a standby has not replayed so far that it could know
  kOtherServer,          // JW018 the user's rows are on another server
  kUnusableKey,          // JW020
  kNoActiveKey,          // JW021
  kKeySealed,            // JW022
  kUndecryptable,        // JW030
  kTooLarge,             // JW040 too large or too deep
  kNullArgument,         // 22004
  kInvalidArgument,      // 22023
  kDuplicateKey,         // 42710 a key of that kid is there already
  kOutOfMemory,          // 53200
  kInterrupted,          // 57014 the statement is to end: interruption.hpp
  kInternal,             // XX000 a bug
};

// A refusal. `detail` and `hint` are always string literals, so an Error is plain data, may cross the boundary into a Postgres
// phase, and can't hold a token, a secret or a key. `hint` says what to do; null: the code's own hint, if it has one.
struct Error {
  ErrorCode code;
  const char *detail;
  const char *hint = nullptr;
};

// Whether it says nothing about what was looked at: the next try may succeed.
constexpr bool IsOutOfMemory(const Error &error) noexcept { return error.code == ErrorCode::kOutOfMemory; }

// A value or the reason why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  using Value = T;
  // Implicit on purpose: `return value;` and `return Error{...};` are how functions answer.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, error) {}         // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return state_.index() == 0; }
  T &operator*() { return *std::get_if<0>(&state_); }
  const T &operator*() const { return *std::get_if<0>(&state_); }
  T *operator->() { return std::get_if<0>(&state_); }
  const T *operator->() const { return std::get_if<0>(&state_); }
  const Error &error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

// Success without a value, or the reason why not.
template <>
class [[nodiscard]] Result<void> {
 public:
  using Value = void;
  Result() = default;
  Result(Error error) : error_(error) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return !error_; }
  const Error &error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace jwt_auth
