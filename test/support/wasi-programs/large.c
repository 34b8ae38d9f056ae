// More static data than an app of a small board has memory.
#include <stdio.h>

static volatile char field[512 * 1024] = {1};

int main(void)
{
    field[sizeof field - 1] = 1;
    printf("large and %s\n", field[0] + field[sizeof field - 1] == 2 ? "well" : "broken");
    return 0;
}
