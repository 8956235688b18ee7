/* Simulated time. It runs at a factor of real time, or stands still until it is moved (unit tests).
 */
#ifndef SIM_SIMTIME_H
#define SIM_SIMTIME_H

#include <stdint.h>

/* Milliseconds since the simulation began. */
uint64_t simtime_now(void);

/* factor: simulated milliseconds for each real one; 0: it stands still but for simtime_move. */
void simtime_start(uint64_t factor);

/* Moves it forward by hand. */
void simtime_move(uint64_t milliseconds);

#endif
