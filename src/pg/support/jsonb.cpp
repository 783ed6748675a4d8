#include "pg/support/jsonb.hpp"

#include <charconv>

#include "jose/jwt/claims.hpp"

namespace jwt_auth::pg {

namespace {

using jose::JsonNode;
using jose::JsonType;

Numeric numeric_of(std::string_view literal) {
  std::int64_t integer = 0;
  const auto parsed = std::from_chars(literal.data(), literal.data() + literal.size(), integer);
  if (parsed.ec == std::errc() && parsed.ptr == literal.data() + literal.size()) return int64_to_numeric(integer);
  char *text = pnstrdup(literal.data(), literal.size());
  return DatumGetNumeric(
      DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

JsonbValue scalar_of(const JsonNode &node, const char *text) {
  JsonbValue value{};
  switch (node.type) {
    case JsonType::kNull:
      value.type = jbvNull;
      break;
    case JsonType::kFalse:
    case JsonType::kTrue:
      value.type = jbvBool;
      value.val.boolean = node.type == JsonType::kTrue;
      break;
    case JsonType::kNumber:
      value.type = jbvNumeric;
      value.val.numeric = numeric_of({text + node.offset, node.size});
      break;
    default:
      value.type = jbvString;
      value.val.string.val = const_cast<char *>(text + node.offset);
      value.val.string.len = static_cast<int>(node.size);
  }
  return value;
}

// What claims_text_of watches while the text is written: the registered claim at the top level that is being read.
struct ClaimCheck {
  bool enabled;
  std::string_view name;
  bool array_of_strings;
};

[[noreturn]] void raise_unacceptable_claim(std::string_view name) {
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                  errmsg("claim \"%s\" has a value that is not acceptable", pnstrdup(name.data(), name.size())),
                  errhint("exp, nbf and iat are seconds since 1970 and fewer than 9223372036854, iss, sub and jti are strings, "
                          "aud is a string or an array of strings.")));
  pg_unreachable();
}

JsonType type_of(const JsonbValue &value) {
  switch (value.type) {
    case jbvNull:
      return JsonType::kNull;
    case jbvBool:
      return value.val.boolean ? JsonType::kTrue : JsonType::kFalse;
    case jbvNumeric:
      return JsonType::kNumber;
    default:
      return JsonType::kString;
  }
}

void check_claim(const ClaimCheck &check, JsonType type, std::string_view literal) {
  if (!jose::IsAcceptableClaim(check.name, type, literal, check.array_of_strings)) raise_unacceptable_claim(check.name);
}

std::string_view scalar_text(const JsonbValue &value) {
  if (value.type == jbvString) return {value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
  if (value.type == jbvNumeric) {
    const char *digits = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric)));
    return {digits, std::strlen(digits)};
  }
  return {};
}

Bytes write_json(Jsonb *root, ClaimCheck check) {
  StringInfoData out;
  initStringInfo(&out);
  JsonbIterator *iterator = JsonbIteratorInit(&root->root);
  JsonbValue value;
  int depth = 0;
  bool first = true;
  bool raw_scalar = false;
  JsonbIteratorToken token;
  while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE) {
    switch (token) {
      case WJB_BEGIN_ARRAY:
      case WJB_BEGIN_OBJECT:
        if (!first && out.data[out.len - 1] != ':') appendStringInfoCharMacro(&out, ',');
        raw_scalar = token == WJB_BEGIN_ARRAY && value.val.array.rawScalar;
        if (check.enabled && depth == 1) check.array_of_strings = token == WJB_BEGIN_ARRAY;
        if (check.enabled && depth == 2) check.array_of_strings = false;
        if (!raw_scalar) appendStringInfoCharMacro(&out, token == WJB_BEGIN_ARRAY ? '[' : '{');
        if (++depth > static_cast<int>(jose::kMaxJsonDepth)) raise_error({ErrorCode::kTooLarge, "JSON nested too deeply"});
        first = true;
        break;
      case WJB_END_ARRAY:
      case WJB_END_OBJECT:
        if (!(raw_scalar && depth == 1)) appendStringInfoCharMacro(&out, token == WJB_END_ARRAY ? ']' : '}');
        depth--;
        first = false;
        if (check.enabled && depth == 1) check_claim(check, token == WJB_END_ARRAY ? JsonType::kArray : JsonType::kObject, {});
        break;
      case WJB_KEY:
        if (!first) appendStringInfoCharMacro(&out, ',');
        append_json_scalar(&out, &value);
        appendStringInfoCharMacro(&out, ':');
        if (check.enabled && depth == 1) check.name = {value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
        first = false;
        break;
      case WJB_VALUE:
        if (check.enabled && depth == 1) check_claim(check, type_of(value), scalar_text(value));
        append_json_scalar(&out, &value);
        first = false;
        break;
      case WJB_ELEM:
        if (check.enabled && depth == 2 && value.type != jbvString) check.array_of_strings = false;
        if (!first) appendStringInfoCharMacro(&out, ',');
        append_json_scalar(&out, &value);
        first = false;
        break;
      default:
        elog(ERROR, "unexpected jsonb token %d", static_cast<int>(token));
    }
  }
  return Bytes{out.data, static_cast<std::size_t>(out.len)};
}

}  // namespace

