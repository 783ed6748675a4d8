#include "pg/identity/api_key_check.hpp"

#include "pg/keyring/keyring.hpp"
#include "pg/store/own_users.hpp"
#include "pg/store/owner.hpp"
#include "pg/support/uuid.hpp"

extern "C" {
#include <access/parallel.h>
#include <access/xact.h>
#include <access/xlog.h>
}

namespace jwt_auth::pg {

ApiKeyCheck check_api_key(std::string_view api_key, const session::Address &address) {
  const auto decoded = Guard([&]() -> Result<session::PresentedApiKey> {
    const auto key = session::ApiKey::Decode(api_key);
    if (!key) return key.error();
    return key->Present();
  });
  ApiKeyCheck check{};
  if (decoded.ok && !api_keys_exist()) {
    check.refusal = {ErrorCode::kMalformed, "this database has no API keys: the extension is to be updated"};
    return check;
  }
  if (!decoded.ok) {
    if (!IsTokenRefusal(decoded.error.code)) raise_error(decoded.error);
    check.refusal = decoded.error;
    return check;
  }
  check.well_formed = true;
  check.verdict = session::ApiKeyVerdict::kUnknown;
  const session::PresentedApiKey &presented = decoded.value;
  if (!is_own_user_key(session::UserKeyIn(presented.id))) {
    check.refusal = kOtherServer;
    return check;
  }
  refresh_keyring();
  check = as_owner("api_key", [&](MemoryContext caller) {
    ApiKeyCheck judged = check;
    const session::UserKey user_key = session::UserKeyIn(presented.id);
    if (!read_api_key(UuidOf(presented.id), user_key, caller, judged.row)) return judged;
    const Account account = read_account({user_key, {}, judged.row.user_id});
    judged.verdict = session::JudgeApiKey(judged.row.state, presented, address,
                                          {account.not_before, global_cutoff(), account.locked_until}, now_micros());
    return judged;
  });
  if (!check.is_good()) check.refusal = session::RefusalOf(check.verdict);
  return check;
}

const Error *key_network_refusal(const pg_uuid_t &key_id, const session::Address &address) {
  static constexpr Error kEnded{ErrorCode::kSessionEnded, "its API key was revoked"};
  static constexpr Error kOtherNetwork{ErrorCode::kBindingMismatch, "its API key may not be used from this address"};
  return as_owner("api_key", [&](MemoryContext caller) -> const Error * {
    ApiKeyRow row;
    if (!read_api_key(key_id, session::UserKeyIn(SessionIdOf(key_id)), caller, row)) return &kEnded;
    return session::IsAllowedFrom(row.state, address) ? nullptr : &kOtherNetwork;
  });
}

void note_key_use(const ApiKeyRow &row, session::Micros now, KeyUse use) {
  if (!use_is_due(row, now) || XactReadOnly || RecoveryInProgress() || IsInParallelMode()) return;
  if (use == KeyUse::kAuthenticate && XactIsoLevel != XACT_READ_COMMITTED) return;
  as_owner("api_key_use", [&](MemoryContext) { note_use(row, now); });
}

}  // namespace jwt_auth::pg
