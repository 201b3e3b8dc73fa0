"""Compile the kernels again: ``python -m paribus.kernels``."""

import sys

from paribus.kernels.compiling import CompileError, compile_kernels

if __name__ == "__main__":
    try:
        sys.stdout.write(f"{compile_kernels()}\n")
    except CompileError as error:
        sys.exit(str(error))
