// The server's secret: 32 random bytes that nonces, challenges and keyed hashes rest on. It lives in jwt_auth.server_secret,
// one row, sealed as private keys are where jwt_auth.key_encryption_key_file is set. Each backend keeps it, as it keeps the
// keyring.
#pragma once

#include <string_view>

#include "pg/support/boundary.hpp"

namespace jwt_auth::pg {

// Registers the invalidation callback; called once, when the library is loaded.
void init_server_secret();

// kUnreadable: it is sealed and no key opens it, or it is spoilt.
enum class SecretState : std::uint8_t { kNone, kReadable, kUnreadable };
// Postgres phase: makes the backend's copy current. For what must go on where the secret can't be read.
SecretState server_secret_state();
// Postgres phase: makes the backend's copy current. False if the database has no secret yet, so nothing that rests on one can
// be good; false as well in a database that has not been updated to 2.0. JW022 if it is sealed and no key opens it.
bool find_server_secret();
// The same, and makes the secret where there is none: 25006 where that can't be written, 55000 where create_server_secret()
// makes none.
void need_server_secret();

// Within SPI, as the tables' owner, after refresh_keyring(): makes the secret where there is none. False if there was one, and
// where users were forgotten under one that is gone since the cutoff for everybody: a new one would find them no longer.
bool create_server_secret();
// Within SPI, as the tables' owner: seals it with the present key-encryption key where it is not yet. One that is lost (IsLost)
// is replaced by a new one (with a WARNING), and what rested on it is no longer good. JW022 if a file can't be read. For
// seal_signing_keys(), once it has opened every private key that is still needed.
void reseal_server_secret();

// After find_server_secret() or need_server_secret() in the same call. The bytes stay where they are.
std::string_view ServerSecret() noexcept;

}  // namespace jwt_auth::pg
