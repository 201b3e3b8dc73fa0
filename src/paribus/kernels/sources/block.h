// What the block's functions are told, for every instruction set alike.
#pragma once

#include <stdint.h>

// A block: images (images, height, width, in_channels), zeros `before` and `after` them on both axes, a convolution
// with a square kernel of stride 1, ReLU, 2 x 2 pooling.
struct BlockShape {
  int64_t images, height, width, in_channels, out_channels, kernel, before, after, average;
};

constexpr int64_t CODE_MULTIPLE = 16;  // codes of a window are rounded up to so many, for every instruction set
constexpr int64_t FEW_CHANNELS = 4;    // input channels up to which the weight gradient has a way of its own

// One instruction set's functions; both work on the images from `first` up to `last` with memory of their own.
struct Kernels {
  void (*forward)(const BlockShape&, int64_t first, int64_t last, const float* images, const float* weights,
                  const float* bias, float* pooled, uint8_t* codes, float* memory);
  void (*backward)(const BlockShape&, int64_t first, int64_t last, const float* images, const float* weights,
                   const float* gradients, const uint8_t* codes, float* images_gradient, float* weights_gradient,
                   float* bias_gradient, float* memory);
  int64_t (*memory_for)(const BlockShape&);
};

extern const Kernels kernels_avx512, kernels_avx2, kernels_portable;
