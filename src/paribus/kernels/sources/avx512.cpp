// The block's functions for AVX-512.
#define SET avx512
#define LANES 16
#define REGISTERS 32
#include "block.inc"
