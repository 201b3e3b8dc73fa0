"""A look inside as a file: drawn as SVG or PNG, its probabilities and feature maps as CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from paribus.errors import UsageError
from paribus.report.charts.svg import standalone
from paribus.report.look_answers import answer_words, probabilities_csv
from paribus.report.look_figure import look_drawing
from paribus.report.look_maps import maps_csv
from paribus.report.look_names import image_title
from paribus.report.look_raster import png_file
from paribus.report.terminal import clean
from paribus.standing.looks import ImageLook
from paribus.store.durable import write_durably


@dataclass(frozen=True)
class LookFile:
    """A form in which a look can be saved.

    Attributes:
        words: What a link to it says.
        media_type: Its media type.
    """

    words: str
    media_type: str


LOOK_FILES: Mapping[str, LookFile] = {
    "look.svg": LookFile("SVG", "image/svg+xml"),
    "look.png": LookFile("PNG", "image/png"),
    "probabilities.csv": LookFile("CSV of the probabilities", "text/csv;charset=utf-8"),
    "maps.csv": LookFile("CSV of the feature maps", "text/csv;charset=utf-8"),
}
"""Name of each file."""


def look_content(looked: ImageLook, variants: Sequence[str], name: str) -> bytes:
    """A look as the bytes of a file.

    Args:
        looked: The image and what the nets make of it.
        variants: Names of the study's variants in order, which decides their colours.
        name: One of `LOOK_FILES`.
    """
    match name:
        case "look.svg":
            return _svg(looked, variants)
        case "look.png":
            return png_file(look_drawing(looked, variants))
        case "probabilities.csv":
            return probabilities_csv(looked.predictions).encode()
        case _:
            return maps_csv(looked).encode()


def look_file(looked: ImageLook, variants: Sequence[str], path: Path, *, layers: Sequence[str] = ()) -> None:
    """Draw a look into a file; one that is there is replaced.

    Args:
        looked: The image and what the nets make of it.
        variants: Names of the study's variants in order, which decides their colours.
        path: The file; its ending decides its form.
        layers: Names of the layers drawn; all of them when left out.

    Raises:
        UsageError: If the ending or a layer is unknown, or the file cannot be written.
    """
    require_layers(looked, layers)
    match path.suffix.lower():
        case ".svg":
            content = _svg(looked, variants, layers)
        case ".png":
            content = png_file(look_drawing(looked, variants, layers=layers))
        case other:
            raise UsageError(
                f"{path} has no form that can be drawn",
                expected="a file name that ends in .svg or .png",
                found=other or "no ending",
                mend="name another file with -o",
            )
    if not path.parent.is_dir():
        raise _unwritable(path, f"no folder {path.parent}")
    try:
        write_durably(path, content)
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from None


def require_layers(looked: ImageLook, layers: Sequence[str]) -> None:
    """Check that there are layers of these names.

    Raises:
        UsageError: If there is one that is not.
    """
    unknown = [name for name in layers if name not in looked.layers]
    if unknown:
        raise UsageError(
            f"there is no layer {unknown[0]}",
            expected=f"one of {', '.join(looked.layers)}",
            found=unknown[0],
            mend="leave --layer out to have all of them",
        )


def _unwritable(path: Path, found: str) -> UsageError:
    return UsageError(
        f"{path} cannot be written",
        expected="a name in a folder that exists and that this user may write to",
        found=found,
        means="nothing was drawn; the study is as it was",
        mend="name another place with -o",
    )


def _svg(looked: ImageLook, variants: Sequence[str], layers: Sequence[str] = ()) -> bytes:
    description = "; ".join(
        f"{clean(net.variant)} {answer_words(prediction)}"
        for net, prediction in zip(looked.nets, looked.predictions, strict=True)
    )
    drawing = look_drawing(looked, variants, layers=layers)
    return standalone(drawing, title=image_title(looked), description=description).encode()
