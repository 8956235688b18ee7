/*
 * Being asked to end (SIGTERM, SIGINT, SIGHUP) while disks are worked on: the signals wait until
 * they are taken, so that what is under way gets its certificate.
 */
#ifndef QUIETUS_INTERRUPT_H
#define QUIETUS_INTERRUPT_H

#include <pthread.h>
#include <signal.h>
#include <stdint.h>

/* These signals, but for those that are ignored. */
sigset_t interrupt_signals(void);

/* From here on they wait, for this thread and those that it starts. One that was set to be ignored
 * (nohup) stays ignored. */
void interrupt_hold(void);

/* Asks as that signal would, but ends nothing: the next interrupt_wait has it, and if none comes
 * before interrupt_release it is forgotten. */
void interrupt_ask(int signal_number);

/* Waits that long; the signal that came meanwhile or was waiting, or 0. What is asked for by
 * interrupt_ask meanwhile, the next call has. */
int interrupt_wait(int64_t milliseconds);

/* From here on they end the program again; those that are waiting, at once. If one was taken,
 * another of its kind that comes within a second is the same request, and dropped. */
void interrupt_release(void);

/* As pthread_create, with a negative errno: a thread that these signals never reach. For those that
 * may outlast what they were started for: while the others hold them, one would end the program. */
int interrupt_free_thread(pthread_t *thread, void *(*run)(void *), void *argument);

#endif
