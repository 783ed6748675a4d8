#include "jose/crypto/ecdsa_der.hpp"

#include <algorithm>
#include <stdexcept>

namespace jwt_auth::jose {
namespace {

std::string_view WithoutLeadingZeros(std::string_view number) {
  return number.substr(std::min(number.find_first_not_of('\0'), number.size()));
}

// Takes the INTEGER at the start of `rest`.
std::string_view TakeInteger(std::string_view &rest) {
  const std::size_t size = rest.size() < 2 || rest[0] != '\x02' ? 0 : static_cast<unsigned char>(rest[1]);
  if (size == 0 || size > rest.size() - 2) throw std::runtime_error("OpenSSL made an odd signature");
  const std::string_view number = WithoutLeadingZeros(rest.substr(2, size));
  rest.remove_prefix(2 + size);
  return number;
}

}  // namespace

EcdsaDer::EcdsaDer(std::string_view r, std::string_view s) {
  r = WithoutLeadingZeros(r);
  s = WithoutLeadingZeros(s);
  // A first bit of one would make the number negative.
  const bool pad_r = (static_cast<unsigned char>(r[0]) & 0x80) != 0;
  const bool pad_s = (static_cast<unsigned char>(s[0]) & 0x80) != 0;
  const std::size_t r_size = r.size() + (pad_r ? 1 : 0);
  const std::size_t s_size = s.size() + (pad_s ? 1 : 0);
  const std::size_t content = 4 + r_size + s_size;
  const auto put = [this](std::size_t value) { bytes_[size_++] = static_cast<char>(value); };
  const auto put_number = [&](std::string_view number, std::size_t size, bool pad) {
    put(0x02);
    put(size);
    if (pad) put(0);
    std::copy(number.begin(), number.end(), bytes_.begin() + size_);
    size_ += number.size();
  };
  put(0x30);
  if (content > 127) put(0x81);
  put(content);
  put_number(r, r_size, pad_r);
  put_number(s, s_size, pad_s);
}

std::string EcdsaFromDer(std::string_view der, std::size_t size) {
  std::string_view rest = der;
  rest.remove_prefix(std::min<std::size_t>(rest.size(), rest.size() > 1 && rest[1] == '\x81' ? 3 : 2));
  std::string out;
  out.reserve(size * 2);
  for (int i = 0; i < 2; ++i) {
    const std::string_view number = TakeInteger(rest);
    if (number.size() > size) throw std::runtime_error("OpenSSL made an odd signature");
    out.append(size - number.size(), '\0').append(number);
  }
  return out;
}

}  // namespace jwt_auth::jose
