#include "pg/support/grant_hint.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "pg/support/postgres.hpp"

namespace jwt_auth::pg {

namespace {

emit_log_hook_type next_hook;

// As in sql/modules/90_privileges.sql: in an error no catalog can be asked. test/sql/privileges.sql asks for each of them.
constexpr std::string_view kOfVerifiers[] = {"authenticate", "introspect",   "jwks",        "jwks_http",   "jwt_try_verify",
                                             "jwt_verify",   "pre_config",   "pre_request", "proof_nonce", "request_ip",
                                             "revocations",  "verify_proof", "verify_token"};
constexpr std::string_view kOfIssuers[] = {"bind_device",
                                           "consume_token",
                                           "create_api_key",
                                           "deny_token",
                                           "device_challenge",
                                           "device_challenge_header",
                                           "device_instructions",
                                           "device_registration_header",
                                           "exchange_api_key",
                                           "forget_user",
                                           "header_string",
                                           "impersonate",
                                           "import_session",
                                           "issue_refresh_session",
                                           "issue_token",
                                           "jwe_decrypt",
                                           "jwe_encrypt",
                                           "jws_sign",
                                           "jws_verify",
                                           "jwt_decrypt",
                                           "jwt_encrypt",
                                           "jwt_sign",
                                           "lock_user",
                                           "reauthenticate_session",
                                           "record_event",
                                           "refresh_bound_session",
                                           "refresh_cookie",
                                           "refresh_session",
                                           "require_refresh",
                                           "revoke",
                                           "revoke_api_key",
                                           "revoke_other_sessions",
                                           "revoke_own_api_key",
                                           "revoke_own_session",
                                           "revoke_refresh_session",
                                           "revoke_refresh_token",
                                           "revoke_user_tokens",
                                           "session_history",
                                           "set_session_claims",
                                           "set_session_metadata",
                                           "set_user_policy",
                                           "unlock_user",
                                           "user_api_keys",
                                           "user_sessions"};

constexpr std::string_view kOfMonitors[] = {"counters"};

constexpr std::string_view kRefusal = "permission denied for function ";

template <std::size_t N>
bool is_among(const std::string_view (&names)[N], std::string_view name) noexcept {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// The untranslated message is what is compared; the name stands in the translated one, which may put words behind it or quote
// it.
bool names_one_of_ours(std::string_view message, std::string_view &name, const char *&grant) noexcept {
  const auto is_part = [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9'); };
  for (std::size_t end = message.size(); end > 0; end--) {
    if (!is_part(message[end - 1])) continue;
    std::size_t begin = end;
    while (begin > 0 && is_part(message[begin - 1])) begin--;
    name = message.substr(begin, end - begin);
    grant = is_among(kOfVerifiers, name)  ? "grant_verifier"
            : is_among(kOfIssuers, name)  ? "grant_issuer"
            : is_among(kOfMonitors, name) ? "grant_monitor"
                                          : nullptr;
    if (grant != nullptr) return true;
    end = begin + 1;
  }
  return false;
}

void add_hint(ErrorData *error) {
  std::string_view name;
  const char *grant;
  if (!names_one_of_ours(error->message, name, grant)) return;
  error->hint = MemoryContextStrdup(error->assoc_context,
                                    psprintf("For jwt_auth.%.*s(), the extension's owner can run SELECT jwt_auth.%s('a role').",
                                             static_cast<int>(name.size()), name.data(), grant));
}

void on_message(ErrorData *error) {
  if (error->elevel == ERROR && error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE && error->hint == nullptr &&
      error->message != nullptr && error->message_id != nullptr &&
      std::string_view(error->message_id).substr(0, kRefusal.size()) == kRefusal)
    add_hint(error);
  if (next_hook != nullptr) next_hook(error);
}

}  // namespace

void init_grant_hint() {
  next_hook = emit_log_hook;
  emit_log_hook = on_message;
}

}  // namespace jwt_auth::pg
