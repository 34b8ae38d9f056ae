// Runs a program of this folder natively, for comparison: NAME SAMPLES ROUNDS prints its answer, then nanoseconds for each sample.

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

unsigned run(unsigned rounds);

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1e9 + at.tv_nsec;
}

int main(int count, char **arguments) {
  if (count != 3) return 1;
  int samples = atoi(arguments[1]);
  unsigned rounds = (unsigned)atoi(arguments[2]);
  printf("%u\n", run(rounds));
  while (samples-- > 0) {
    double start = now();
    run(rounds);
    printf("%.0f\n", now() - start);
  }
  return 0;
}
