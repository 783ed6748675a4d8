#include "pg/support/shared_memory.hpp"

extern "C" {
#include <storage/ipc.h>
#include <storage/lwlock.h>
#include <storage/shmem.h>
}

namespace jwt_auth::pg {

namespace {

constexpr int kMostPieces = 4;
const SharedPiece *pieces[kMostPieces];
int count;
shmem_request_hook_type previous_request_hook;
shmem_startup_hook_type previous_startup_hook;

void request_memory() {
  if (previous_request_hook != nullptr) previous_request_hook();
  for (int i = 0; i < count; i++) {
    const SharedPiece &piece = *pieces[i];
    if (piece.size() == 0) continue;
    RequestAddinShmemSpace(MAXALIGN(piece.size()));
    if (piece.locks > 0) RequestNamedLWLockTranche(piece.name, piece.locks);
  }
}

void start_memory() {
  if (previous_startup_hook != nullptr) previous_startup_hook();
  LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
  for (int i = 0; i < count; i++) {
    const SharedPiece &piece = *pieces[i];
    if (piece.size() == 0) continue;
    bool is_there;
    void *memory = ShmemInitStruct(piece.name, piece.size(), &is_there);
    if (!is_there) std::memset(memory, 0, piece.size());
    piece.attach(memory, !is_there);
  }
  LWLockRelease(AddinShmemInitLock);
}

}  // namespace

void share(const SharedPiece &piece) {
  if (!process_shared_preload_libraries_in_progress) return;
  if (count == kMostPieces) elog(FATAL, "too many pieces of shared memory");
  if (count == 0) {
    previous_request_hook = shmem_request_hook;
    shmem_request_hook = request_memory;
    previous_startup_hook = shmem_startup_hook;
    shmem_startup_hook = start_memory;
  }
  pieces[count++] = &piece;
}

}  // namespace jwt_auth::pg
