// The keyring's life: create_signing_key, rotate_signing_key, retire_signing_key, seal_signing_keys, jwks.
#include "pg/keyring/add_key.hpp"
#include "pg/keyring/issuer_rows.hpp"
#include "pg/keyring/key_encryption.hpp"
#include "pg/keyring/key_events.hpp"
#include "pg/keyring/keyring_change.hpp"
#include "pg/keyring/private_jwk.hpp"
#include "pg/keyring/server_secret.hpp"
#include "pg/keyring/stored_key.hpp"
#include "pg/store/citus.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"

extern "C" {
#include <commands/trigger.h>
}

namespace jwt_auth::pg {

namespace {

// A key from a C++ phase; making a large RSA key takes a while.
template <class Body>
NewKey new_key(Body &&body) {
  const auto outcome = guard_interruptible(std::forward<Body>(body));
  if (!outcome.ok) raise_error(outcome.error);
  return outcome.value;
}

NewKey make_key(std::string_view algorithm, const OptionalText &like) {
  return new_key([&] { return MakeKey(algorithm, like); });
}

Datum create_signing_key(FunctionCallInfo fcinfo) {
  const std::string_view algorithm = required_bytes(fcinfo, 0, "algorithm");
  if (PG_ARGISNULL(1)) raise_null_argument("activate");
  const NewKey key = make_key(algorithm, {false, {}});
  add_key(key, activation_argument(fcinfo, 1), {});
  return text_datum(key.kid.view());
}

// A pending key must be one that can sign before it takes over.
void check_that_it_signs(const StoredKey &key, MemoryContext context) {
  const OptionalText private_jwk = private_part_of(key.kid, context);
  const auto outcome = Guard([&]() -> Result<void> {
    const auto opened = OpenStoredKey(key.kid, key.public_jwk, private_jwk);
    if (!opened) return opened.error();
    return {};
  });
  cleanse_text(private_jwk);
  if (!outcome.ok) raise_error(outcome.error);
}

StoredKey choose_pending_key(const OptionalText &algorithm, MemoryContext context) {
  const StoredKey key = find_pending_key(algorithm, context);
  if (!key.found && algorithm.present && find_pending_key({false, {}}, context).found)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the pending key is for another algorithm"),
                    errhint("Rotate without naming an algorithm, or retire the pending key first.")));
  return key;
}

void warn_of_endless_key(std::string_view kid) {
  ereport(WARNING,
          (errmsg("the imported key \"%s\" verifies tokens until it is retired", pnstrdup(kid.data(), kid.size())),
           errdetail("It is not known when the tokens run out that were signed with it before it was imported."),
           errhint("Call jwt_auth.retire_signing_key() when they have. The import functions take that time as verify_until.")));
}

// Within a change of the keyring. Answers the kid of the key that signs from now on, in `caller`.
std::string_view rotate(const OptionalText &algorithm, MemoryContext caller) {
  const StoredKey old = find_active_key(caller);
  const StoredKey pending = choose_pending_key(algorithm, caller);
  if (!old.found && !pending.found && !algorithm.present)
    raise_error({ErrorCode::kNoActiveKey, "nothing to rotate", "Create one with jwt_auth.create_signing_key()."});

  NewKey fresh{};
  if (pending.found) {
    check_that_it_signs(pending, caller);
  } else {
    fresh = in_context(caller, [&] { return make_key(algorithm.present ? algorithm.text : old.algorithm, old.public_jwk); });
  }
  // The old key first: of two that meet here despite the lock, one fails on its row and not on the one-active index.
  const TimestampTz now = GetCurrentTimestamp();
  if (old.found) demote_key(old.kid, now);
  if (old.found && keep_imported_key(old.kid)) warn_of_endless_key(old.kid);
  const std::string_view kid = pending.found ? pending.kid : fresh.kid.view();
  if (pending.found) {
    activate_key(kid, now);
  } else {
    insert_key(fresh, true, now);
    cleanse(fresh.private_jwk);
    record_key_event(session::Event::kKeyCreated, kid, now);
  }
  record_rotation(old.found ? old.kid : std::string_view(), kid, now);
  return kid;
}

Datum rotate_signing_key(FunctionCallInfo fcinfo) {
  const OptionalText algorithm = optional_text(fcinfo, 0);
  return text_datum(change_keyring([&](MemoryContext caller) { return rotate(algorithm, caller); }));
}

Datum retire_signing_key(FunctionCallInfo fcinfo) {
  const std::string_view kid = required_bytes(fcinfo, 0, "kid");
  // An emergency does not wait for a change of the keyring in somebody's open transaction, unless that changes this key.
  (void)try_to_lock_keyring();
  as_owner("signing_key", [&](MemoryContext) {
    const StoredKey key = find_key(kid, CurrentMemoryContext);
    if (!key.found)
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("signing key \"%s\" does not exist", shown_name(kid)),
                      errhint("The view jwt_auth.signing_keys lists the keys.")));
    if (key.state == "retired") return;
    const TimestampTz now = GetCurrentTimestamp();
    retire_key(kid, now);
    record_key_event(session::Event::kKeyRetired, kid, now);
  });
  PG_RETURN_VOID();
}

void warn_of_lost_key(const StoredKey &key) {
  ereport(WARNING,
          (errmsg("the private part of the signing key \"%s\" cannot be opened and stays as it is", shown_name(key.kid)),
           key.public_jwk.present ? errdetail("The key only verifies, by its public part.")
                                  : errdetail("It is an HMAC key: nothing that it signed can be verified.")));
}

