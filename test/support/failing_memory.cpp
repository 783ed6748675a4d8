// Preloaded into the server of test/t/127_failing_allocations.pl, this library stands before the C library's allocator. It
// fails nothing until failing_memory_sql.cpp, loaded into a backend, arms it for that backend.
#include "failing_memory.hpp"

#include <dlfcn.h>
#include <execinfo.h>
#include <malloc.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <string_view>

extern "C" {

FailingMemory failing_memory = {false, 0, 1, 0, 0, 0};

void *__libc_malloc(size_t size) noexcept;
void *__libc_calloc(size_t count, size_t size) noexcept;
void *__libc_realloc(void *pointer, size_t size) noexcept;
void *__libc_memalign(size_t alignment, size_t size) noexcept;
void __libc_free(void *pointer) noexcept;
}

namespace {

// PostgreSQL 15 does not survive the failure of two allocations. LockAcquireExtended keeps an entry whose list of owners is
// null then, and the next lock of the same object in the transaction writes into that list. pgstat_get_entry_ref keeps an
// entry of its table that holds no pointer yet, which is followed when the object is dropped.
bool IsFatalToPostgres() noexcept {
  std::array<void *, 10> frames;
  const int depth = backtrace(frames.data(), frames.size());
  for (int i = 0; i < depth; ++i) {
    Dl_info caller{};
    if (dladdr(frames[i], &caller) == 0 || caller.dli_sname == nullptr) continue;
    const std::string_view name = caller.dli_sname;
    if (name == "LockAcquireExtended" || name == "pgstat_get_entry_ref") return true;
  }
  return false;
}

bool Fails() noexcept {
  FailingMemory &memory = failing_memory;
  if (!memory.counting) return false;
  ++memory.allocations;
  if (memory.fails_at == 0 || memory.allocations < memory.fails_at ||
      memory.allocations >= memory.fails_at + memory.fails_in_a_row)
    return false;
  // The first backtrace of a process loads a library.
  memory.counting = false;
  const bool spared = IsFatalToPostgres();
  memory.counting = true;
  if (spared) return false;
  ++memory.failures;
  errno = ENOMEM;
  return true;
}

// An exception that nobody catches ends the backend; where it came from stands in the server's log then.
[[noreturn]] void SayWhereAndEnd() noexcept {
  failing_memory.counting = false;
  std::array<void *, 40> frames;
  backtrace_symbols_fd(frames.data(), backtrace(frames.data(), frames.size()), 2);
  std::abort();
}
const std::terminate_handler replaced = std::set_terminate(SayWhereAndEnd);

void *Counted(void *pointer) noexcept {
  failing_memory.in_use += static_cast<long long>(malloc_usable_size(pointer));
  return pointer;
}

}  // namespace

extern "C" {

// Operator new, OpenSSL, palloc and strdup all end in one of these.
void *malloc(size_t size) noexcept { return Fails() ? nullptr : Counted(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) noexcept { return Fails() ? nullptr : Counted(__libc_calloc(count, size)); }
void *realloc(void *pointer, size_t size) noexcept {
  if (Fails()) return nullptr;
  const long long before = static_cast<long long>(malloc_usable_size(pointer));
  void *const moved = __libc_realloc(pointer, size);
  if (moved != nullptr || size == 0) failing_memory.in_use -= before;
  return Counted(moved);
}
void free(void *pointer) noexcept {
  failing_memory.in_use -= static_cast<long long>(malloc_usable_size(pointer));
  __libc_free(pointer);
}
void *memalign(size_t alignment, size_t size) noexcept { return Fails() ? nullptr : Counted(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) noexcept { return memalign(alignment, size); }
int posix_memalign(void **result, size_t alignment, size_t size) noexcept {
  void *const aligned = memalign(alignment, size);
  if (aligned == nullptr) return ENOMEM;
  *result = aligned;
  return 0;
}

}  // extern "C"
