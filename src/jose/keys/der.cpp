#include "jose/keys/der.hpp"

#include <cstddef>

namespace jwt_auth::jose {
namespace {

constexpr char kInteger = '\x02';
constexpr char kBitString = '\x03';
constexpr char kOctetString = '\x04';
constexpr char kObjectIdentifier = '\x06';
constexpr char kSequence = '\x30';

struct Value {
  char tag;
  std::string_view content;
};

// Takes the first value off `bytes`.
std::optional<Value> TakeValue(std::string_view &bytes) noexcept {
  const auto content = DerContent(bytes);
  if (!content) return std::nullopt;
  const Value value{bytes.front(), *content};
  bytes.remove_prefix(static_cast<std::size_t>(content->data() - bytes.data()) + content->size());
  return value;
}

}  // namespace

std::optional<std::string_view> DerContent(std::string_view bytes) noexcept {
  if (bytes.size() < 2) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes[1]);
  std::string_view rest = bytes.substr(2);
  std::size_t size = first;
  if (first == 0x80) return rest;  // it ends where a mark says so
  if (first > 0x80) {
    const std::size_t count = first & 0x7fU;
    if (count > 4 || rest.size() < count) return std::nullopt;
    size = 0;
    for (const char c : rest.substr(0, count)) size = size << 8 | static_cast<unsigned char>(c);
    rest.remove_prefix(count);
  }
  if (size > rest.size()) return std::nullopt;
  return rest.substr(0, size);
}

std::string_view KeyAlgorithmIdentifier(std::string_view bytes) noexcept {
  const auto whole = TakeValue(bytes);
  if (!whole || whole->tag != kSequence || !bytes.empty()) return {};
  std::string_view inside = whole->content;
  auto algorithm = TakeValue(inside);
  if (algorithm && algorithm->tag == kInteger) algorithm = TakeValue(inside);  // the version of a private key
  if (!algorithm || algorithm->tag != kSequence) return {};
  const auto key = TakeValue(inside);
  if (!key || (key->tag != kBitString && key->tag != kOctetString)) return {};
  const auto identifier = TakeValue(algorithm->content);
  if (!identifier || identifier->tag != kObjectIdentifier) return {};
  return identifier->content;
}

}  // namespace jwt_auth::jose
