#include "pg/support/arguments.hpp"

#include "pg/support/jsonb.hpp"
#include "pg/support/settings.hpp"

extern "C" {
#include <mb/pg_wchar.h>
}

namespace jwt_auth::pg {

namespace {

jose::KeyCache &ArgumentKeys() {
  static auto *cache = new jose::KeyCache();  // lives as long as the backend
  return *cache;
}

}  // namespace

std::string_view required_bytes(FunctionCallInfo fcinfo, int index, const char *name) {
  if (PG_ARGISNULL(index)) raise_null_argument(name);
  return view_of(PG_GETARG_VARLENA_PP(index));
}

OptionalText optional_text(FunctionCallInfo fcinfo, int index) {
  if (index >= PG_NARGS() || PG_ARGISNULL(index)) return {false, {}};
  return {true, view_of(PG_GETARG_VARLENA_PP(index))};
}

OptionalText optional_name(FunctionCallInfo fcinfo, int index, const char *name) {
  const OptionalText value = optional_text(fcinfo, index);
  if (value.present && value.text.empty())
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s is empty", name)));
  return value;
}

pg_uuid_t required_uuid(FunctionCallInfo fcinfo, int index, const char *name) {
  if (PG_ARGISNULL(index)) raise_null_argument(name);
  return *PG_GETARG_UUID_P(index);
}

Jsonb *required_jsonb(FunctionCallInfo fcinfo, int index, const char *name) {
  if (PG_ARGISNULL(index)) raise_null_argument(name);
  return PG_GETARG_JSONB_P(index);
}

void check_object(Jsonb *value, const char *name) {
  if (!JB_ROOT_IS_OBJECT(value))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be a JSON object", name)));
}

OptionalText optional_object_text(FunctionCallInfo fcinfo, int index, const char *name) {
  if (index >= PG_NARGS() || PG_ARGISNULL(index)) return {false, {}};
  Jsonb *value = PG_GETARG_JSONB_P(index);
  check_object(value, name);
  return {true, json_text_of(value).view()};
}

Result<const jose::JsonDocument *> HeaderOf(const OptionalText &header, jose::JsonDocument &document) {
  if (!header.present) return nullptr;
  auto parsed = jose::ParseJsonObject(header.text);
  if (!parsed) return parsed.error();
  document = std::move(*parsed);
  return &document;
}

bool token_is_too_large(FunctionCallInfo fcinfo, int index) {
  if (PG_ARGISNULL(index)) raise_null_argument("token");
  return toast_raw_datum_size(PG_GETARG_DATUM(index)) - VARHDRSZ > static_cast<Size>(settings::max_token_size);
}

std::string_view required_token(FunctionCallInfo fcinfo, int index) {
  if (token_is_too_large(fcinfo, index)) raise_error(kTokenTooLarge);
  return view_of(PG_GETARG_VARLENA_PP(index));
}

TextArray text_array(FunctionCallInfo fcinfo, int index, const char *name) {
  ArrayType *array = PG_GETARG_ARRAYTYPE_P(index);
  Datum *values;
  bool *nulls;
  int count;
  deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
  TextArray result{static_cast<std::string_view *>(palloc(sizeof(std::string_view) * (count + 1))), count};
  for (int i = 0; i < count; i++) {
    if (nulls[i]) ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not contain nulls", name)));
    result.elements[i] = view_of(reinterpret_cast<struct varlena *>(DatumGetPointer(values[i])));
  }
  return result;
}

const char *shown_name(std::string_view name) {
  constexpr int kMaxShown = 64;
  const int size = static_cast<int>(std::min<std::size_t>(name.size(), kMaxShown));
  return pnstrdup(name.data(), pg_mbcliplen(name.data(), static_cast<int>(name.size()), size));
}

const char *shown_choice(std::string_view name) {
  constexpr std::size_t kLongestChoice = 24;
  const bool is_one = name.size() <= kLongestChoice && name.find_first_not_of(
                                                           "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                                           "0123456789+-_") == std::string_view::npos;
  return is_one ? pnstrdup(name.data(), name.size()) : "(not shown)";
}

jose::AlgorithmSet algorithms_argument(FunctionCallInfo fcinfo, int index) {
  if (index >= PG_NARGS() || PG_ARGISNULL(index)) return jose::AlgorithmSet::All();
  const TextArray names = text_array(fcinfo, index, "algorithms");
  if (names.count == 0)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("algorithms is empty, which would allow nothing"),
                    errhint("Use NULL to allow what the key is for.")));
  jose::AlgorithmSet allowed;
  for (int i = 0; i < names.count; i++) {
    const jose::AlgorithmSet named = jose::AlgorithmsNamed(names.elements[i]);
    if (named.empty())
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                      errmsg("algorithms has the unknown name \"%s\"", shown_choice(names.elements[i])),
                      errhint("%s", jose::kSignatureAlgorithmNames)));
    allowed = allowed | named;
  }
  return allowed;
}

jose::Micros micros_argument(FunctionCallInfo fcinfo, int index, const char *name) {
  if (index >= PG_NARGS() || PG_ARGISNULL(index)) return 0;
  const Interval *interval = PG_GETARG_INTERVAL_P(index);
  constexpr jose::Micros kLongest = static_cast<jose::Micros>(1000) * 366 * USECS_PER_DAY;
  const jose::Micros days = static_cast<jose::Micros>(interval->month) * DAYS_PER_MONTH + interval->day;
  if (days < -366000 || days > 366000 || interval->time < -kLongest || interval->time > kLongest ||
      days * USECS_PER_DAY + interval->time < 0 || days * USECS_PER_DAY + interval->time > kLongest)
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be an interval from zero to a thousand years", name)));
  return days * USECS_PER_DAY + interval->time;
}

KeyArgument key_argument(FunctionCallInfo fcinfo, int index, KeyForm form, const char *name, jose::KeyPurpose purpose) {
  using Kind = jose::KeyCache::Kind;
  const bool encrypts = purpose == jose::KeyPurpose::kEncryption;
  if (form == KeyForm::kSecret)
    return {encrypts ? Kind::kEncryptionSecret : Kind::kRawSecret, required_bytes(fcinfo, index, name)};
  const Kind kind = encrypts                                     ? Kind::kEncryptionText
                    : purpose == jose::KeyPurpose::kVerification ? Kind::kVerificationText
                                                                 : Kind::kText;
  if (form == KeyForm::kText) return {kind, required_bytes(fcinfo, index, name)};
  Jsonb *key = required_jsonb(fcinfo, index, name);
  if (!JB_ROOT_IS_OBJECT(key))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be a JSON object: a JWK or a JWK set", name)));
  return {kind, json_text_of(key).view()};
}

Result<const jose::KeySet *> KeysOf(const KeyArgument &argument) {
  auto keys = ArgumentKeys().Get(argument.kind, argument.bytes);
  if (!keys && !ArgumentKeys().skipped().empty()) NoteDetail(keys.error(), jose::DescribeSkipped(ArgumentKeys().skipped()));
  return keys;
}

}  // namespace jwt_auth::pg
