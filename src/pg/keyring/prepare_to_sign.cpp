#include "pg/keyring/prepare_to_sign.hpp"

#include <algorithm>

#include "pg/keyring/keyring.hpp"
#include "pg/keyring/ring.hpp"
#include "pg/keyring/token_lifetime.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"
#include "pg/store/suppressed.hpp"
#include "pg/support/settings.hpp"
#include "pg/support/time.hpp"

extern "C" {
#include <access/xact.h>
#include <access/xlog.h>
}

namespace jwt_auth::pg {

namespace {

// Before version 2.0 the key's row says everything.
Statement record_ttl_of_version_1 = {
    "UPDATE jwt_auth.signing_key SET token_ttl = greatest(token_ttl, $2) WHERE state = 'active' AND kid ="
    " (SELECT kid FROM jwt_auth.signing_key WHERE kid = $1 FOR NO KEY UPDATE SKIP LOCKED)",
    {TEXTOID, INT4OID}};
Statement record_end_of_version_1 = {
    "UPDATE jwt_auth.signing_key SET tokens_until = greatest(tokens_until, $2) WHERE kid = $1 AND state = 'active'",
    {TEXTOID, TIMESTAMPTZOID}};

// With the latest snapshot, so that a REPEATABLE READ transaction that began before the last rotation can still sign.
void record_in_row(std::string_view kid, const TokenLifetime &lifetime) {
  const bool has_end = !TIMESTAMP_IS_NOBEGIN(lifetime.until);
  Parameters parameters{};
  add_text(parameters, kid);
  add(parameters, has_end ? TimestampTzGetDatum(lifetime.until) : Int32GetDatum(lifetime.ttl));
  execute_on_latest(has_end ? record_end_of_version_1 : record_ttl_of_version_1, parameters);
}

jose::Micros access_token_end(jose::Micros now) { return now + settings::access_token_ttl * jose::kMicrosPerSecond; }

// Rounded up to an eighth of the token's life, so that a series of such tokens costs one row now and then.
TimestampTz rounded_end(jose::Micros exp, jose::Micros now) {
  const jose::Micros step = std::max((exp - now) / 8, settings::access_token_ttl * jose::kMicrosPerSecond);
  if (exp >= session::kNever - step) return DT_NOEND;
  return timestamp_of((exp / step + 1) * step);
}

TokenLifetime lifetime_of(jose::Micros exp, jose::Micros now) {
  if (exp <= access_token_end(now)) return {settings::access_token_ttl, DT_NOBEGIN};
  return {0, rounded_end(exp, now)};
}

// True without an active key: then nothing is signed.
bool is_recorded(jose::Micros exp, jose::Micros now) {
  const ActiveKey &active = CurrentRing().active;
  return active.kid.empty() || exp <= std::max(now + active.token_ttl, active.tokens_until);
}

void require_that_it_can_be_recorded() {
  if (!XactReadOnly && !RecoveryInProgress() && !IsInParallelMode()) return;
  ereport(ERROR, (errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
                  errmsg("cannot sign a token that lives longer than those before it in a read-only transaction"),
                  errdetail("How long it is valid must be recorded with its key."),
                  errhint("Sign one on the primary, in a transaction that may write.")));
}

}  // namespace

jose::Micros prepare_to_sign_access_token(jose::Micros now) {
  while (records_before_signing(access_token_end(now), now)) now = now_micros();
  return now;
}

bool records_before_signing(jose::Micros exp, jose::Micros now) {
  CHECK_FOR_INTERRUPTS();
  refresh_keyring();
  if (is_recorded(exp, now)) return false;
  require_that_it_can_be_recorded();
  const std::string_view kid = copy_to(CurrentMemoryContext, CurrentRing().active.kid);
  const TokenLifetime lifetime = lifetime_of(exp, now);
  const bool has_lifetimes = has_token_lifetimes();
  as_owner("signing_key", [&](MemoryContext) {
    if (has_lifetimes)
      record_lifetime(kid, lifetime);
    else
      record_in_row(kid, lifetime);
  });
  refresh_keyring();
  // Where the key was rotated meanwhile, another one will sign.
  if (CurrentRing().active.kid != kid) return true;
  // If the row is locked, its holder records the same lifetime.
  if (!has_lifetimes) return false;
  if (!is_recorded(exp, now)) raise_suppressed("token_lifetime");
  return true;
}

}  // namespace jwt_auth::pg
