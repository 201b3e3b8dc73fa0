// The block's functions for vectors of four, which every 64-bit processor has in some form (SSE2, NEON).
#define SET portable
#define LANES 4
#ifdef __aarch64__
#define REGISTERS 32
#else
#define REGISTERS 16
#endif
#include "block.inc"
