"""Convolution, ReLU and pooling in one, in C++.

Forward never writes the large feature maps, backward skips what ReLU and pooling set to zero.

Compiled when the package is built, where a C++ compiler is there; without it everything works on torch's own
operations. What uses them decides by `find_kernels`; nothing here knows nets or studies.
"""

from paribus.kernels.block import MAX_KERNEL, conv_relu_pool
from paribus.kernels.library import ENGINE, INSTRUCTIONS, Kernels, find_kernels

__all__ = ["ENGINE", "INSTRUCTIONS", "MAX_KERNEL", "Kernels", "conv_relu_pool", "find_kernels"]
