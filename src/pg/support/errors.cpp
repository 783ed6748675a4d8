#include "pg/support/errors.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace jwt_auth::pg {

namespace {

struct ErrorRow {
  ErrorCode code;
  const char *sqlstate;
  const char *message;
  const char *hint;
  bool token_is_to_blame;
};

constexpr ErrorRow kErrors[] = {
    {ErrorCode::kMalformed, "JW001", "malformed token", nullptr, true},
    {ErrorCode::kBadSignature, "JW002", "token signature does not verify", nullptr, true},
    {ErrorCode::kExpired, "JW003", "token has expired", nullptr, true},
    {ErrorCode::kNotYetValid, "JW004", "token is not yet valid", nullptr, true},
    {ErrorCode::kIssuerMismatch, "JW005", "token issuer is not the expected one", nullptr, true},
    {ErrorCode::kAudienceMismatch, "JW006", "token is not meant for this audience", nullptr, true},
    {ErrorCode::kAlgorithmNotAllowed, "JW007", "token algorithm is not allowed for this key", nullptr, true},
    {ErrorCode::kNoSuchKey, "JW008", "no key for this token", nullptr, true},
    {ErrorCode::kBeforeCutoff, "JW009", "token was issued before its user's tokens were revoked", nullptr, true},
    {ErrorCode::kSessionEnded, "JW010", "session of this token has ended", nullptr, true},
    {ErrorCode::kDenied, "JW011", "token has been denied", nullptr, true},
    {ErrorCode::kBindingMismatch, "JW012", "token is bound to another client", nullptr, true},
    {ErrorCode::kStaleLogin, "JW013", "log-in of this token is too old or too weak", nullptr, true},
    {ErrorCode::kOtherTokenType, "JW014", "token of another kind", nullptr, true},
    {ErrorCode::kProofInvalid, "JW015", "proof of the key is missing or wrong", nullptr, true},
    {ErrorCode::kRefreshFirst, "JW016", "refresh first",
     "The session is still alive, but its user's rights or its claims have changed since this token was issued. Refresh the "
     "session and use its new token.",
     true},
    {ErrorCode::kNotKnownYet, "JW017", "session is not known here yet",
     "This standby is behind its primary: try again, or ask the primary.", true},
    {ErrorCode::kOtherServer, "JW018", "user is of another server", nullptr, true},
    {ErrorCode::kUnusableKey, "JW020", "unusable key", nullptr, false},
    {ErrorCode::kNoActiveKey, "JW021", "no active signing key",
     "Create one with jwt_auth.create_signing_key(), or activate one with jwt_auth.rotate_signing_key().", false},
    {ErrorCode::kKeySealed, "JW022", "private key is sealed or cannot be read",
     "Check that the file that jwt_auth.key_encryption_key_file names is there, is readable by the server alone and holds the "
     "key that sealed this one.",
     false},
    {ErrorCode::kUndecryptable, "JW030", "token cannot be decrypted", nullptr, true},
    {ErrorCode::kTooLarge, "JW040", "too large or too deeply nested", nullptr, true},
    {ErrorCode::kNullArgument, "22004", "argument must not be null", nullptr, false},
    {ErrorCode::kInvalidArgument, "22023", "invalid argument", nullptr, false},
    {ErrorCode::kDuplicateKey, "42710", "a signing key of this kid exists already", nullptr, false},
    {ErrorCode::kOutOfMemory, "53200", "out of memory", nullptr, false},
    {ErrorCode::kInterrupted, "57014", "canceling statement due to an interruption", nullptr, false},
    {ErrorCode::kInternal, "XX000", "unexpected error in jwt_auth", nullptr, false},
};

constexpr bool InOrder() {
  for (std::size_t i = 0; i < std::size(kErrors); i++)
    if (static_cast<std::size_t>(kErrors[i].code) != i) return false;
  return std::size(kErrors) == static_cast<std::size_t>(ErrorCode::kInternal) + 1;
}
static_assert(InOrder(), "one row for each ErrorCode, in its order");

constexpr const ErrorRow &RowOf(ErrorCode code) noexcept { return kErrors[static_cast<std::size_t>(code)]; }

// What NoteDetail left, and for which refusal.
constexpr std::size_t kMaxNote = 1024;
std::array<char, kMaxNote> note;
const char *noted_for = nullptr;

bool IsNotedFor(const Error &error) noexcept {
  return noted_for != nullptr && error.detail != nullptr && std::strcmp(error.detail, noted_for) == 0;
}

}  // namespace

void raise_error(const Error &error) {
  const ErrorRow &row = RowOf(error.code);
  const char *s = row.sqlstate;
  const char *hint = error.hint != nullptr ? error.hint : row.hint;
  const bool has_note = IsNotedFor(error);
  noted_for = nullptr;
  if (error.code == ErrorCode::kInterrupted) CHECK_FOR_INTERRUPTS();
  ereport(ERROR, (errcode(MAKE_SQLSTATE(s[0], s[1], s[2], s[3], s[4])),
                  error.detail != nullptr ? errmsg("%s: %s", row.message, error.detail) : errmsg("%s", row.message),
                  has_note ? errdetail("%s", note.data()) : 0, hint != nullptr ? errhint("%s", hint) : 0));
  pg_unreachable();
}

void NoteDetail(const Error &error, std::string_view text) noexcept {
  std::size_t size = std::min(text.size(), note.size() - 1);
  // Not in the middle of a character.
  while (size < text.size() && size > 0 && (text[size] & 0xC0) == 0x80) --size;
  std::copy_n(text.data(), size, note.data());
  note[size] = '\0';
  noted_for = error.detail;
}

void raise_null_argument(const char *argument) {
  ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", argument)));
  pg_unreachable();
}

const char *SqlStateOf(ErrorCode code) noexcept { return RowOf(code).sqlstate; }

char *message_of(const Error &error) {
  const ErrorRow &row = RowOf(error.code);
  return error.detail != nullptr ? psprintf("%s: %s", row.message, error.detail) : pstrdup(row.message);
}

bool IsTokenRefusal(ErrorCode code) noexcept { return RowOf(code).token_is_to_blame; }

}  // namespace jwt_auth::pg
