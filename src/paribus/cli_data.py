"""The commands below ``paribus data``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from paribus.cli_parts import AsJson, console, fields_of, show, tell
from paribus.errors import UsageError

if TYPE_CHECKING:  # for annotations only: these imports are what `--help` must not wait for
    from paribus.spec import Data

data_app = App(name="data", help="List, fetch, describe and show datasets.", help_format="plaintext")

DataName = Annotated[
    str,
    Parameter(help="A dataset, folder:PATH or npz:PATH for your own images, or a study file for its data."),
]
DataFields = Annotated[
    list[str] | None,
    Parameter(
        name="--set",
        consume_multiple=False,
        help="A field of [data] in a study, as in image_size=64; repeatable.",
    ),
]


@data_app.command(name="list")
def data_list(*, json: AsJson = False) -> None:
    """List the datasets that paribus knows."""
    from paribus import data  # noqa: PLC0415
    from paribus.report.data_text import data_text  # noqa: PLC0415
    from paribus.report.json_commands import data_document  # noqa: PLC0415
    from paribus.report.json_format import as_json  # noqa: PLC0415

    cached = {entry.name for entry in data.datasets() if data.is_cached(entry.name)}
    if json:
        sys.stdout.write(as_json(data_document(data.datasets(), cached)) + "\n")
    else:
        show(data_text(data.datasets(), cached))


@data_app.command(name="fetch")
def data_fetch(
    name: DataName,
    *,
    folder: Annotated[Path | None, Parameter(help="A folder that holds its files already.")] = None,
    fields: DataFields = None,
    json: AsJson = False,
) -> None:
    """Bring a dataset into the cache, checked byte for byte; your own images are decoded."""
    from paribus import data  # noqa: PLC0415
    from paribus.report.data_text import fetched_text  # noqa: PLC0415
    from paribus.report.json_commands import fetched_document  # noqa: PLC0415
    from paribus.report.json_format import as_json  # noqa: PLC0415

    fetched = data.fetch(_asked(name, fields), folder=folder, progress=tell)
    if json:
        sys.stdout.write(as_json(fetched_document(fetched)) + "\n")
    else:
        show(fetched_text(fetched))


@data_app.command(name="describe")
def data_describe(name: DataName, *, fields: DataFields = None, json: AsJson = False) -> None:
    """Say what is in a dataset: images of each class, duplicates between training and test, broken files."""
    from paribus import data  # noqa: PLC0415
    from paribus.report.data_text import described_text  # noqa: PLC0415
    from paribus.report.json_commands import described_document  # noqa: PLC0415
    from paribus.report.json_format import as_json  # noqa: PLC0415

    asked = _asked(name, fields)
    data.fetch(asked, progress=tell)
    facts = data.surveyed(asked)
    if json:
        sys.stdout.write(as_json(described_document(facts)) + "\n")
    else:
        show(described_text(facts))


@data_app.command(name="show")
def data_show(
    name: DataName,
    *,
    split: Annotated[Literal["train", "test"], Parameter(help="Which images.")] = "test",
    index: Annotated[int, Parameter(help="Which of them, from 0.")] = 0,
    png: Annotated[Path | None, Parameter(help="Write the picture to this file instead.")] = None,
    fields: DataFields = None,
    json: AsJson = False,
) -> None:
    """Show an image of a dataset and its label."""
    from paribus import data  # noqa: PLC0415
    from paribus.report.data_text import image_caption  # noqa: PLC0415
    from paribus.report.json_commands import image_document  # noqa: PLC0415
    from paribus.report.json_format import as_json  # noqa: PLC0415
    from paribus.report.picture import as_text, write_png  # noqa: PLC0415

    dataset = data.load(_asked(name, fields), progress=tell)
    images = dataset.train if split == "train" else dataset.test
    try:
        label = images[index][1]
    except IndexError as error:
        raise UsageError(f"--index {index}: {error}") from None
    pixels = images.images[index]
    if png is not None:
        write_png(pixels, png)
    if json:
        sys.stdout.write(as_json(image_document(dataset, images.name, index, label, pixels)) + "\n")
    else:
        if png is None:
            output = console(sys.stdout)
            color = output.color_system == "truecolor"
            sys.stdout.write(as_text(pixels, color=color, width=output.width) + "\n")
        sys.stdout.write(image_caption(dataset, images.name, index, label, png) + "\n")


def _asked(name: str, fields: list[str] | None) -> "Data":
    """The data meant: those of a study where its file or name is given, else a dataset or own images."""
    from paribus import data  # noqa: PLC0415
    from paribus.spec import Study, builtin_names, data_with, locate  # noqa: PLC0415
    from paribus.spec.data import own_form  # noqa: PLC0415

    given = {field.removeprefix("data."): value for field, value in fields_of(fields).items()}
    is_file = name.endswith(".toml") or (Path(name).is_file() and not name.endswith(".npz"))
    if name in builtin_names() or (is_file and own_form(name) is None):
        return Study.read(locate(name), {f"data.{field}": value for field, value in given.items()}).data
    return data_with(data.as_data(name), given)
