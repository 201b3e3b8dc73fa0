// The block's functions for AVX2 with fused multiply-add.
#define SET avx2
#define LANES 8
#define REGISTERS 16
#include "block.inc"
