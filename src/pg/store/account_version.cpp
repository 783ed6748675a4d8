#include "pg/store/account_version.hpp"

#include "pg/store/suppressed.hpp"

extern "C" {
#include <access/xact.h>
}

namespace jwt_auth::pg {

namespace {

enum class VersionColumn { kVersion };
// As session::NextVersion() has it, of the row as it is once it is locked.
Query<VersionColumn> upsert_version = {
    "INSERT INTO jwt_auth.account AS a (user_key, issuer, user_id, version) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (user_key, issuer, user_id) DO UPDATE SET version = greatest(a.version + 1, EXCLUDED.version)"
    " RETURNING a.version",
    {INT4OID, TEXTOID, TEXTOID, INT8OID}};

}  // namespace

std::int64_t raise_version(const UserRef &user) {
  lock_sessions_first();
  Parameters parameters{};
  add_user(parameters, user);
  add(parameters, Int64GetDatum(now_micros()));
  const Rows<VersionColumn> rows = execute(upsert_version, parameters);
  if (rows.empty()) raise_suppressed("account");
  return rows[0].int8(VersionColumn::kVersion);
}

std::int64_t version_for_claims(const UserRef &user, const Account &latest) {
  if (latest.version == 0 || !IsolationUsesXactSnapshot()) return latest.version;
  RowOf<AccountColumn> row = account_row(user);
  read_rows({&row}, ReadMode::kPlain);
  return std::min(latest.version, account_in(row).version);
}

}  // namespace jwt_auth::pg
