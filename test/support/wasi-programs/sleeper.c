// Sleeps for longer than anybody waits.
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    fprintf(stderr, "good night\n");
    sleep(100000);
    return 0;
}