// Whether the row's private part was sealed anew.
bool seal_key(std::string_view kid) {
  lock_key(kid);
  const StoredKey key = find_key(kid, CurrentMemoryContext);
  const OptionalText private_jwk = private_part_of(kid, CurrentMemoryContext);
  // It may have been retired while its row was waited for.
  if (!private_jwk.present) return false;
  const auto resealed = Guard([&] { return ResealStoredKey(key.kid, key.public_jwk, private_jwk); });
  cleanse_text(private_jwk);
  if (!resealed.ok && IsLost(resealed.error) && key.state == "verify_only") {
    warn_of_lost_key(key);
    return false;
  }
  if (!resealed.ok) raise_error(resealed.error);
  if (resealed.value.changed) store_private_part(key.kid, resealed.value.private_jwk);
  return resealed.value.changed;
}

Datum seal_signing_keys() {
  if (!SealingIsOn())
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("there is no key to seal the signing keys with"),
                    errhint("Set jwt_auth.key_encryption_key_file and reload the configuration.")));
  const std::int32_t sealed = change_keyring([](MemoryContext) {
    const Kids kids = keys_with_private_part(CurrentMemoryContext);
    std::int32_t count = 0;
    for (std::uint64_t i = 0; i < kids.count; i++) count += seal_key(kids.kids[i]) ? 1 : 0;
    reseal_server_secret();
    return count + seal_issuer_secrets();
  });
  return Int32GetDatum(sealed);
}

// The key that signs now first, for readers that look no further; then those to come, then those that were.
enum class JwksColumn { kJwks };
Query<JwksColumn> select_jwks = {
    "SELECT jsonb_build_object('keys', coalesce(jsonb_agg(public_jwk ORDER BY state, created_at DESC, kid), '[]'::jsonb))"
    " FROM jwt_auth.signing_key WHERE state <> 'retired' AND public_jwk IS NOT NULL",
    {}};

Datum jwks() {
  return as_owner("signing_key", [](MemoryContext caller) {
    return copy_varlena_to(caller, execute_latest(select_jwks, Parameters{})[0].value(JwksColumn::kJwks));
  });
}

[[noreturn]] void raise_wrong_trigger(const char *function) {
  ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("%s is a trigger function", function),
                  errdetail("It is for the triggers that the extension itself has made.")));
  pg_unreachable();
}

// The trigger data; an error for a call that is none, or not of the kind that the function is made for.
const TriggerData *trigger_of(FunctionCallInfo fcinfo, const char *function, bool for_updated_rows) {
  const auto *trigger = CALLED_AS_TRIGGER(fcinfo) ? reinterpret_cast<TriggerData *>(fcinfo->context) : nullptr;
  const bool fits =
      trigger != nullptr && TRIGGER_FIRED_AFTER(trigger->tg_event) &&
      (!for_updated_rows || (TRIGGER_FIRED_FOR_ROW(trigger->tg_event) && TRIGGER_FIRED_BY_UPDATE(trigger->tg_event)));
  if (!fits) raise_wrong_trigger(function);
  return trigger;
}

Datum keyring_changed(FunctionCallInfo fcinfo) {
  Relation relation = trigger_of(fcinfo, "keyring_changed", false)->tg_relation;
  CacheInvalidateRelcacheByRelid(RelationGetRelid(relation));
  // On Citus the trigger is fired on a shard, and backends listen for the table.
  const Oid table = citus_is_loaded ? table_of_shard(relation) : InvalidOid;
  if (OidIsValid(table)) CacheInvalidateRelcacheByRelid(table);
  return static_cast<Datum>(0);
}

Datum signing_key_demoted(FunctionCallInfo fcinfo) {
  const TriggerData *trigger = trigger_of(fcinfo, "signing_key_demoted", true);
  // Within a node's part of a transaction nothing can be said to the other nodes.
  if (citus_is_loaded && OidIsValid(table_of_shard(trigger->tg_relation))) return static_cast<Datum>(0);
  // Whoever owns a table can put the trigger on it, and rename the columns of ours.
  TupleDesc descriptor = RelationGetDescr(trigger->tg_relation);
  const int number = SPI_fnumber(descriptor, "kid");
  bool is_null = true;
  const Datum kid = number > 0 && SPI_gettypeid(descriptor, number) == TEXTOID
                        ? heap_getattr(trigger->tg_newtuple, number, descriptor, &is_null)
                        : static_cast<Datum>(0);
  if (is_null) raise_wrong_trigger("signing_key_demoted");
  extend_verification(view_of(PG_DETOAST_DATUM_COPY(kid)));
  return static_cast<Datum>(0);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_create_signing_key) { return jwt_auth::pg::create_signing_key(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_rotate_signing_key) { return jwt_auth::pg::rotate_signing_key(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_retire_signing_key) { return jwt_auth::pg::retire_signing_key(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_seal_signing_keys) { return (void)fcinfo, jwt_auth::pg::seal_signing_keys(); }
JWT_AUTH_FUNCTION(jwt_auth_jwks) { return (void)fcinfo, jwt_auth::pg::jwks(); }
JWT_AUTH_FUNCTION(jwt_auth_keyring_changed) { return jwt_auth::pg::keyring_changed(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_signing_key_demoted) { return jwt_auth::pg::signing_key_demoted(fcinfo); }
