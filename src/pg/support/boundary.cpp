#include "pg/support/boundary.hpp"

#include <openssl/crypto.h>

namespace jwt_auth::pg {

namespace {

// palloc that answers null: an allocation error would longjmp over the C++ frames that call this.
void *AllocateOrNull(std::size_t size) noexcept {
  if (!AllocSizeIsValid(size)) return nullptr;
  return palloc_extended(size, MCXT_ALLOC_NO_OOM);
}

constexpr Error kNoMemory{ErrorCode::kOutOfMemory, nullptr};

}  // namespace

Result<Bytes> CopyOut(std::string_view bytes) noexcept {
  auto *copy = static_cast<char *>(AllocateOrNull(bytes.size() + 1));
  if (copy == nullptr) return kNoMemory;
  if (!bytes.empty()) std::memcpy(copy, bytes.data(), bytes.size());
  copy[bytes.size()] = '\0';
  return Bytes{copy, bytes.size()};
}

Result<FlatJson> CopyOut(const jose::JsonDocument &document) noexcept {
  const auto &nodes = document.nodes();
  const std::size_t node_bytes = nodes.size() * sizeof(jose::JsonNode);
  auto *copy = static_cast<char *>(AllocateOrNull(node_bytes + document.text().size() + 1));
  if (copy == nullptr) return kNoMemory;
  std::memcpy(copy, nodes.data(), node_bytes);
  char *text = copy + node_bytes;
  if (!document.text().empty()) std::memcpy(text, document.text().data(), document.text().size());
  return FlatJson{reinterpret_cast<const jose::JsonNode *>(copy), static_cast<std::uint32_t>(nodes.size()), text};
}

Result<Datum> CopyOutVarlena(std::string_view bytes) noexcept {
  auto *copy = static_cast<struct varlena *>(AllocateOrNull(bytes.size() + VARHDRSZ));
  if (copy == nullptr) return kNoMemory;
  SET_VARSIZE(copy, bytes.size() + VARHDRSZ);
  if (!bytes.empty()) std::memcpy(VARDATA(copy), bytes.data(), bytes.size());
  return PointerGetDatum(copy);
}

void cleanse(Bytes bytes) { OPENSSL_cleanse(bytes.data, bytes.size); }

}  // namespace jwt_auth::pg
