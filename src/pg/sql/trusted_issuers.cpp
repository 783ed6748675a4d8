// Trusted issuers: trust_issuer, distrust_issuer.
#include "jose/keys/issuer_jwks.hpp"
#include "pg/keyring/issuer_rows.hpp"
#include "pg/keyring/key_events.hpp"
#include "pg/keyring/keyring_change.hpp"
#include "pg/keyring/private_jwk.hpp"
#include "pg/store/plans.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/jsonb.hpp"
#include "pg/support/settings.hpp"

namespace jwt_auth::pg {

namespace {

constexpr std::size_t kLongestIssuer = 2048;  // more does not fit an index entry

Statement select_issuer = {"SELECT FROM jwt_auth.trusted_issuer WHERE issuer = $1", {TEXTOID}};
Statement delete_issuer = {"DELETE FROM jwt_auth.trusted_issuer WHERE issuer = $1", {TEXTOID}};

// The set of an issuer, checked, in the current memory context.
struct CheckedSet {
  Bytes public_jwks;
  Bytes stored_secrets;  // as the table keeps them: cleanse() it; empty: none
  Bytes skipped;         // a line for each key that was skipped
  bool verifies;
};

std::string LinesOf(const std::vector<jose::SkippedKey> &skipped) {
  std::string lines;
  for (const jose::SkippedKey &key : skipped) {
    lines += key.name.empty() ? "key without a kid" : "key \"" + key.name + "\"";
    lines.append(": ").append(key.reason) += '\n';
  }
  return lines;
}

Result<CheckedSet> CheckSet(std::string_view text, std::string_view issuer) {
  const auto keys = jose::ReadIssuerJwks(text);
  if (!keys) return keys.error();
  const auto public_jwks = CopyOut(keys->public_jwks);
  if (!public_jwks) return public_jwks.error();
  const auto skipped = CopyOut(LinesOf(keys->skipped));
  if (!skipped) return skipped.error();
  CheckedSet set{*public_jwks, {}, *skipped, keys->verifies()};
  if (keys->secret_jwks.empty()) return set;
  const auto stored = StoredPrivateJwk(jose::AsText(keys->secret_jwks), SealNameOfIssuer(issuer));
  if (!stored) return stored.error();
  set.stored_secrets = *stored;
  return set;
}

[[noreturn]] void raise_nothing_verifies(std::string_view skipped) {
  if (!skipped.empty()) skipped.remove_suffix(1);
  ereport(
      ERROR,
      (errcode(MAKE_SQLSTATE('J', 'W', '0', '2', '0')), errmsg("unusable key: no key of the set verifies signatures"),
       skipped.empty() ? errdetail("The set is empty.") : errdetail_internal("%s", pnstrdup(skipped.data(), skipped.size()))));
  pg_unreachable();
}

void tell_what_was_skipped(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    ereport(NOTICE, (errmsg("skipped %s", pnstrdup(lines.data(), end))));
    lines.remove_prefix(end + 1);
  }
}

// A text[] argument as it is; 0 for NULL. 22023 where it is empty unless that is allowed, for an empty element and for
// `reserved`; 22004 for a NULL in it.
Datum names_argument(FunctionCallInfo fcinfo, int index, const char *name, bool may_be_empty, std::string_view reserved = {}) {
  if (index >= PG_NARGS() || PG_ARGISNULL(index)) return 0;
  const TextArray names = text_array(fcinfo, index, name);
  if (names.count == 0 && !may_be_empty)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must not be empty", name),
                    errhint("Use NULL for the default.")));
  for (int i = 0; i < names.count; i++) {
    if (names.elements[i].empty())
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must not contain empty text", name)));
    if (!reserved.empty() && names.elements[i] == reserved)
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must name each role", name),
                      errhint("Name the roles one by one, or use NULL to believe none.")));
  }
  return names.count == 0 ? 0 : PG_GETARG_DATUM(index);
}

std::string_view subjects_argument(FunctionCallInfo fcinfo, int index) {
  if (index >= PG_NARGS()) return "ours";
  const std::string_view subjects = required_bytes(fcinfo, index, "subjects");
  if (subjects != "foreign" && subjects != "ours")
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("invalid value for subjects: \"%s\"", shown_choice(subjects)), errhint("Allowed: foreign, ours.")));
  return subjects;
}

Datum trust_issuer(FunctionCallInfo fcinfo) {
  NewIssuer issuer{};
  issuer.issuer = required_bytes(fcinfo, 0, "issuer");
  Jsonb *jwks = required_jsonb(fcinfo, 1, "jwks");
  issuer.audience = optional_name(fcinfo, 2, "audience");
  issuer.audiences = names_argument(fcinfo, 3, "audiences", false);
  issuer.token_types = names_argument(fcinfo, 4, "token_types", false);
  issuer.subjects = subjects_argument(fcinfo, 5);
  issuer.roles = names_argument(fcinfo, 6, "roles", true, kEveryRole);
  if (issuer.issuer.empty()) raise_error({ErrorCode::kInvalidArgument, "issuer is empty"});
  if (issuer.issuer.size() > kLongestIssuer) raise_error({ErrorCode::kInvalidArgument, "issuer is too long"});
  if (issuer.issuer == settings::issuer)
    raise_error({ErrorCode::kInvalidArgument, "issuer is the value of jwt_auth.issuer, whose tokens only our own keys verify"});

  const Bytes text = json_text_of(jwks);
  const auto checked = guard_interruptible([&] { return CheckSet(text.view(), issuer.issuer); });
  cleanse(text);
  if (!checked.ok) raise_error(checked.error);
  if (!checked.value.verifies) raise_nothing_verifies(checked.value.skipped.view());
  issuer.public_jwks = checked.value.public_jwks.view();
  if (checked.value.stored_secrets.data != nullptr) issuer.stored_secrets = checked.value.stored_secrets.view();
  change_keyring([&](MemoryContext) {
    const TimestampTz now = GetCurrentTimestamp();
    write_issuer(issuer, now);
    record_issuer_event(session::Event::kIssuerTrusted, issuer.issuer, now);
  });
  if (checked.value.stored_secrets.data != nullptr) cleanse(checked.value.stored_secrets);
  tell_what_was_skipped(checked.value.skipped.view());
  PG_RETURN_VOID();
}

Datum distrust_issuer(FunctionCallInfo fcinfo) {
  const std::string_view issuer = required_bytes(fcinfo, 0, "issuer");
  Parameters parameters{};
  add_text(parameters, issuer);
  const bool was_trusted = change_keyring([&](MemoryContext) {
    const bool deleted = execute(delete_issuer, parameters) > 0;
    if (deleted)
      record_issuer_event(session::Event::kIssuerDistrusted, issuer, GetCurrentTimestamp());
    else if (execute_latest(select_issuer, parameters) > 0)
      ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                      errmsg("could not serialize access: the issuer was trusted after this transaction began")));
    return deleted;
  });
  return BoolGetDatum(was_trusted);
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_trust_issuer) { return jwt_auth::pg::trust_issuer(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_distrust_issuer) { return jwt_auth::pg::distrust_issuer(fcinfo); }
