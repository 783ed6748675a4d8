// Preloaded into the server of test/t/130_full_disk.pl: while the file that FULL_DISK names is there, no regular file can grow.
// What a file already has can be overwritten, as on a disk that is full. These are the calls by which PostgreSQL 15 to 18 make
// a file longer, but for stdio, which writes nothing of the tables or the log, and ftruncate, which takes no room.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>

namespace {

// The server's log is on the same disk in life, but is wanted here.
bool IsFull(int file, off_t end) noexcept {
  static const char *const flag = getenv("FULL_DISK");
  const int before = errno;
  struct stat disk, status;
  // Shared memory is a file as well, of another file system.
  const bool full = file > STDERR_FILENO && flag != nullptr && stat(flag, &disk) == 0 && fstat(file, &status) == 0 &&
                    S_ISREG(status.st_mode) && status.st_dev == disk.st_dev && end > status.st_size;
  errno = full ? ENOSPC : before;
  return full;
}

off_t SizeOf(const struct iovec *parts, int count) noexcept {
  off_t size = 0;
  for (int i = 0; i < count; ++i) size += static_cast<off_t>(parts[i].iov_len);
  return size;
}

template <class Function>
Function *Real(const char *name) noexcept {
  return reinterpret_cast<Function *>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

ssize_t write(int file, const void *bytes, size_t size) {
  static auto *const real = Real<ssize_t(int, const void *, size_t)>("write");
  const off_t at = lseek(file, 0, SEEK_CUR);
  return at >= 0 && IsFull(file, at + static_cast<off_t>(size)) ? -1 : real(file, bytes, size);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off_t at) {
  static auto *const real = Real<ssize_t(int, const void *, size_t, off_t)>("pwrite64");
  return IsFull(file, at + static_cast<off_t>(size)) ? -1 : real(file, bytes, size, at);
}
ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) { return pwrite64(file, bytes, size, at); }

ssize_t pwritev64(int file, const struct iovec *parts, int count, off_t at) {
  static auto *const real = Real<ssize_t(int, const struct iovec *, int, off_t)>("pwritev64");
  return IsFull(file, at + SizeOf(parts, count)) ? -1 : real(file, parts, count, at);
}
ssize_t pwritev(int file, const struct iovec *parts, int count, off_t at) { return pwritev64(file, parts, count, at); }

int posix_fallocate64(int file, off_t at, off_t size) {
  static auto *const real = Real<int(int, off_t, off_t)>("posix_fallocate64");
  return IsFull(file, at + size) ? ENOSPC : real(file, at, size);
}
int posix_fallocate(int file, off_t at, off_t size) { return posix_fallocate64(file, at, size); }

// CREATE DATABASE with file_copy_method = clone, from PostgreSQL 18 on.
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t size, unsigned flags) {
  static auto *const real = Real<ssize_t(int, off64_t *, int, off64_t *, size_t, unsigned)>("copy_file_range");
  const off_t at = to_at != nullptr ? *to_at : lseek(to, 0, SEEK_CUR);
  return IsFull(to, at + static_cast<off_t>(size)) ? -1 : real(from, from_at, to, to_at, size, flags);
}

}  // extern "C"
