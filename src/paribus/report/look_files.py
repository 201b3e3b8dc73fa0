"""A look inside as a file: SVG or PNG."""

from collections.abc import Sequence
from pathlib import Path

from paribus.errors import UsageError
from paribus.report.charts.svg import standalone
from paribus.report.look_answers import answer_words
from paribus.report.look_figure import look_drawing
from paribus.report.look_raster import png_file
from paribus.report.look_sections import image_title
from paribus.report.terminal import clean
from paribus.standing.looks import ImageLook
from paribus.store.durable import write_durably


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
    unknown = [name for name in layers if name not in looked.layers]
    if unknown:
        raise UsageError(
            f"there is no layer {unknown[0]}",
            expected=f"one of {', '.join(looked.layers)}",
            found=unknown[0],
            mend="leave --layer out to draw all of them",
        )
    drawing = look_drawing(looked, variants, layers=layers)
    match path.suffix.lower():
        case ".svg":
            description = "; ".join(
                f"{clean(net.variant)} {answer_words(prediction)}"
                for net, prediction in zip(looked.nets, looked.predictions, strict=True)
            )
            content = standalone(drawing, title=image_title(looked), description=description).encode()
        case ".png":
            content = png_file(drawing)
        case other:
            raise UsageError(
                f"{path} has no form that can be drawn",
                expected="a file name that ends in .svg or .png",
                found=other or "no ending",
                mend="name another file with -o",
            )
    try:
        write_durably(path, content)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written",
            expected="a name in a folder that exists and that this user may write to",
            found=error.strerror or str(error),
            means="nothing was drawn; the study is as it was",
            mend="name another place with -o",
        ) from None
