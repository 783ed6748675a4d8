#include "jose/keys/pem_text.hpp"

#include <optional>
#include <string>

#include "jose/json/base64url.hpp"

namespace jwt_auth::jose {
namespace {

constexpr std::size_t kMaxBlocks = 64;
constexpr std::size_t kMaxLabelSize = 64;
constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kDashes = "-----";
constexpr std::string_view kBlanks = " \t\v\f";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

constexpr Error Unusable(const char *detail, const char *hint) { return {ErrorCode::kUnusableKey, detail, hint}; }

constexpr Error kNoBlock = Unusable("not a PEM text that can be read",
                                    "A PEM text has a line -----BEGIN ...-----, lines of base64 and a line -----END ...-----.");
constexpr Error kBoundary = Unusable("PEM text whose -----BEGIN does not begin a line",
                                     "Give the text as it is in the file, without quotes or a name in front.");
constexpr Error kNoEnd =
    Unusable("PEM text without the -----END that belongs to its -----BEGIN", "Give the text as it is in the file.");
constexpr Error kOneLine =
    Unusable("PEM text on one line", "Put the line breaks back: one behind -----BEGIN ...-----, one before -----END ...-----.");
constexpr Error kEscapedLineBreaks = Unusable("PEM text with the two characters \\n in place of line breaks",
                                              "Put the line breaks back, for example with replace(..., '\\n', chr(10)).");
constexpr Error kEncrypted =
    Unusable("encrypted PEM key", "Decrypt it first, for example with: openssl pkey -in FILE -out DECRYPTED.");
constexpr Error kHeaders = Unusable("PEM text with headers", "Remove the lines with a colon and the blank line behind them.");
constexpr Error kNotBase64 = Unusable("PEM text whose body is not base64", "Give the text as it is in the file.");

bool StartsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

bool IsLineBreak(char c) { return c == '\n' || c == '\r'; }

// Whether nothing but blanks (or a byte order mark at the very start) stands between the start of the line and `at`.
bool BeginsLine(std::string_view text, std::size_t at) {
  while (at > 0 && kBlanks.find(text[at - 1]) != std::string_view::npos) --at;
  return at == 0 || IsLineBreak(text[at - 1]) || text.substr(0, at) == kByteOrderMark;
}

// What follows on the same line, without blanks around it.
std::string_view RestOfLine(std::string_view text, std::size_t at) {
  const std::size_t first = text.find_first_not_of(kBlanks, at);
  if (first == std::string_view::npos || IsLineBreak(text[first])) return {};
  return text.substr(first, text.find_first_of("\r\n", first) - first);
}

// Standard base64 with its padding, white space anywhere.
std::optional<SecretBytes> DecodeBody(std::string_view body) {
  SecretBytes url_alphabet;
  url_alphabet.reserve(body.size());
  std::size_t padding = 0;
  for (const char c : body) {
    if (IsLineBreak(c) || kBlanks.find(c) != std::string_view::npos) continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    if (padding != 0 || c == '-' || c == '_') return std::nullopt;
    url_alphabet.push_back(static_cast<unsigned char>(c == '+' ? '-' : c == '/' ? '_' : c));
  }
  if (padding > 2 || (url_alphabet.size() + padding) % 4 != 0) return std::nullopt;
  SecretBytes der;
  if (!AppendDecodedBase64Url(AsText(url_alphabet), der)) return std::nullopt;
  return der;
}

// Reads the block whose BEGIN is at `at`, and moves `at` behind it.
Result<PemBlock> ReadBlock(std::string_view text, std::size_t &at) {
  if (!BeginsLine(text, at)) return kBoundary;
  const std::size_t label_at = at + kBegin.size();
  const std::size_t label_end = text.find(kDashes, label_at);
  if (label_end == std::string_view::npos || label_end - label_at > kMaxLabelSize) return kNoBlock;
  PemBlock block;
  block.label = text.substr(label_at, label_end - label_at);
  if (block.label.find_first_of("\r\n") != std::string_view::npos) return kNoBlock;
  const std::size_t body_at = label_end + kDashes.size();
  const std::string_view behind_begin = RestOfLine(text, body_at);
  if (StartsWith(behind_begin, "\\n") || StartsWith(behind_begin, "\\r")) return kEscapedLineBreaks;
  if (!behind_begin.empty()) return kOneLine;

  const std::string end = "-----END " + std::string(block.label) + "-----";
  const std::size_t end_at = text.find(end, body_at);
  if (end_at == std::string_view::npos) return kNoEnd;
  at = end_at + end.size();
  const std::string_view body = text.substr(body_at, end_at - body_at);
  if (block.label == "ENCRYPTED PRIVATE KEY" || body.find("ENCRYPTED") != std::string_view::npos) return kEncrypted;
  if (body.find("\\n") != std::string_view::npos) return kEscapedLineBreaks;
  if (body.find(':') != std::string_view::npos) return kHeaders;
  if (!BeginsLine(text, end_at)) return kOneLine;
  auto der = DecodeBody(body);
  if (!der) return kNotBase64;
  block.der = std::move(*der);
  return block;
}

}  // namespace

Result<std::vector<PemBlock>> ReadPem(std::string_view text) {
  if (text.size() > kMaxPemSize) return Error{ErrorCode::kTooLarge, "PEM text longer than 65536 bytes"};
  std::vector<PemBlock> blocks;
  for (std::size_t at = 0; (at = text.find(kBegin, at)) != std::string_view::npos;) {
    if (blocks.size() == kMaxBlocks) return Error{ErrorCode::kTooLarge, "PEM text with more than 64 blocks"};
    auto block = ReadBlock(text, at);
    if (!block) return block.error();
    blocks.push_back(std::move(*block));
  }
  if (blocks.empty()) return kNoBlock;
  return blocks;
}

}  // namespace jwt_auth::jose
