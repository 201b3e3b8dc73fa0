"""The commands that look inside trained nets: `serve`, the local page, and `look`, one picture of it."""

import os
import sys
import threading
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from paribus.cli_parts import (
    DEFAULT_STORE,
    AsJson,
    Overrides,
    StoreFolder,
    StudyName,
    fields_of,
    show,
    tell,
)


def serve(
    *studies: Annotated[
        str, Parameter(help="Study files to show beside those that were run against the store.")
    ],
    store: StoreFolder = DEFAULT_STORE,
    host: Annotated[
        str,
        Parameter(help="Address to bind to; one that other machines reach asks every visitor for a token."),
    ] = "127.0.0.1",
    port: Annotated[
        int, Parameter(help="Port, or the next free one; 0 for any.", env_var="PARIBUS_PORT")
    ] = 8765,
    open_browser: Annotated[bool, Parameter(name="--open", help="Open the page in your browser.")] = False,
) -> None:
    """Serve the local page: studies live, and a look inside their nets."""
    # Before numpy and torch are loaded: a page that computes with one thread answers while others train. The
    # threads of one sum wait for each other by turning in circles; on busy cores most of the time goes there.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    from paribus.page.serving import serve as serve_page  # noqa: PLC0415
    from paribus.spec import Study, locate  # noqa: PLC0415

    given = [(name, Study.read(locate(name))) for name in studies]
    serve_page(store, host=host, port=port, given=given, open_browser=open_browser, say=tell)
    if any(thread is not threading.main_thread() for thread in threading.enumerate()):
        # Torch is still being imported for the first look, which nobody waits for any more.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def look(  # noqa: PLR0913 - one for each option
    image: Annotated[str, Parameter(help="A test image such as mnist:7, or a picture: PNG, JPEG, WebP.")],
    *,
    study: Annotated[StudyName, Parameter(name="--study")],
    variant: Annotated[
        list[str] | None, Parameter(consume_multiple=False, help="A variant to look into; repeatable.")
    ] = None,
    layer: Annotated[
        list[str] | None,
        Parameter(
            consume_multiple=False,
            help="A layer to draw, or to print the values of with --json, such as 'block 1'; repeatable.",
        ),
    ] = None,
    seed: Annotated[
        int | None, Parameter(help="Seed whose nets are looked into; the first when left out.")
    ] = None,
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="File to draw into: .svg or .png.")
    ] = None,
    store: StoreFolder = DEFAULT_STORE,
    overrides: Overrides = None,
    json: AsJson = False,
) -> None:
    """Look inside the nets of a study: what they make of one image, layer by layer."""
    from paribus import api  # noqa: PLC0415
    from paribus.report.json_format import as_json  # noqa: PLC0415
    from paribus.report.look_files import look_file, require_layers  # noqa: PLC0415
    from paribus.report.look_json import look_document  # noqa: PLC0415
    from paribus.report.look_text import look_text  # noqa: PLC0415

    asked = api.read(study, fields_of(overrides))
    looked = api.look(asked, image, store=store, variants=variant, seed=seed)
    require_layers(looked, layer or ())
    if output is not None:
        look_file(looked, tuple(asked.differences), output, layers=layer or ())
    if json:
        sys.stdout.write(as_json(look_document(looked, layers=layer or ())) + "\n")
    elif output is not None:
        sys.stdout.write(f"{output}\n")
    else:
        show(look_text(looked))
