/* What was built; set by CMake. */
#ifndef QUIETUS_VERSION_H
#define QUIETUS_VERSION_H

extern const char quietus_version[];
extern const char quietus_commit[];

#endif
