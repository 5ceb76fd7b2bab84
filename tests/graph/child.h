// child.h: runs what may end the process. Apart from the graph: <sys/wait.h> has a P_ALL too.
#pragma once

// What `body` returns, or what it exits with, in a process of its own that says nothing on stderr;
// -1 if it is killed.
int child_status(int (*body)(const void *what), const void *what);
