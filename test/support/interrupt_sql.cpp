// A SQL function that interrupts the calling backend, for test/t/128_interrupted_functions.pl.
#include <csignal>
#include <ctime>

extern "C" {
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;

// interrupt_after(signal integer, microseconds integer): this backend gets the signal after that time, as if
// pg_cancel_backend() (SIGINT) or pg_terminate_backend() (SIGTERM) had been called; 0: it doesn't any more.
PG_FUNCTION_INFO_V1(interrupt_after);
Datum interrupt_after(PG_FUNCTION_ARGS) {
  static timer_t timers[SIGTERM + 1];
  static bool made[SIGTERM + 1];
  int32 signal = PG_GETARG_INT32(0);
  int32 microseconds = PG_GETARG_INT32(1);
  if (signal != SIGINT && signal != SIGTERM) elog(ERROR, "SIGINT or SIGTERM");
  if (!made[signal]) {
    struct sigevent event = {};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = signal;
    if (timer_create(CLOCK_MONOTONIC, &event, &timers[signal]) != 0) elog(ERROR, "timer_create: %m");
    made[signal] = true;
  }
  struct itimerspec when = {};
  when.it_value.tv_sec = microseconds / 1000000;
  when.it_value.tv_nsec = microseconds % 1000000 * 1000L;
  if (timer_settime(timers[signal], 0, &when, nullptr) != 0) elog(ERROR, "timer_settime: %m");
  PG_RETURN_VOID();
}

}  // extern "C"