void append_json_scalar(StringInfo out, const JsonbValue *value) {
  switch (value->type) {
    case jbvNull:
      appendBinaryStringInfo(out, "null", 4);
      break;
    case jbvBool:
      appendStringInfoString(out, value->val.boolean ? "true" : "false");
      break;
    case jbvNumeric: {
      const std::string_view digits = scalar_text(*value);
      appendBinaryStringInfo(out, digits.data(), static_cast<int>(digits.size()));
      break;
    }
    default: {
      const std::string_view contents = scalar_text(*value);
      escape_json(out, pnstrdup(contents.data(), contents.size()));
    }
  }
}

namespace {

// A flat object of a few members, as nearly every payload is, needs no parser's stack: its members are put in jsonb's order, by
// length and then by bytes, and serialised. Their names are distinct, for the document was checked.
constexpr std::uint32_t kFewMembers = 32;

bool is_flat_object(const FlatJson &document) {
  if (document.nodes[0].type != JsonType::kObject || document.count > 1 + 2 * kFewMembers) return false;
  for (std::uint32_t i = 1; i < document.count; i++) {
    if (document.nodes[i].type >= JsonType::kArray) return false;
  }
  return true;
}

bool precedes(const JsonbValue &name, const JsonbValue &other) {
  const auto &a = name.val.string, &b = other.val.string;
  return a.len != b.len ? a.len < b.len : std::memcmp(a.val, b.val, a.len) < 0;
}

Datum flat_object_from(const FlatJson &document) {
  JsonbPair members[kFewMembers];
  const int count = static_cast<int>(document.count / 2);
  for (int i = 0; i < count; i++) {
    JsonbPair member;
    member.key = scalar_of(document.nodes[1 + 2 * i], document.text);
    member.value = scalar_of(document.nodes[2 + 2 * i], document.text);
    member.order = static_cast<std::uint32_t>(i);
    int at = i;
    for (; at > 0 && precedes(member.key, members[at - 1].key); at--) members[at] = members[at - 1];
    members[at] = member;
  }
  JsonbValue object;
  object.type = jbvObject;
  object.val.object.nPairs = count;
  object.val.object.pairs = members;
  return JsonbPGetDatum(JsonbValueToJsonb(&object));
}

}  // namespace

Datum jsonb_from(const FlatJson &document) {
  struct Open {
    std::uint32_t end;
    bool is_object;
  };
  Open open[jose::kMaxJsonDepth + 1];
  int depth = 0;
  JsonbBuilder builder{};

  if (document.nodes[0].type < JsonType::kArray) {
    JsonbValue value = scalar_of(document.nodes[0], document.text);
    return JsonbPGetDatum(JsonbValueToJsonb(&value));
  }
  if (is_flat_object(document)) return flat_object_from(document);
  bool is_name = false;
  for (std::uint32_t i = 0; i < document.count; i++) {
    const JsonNode &node = document.nodes[i];
    if (node.type >= JsonType::kArray) {
      const bool is_object = node.type == JsonType::kObject;
      push_jsonb(builder, is_object ? WJB_BEGIN_OBJECT : WJB_BEGIN_ARRAY, nullptr);
      open[depth++] = Open{node.next, is_object};
      is_name = is_object;
    } else {
      JsonbValue value = scalar_of(node, document.text);
      const bool in_object = open[depth - 1].is_object;
      push_jsonb(builder, in_object ? (is_name ? WJB_KEY : WJB_VALUE) : WJB_ELEM, &value);
      is_name = in_object && !is_name;
    }
    while (depth > 0 && open[depth - 1].end == i + 1) {
      depth--;
      push_jsonb(builder, open[depth].is_object ? WJB_END_OBJECT : WJB_END_ARRAY, nullptr);
      is_name = depth > 0 && open[depth - 1].is_object;
    }
  }
  return JsonbPGetDatum(JsonbValueToJsonb(built_jsonb(builder)));
}

JsonbValue *find_member(Jsonb *object, std::string_view name) {
  JsonbValue key{};
  key.type = jbvString;
  key.val.string.val = const_cast<char *>(name.data());
  key.val.string.len = static_cast<int>(name.size());
  return findJsonbValueFromContainer(&object->root, JB_FOBJECT, &key);
}

Bytes json_text_of(Jsonb *value) { return write_json(value, ClaimCheck{}); }

Bytes claims_text_of(Jsonb *claims) {
  if (!JB_ROOT_IS_OBJECT(claims))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("claims must be a JSON object")));
  return write_json(claims, ClaimCheck{true, {}, false});
}

}  // namespace jwt_auth::pg
