// The clock of a server whose instructions are counted: real when it starts, and a microsecond later at each look. Under a
// tool that slows everything fifty times what waits for nobody would seem to have waited, now and then, and be counted for it.
#include <sys/time.h>
#include <time.h>

extern "C" int gettimeofday(struct timeval *now, void *) noexcept {
  static timeval clock = [] {
    timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    return timeval{real.tv_sec, 0};
  }();
  if (++clock.tv_usec == 1000000) clock = {clock.tv_sec + 1, 0};
  *now = clock;
  return 0;
}
