// Inside the library only: recognising keys that are no secrets.
#pragma once

#include <optional>
#include <string_view>

#include "jose/result.hpp"

namespace jwt_auth::jose {

// Whether the bytes hold a key that must not be taken for an HMAC secret, wherever it stands in them: PEM (also with a spoilt
// boundary), a JWK or a set, an SSH key, DER, or base64 or base64url of one of these. Returns the refusal, which names what was
// found; none: the bytes may be a secret. A public key that passes for a secret lets everybody sign (RFC 8725 section 3.1).
std::optional<Error> ForeignKeyIn(std::string_view bytes);

// The same for text, in which a URL and what begins as JSON behind quotes or a byte order mark are no secrets either.
std::optional<Error> ForeignKeyInText(std::string_view text);

}  // namespace jwt_auth::jose
