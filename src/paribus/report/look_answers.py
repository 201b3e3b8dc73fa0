"""What the nets of a variant say of an image: probability of each class, mean and spread over the seeds."""

from collections.abc import Iterator, Sequence

from paribus.report.charts.axes import shorten, text_width
from paribus.report.charts.svg import Drawing, Element, label, line, node
from paribus.report.charts.theme import series_style
from paribus.report.numbers import count
from paribus.report.tables import Table, percent_cell, rows_as_csv
from paribus.report.terminal import clean
from paribus.standing.trained import Prediction

MOST_CLASSES = 10
"""So many classes are drawn, the most probable ones."""

_ROW, _RIGHT = 19.0, 58.0


def answer_words(prediction: Prediction) -> str:
    """What the nets of a variant say, in a sentence without its full stop."""
    return f"says {clean(prediction.name)} ({certainty_words(prediction)})"


def certainty_words(prediction: Prediction) -> str:
    """How probable the most probable class is, and how many nets give it."""
    nets, share = len(prediction.seeds), share_words(prediction.probability)
    return share if nets == 1 else f"{share}; {prediction.agreement} of {count(nets, 'net')} agree"


def share_words(probability: float) -> str:
    """A probability in percent; one that only rounds to none or all is not called that."""
    if 0 < probability < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= probability < 1:
        return "> 99.9 %"
    return f"{100 * probability:.1f} %"


def answer_drawing(prediction: Prediction, index: int, *, width: float = 300.0) -> Drawing:
    """Bars of the probabilities, with a line from the least to the greatest over the seeds.

    Args:
        prediction: What the nets of one variant say.
        index: The variant's place in the study, which decides its colour.
        width: Width of the drawing.
    """
    shown = _shown(prediction)
    left = 8 + max(text_width(shorten(clean(prediction.classes[one]), 12), 12) for one in shown)
    colour = series_style(index).colour
    elements = [line(left, 0, left, _ROW * len(shown), "axis thin")]
    for place, one in enumerate(shown):
        elements += _row(prediction, one, (left, place * _ROW), colour, width)
    return Drawing(width, _ROW * len(shown), tuple(elements))


def answer_table(prediction: Prediction, variant: str) -> Table:
    """The probabilities of all classes as a table, percent."""
    by_seed = 100 * prediction.by_seed
    rows = tuple(
        (
            clean(name),
            percent_cell(float(by_seed[:, index].mean())),
            percent_cell(float(by_seed[:, index].min())),
            percent_cell(float(by_seed[:, index].max())),
        )
        for index, name in enumerate(prediction.classes)
    )
    return Table(
        f"{clean(variant)}: probability of each class, percent, over {count(len(prediction.seeds), 'seed')}",
        ("class", "mean", "least", "greatest"),
        rows,
        ("class", "mean_percent", "least_percent", "greatest_percent"),
    )


def seeds_table(prediction: Prediction, variant: str) -> Table:
    """What the net of each seed says by itself: its class, and how probable that is."""
    rows = tuple(
        (
            f"{seed}",
            clean(prediction.classes[int(said.argmax())]),
            percent_cell(100 * float(said.max())),
        )
        for seed, said in zip(prediction.seeds, prediction.by_seed, strict=True)
    )
    return Table(
        f"{clean(variant)}: what the net of each seed says",
        ("seed", "class", "probability, %"),
        rows,
        ("seed", "class", "probability_percent"),
    )


def probabilities_csv(predictions: Sequence[Prediction]) -> str:
    """The probability that every net gives every class, in full."""
    rows = [
        (clean(prediction.voters.variant), seed, clean(name), float(share))
        for prediction in predictions
        for seed, said in zip(prediction.seeds, prediction.by_seed, strict=True)
        for name, share in zip(prediction.classes, said, strict=True)
    ]
    return rows_as_csv(("variant", "seed", "class", "probability"), rows)


def _shown(prediction: Prediction) -> list[int]:
    """The classes drawn, in the order of the labels."""
    order = sorted(range(len(prediction.classes)), key=lambda index: -prediction.probabilities[index])
    return sorted(order[:MOST_CLASSES])


def _row(
    prediction: Prediction, index: int, corner: tuple[float, float], colour: str, width: float
) -> Iterator[Element]:
    left, top = corner
    values = prediction.by_seed[:, index]
    mean, best = float(prediction.probabilities[index]), index == prediction.label
    room = width - left - _RIGHT
    middle = top + _ROW / 2
    name = clean(prediction.classes[index])
    weight = " strong" if best else ""
    yield label(left - 6, middle + 4, shorten(name, 12), css=f"small{weight}", anchor="end", full=name)
    yield node(
        "rect",
        x=left,
        y=top + 4,
        width=max(room * mean, 0.4),
        height=_ROW - 8,
        css=colour,
        stroke_width=0,
        fill_opacity=1 if best else 0.45,
    )
    if len(values) > 1:
        low, high = left + room * float(values.min()), left + room * float(values.max())
        if high - low > 0.5:
            yield line(low, middle, high, middle, "ink thin")
            for end in (low, high):
                yield line(end, middle - 3, end, middle + 3, "ink thin")
    yield label(width, middle + 4, share_words(mean), css=f"small{weight or ' muted'}", anchor="end")
