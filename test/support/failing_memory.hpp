// What the preloaded allocator and the SQL functions that arm it share. Each backend has its own, for it is in its data
// segment.
#pragma once

extern "C" {

struct FailingMemory {
  bool counting;
  // The allocation that fails first, counted from 1; 0: none. So many fail in a row.
  int fails_at;
  int fails_in_a_row;
  int allocations;
  int failures;
  // Bytes that were allocated and not freed: mallinfo() counts what is free in the thread's cache as well.
  long long in_use;
};

extern FailingMemory failing_memory;
}
