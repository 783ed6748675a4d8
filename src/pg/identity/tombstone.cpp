#include "pg/identity/tombstone.hpp"

#include "pg/keyring/server_secret.hpp"
#include "pg/session/user_argument.hpp"
#include "pg/store/owner.hpp"
#include "session/forgetting.hpp"

namespace jwt_auth::pg {

namespace {

using session::kNoCutoff;
using session::Micros;
using Way = TombstoneSearch::Way;

enum class LatestColumn { kForgottenAt };
Query<LatestColumn> select_latest = {
    "SELECT max(denied_at) FROM jwt_auth.denied_token WHERE user_key = $1 AND issuer = '' AND expires_at = 'infinity'",
    {INT4OID}};

// Of whichever user with this user key was forgotten last.
Micros latest_of_key(session::UserKey user_key) {
  Parameters parameters{};
  add(parameters, Int32GetDatum(user_key));
  return as_owner("denied_token", [&](MemoryContext) {
    return execute_latest(select_latest, parameters)[0].time_or(LatestColumn::kForgottenAt, kNoCutoff);
  });
}

}  // namespace

TombstoneSearch search_tombstone(const UserRef &user) {
  switch (server_secret_state()) {
    case SecretState::kNone:
      // A copy of the tables may have been made without the secret.
      return {has_table("server_secret") ? Way::kByUserKey : Way::kNone, user.user_key, {}};
    case SecretState::kUnreadable:
      return {Way::kByUserKey, user.user_key, {}};
    case SecretState::kReadable:
      break;
  }
  const TokenId name =
      value_or_raise([&]() -> Result<TokenId> { return session::TombstoneName(ServerSecret(), user.user_id); });
  return {Way::kByName, user.user_key, name};
}

Micros forgotten_at(const TombstoneSearch &search, const RowOf<TombstoneColumn> &row) {
  if (search.way == Way::kByUserKey) return latest_of_key(search.user_key);
  return search.way == Way::kByName && row.found ? row.time(TombstoneColumn::kForgottenAt) : kNoCutoff;
}

Micros unpadded_forgotten_at(const UserRef &user) {
  const std::string_view user_id = session::WithoutPadding(user.user_id);
  if (user_id.size() == user.user_id.size() || user_id.empty()) return kNoCutoff;
  return read_forgotten_at(user_ref({}, user_id));
}

Micros read_forgotten_at(const UserRef &user) {
  const TombstoneSearch search = search_tombstone(user);
  RowOf<TombstoneColumn> row = tombstone_row(search);
  if (search.way == Way::kByName) read_rows({&row}, ReadMode::kLatest);
  return forgotten_at(search, row);
}

Account read_account_since_forgotten(const UserRef &user, KeyedRow *beside) {
  const TombstoneSearch search = search_tombstone(user);
  RowOf<AccountColumn> found = account_row(user);
  RowOf<TombstoneColumn> tombstone = tombstone_row(search);
  if (search.way == Way::kByName)
    beside != nullptr ? read_rows({&found, beside, &tombstone}, ReadMode::kLatest)
                      : read_rows({&found, &tombstone}, ReadMode::kLatest);
  else
    beside != nullptr ? read_rows({&found, beside}, ReadMode::kLatest) : read_rows({&found}, ReadMode::kLatest);
  Account account = account_in(found);
  account.not_before = session::CutoffSinceForgotten(std::max(account.not_before, unpadded_cutoff(user)),
                                                     std::max(forgotten_at(search, tombstone), unpadded_forgotten_at(user)));
  return account;
}

}  // namespace jwt_auth::pg
