// The key-encryption keys of this installation, read from the files that the settings name.
#pragma once

#include "jose/crypto/secret.hpp"
#include "jose/result.hpp"

namespace jwt_auth::pg {

// All of these are for C++ phases. A file is read on first use, and again once the server has reloaded its configuration or
// the setting names another file; a refusal is not remembered. kKeySealed for a file that can't be opened, is no regular
// file, is open to others, or does not hold a key.

// Whether jwt_auth.key_encryption_key_file is set, so that private keys are stored sealed.
bool SealingIsOn() noexcept;
// The key that seals. The setting must be set.
Result<const jose::SecretBytes *> KeyEncryptionKey();
// The key that sealed before: null where jwt_auth.previous_key_encryption_key_file is empty.
Result<const jose::SecretBytes *> PreviousKeyEncryptionKey();
// A secret derived from the key-encryption key for refresh tokens; empty where none is set.
Result<jose::SecretBytes> Pepper();

}  // namespace jwt_auth::pg
