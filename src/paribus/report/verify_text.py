"""What rerunning a sample of a study's runs showed."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from paribus.report.numbers import count, percent
from paribus.report.terminal import Legible, said
from paribus.standing import Comparison


def comparison_line(comparison: Comparison) -> str:
    """One rerun in a line."""
    run = f"{comparison.variant} seed {comparison.seed}"
    if not comparison.differing:
        return f"{run}: the same bits, weights {comparison.rerun.weights_digest[:12]}"
    both = f"{percent(comparison.recorded.accuracy)} recorded, {percent(comparison.rerun.accuracy)} now"
    if not comparison.same_numerics:
        return f"{run}: other numerics, so other bits are to be expected; {both}"
    return f"{run}: different {', '.join(comparison.differing)}; {both}"


def verify_text(comparisons: Sequence[Comparison], asked: int) -> RenderableType:
    """All reruns together.

    Args:
        comparisons: The reruns.
        asked: How many were wanted.
    """
    same = sum(not comparison.differing for comparison in comparisons)
    different = [comparison for comparison in comparisons if comparison.differing]
    unexpected = [comparison for comparison in different if comparison.same_numerics]
    parts: list[RenderableType] = []
    if unexpected:
        parts.append(
            Text(f"Not reproduced: {count(len(unexpected), 'run')} of {len(comparisons)}", "bold red")
        )
        parts += [said(comparison_line(comparison)) for comparison in unexpected]
        parts.append(said("This machine or its software changed, or a result is not what its spec says."))
    elif different:
        parts.append(
            Text(f"{count(len(different), 'run')} of other numerics: bits cannot be compared", "bold")
        )
        parts.append(
            said(f"recorded with {different[0].recorded.numerics}, here {different[0].rerun.numerics}")
        )
    if same:
        parts.append(Text(f"Reproduced to the bit: {count(same, 'run')} of {len(comparisons)}", "bold green"))
    if len(comparisons) < asked:
        parts.append(said(f"Stopped before {count(asked - len(comparisons), 'more run')} could be compared."))
    return Legible(Group(*parts))
