// Memory that fails on demand: each allocation of this program's C++ code and of OpenSSL is counted, and one of them, or all
// from one on, can be made to fail.
#pragma once

namespace jwt_auth::test {

// Once: only the n-th allocation fails. FromThenOn: it and every later one.
enum class Failing { kOnce, kFromThenOn };

// The n-th allocation from here on fails, n counting from 1. Ends with the scope.
class FailAllocation {
 public:
  FailAllocation(long n, Failing failing);
  ~FailAllocation() { Stop(); }
  FailAllocation(const FailAllocation &) = delete;
  FailAllocation &operator=(const FailAllocation &) = delete;

  void Stop();
  // Whether there were so many allocations that one has failed.
  bool fired() const;
};

}  // namespace jwt_auth::test
