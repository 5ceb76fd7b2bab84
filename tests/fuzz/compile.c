// compile.c: asks a C compiler whether it takes a file, without a warning.
#include "compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

bool c_compiles(const char *path)
{
    const char *compiler = getenv("CC") ? getenv("CC") : "cc";
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execlp(compiler, compiler, "-std=c17", "-fsyntax-only", "-fopenmp", "-Wall", "-Wextra",
               "-Wpedantic", "-Werror", "-I", LT_INCLUDE_FOLDER, path, (char *)NULL);
        _exit(127);
    }
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}
