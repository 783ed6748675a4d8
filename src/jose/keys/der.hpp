// Inside the library only: as much of DER as it takes to see that bytes are a key, of whatever kind.
#pragma once

#include <optional>
#include <string_view>

namespace jwt_auth::jose {

// What is inside the first value of `bytes`; none if it has another form or ends too early. What follows it does not matter.
std::optional<std::string_view> DerContent(std::string_view bytes) noexcept;

// Of a public key (SubjectPublicKeyInfo) or a private one (PKCS#8, also encrypted) that is all of `bytes`: the identifier of
// its algorithm. Empty for anything else.
std::string_view KeyAlgorithmIdentifier(std::string_view bytes) noexcept;

}  // namespace jwt_auth::jose
