/*
 * Whether a disk keeps its addresses apart, tried before an overwrite that ends in the same byte
 * everywhere: read back, that says nothing of a bridge that cuts addresses off, behind which the
 * rest of the disk was never reached. (A random pass is bound to its addresses and shows it by
 * itself.)
 */
#ifndef QUIETUS_ERASE_ADDRESS_PROBE_H
#define QUIETUS_ERASE_ADDRESS_PROBE_H

#include "quietus/method.h"

/*
 * Writes a random pattern's unit to the first LBA of every area and to each LBA that is a power of
 * two, all of them, and reads them back: addresses that are cut off show, at whatever bit. What it
 * did is in the evidence; what could not be tried is an exception. 0, also if there is no telling;
 * -EIO with the reason if what was written is not there; -ETIME if the disk has fallen silent;
 * -ECANCELED if the run was given up.
 */
int address_probe(struct erase_run *run);

#endif
