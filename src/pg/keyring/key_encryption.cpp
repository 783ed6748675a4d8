#include "pg/keyring/key_encryption.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

#include "jose/keys/key_encryption_key.hpp"
#include "pg/support/postgres.hpp"
#include "pg/support/settings.hpp"

namespace jwt_auth::pg {

namespace {

constexpr std::size_t kLongestFile = 4096;

constexpr Error Sealed(const char *detail) { return {ErrorCode::kKeySealed, detail}; }

class FileDescriptor {
 public:
  // A FIFO must not make the backend wait, hence O_NONBLOCK.
  explicit FileDescriptor(const char *path) : number_(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  FileDescriptor(const FileDescriptor &) = delete;
  FileDescriptor &operator=(const FileDescriptor &) = delete;
  ~FileDescriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

Result<jose::SecretBytes> ReadKeyFile(const char *path) {
  const FileDescriptor file(path);
  if (file.number() < 0)
    return Sealed(errno == ENOENT ? "the key-encryption-key file does not exist"
                                  : "the key-encryption-key file cannot be opened");
  struct stat status;
  if (fstat(file.number(), &status) != 0) return Sealed("the key-encryption-key file cannot be opened");
  if (!S_ISREG(status.st_mode)) return Sealed("the key-encryption-key file is not a regular file");
  if ((status.st_mode & S_IRWXO) != 0) return Sealed("the key-encryption-key file is open to others");
  if (status.st_size == 0) return Sealed("the key-encryption-key file is empty");

  // One allocation of the final size: growing would leave copies behind.
  jose::SecretBytes text(kLongestFile + 1);
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = read(file.number(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Sealed("the key-encryption-key file cannot be read");
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > kLongestFile) return Sealed("the key-encryption-key file is too long");
  return jose::ParseKeyEncryptionKey(jose::AsText(text).substr(0, size));
}

// What a file held when the configuration was last loaded.
class KeyFile {
 public:
  Result<const jose::SecretBytes *> Get(const char *path) {
    if (!key_ || path_ != path || loaded_with_ != PgReloadTime) {
      key_.reset();
      auto key = ReadKeyFile(path);
      if (!key) return key.error();
      path_ = path;
      loaded_with_ = PgReloadTime;
      key_ = std::move(*key);
    }
    return &*key_;
  }

 private:
  std::string path_;
  TimestampTz loaded_with_ = 0;
  std::optional<jose::SecretBytes> key_;
};

// They live as long as the backend.
KeyFile &CurrentFile() {
  static auto *file = new KeyFile();
  return *file;
}
KeyFile &PreviousFile() {
  static auto *file = new KeyFile();
  return *file;
}

bool IsSet(const char *setting) noexcept { return setting != nullptr && *setting != '\0'; }

}  // namespace

bool SealingIsOn() noexcept { return IsSet(settings::key_encryption_key_file); }

Result<const jose::SecretBytes *> KeyEncryptionKey() { return CurrentFile().Get(settings::key_encryption_key_file); }

Result<const jose::SecretBytes *> PreviousKeyEncryptionKey() {
  if (!IsSet(settings::previous_key_encryption_key_file)) return static_cast<const jose::SecretBytes *>(nullptr);
  return PreviousFile().Get(settings::previous_key_encryption_key_file);
}

Result<jose::SecretBytes> Pepper() {
  if (!SealingIsOn()) return jose::SecretBytes();
  const auto key = KeyEncryptionKey();
  if (!key) return key.error();
  return jose::DeriveFromKeyEncryptionKey(**key, "jwt_auth refresh token pepper 1");
}

}  // namespace jwt_auth::pg
