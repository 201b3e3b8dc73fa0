// The C interface of the kernels: which instruction sets this machine has, and images split over threads.

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include "block.h"

namespace {

struct InstructionSet {
  const char* name;
  const Kernels* kernels;
  bool (*runs_here)();
};

#ifdef PARIBUS_X86
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma");
}
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#endif
bool always() { return true; }

const InstructionSet sets[] = {
#ifdef PARIBUS_X86
    {"avx512", &kernels_avx512, has_avx512},
    {"avx2", &kernels_avx2, has_avx2},
#endif
    {"portable", &kernels_portable, always},
};

const Kernels* find(const char* name) {
  for (const InstructionSet& set : sets)
    if (std::strcmp(set.name, name) == 0 && set.runs_here()) return set.kernels;
  return nullptr;
}

// Working memory that a thread keeps from call to call, beginning on a cache line.
class Workspace {
 public:
  ~Workspace() { std::free(memory_); }
  Workspace() = default;
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  float* of(int64_t floats) {
    if (floats > size_) {
      std::free(memory_);
      size_ = 0;
      memory_ = static_cast<float*>(std::aligned_alloc(64, static_cast<size_t>((floats + 15) / 16 * 64)));
      if (memory_ == nullptr) throw std::bad_alloc();
      size_ = floats;
    }
    return memory_;
  }

 private:
  float* memory_ = nullptr;
  int64_t size_ = 0;
};

// Calls `work(part, first image, last image, memory)` for as many parts as there are threads.
template <class Work>
void split(const BlockShape& shape, int64_t threads, int64_t floats, Work work) {
  static thread_local Workspace workspace;
  const auto begin = [&](int64_t part) { return shape.images * part / threads; };
  std::vector<Workspace> own(static_cast<size_t>(threads - 1));
  for (Workspace& memory : own) memory.of(floats);
  float* mine = workspace.of(floats);
  std::vector<std::thread> others;
  for (int64_t part = 1; part < threads; ++part)
    others.emplace_back(work, part, begin(part), begin(part + 1), own[static_cast<size_t>(part - 1)].of(floats));
  work(int64_t{0}, begin(0), begin(1), mine);
  for (std::thread& other : others) other.join();
}

int64_t sensible(const BlockShape& shape, int64_t threads) {
  return threads < 1 ? 1 : threads > shape.images ? (shape.images < 1 ? 1 : shape.images) : threads;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

// Names of the instruction sets that this machine can run, best first, one after the other with a space between.
const char* paribus_instruction_sets() {
  static char names[64];
  names[0] = '\0';
  for (const InstructionSet& set : sets)
    if (set.runs_here()) {
      if (names[0] != '\0') std::strcat(names, " ");
      std::strcat(names, set.name);
    }
  return names;
}

// Digest of the sources that this library was made of.
const char* paribus_sources() { return PARIBUS_SOURCES; }

int64_t paribus_code_multiple() { return CODE_MULTIPLE; }

// Both return 0, 1 for an instruction set that this machine cannot run, or 2 where memory ran out. Sums over images
// are made in an order that depends on the number of threads only.
int paribus_forward(const char* set, const BlockShape* shape, int64_t threads, const float* images,
                    const float* weights, const float* bias, float* pooled, uint8_t* codes) try {
  const Kernels* kernels = find(set);
  if (kernels == nullptr) return 1;
  split(*shape, sensible(*shape, threads), kernels->memory_for(*shape),
        [=](int64_t, int64_t first, int64_t last, float* memory) {
          kernels->forward(*shape, first, last, images, weights, bias, pooled, codes, memory);
        });
  return 0;
} catch (...) {
  return 2;
}

int paribus_backward(const char* set, const BlockShape* shape, int64_t threads, const float* images,
                     const float* weights, const float* gradients, const uint8_t* codes, float* images_gradient,
                     float* weights_gradient, float* bias_gradient) try {
  const Kernels* kernels = find(set);
  if (kernels == nullptr) return 1;
  const int64_t parts = sensible(*shape, threads);
  const int64_t taps = shape->kernel * shape->kernel * shape->in_channels * shape->out_channels;
  std::vector<float> others(static_cast<size_t>((parts - 1) * (taps + shape->out_channels)));
  const auto of_part = [&](int64_t part) { return others.data() + (part - 1) * (taps + shape->out_channels); };
  split(*shape, parts, kernels->memory_for(*shape), [&](int64_t part, int64_t first, int64_t last, float* memory) {
    float* weight = part == 0 ? weights_gradient : of_part(part);
    float* bias = part == 0 ? bias_gradient : of_part(part) + taps;
    kernels->backward(*shape, first, last, images, weights, gradients, codes, images_gradient, weight, bias, memory);
  });
  for (int64_t part = 1; part < parts; ++part) {
    for (int64_t i = 0; i < taps; ++i) weights_gradient[i] += of_part(part)[i];
    for (int64_t i = 0; i < shape->out_channels; ++i) bias_gradient[i] += of_part(part)[taps + i];
  }
  return 0;
} catch (...) {
  return 2;
}
}
#pragma GCC visibility pop
