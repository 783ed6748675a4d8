#include "failing_memory.hpp"

#include <openssl/crypto.h>

#include <cstdlib>
#include <new>

namespace jwt_auth::test {
namespace {

long countdown = 0;  // 0: nothing fails
Failing mode = Failing::kOnce;
bool has_fired = false;

bool Fails() {
  if (countdown == 0) return false;
  if (countdown > 1) {
    --countdown;
    return false;
  }
  has_fired = true;
  if (mode == Failing::kOnce) countdown = 0;
  return true;
}

void *Allocate(std::size_t size) { return size == 0 || Fails() ? nullptr : std::malloc(size); }

void *OpenSslMalloc(std::size_t size, const char *, int) { return Allocate(size); }
void *OpenSslRealloc(void *block, std::size_t size, const char *, int) { return Fails() ? nullptr : std::realloc(block, size); }
void OpenSslFree(void *block, const char *, int) { std::free(block); }

// OpenSSL takes other functions only before it has allocated anything.
const bool installed = CRYPTO_set_mem_functions(OpenSslMalloc, OpenSslRealloc, OpenSslFree) == 1;

}  // namespace

FailAllocation::FailAllocation(long n, Failing failing) {
  if (!installed) std::abort();
  mode = failing;
  has_fired = false;
  countdown = n;
}

void FailAllocation::Stop() { countdown = 0; }

bool FailAllocation::fired() const { return has_fired; }

}  // namespace jwt_auth::test

void *operator new(std::size_t size) {
  if (jwt_auth::test::Fails()) throw std::bad_alloc();
  void *block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void *operator new(std::size_t size, const std::nothrow_t &) noexcept {
  return jwt_auth::test::Fails() ? nullptr : std::malloc(size);
}
void operator delete(void *block) noexcept { std::free(block); }
void operator delete(void *block, std::size_t) noexcept { std::free(block); }
