/* lib/base/checksum.h - a fast 64-bit checksum, against damage on the way and not against malice.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* The block is read as little-endian words of 8 bytes (the last one filled with zeros) in four
 * lanes, word i in lane i mod 4: lane = rotate((lane ^ word) * odd, 29).  The lanes and the length
 * are then mixed one after another by the same step.  Each step is one to one in the word, so one
 * changed word always changes the sum; other damage is missed at about 2^-64.
 * The same on every machine; about 8 bytes a cycle. */
uint64_t rp_checksum(size_t n, const void *bytes);
