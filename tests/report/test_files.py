"""Reports in their other forms, and on the disk."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from paribus import data
from paribus.cli import run_command
from paribus.errors import ResultsError, UsageError
from paribus.report.files import report_files, write_report
from paribus.report.json_format import as_json, study_document
from paribus.report.runs_csv import COLUMNS
from paribus.standing import Evidence, Layout, Runs, Standing
from paribus.verdict import Rule, judge, read_results

Stand = Callable[..., Standing]
Trained = Callable[..., Runs]
Predicted = Callable[..., Evidence]


def only(files: dict[str, str]) -> str:
    (text,) = files.values()
    return text


def table_after(text: str, caption: str) -> list[list[str]]:
    """The cells of the Markdown table that follows a caption."""
    rest = text[text.index(caption) :]
    lines = re.search(r"(?:^\|.*\|\n)+", rest, re.MULTILINE)
    assert lines is not None
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[0].splitlines()]


@pytest.mark.parametrize(
    "state", ["untouched", "one_round", "early", "settled", "troubled", "many", "factorial", "long_names"]
)
def test_markdown_has_the_words_and_numbers_of_json(state: str, request: pytest.FixtureRequest) -> None:
    standing: Standing = request.getfixturevalue(state)
    document = study_document(standing)
    files = report_files(Evidence(standing), "md")
    text = only(files)
    assert list(files) == [f"{standing.layout.study.name}-report.md"]
    plain = re.sub(r"\\(.)", r"\1", text)
    for contrast in document["contrasts"]:
        assert contrast["sentence"] in plain
    shown = table_after(text, "Differences in final test accuracy")
    assert len(shown) == 2 + len(document["contrasts"])
    for contrast, row in zip(document["contrasts"], shown[2:], strict=True):
        for field, cell in zip(("difference_pp", "low_pp", "high_pp", "sd_pp"), row[1:5], strict=True):
            if contrast[field] is not None:
                assert float(cell.replace("−", "-")) == pytest.approx(contrast[field], abs=0.00501)
    runs = [run for run in document["runs"] if run["accuracy"] is not None]
    if runs:
        table = table_after(text, "Every run")
        assert len(table) == 2 + len(document["runs"])
        assert [float(row[3]) for row in table[2 : 2 + len(runs)]] == pytest.approx(
            [run["accuracy"] for run in runs], abs=0.00501
        )
    for table in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        widths = {len(re.split(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1


def test_markdown_takes_foreign_text_as_text(troubled: Standing) -> None:
    from dataclasses import replace  # noqa: PLC0415

    failures = tuple(
        replace(failure, reason="a | b <img src=x> **c** [d](e) `f` \x1b[31m")
        for failure in troubled.failures
    )
    text = only(report_files(Evidence(replace(troubled, failures=failures)), "md"))
    assert r"a \| b \<img src=x\> \*\*c\*\* \[d\](e) \`f\`" in text
    assert "\x1b" not in text


def test_csv_has_a_line_for_every_run_with_the_documented_columns(settled: Standing) -> None:
    rows = list(csv.DictReader(io.StringIO(only(report_files(Evidence(settled), "csv")))))
    document = study_document(settled)
    assert list(rows[0]) == list(COLUMNS)
    documented = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    assert all(f"`{column}`" in documented for column in COLUMNS)
    assert len(rows) == len(document["runs"])
    for row, run in zip(rows, document["runs"], strict=True):
        for field in ("variant", "state", "run_key", "weights_digest", "finished_at"):
            assert row[field] == run[field]
        for field in ("seed", "accuracy", "train_loss", "test_loss", "seconds", "iterations"):
            assert float(row[field]) == run[field]


def test_judge_finds_the_same_verdict_in_the_csv(settled: Standing, tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(only(report_files(Evidence(settled), "csv")))
    verdict = judge(read_results(path), claims=settled.layout.study.claims, rule=Rule())
    assert [one.sentence for one in verdict.contrasts] == [one.sentence for one in settled.verdict.contrasts]
    assert [one.sentence for one in verdict.claims] == [one.sentence for one in settled.verdict.claims]


def test_judge_finds_the_same_verdict_where_a_variant_needed_fewer_rounds(
    pooling: Layout, stand: Stand, trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {
        "max-same": [96.77, 96.50, 96.93, 96.64, 96.80, 96.70, 96.75, 96.81, 96.72],
        "avg-same": [93.31, 93.12, 93.60, 93.15],
        "max-valid": [96.42, 96.50, 96.71, 96.35, 96.70, 96.40, 96.55, 96.51, 96.32],
    }
    standing = stand(pooling, trained(pooling, values))
    assert standing.verdict.rounds > 4
    assert not standing.verdict.waiting
    path = tmp_path / "runs.csv"
    path.write_text(only(report_files(Evidence(standing), "csv")))
    states = [
        row["state"] for row in csv.DictReader(io.StringIO(path.read_text())) if row["variant"] == "avg-same"
    ]
    assert states == ["done"] * 4 + ["not needed"] * 5
    claims = [word for claim in pooling.study.claims for word in ("--claim", claim)]
    assert run_command(["judge", str(path), *claims, "--json"]) == 0
    judged = json.loads(capsys.readouterr().out)
    expected = json.loads(as_json(study_document(standing)))
    assert [one["sentence"] for one in judged["claims"]] == [one["sentence"] for one in expected["claims"]]
    for found, wanted in zip(judged["contrasts"], expected["contrasts"], strict=True):
        assert found["difference_pp"] == wanted["difference_pp"]
        assert (found["low_pp"], found["high_pp"]) == (wanted["low_pp"], wanted["high_pp"])


def test_a_run_that_failed_is_not_passed_over_by_judge(troubled: Standing, tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(only(report_files(Evidence(troubled), "csv")))
    with pytest.raises(ResultsError, match="accuracy is ''"):
        read_results(path)


def test_json_is_the_document_of_show(settled: Standing) -> None:
    assert json.loads(only(report_files(Evidence(settled), "json"))) == json.loads(
        as_json(study_document(settled))
    )


def test_svg_files_are_the_figures_one_by_one(
    settled: Standing, mnist: data.Dataset, predicted: Predicted, tmp_path: Path
) -> None:
    files = report_files(predicted(settled, mnist), "svg")
    assert {"intervals.svg", "learning-curves.svg", "difference-curves.svg", "runs-by-seed.svg"} <= set(files)
    assert {"classes-1.svg", "confusion-3.svg"} <= set(files)
    written = write_report(files, "svg", tmp_path / "figures", study="mnist-pooling")
    assert sorted(path.name for path in written) == sorted(files)
    for path in written:
        assert ET.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_a_report_replaces_an_earlier_one_and_leaves_nothing_beside_it(
    settled: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = report_files(Evidence(settled), "html")
    Path("mnist-pooling-report.html").write_text("an earlier one")
    (path,) = write_report(files, "html", None, study="mnist-pooling")
    assert path.read_text(encoding="utf-8") == only(files)
    assert [entry.name for entry in tmp_path.iterdir()] == ["mnist-pooling-report.html"]


@pytest.mark.parametrize(
    ("where", "form"), [("none/report.html", "html"), (".", "html"), ("a/b/figures", "svg")]
)
def test_a_place_that_cannot_be_written_to_is_told_in_words(
    where: str, form: str, settled: Standing, tmp_path: Path
) -> None:
    files = report_files(Evidence(settled), "html" if form == "html" else "svg")
    with pytest.raises(UsageError, match="cannot be written") as caught:
        write_report(files, "html" if form == "html" else "svg", tmp_path / where, study="mnist-pooling")
    assert "-o" in str(caught.value)


@pytest.mark.parametrize("form", ["html", "md", "csv", "json", "svg"])
def test_the_command_reports_a_study_never_run(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(["report", "mnist-pooling", "--format", form]) == 0
    told = capsys.readouterr()
    names = sorted(entry.name for entry in tmp_path.iterdir())
    if form == "svg":
        assert names == ["mnist-pooling-figures"]
        assert "no figure to draw before the first run" in told.err
    else:
        assert names == [f"mnist-pooling-report.{form}"]
        assert told.out.startswith(f"mnist-pooling-report.{form} (")


def test_the_commands_in_a_report_name_the_study_as_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = tmp_path / "my store"
    options = ["--set", "protocol.iterations=20", "--store", str(store)]
    assert run_command(["report", "mnist-pooling", *options, "--format", "md", "-o", "r.md"]) == 0
    expected = f"paribus run mnist-pooling --set protocol.iterations=20 --store '{store}'"
    assert expected in Path("r.md").read_text(encoding="utf-8")
    assert not store.exists()
