#include "jose/json/json.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "jose/json/json_plain.hpp"

namespace jwt_auth::jose {
namespace {

constexpr std::size_t kMaxTextSize = 0xFFFFFF00;  // offsets are 32 bits wide

// The parser keeps the token that it reads in one of these.
using CleansingString = std::basic_string<char, std::char_traits<char>, CleansingAllocator<char>>;

// Stands for the parser's floating-point type. The parser converts a literal with strtold and refuses it if the result is
// not finite; this type answers that question with 0, so every literal reaches number_float, which keeps its digits.
struct Exact {
  long double value = 0;
  Exact() = default;
  Exact(long double v) : value(v) {}          // NOLINT(google-explicit-constructor)
  operator long double &() { return value; }  // NOLINT(google-explicit-constructor)
  operator long double() const { return 0; }  // NOLINT(google-explicit-constructor)
};

using Parser = nlohmann::basic_json<std::map, std::vector, CleansingString, bool, std::int64_t, std::uint64_t, Exact>;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Whether PostgreSQL's numeric can hold the number: numeric.c keeps 14 bits of display scale and 16 bits of weight in
// groups of four digits, leading zeros stripped, and refuses exponents of INT_MAX / 2.
bool FitsNumeric(std::string_view literal) {
  constexpr std::int64_t kMaxScale = 16383;
  constexpr std::int64_t kMaxIntegerDigits = 131072;
  constexpr std::int64_t kExponentBound = 1073741823;

  std::int64_t integer_digits = 0;  // all of them
  std::int64_t fraction_digits = 0;
  std::int64_t leading_zeros = 0;  // zeros in front of the first other digit, the point ignored
  bool significant = false;
  bool behind_point = false;
  std::size_t i = literal[0] == '-' ? 1 : 0;
  for (; i < literal.size() && (IsDigit(literal[i]) || literal[i] == '.'); ++i) {
    if (literal[i] == '.') {
      behind_point = true;
      continue;
    }
    ++(behind_point ? fraction_digits : integer_digits);
    if (literal[i] != '0') significant = true;
    if (!significant) ++leading_zeros;
  }
  std::int64_t exponent = 0;
  if (i < literal.size()) {
    ++i;
    const bool negative = literal[i] == '-';
    if (!IsDigit(literal[i])) ++i;
    for (; i < literal.size(); ++i) exponent = std::min(exponent * 10 + (literal[i] - '0'), kExponentBound);
    if (exponent >= kExponentBound) return false;
    if (negative) exponent = -exponent;
  }
  if (fraction_digits - exponent > kMaxScale) return false;
  return !significant || integer_digits - leading_zeros + exponent <= kMaxIntegerDigits;
}

}  // namespace

// Receives the parser's events and writes them down as nodes.
class JsonHandler {
 public:
  explicit JsonHandler(std::size_t text_size) {
    document_.text_.reserve(text_size);
    // Enough for a token's claims: most documents never grow these.
    document_.nodes_.reserve(std::min<std::size_t>(text_size, 32));
    names_.reserve(16);
    open_.reserve(8);
  }

