"""The notebook of the examples, executed from its first cell to its last on a shortened protocol."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from paribus import data

PATH = Path(__file__).parents[1] / "examples" / "mnist-pooling.ipynb"
SHORT = {
    "protocol.iterations": "60",
    "protocol.evaluate_every": "30",
    "decision.max_rounds": "3",
}


def text_of(cell: NotebookNode) -> str:
    """What a cell printed and showed, as text."""
    parts = [
        output["text"] if output["output_type"] == "stream" else text
        for output in cell.get("outputs", [])
        for text in (output.get("data", {}).get(kind, "") for kind in ("text/plain", "text/html"))
    ]
    return "\n".join(parts)


def kinds_of(notebook: NotebookNode) -> list[str]:
    """The MIME types of everything that is shown."""
    return [
        kind
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    ]


@pytest.fixture(scope="module")
def committed() -> NotebookNode:
    """The notebook as it is in the repository."""
    notebook: NotebookNode = nbformat.read(PATH, as_version=4)
    nbformat.validate(notebook)
    return notebook


@pytest.fixture(scope="module")
def executed(mnist: data.Dataset, tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    """The notebook with a short protocol and an empty store behind its cell of parameters."""
    assert mnist.name == "mnist"
    notebook = nbformat.read(PATH, as_version=4)
    store = tmp_path_factory.mktemp("notebook") / "store"
    at = next(i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", []))
    injected = f"store = {str(store)!r}\noverrides = {SHORT!r}"
    notebook.cells.insert(at + 1, nbformat.v4.new_code_cell(injected))
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(PATH.parent)}})
    return client.execute()  # raises on the first cell that fails


def sources(notebook: NotebookNode, kind: str) -> Iterator[str]:
    return (cell.source for cell in notebook.cells if cell.cell_type == kind)


def test_every_cell_runs_and_says_nothing_on_stderr(executed: NotebookNode) -> None:
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert not [output["text"] for output in outputs if output.get("name") == "stderr"]
    assert all(cell.execution_count for cell in executed.cells if cell.cell_type == "code")


@pytest.mark.parametrize(
    "found",
    [
        "((1, 28, 28), dtype('float32'), 7)",
        "60,000 images in batches of 100: 600 batches an epoch",
        "3,000 iterations: 5 epochs",
        "(100, 1, 28, 28)",
        "(16, 1, 5, 5) (16,) (32, 16, 5, 5) (32,) (10, 1568) (10,)",
        "(16, 1, 5, 5) (16,) (32, 16, 5, 5) (32,) (10, 512) (10,)",
        "⌊(28 + 2·0 − 5) / 1⌋ + 1 = 24",
        "2.302585",
        "Iteration: 60, Loss: ",
        "9 runs trained in",
        "the same order of batches: True",
    ],
)
def test_key_outputs_appear(executed: NotebookNode, found: str) -> None:
    assert any(found in text_of(cell) for cell in executed.cells), found


def test_pictures_and_tables_are_shown(executed: NotebookNode, committed: NotebookNode) -> None:
    for notebook in (executed, committed):
        kinds = kinds_of(notebook)
        assert kinds.count("image/png") >= 2
        assert kinds.count("text/html") >= 4
        assert kinds.count("image/svg+xml") >= 2


def test_the_committed_notebook_was_executed_in_order_on_the_whole_protocol(committed: NotebookNode) -> None:
    counts = [cell.execution_count for cell in committed.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    everything = "\n".join(text_of(cell) for cell in committed.cells)
    assert "Iteration: 3000, Loss: " in everything
    assert "Traceback" not in everything


def test_the_committed_notebook_is_small_and_names_no_place_of_its_making(committed: NotebookNode) -> None:
    assert PATH.stat().st_size < 200_000
    assert committed.metadata.keys() == {"kernelspec", "language_info"}
    text = json.dumps(committed)
    assert "/home/" not in text
    assert "/root/" not in text
    assert not any("execution" in cell.metadata for cell in committed.cells)


def test_the_committed_verdict_supports_both_claims(committed: NotebookNode) -> None:
    html = "".join(
        "".join(output["data"]["text/html"])
        for cell in committed.cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    )
    for claim in ("avg-same &lt; max-same", "avg-same &lt; max-valid &lt; max-same"):
        assert f'{claim}</th><td style="text-align:left">supported</td>' in html


def test_links_of_the_notebook_lead_somewhere(committed: NotebookNode) -> None:
    for source in sources(committed, "markdown"):
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", source):
            assert (PATH.parent / link).exists(), link
