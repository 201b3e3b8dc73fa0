"""What the commands share: options, and where their words go."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

if TYPE_CHECKING:  # for annotations only: these imports are what `--help` must not wait for
    from rich.console import Console, RenderableType

OUTPUT = Group("Output")

DEFAULT_STORE = Path("paribus-store")

StudyName = Annotated[str, Parameter(help="A study file, or a built-in study such as mnist-pooling.")]
StoreFolder = Annotated[
    Path, Parameter(name="--store", env_var="PARIBUS_STORE", help="Folder where runs are kept.")
]
Overrides = Annotated[
    list[str] | None,
    Parameter(
        name="--set",
        consume_multiple=False,
        help="Override a field of the study, as in net.pool=avg; repeatable.",
    ),
]
AsJson = Annotated[
    bool,
    Parameter(name="--json", group=OUTPUT, help="Print one JSON document (docs/formats.md) instead of text."),
]


def fields_of(overrides: list[str] | None) -> dict[str, str]:
    """The ``--set`` options, field to value."""
    from paribus.spec import parse_override  # noqa: PLC0415

    return dict(map(parse_override, overrides or ()))


def console(stream: object) -> "Console":
    """A console that writes to standard output or standard error."""
    from rich.console import Console  # noqa: PLC0415

    return Console(stderr=stream is sys.stderr)


def show(content: "RenderableType") -> None:
    """Print a command's result."""
    console(sys.stdout).print(content)


def tell(message: str) -> None:
    """Say what is going on."""
    sys.stderr.write(f"{message}\n")
