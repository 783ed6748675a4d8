#include "pg/keyring/add_key.hpp"

#include "pg/keyring/key_events.hpp"
#include "pg/keyring/keyring.hpp"
#include "pg/keyring/keyring_change.hpp"
#include "pg/keyring/server_secret.hpp"
#include "pg/keyring/stored_key.hpp"
#include "pg/store/owner.hpp"
#include "pg/store/plans.hpp"

namespace jwt_auth::pg {

namespace {

Statement note_import = {"UPDATE jwt_auth.signing_key SET imported = true, keep_until = $2 WHERE kid = $1",
                         {TEXTOID, TIMESTAMPTZOID}};
enum class KeptColumn { kHasNoEnd };
Query<KeptColumn> keep_verifying = {
    "UPDATE jwt_auth.signing_key SET verify_until = greatest(verify_until, coalesce(keep_until, 'infinity'))"
    " WHERE kid = $1 AND state = 'verify_only' AND imported RETURNING keep_until IS NULL",
    {TEXTOID}};

// False in a database that has not been updated to 2.0.
bool has_import_columns() { return has_column("signing_key", "imported"); }

[[noreturn]] void raise_active_already() {
  ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("a signing key is active already"),
                  errhint("Replace it with jwt_auth.rotate_signing_key(), or make a pending key with activate => false.")));
  pg_unreachable();
}

void record_origin(std::string_view kid, const Origin &origin) {
  if (!origin.imported || !has_import_columns()) return;
  Parameters parameters{};
  add_text(parameters, kid);
  add_nullable(parameters, TimestampTzGetDatum(origin.verify_until), !origin.has_verify_until);
  execute(note_import, parameters);
}

}  // namespace

Activation activation_argument(FunctionCallInfo fcinfo, int index) {
  if (PG_ARGISNULL(index)) return Activation::kIfNoneIs;
  return PG_GETARG_BOOL(index) ? Activation::kYes : Activation::kNo;
}

void add_key(const NewKey &key, Activation activation, const Origin &origin) {
  change_keyring([&](MemoryContext) {
    const bool one_is_active = find_active_key(CurrentMemoryContext).found;
    if (one_is_active && activation == Activation::kYes) raise_active_already();
    const TimestampTz now = GetCurrentTimestamp();
    insert_key(key, !one_is_active && activation != Activation::kNo, now);
    record_origin(key.kid.view(), origin);
    record_key_event(session::Event::kKeyCreated, key.kid.view(), now);
    refresh_keyring();
    create_server_secret();
  });
  cleanse(key.private_jwk);
}

bool keep_imported_key(std::string_view kid) {
  if (!has_import_columns()) return false;
  Parameters parameters{};
  add_text(parameters, kid);
  const Rows<KeptColumn> rows = execute(keep_verifying, parameters);
  return !rows.empty() && rows[0].boolean(KeptColumn::kHasNoEnd);
}

}  // namespace jwt_auth::pg
