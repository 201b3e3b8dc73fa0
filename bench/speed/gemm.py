"""The machine's matrix product rate, the measure that useful FLOP/s are held against.

Beside it the rate of a wide convolution: where torch's matrix product is far from what the processor can do,
as with its library on some processors, the convolution is the measure of the machine.

As a program it is one process with some threads: it waits for a line and answers with its rates.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch.nn import functional

SIDE, PRODUCTS = 2048, 20
KINDS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Rates:
    """FLOP/s of one operation with all cores.

    Attributes:
        shared: One process, one thread a core.
        apart: One process a core, one thread each, at the same time; their sum.
    """

    shared: float
    apart: float

    @property
    def best(self) -> float:
        """The larger of both: what a run is held against."""
        return max(self.shared, self.apart)


def product(precision: str) -> str:
    """Name of the rate of a product of two square matrices."""
    return f"matrix product, {precision}"


def convolution(precision: str) -> str:
    """Name of the rate of a wide convolution."""
    return f"wide convolution, {precision}"


class Raters:
    """Processes that multiply matrices when asked; started once, idle in between.

    Args:
        cores: Threads in total.
        side: Side of the matrices.
        products: Products in a row, of which the fastest counts.
    """

    def __init__(self, cores: int, *, side: int = SIDE, products: int = PRODUCTS) -> None:
        self._shared = _start(cores, side, products)
        self._apart = [_start(1, side, products) for _ in range(cores)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self._shared, *self._apart):
            process.communicate()  # closes its input, at which it ends

    def measure(self) -> dict[str, Rates]:
        """The rates of the product and of the convolution, by the names `product` and `convolution` give."""
        shared = _ask([self._shared])[0]
        apart = _ask(self._apart)
        return {kind: Rates(shared[kind], sum(rates[kind] for rates in apart)) for kind in shared}


def _start(threads: int, side: int, products: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "bench.speed.gemm", str(threads), str(side), str(products)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _ask(processes: list["subprocess.Popen[str]"]) -> list[dict[str, float]]:
    """Let processes measure at the same time, once all of them are ready."""
    answers = []
    for process in processes:
        assert process.stdout is not None, "started with pipes"
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None, "started with pipes"
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        assert process.stdout is not None, "started with pipes"
        answers.append(json.loads(process.stdout.readline()))
    return answers


def main() -> None:
    """Say that this process is ready; whenever told to go, measure; end when the input does."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("threads", "side", "products"):
        parser.add_argument(name, type=int)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print("ready", flush=True)
    for _ in sys.stdin:
        rates: dict[str, float] = {}
        for precision, kind in KINDS.items():
            rates[product(precision)] = _product_rate(kind, options.side, options.products)
            rates[convolution(precision)] = _convolution_rate(kind, options.side // 100, options.products)
        print(json.dumps(rates), "ready", sep="\n", flush=True)


def _product_rate(kind: torch.dtype, side: int, times: int) -> float:
    a, b = (torch.randn(side, side).to(kind) for _ in range(2))
    out = torch.empty_like(a)
    return 2 * side**3 / _fastest(lambda: torch.mm(a, b, out=out), times)


def _convolution_rate(kind: torch.dtype, images: int, times: int) -> float:
    """5 × 5, 64 to 64 channels, on maps of 28 × 28."""
    weight, maps = (
        torch.randn(*shape).to(kind).contiguous(memory_format=torch.channels_last)
        for shape in ((64, 64, 5, 5), (images, 64, 28, 28))
    )
    flops = 2 * 64 * 64 * 25 * 28**2 * images
    with torch.inference_mode():
        return flops / _fastest(lambda: functional.conv2d(maps, weight, padding=2), times)


def _fastest(operation: Callable[[], object], times: int) -> float:
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        operation()
        best = min(best, time.perf_counter() - began)
    return best


if __name__ == "__main__":
    main()
