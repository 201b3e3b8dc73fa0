"""The machine's matrix product rate, the measure that useful FLOP/s are held against.

As a program it is one process with some threads: it waits for a line and answers with its rates.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass

import torch

SIDE, PRODUCTS = 2048, 20


@dataclass(frozen=True)
class Rates:
    """FLOP/s of a product of two square matrices with all cores.

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


def measure(cores: int, *, side: int = SIDE, products: int = PRODUCTS) -> dict[str, Rates]:
    """The rates for ``float32`` and ``bfloat16``.

    Args:
        cores: Threads in total.
        side: Side of the matrices.
        products: Products, of which the fastest counts.
    """
    together = _start(cores, side, products)
    single = [_start(1, side, products) for _ in range(cores)]
    shared = _ask([together])[0]
    apart = _ask(single)
    return {kind: Rates(shared[kind], sum(rates[kind] for rates in apart)) for kind in shared}


def _start(threads: int, side: int, products: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "bench.speed.gemm", str(threads), str(side), str(products)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None, "started with pipes"
    process.stdout.readline()  # it is ready
    return process


def _ask(processes: list["subprocess.Popen[str]"]) -> list[dict[str, float]]:
    for process in processes:
        assert process.stdin is not None, "started with pipes"
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate()[0]) for process in processes]


def main() -> None:
    """Say that this process is ready; once told to go, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("threads", "side", "products"):
        parser.add_argument(name, type=int)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print("ready", flush=True)
    sys.stdin.readline()
    kinds = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    print(json.dumps({name: _rate(kind, options.side, options.products) for name, kind in kinds.items()}))


def _rate(kind: torch.dtype, side: int, products: int) -> float:
    a, b = (torch.randn(side, side).to(kind) for _ in range(2))
    out = torch.empty_like(a)
    best = float("inf")
    for _ in range(products):
        began = time.perf_counter()
        torch.mm(a, b, out=out)
        best = min(best, time.perf_counter() - began)
    return 2 * side**3 / best


if __name__ == "__main__":
    main()