  bool null() { return AddNode(JsonType::kNull); }
  bool boolean(bool value) { return AddNode(value ? JsonType::kTrue : JsonType::kFalse); }
  bool number_integer(std::int64_t value) { return AddText(JsonType::kNumber, std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) { return AddText(JsonType::kNumber, std::to_string(value)); }

  // A template because the parser also instantiates it for binary formats, with other string types.
  template <class String>
  bool number_float(Exact, const String &literal) {
    if constexpr (std::is_same_v<String, CleansingString>) {
      const std::size_t offset = document_.text_.size();
      if (!AddText(JsonType::kNumber, {literal.data(), literal.size()})) return false;
      // The parser writes the locale's decimal point into its copy.
      for (std::size_t i = offset; i < document_.text_.size(); ++i) {
        unsigned char &c = document_.text_[i];
        if (!IsDigit(static_cast<char>(c)) && std::strchr("+-eE", c) == nullptr) c = '.';
      }
      if (!FitsNumeric(document_.text().substr(offset))) return Refuse({ErrorCode::kMalformed, "number out of range in JSON"});
      return true;
    } else {
      return Refuse({ErrorCode::kInternal, "binary JSON"});
    }
  }

  bool string(CleansingString &value) { return AddString(value); }
  template <class Binary>
  bool binary(Binary &) {
    return Refuse({ErrorCode::kInternal, "binary JSON"});
  }

  bool start_object(std::size_t) { return Open(JsonType::kObject); }
  bool start_array(std::size_t) { return Open(JsonType::kArray); }

  bool key(CleansingString &name) {
    names_.push_back(static_cast<std::uint32_t>(document_.nodes_.size()));
    return AddString(name);
  }

  bool end_object() {
    const Frame frame = open_.back();
    const auto first = names_.begin() + frame.first_name;
    const auto size = static_cast<std::uint32_t>(names_.end() - first);
    if (HasDuplicates(first, names_.end())) return Refuse({ErrorCode::kMalformed, "duplicate member name in JSON"});
    names_.erase(first, names_.end());
    return Close(size);
  }
  bool end_array() { return Close(open_.back().elements); }

  template <class Exception>
  bool parse_error(std::size_t, const std::string &, const Exception &) {
    return Refuse({ErrorCode::kMalformed, "not valid JSON"});
  }

  const std::optional<Error> &error() const { return error_; }
  JsonDocument Take() { return std::move(document_); }

 private:
  struct Frame {
    std::uint32_t node;
    std::uint32_t elements;     // counted for arrays
    std::ptrdiff_t first_name;  // in names_, for objects
  };
  using NameIterator = std::vector<std::uint32_t>::iterator;

  bool Refuse(Error error) {
    if (!error_) error_ = error;
    return false;
  }

  bool AddNode(JsonType type, std::uint32_t offset = 0, std::uint32_t size = 0) {
    const auto index = static_cast<std::uint32_t>(document_.nodes_.size());
    document_.nodes_.push_back({type, offset, size, index + 1});
    if (!open_.empty()) ++open_.back().elements;
    return true;
  }

  bool AddText(JsonType type, std::string_view text) {
    const auto offset = static_cast<std::uint32_t>(document_.text_.size());
    Append(document_.text_, text);
    return AddNode(type, offset, static_cast<std::uint32_t>(text.size()));
  }

  bool AddString(const CleansingString &value) {
    if (std::memchr(value.data(), '\0', value.size()) != nullptr) return Refuse({ErrorCode::kMalformed, "\\u0000 in JSON"});
    return AddText(JsonType::kString, {value.data(), value.size()});
  }

  bool Open(JsonType type) {
    if (open_.size() >= kMaxJsonDepth) return Refuse({ErrorCode::kTooLarge, "JSON nested too deeply"});
    const auto node = static_cast<std::uint32_t>(document_.nodes_.size());
    AddNode(type);
    open_.push_back({node, 0, static_cast<std::ptrdiff_t>(names_.size())});
    return true;
  }

  bool Close(std::uint32_t size) {
    JsonNode &node = document_.nodes_[open_.back().node];
    node.size = size;
    node.next = static_cast<std::uint32_t>(document_.nodes_.size());
    open_.pop_back();
    return true;
  }

  std::string_view NameAt(std::uint32_t node) const {
    return document_.text().substr(document_.nodes_[node].offset, document_.nodes_[node].size);
  }

  // Sorting, not hashing: an attacker chooses the names.
  bool HasDuplicates(NameIterator first, NameIterator last) const {
    constexpr std::ptrdiff_t kFew = 12;
    if (last - first <= kFew) {
      for (auto a = first; a != last; ++a) {
        for (auto b = first; b != a; ++b) {
          if (NameAt(*a) == NameAt(*b)) return true;
        }
      }
      return false;
    }
    const auto shorter_or_before = [this](std::uint32_t a, std::uint32_t b) {
      const std::string_view x = NameAt(a);
      const std::string_view y = NameAt(b);
      return x.size() != y.size() ? x.size() < y.size() : x < y;
    };
    std::sort(first, last, shorter_or_before);
    return std::adjacent_find(first, last, [this](std::uint32_t a, std::uint32_t b) { return NameAt(a) == NameAt(b); }) != last;
  }

  JsonDocument document_;
  std::vector<Frame> open_;
  std::vector<std::uint32_t> names_;  // nodes of the member names of all open objects
  std::optional<Error> error_;
};

Result<JsonDocument> ParseJson(std::string_view text) {
  if (text.size() > kMaxTextSize) return Error{ErrorCode::kTooLarge, "JSON text too large"};
  if (auto plain = PlainJson::Read(text)) return std::move(*plain);
  // The parser skips a byte order mark and takes a NUL for the end of the text.
  if (text.substr(0, 3) == "\xEF\xBB\xBF") return Error{ErrorCode::kMalformed, "byte order mark before JSON"};
  if (text.find('\0') != std::string_view::npos) return Error{ErrorCode::kMalformed, "NUL byte in JSON"};
  JsonHandler handler(text.size());
  const bool parsed = Parser::sax_parse(text.begin(), text.end(), &handler);
  if (handler.error()) return *handler.error();
  if (!parsed) return Error{ErrorCode::kMalformed, "not valid JSON"};
  return handler.Take();
}

Result<JsonDocument> ParseJsonObject(std::string_view text) {
  auto document = ParseJson(text);
  if (document && !document->root().is(JsonType::kObject)) return Error{ErrorCode::kMalformed, "not a JSON object"};
  return document;
}

}  // namespace jwt_auth::jose
