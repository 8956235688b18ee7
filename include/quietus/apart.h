/*
 * Work in a process of its own. A thread that waits in the kernel for a disk that never answers (a
 * flush, a command) can be ended by nothing, and a process is not over before all its threads are.
 * So that whoever started the program, a shell or the image's init, does not wait for such a disk
 * too, a child does the work, and the program ends when the child has said what it ends with.
 */
#ifndef QUIETUS_APART_H
#define QUIETUS_APART_H

/* How long a child that has said its status, or that a signal has ended, may take to be over, until
 * it is left behind. */
enum { APART_GRACE_MS = 10000 };

/*
 * Does work(argc, argv) in a child, and returns its exit status; in the child it returns too, with
 * what work has returned: both are to end with that. Before, the child lets go of its
 * standard output and error, so that nobody waits for the end of a pipe that is held with it.
 *
 * The child gets the signals that ask to end (SIGTERM, SIGINT, SIGHUP; from a terminal both get
 * them), ends when this process is killed, and ends this process by the signal that has ended it;
 * if it is held while that ends it, by the last that was passed on, or SIGKILL.
 * Where no child can be made, the work is done here.
 *
 * To be called before any thread is started.
 */
int apart_run(int (*work)(int argc, char **argv), int argc, char **argv);

#endif
