/* Remembers what a power cut would leave: whenever a file under $POWER_CUT_DISK is synced, its content is copied to $POWER_CUT_SYNCED.
 * Loaded with LD_PRELOAD. Whatever the file holds beyond its copy when the program is killed was not safe. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER; /* The writer and its checkpoints sync the same files. */

static void remember(int descriptor) {
    const char *disk = getenv("POWER_CUT_DISK"), *synced = getenv("POWER_CUT_SYNCED");
    char link[64], path[PATH_MAX], target[PATH_MAX + 64], fresh[PATH_MAX + 80];
    static char block[1 << 16];
    if (disk == NULL || synced == NULL) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return;
    path[length] = 0;
    size_t prefix = strlen(disk);
    if (strncmp(path, disk, prefix) != 0 || path[prefix] != '/' || strchr(path + prefix + 1, '/') != NULL) return;
    snprintf(target, sizeof target, "%s/%s", synced, path + prefix + 1);
    snprintf(fresh, sizeof fresh, "%s.copying", target);
    int from = open(path, O_RDONLY | O_CLOEXEC), to = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t count;
    while (from >= 0 && to >= 0 && (count = read(from, block, sizeof block)) > 0)
        if (write(to, block, (size_t)count) != count) abort();
    if (from >= 0) close(from);
    if (to >= 0) close(to);
    if (from >= 0 && to >= 0) rename(fresh, target); /* Killed before this, the sync had not returned either. */
}

int fsync(int descriptor) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int result = real(descriptor);
    if (result == 0) {
        pthread_mutex_lock(&one_at_a_time);
        remember(descriptor);
        pthread_mutex_unlock(&one_at_a_time);
    }
    return result;
}

int fdatasync(int descriptor) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int result = real(descriptor);
    if (result == 0) {
        pthread_mutex_lock(&one_at_a_time);
        remember(descriptor);
        pthread_mutex_unlock(&one_at_a_time);
    }
    return result;
}
