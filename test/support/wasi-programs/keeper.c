// Counts its starts in a file of its storage, and tries to get out of it and over its quota.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *result(int failed)
{
    return failed ? strerror(errno) : "done";
}

int main(int argc, char *argv[])
{
    printf("arguments:");
    for (int i = 0; i < argc; i++)
        printf(" %s", argv[i]);
    printf("\nLANG=%s\n", getenv("LANG"));
    char text[64] = "";
    FILE *file = fopen("/data/greeting.txt", "r");
    if (file != NULL) {
        fgets(text, sizeof text, file);
        fclose(file);
    }
    printf("image: %s\n", text);
    DIR *folder = opendir("/data");
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.')
            printf("folder: %s\n", entry->d_name);
    static char kilobyte[1025];
    int fd = open("/storage/big", O_CREAT | O_WRONLY | O_TRUNC, 0600);
    printf("over the quota: %s\n", result(write(fd, kilobyte, sizeof kilobyte) < 0));
    close(fd);
    unlink("/storage/big");
    int storage = open("/storage", O_RDONLY | O_DIRECTORY);
    printf("up and out: %s\n", result(openat(storage, "../data/greeting.txt", O_RDONLY) < 0));
    printf("by an absolute path: %s\n", result(open("/etc/passwd", O_RDONLY) < 0));
    int starts = 0;
    file = fopen("/storage/starts", "r");
    if (file != NULL) {
        if (fscanf(file, "%d", &starts) != 1)
            return 2;
        fclose(file);
    }
    file = fopen("/storage/starts.new", "w");
    fprintf(file, "%d", ++starts);
    fclose(file);
    if (rename("/storage/starts.new", "/storage/starts") != 0)
        return 3;
    printf("starts %d\n", starts);
    return 1;
}
