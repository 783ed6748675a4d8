// Keys that another system made: import_signing_key, import_signing_key_from_file, import_signing_secret.
#include "jose/json/json_writer.hpp"
#include "jose/keys/jwk.hpp"
#include "pg/keyring/add_key.hpp"
#include "pg/support/arguments.hpp"
#include "pg/support/boundary.hpp"
#include "pg/support/memory.hpp"

extern "C" {
#include <fcntl.h>
#include <storage/fd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utils/acl.h>

#include <catalog/pg_authid.h>
}

namespace jwt_auth::pg {

namespace {

constexpr std::size_t kLongestKeyFile = 65536;

// verify_until; functions of versions before 2.0 have no such argument.
Origin origin_argument(FunctionCallInfo fcinfo, int index) {
  if (index >= PG_NARGS() || PG_ARGISNULL(index)) return {true, false, 0};
  return {true, true, PG_GETARG_TIMESTAMPTZ(index)};
}

Datum add_imported(const NewKey &key, Activation activation, const Origin &origin) {
  add_key(key, activation, origin);
  return text_datum(key.kid.view());
}

Datum import_signing_key(FunctionCallInfo fcinfo) {
  const std::string_view text = required_bytes(fcinfo, 0, "key");
  const Activation activation = activation_argument(fcinfo, 1);
  return add_imported(value_or_raise([&] { return ImportKey(text); }), activation, origin_argument(fcinfo, 2));
}

[[noreturn]] void raise_long_path() {
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("path is too long")));
  pg_unreachable();
}

// A file of the server's, whole. No error repeats the path or what the file holds: either may be a key.
Bytes read_key_file(const char *path) {
  const int file = OpenTransientFile(path, O_RDONLY | PG_BINARY | O_NONBLOCK);
  // A part of it is; PostgreSQL has no SQLSTATE of its own for that.
  if (file < 0 && errno == ENAMETOOLONG) raise_long_path();
  if (file < 0)
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not open the file that path names: %m"),
                    errhint("A relative path is looked up in the data directory of the server.")));
  struct stat status;
  if (fstat(file, &status) != 0) ereport(ERROR, (errcode_for_file_access(), errmsg("could not stat the key file: %m")));
  if (!S_ISREG(status.st_mode))
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("path does not name a regular file")));
  Bytes text{static_cast<char *>(palloc(kLongestKeyFile + 1)), 0};
  while (text.size <= kLongestKeyFile) {
    const ssize_t count = read(file, text.data + text.size, kLongestKeyFile + 1 - text.size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) ereport(ERROR, (errcode_for_file_access(), errmsg("could not read the key file: %m")));
    if (count == 0) break;
    text.size += static_cast<std::size_t>(count);
  }
  CloseTransientFile(file);
  if (text.size > kLongestKeyFile)
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the key file is too large"),
                    errdetail("A key file has at most %zu bytes.", kLongestKeyFile)));
  return text;
}

// A key that was given by mistake: as a JWK or a set, whatever stands before it, or as PEM.
void refuse_key_as_path(const char *path) {
  if (strlen(path) >= MAXPGPATH) raise_long_path();
  if (strpbrk(path, "{}\"\r\n") != nullptr || strstr(path, "-----BEGIN") != nullptr)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("path is a key, not the name of a file that holds one")));
}

Datum import_signing_key_from_file(FunctionCallInfo fcinfo) {
  if (PG_ARGISNULL(0)) raise_null_argument("path");
  const char *path = text_to_cstring(PG_GETARG_TEXT_PP(0));
  refuse_key_as_path(path);
  const Activation activation = activation_argument(fcinfo, 1);
  const Origin origin = origin_argument(fcinfo, 2);
  if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied to read a key from a server file"),
                    errhint("Only roles with the privileges of pg_read_server_files may do this.")));
  const Bytes text = read_key_file(path);
  const auto outcome = Guard([&] {
    std::string_view trimmed = text.view();
    trimmed.remove_prefix(std::min(trimmed.find_first_not_of(" \t\r\n"), trimmed.size()));
    return ImportKey(trimmed);
  });
  cleanse(text);
  if (!outcome.ok) raise_error(outcome.error);
  return add_imported(outcome.value, activation, origin);
}

// An HMAC secret of arbitrary bytes, as a JWK. What looks like a key of another kind is refused as it is where tokens are
// signed.
Result<NewKey> ImportSecret(std::string_view secret, std::string_view algorithm) {
  const auto checked = jose::SecretKeySet(secret);
  if (!checked) return checked.error();
  jose::SecretBytes jwk;
  jose::JsonWriter writer(jwk);
  writer.BeginObject();
  jose::AppendSecretMembers(secret, jwk);
  writer.Add("alg", algorithm);
  writer.EndObject();
  return ImportKey(jose::AsText(jwk));
}

Datum import_signing_secret(FunctionCallInfo fcinfo) {
  const std::string_view secret = required_bytes(fcinfo, 0, "secret");
  const std::string_view algorithm = required_bytes(fcinfo, 1, "algorithm");
  if (algorithm != "HS256" && algorithm != "HS384" && algorithm != "HS512")
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("a secret does not sign with algorithm \"%s\"", shown_choice(algorithm)),
                    errhint("Allowed: HS256, HS384, HS512.")));
  const Activation activation = activation_argument(fcinfo, 2);
  const NewKey key = value_or_raise([&] { return ImportSecret(secret, algorithm); });
  return add_imported(key, activation, origin_argument(fcinfo, 3));
}

}  // namespace

}  // namespace jwt_auth::pg

JWT_AUTH_FUNCTION(jwt_auth_import_signing_key) { return jwt_auth::pg::import_signing_key(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_import_signing_key_from_file) { return jwt_auth::pg::import_signing_key_from_file(fcinfo); }
JWT_AUTH_FUNCTION(jwt_auth_import_signing_secret) { return jwt_auth::pg::import_signing_secret(fcinfo); }
