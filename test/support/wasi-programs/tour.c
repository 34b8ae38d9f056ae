// What a WASI program without any right finds on a device.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *opened(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);
    if (file == NULL)
        return strerror(errno);
    fclose(file);
    return "opened";
}

int main(int argc, char *argv[])
{
    printf("arguments:");
    for (int i = 0; i < argc; i++)
        printf(" %s", argv[i]);
    printf("\n");
    const char *lang = getenv("LANG");
    printf("LANG=%s\n", lang == NULL ? "unset" : lang);
    FILE *file = fopen("/data/greeting.txt", "r");
    printf("image: %s\n", file == NULL ? "no file" : "a file");
    printf("image is %s\n", opened("/new", "w"));
    printf("storage: %s\n", opened("/storage/count", "r"));
    printf("outside: %s\n", opened("/etc/passwd", "r"));
    struct timespec before, after, pause = {0, 20 * 1000 * 1000};
    clock_gettime(CLOCK_MONOTONIC, &before);
    nanosleep(&pause, NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    long long ns = (after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec;
    printf("slept for %s 20 ms\n", ns >= 20 * 1000 * 1000 ? "at least" : "less than");
    time_t now = time(NULL);
    int year = 1900 + gmtime(&now)->tm_year;
    printf("the year is %s\n", year >= 2020 && year < 2200 ? "possible" : "not possible");
    unsigned char bytes[8];
    if (getentropy(bytes, sizeof bytes) != 0)
        return 1;
    printf("random ");
    for (size_t i = 0; i < sizeof bytes; i++)
        printf("%02x", bytes[i]);
    printf("\nno line feed at the end");
    return 0;
}
