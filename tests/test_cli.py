"""The command line as a user meets it: output, exit codes, and never a traceback."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from paribus import data
from paribus.cli import run_command

STUDY = """
name = "small"
claims = ["dead < max"]
[data]
train_images = 1000
[net]
blocks = [{ channels = 4, kernel = 3 }]
[protocol]
batch_size = 50
iterations = 20
evaluate_every = 10
learning_rate = 0.1
[variants]
max = {}
dead = { "protocol.learning_rate" = 1e-6 }
[decision]
min_rounds = 3
max_rounds = 12
"""

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def study(tmp_path: Path, mnist: data.Dataset, monkeypatch: pytest.MonkeyPatch) -> str:
    """A study file, in a folder of its own where the default store will be."""
    assert len(mnist.train) == 60_000
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(STUDY)
    return "small.toml"


def document(captured: Captured) -> dict[str, Any]:
    found = json.loads(captured.readouterr().out)
    assert found["format"] == 1
    return dict(found)


def test_run_trains_to_a_verdict_and_show_repeats_it(study: str, capsys: Captured) -> None:
    assert run_command(["run", study]) == 0
    ran = capsys.readouterr()
    assert "supported" in ran.out
    assert "max is better than dead" in ran.out
    assert "2 variants" in ran.err.splitlines()[0], "what is trained is said at once"
    assert "judged" in ran.err
    assert run_command(["show", study]) == 0
    assert capsys.readouterr().out == ran.out
    assert run_command(["run", study]) == 0
    assert capsys.readouterr().out == ran.out


def test_verbose_run_prints_the_notebooks_lines_for_every_run(study: str, capsys: Captured) -> None:
    assert run_command(["run", study, "--verbose", "--max-rounds", "3"]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "Iteration: " in line]
    assert len(lines) >= 2 * 2 * 3
    for line in lines:
        iteration, loss, accuracy = (float(part.split(": ")[-1]) for part in line.split(", "))
        assert iteration in (10, 20)
        assert math.isfinite(loss)
        assert 0 <= accuracy <= 100


def test_json_of_run_and_show_is_the_documented_form(study: str, capsys: Captured) -> None:
    assert run_command(["run", study, "--json"]) == 0
    ran = document(capsys)
    assert set(ran) == {"format", "study", "runs", "contrasts", "claims"}
    run = ran["runs"][0]
    of_run = "variant seed state accuracy train_loss test_loss evaluations order_digest initial_digest"
    assert {*of_run.split(), "weights_digest", "seconds"} <= set(run)
    of_contrast = "a b difference_pp low_pp high_pp rounds direction size sentence"
    assert set(of_contrast.split()) <= set(ran["contrasts"][0])
    assert {"claim", "verdict", "links", "sentence"} <= set(ran["claims"][0])
    assert run_command(["show", study, "--json"]) == 0
    shown = document(capsys)
    assert shown["runs"] == ran["runs"]
    assert shown["claims"] == ran["claims"]


def test_plan_shows_the_arithmetic_the_shapes_and_the_time(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(["plan", "mnist-pooling"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "3,000 iterations ÷ (60,000 images ÷ 100 a batch) = 5 epochs" in text
    for shape in ("(16, 1, 5, 5)", "(32, 16, 5, 5)", "(10, 1568)", "(10, 512)"):
        assert shape in text
    assert "⌊(28 + 2·0 − 5) / 1⌋ + 1 = 24" in text
    assert run_command(["plan", "mnist-pooling", "--json"]) == 0
    planned = document(capsys)
    shapes = {variant["variant"]: variant["parameters"] for variant in planned["variants"]}
    assert shapes["max-valid"]["fc1.weight"] == [10, 512]
    assert planned["work"]["runs_least"] == 9
    assert planned["work"]["runs_most"] == 60
    assert not list(tmp_path.iterdir()), "plan leaves nothing behind"


@pytest.mark.parametrize(
    ("claim", "code"),
    [("dead < max", 0), ("max < dead", 3), ("max ~ dead", 3)],
    ids=["supported", "refuted", "not"],
)
def test_expect_turns_claims_into_exit_codes(study: str, claim: str, code: int) -> None:
    Path(study).write_text(STUDY.replace("dead < max", claim))
    assert run_command(["run", study, "--expect"]) == code


def test_expect_exits_with_4_when_undecided_at_the_cap(study: str) -> None:
    undecided = STUDY.replace("= 1e-6", "= 0.0999").replace(
        "max_rounds = 12", "max_rounds = 3\nmargin_pp = 0"
    )
    Path(study).write_text(undecided)
    assert run_command(["run", study, "--expect"]) == 4
    assert run_command(["run", study]) == 0


def test_verify_reports_the_same_bits(study: str, capsys: Captured) -> None:
    run_command(["run", study])
    capsys.readouterr()
    assert run_command(["verify", study, "--runs", "2", "--json"]) == 0
    assert [run["same_bits"] for run in document(capsys)["runs"]] == [True, True]


def test_set_overrides_a_field_and_settings_come_from_the_environment(
    study: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PARIBUS_STORE", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PARIBUS_WORKERS", "1")
    assert (
        run_command(
            ["run", study, "--set", "protocol.iterations=5", "--set", "decision.max_rounds=3", "--json"]
        )
        == 0
    )
    assert {run["evaluations"][-1]["iteration"] for run in document(capsys)["runs"]} == {5}
    assert (tmp_path / "elsewhere" / "runs.sqlite").exists()
    assert not (tmp_path / "paribus-store").exists()


def test_judge_gives_the_verdict_of_a_csv(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "results.csv"
    rows = [
        f"{name},{seed},{base + 0.01 * seed}" for name, base in (("a", 90), ("b", 95)) for seed in range(5)
    ]
    path.write_text("variant,seed,accuracy\n" + "\n".join(rows))
    assert run_command(["judge", str(path), "--claim", "a < b"]) == 0
    assert "b is better than a by 5.00 pp" in " ".join(capsys.readouterr().out.split())
    assert run_command(["judge", str(path), "--json"]) == 0
    assert document(capsys)["contrasts"][0]["difference_pp"] == pytest.approx(5)


def test_data_shows_the_first_test_image_and_its_label(
    mnist: data.Dataset, capsys: Captured, tmp_path: Path
) -> None:
    assert run_command(["data", "show", "mnist", "--split", "test", "--index", "0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "mnist test[0]: label 7"
    assert len(lines) == 15
    png = tmp_path / "seven.png"
    assert run_command(["data", "show", "mnist", "--png", str(png)]) == 0
    assert png.read_bytes().startswith(b"\x89PNG")
    capsys.readouterr()
    assert run_command(["data", "show", "mnist", "--json"]) == 0
    assert document(capsys)["pixels"] == mnist.test.images[0].tolist()


def test_data_list_and_fetch_tell_what_is_here(mnist: data.Dataset, capsys: Captured) -> None:
    assert mnist.name == "mnist"
    assert run_command(["data", "list", "--json"]) == 0
    found = {entry["name"]: entry for entry in document(capsys)["datasets"]}
    assert found["mnist"]["cached"] is True
    assert (found["fashion-mnist"]["train_images"], found["fashion-mnist"]["image"]) == (60_000, [1, 28, 28])
    assert run_command(["data", "fetch", "mnist"]) == 0
    assert "mnist is intact" in capsys.readouterr().out


def test_doctor_tells_what_would_be_used(capsys: Captured, tmp_path: Path) -> None:
    assert run_command(["doctor", "--store", str(tmp_path / "none"), "--json"]) == 0
    facts = {fact["name"]: fact["value"] for fact in document(capsys)["facts"]}
    assert {"paribus", "Python", "torch", "numerics", "cores", "store", "mnist"} <= set(facts)
    assert "threads-1" in facts["numerics"]


def test_doctor_mends_a_damaged_store(study: str, capsys: Captured, tmp_path: Path) -> None:
    run_command(["run", study, "--max-rounds", "3"])
    database = tmp_path / "paribus-store" / "runs.sqlite"
    content = bytearray(database.read_bytes())
    content[content.index(b"order_digest")] ^= 0xFF
    database.write_bytes(content)
    capsys.readouterr()
    assert run_command(["show", study]) == 1
    assert "paribus doctor --mend" in capsys.readouterr().err
    assert run_command(["doctor", "--mend"]) == 0
    assert "moved the damaged file to runs.sqlite.damaged-1" in capsys.readouterr().err
    assert run_command(["run", study, "--max-rounds", "3"]) == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["rnu", "mnist-pooling"], "rnu"),
        (["run"], "study"),
        (["run", "mnist-poling"], "did you mean mnist-pooling?"),
        (["run", "mnist-pooling", "--workers", "0"], "whole number from 1"),
        (["run", "mnist-pooling", "--workers", "two"], "two"),
        (["run", "mnist-pooling", "--set", "net.pool"], "FIELD=VALUE"),
        (["run", "mnist-pooling", "--set", "net.pool=maximum"], "did you mean `max`?"),
        (["run", "mnist-pooling", "--set", "net.blocks.1.kernel=15"], "max-valid: net.blocks.1.kernel"),
        (["show", "mnist-pooling", "--max-rounds", "1"], "decision.max_rounds"),
        (["judge", "none.csv"], "none.csv"),
        (["data", "show", "mnist", "--index", "10000"], "10,000"),
        (["data", "show", "minst"], "mnist"),
        (["verify", "mnist-pooling"], "nothing to verify"),
    ],
)
def test_mistakes_are_told_in_words_with_exit_code_2(
    arguments: list[str], expected: str, capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code = run_command(arguments)
    told = capsys.readouterr().err
    assert expected in " ".join(told.split())
    assert "Traceback" not in told
    assert code == (1 if arguments[:2] == ["data", "show"] and "minst" in arguments else 2)


@pytest.mark.parametrize("command", ["run", "plan", "show", "verify"])
def test_broken_study_files_exit_with_2_and_every_fault_before_anything_is_made(
    command: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for path in (Path(__file__).parent / "spec" / "broken").glob("*.toml"):
        fields = path.read_text().splitlines()[0].removeprefix("# faults: ").split(" | ")
        assert run_command([command, str(path)]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert "Traceback" not in told.err
        assert all(f"{field}: expected " in told.err for field in fields)
    assert not (tmp_path / "paribus-store").exists()


def test_second_writer_is_refused_in_words(study: str, capsys: Captured, tmp_path: Path) -> None:
    from paribus.store import Store  # noqa: PLC0415

    with Store.writer(tmp_path / "paribus-store", purpose="run another"):
        assert run_command(["run", study]) == 1
    assert "run another" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["data", "--help"], ["--version"]])
def test_help_of_every_command_works_as_a_process_of_its_own(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "paribus", *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout
    assert not done.stderr


@pytest.mark.parametrize(
    "command",
    [["--help"], ["show", "mnist-pooling"], ["plan", "mnist-pooling", "--json"], ["report", "mnist-pooling"]],
)
def test_commands_that_train_nothing_never_load_torch(command: list[str], tmp_path: Path) -> None:
    program = (
        "import sys; from paribus.cli import run_command; code = run_command(sys.argv[1:]); "
        "assert 'torch' not in sys.modules; sys.exit(code)"
    )
    subprocess.run([sys.executable, "-c", program, *command], cwd=tmp_path, capture_output=True, check=True)


def test_reader_that_closes_the_pipe_early_is_no_error(mnist: data.Dataset) -> None:
    assert mnist.name == "mnist"
    shell = f"{sys.executable} -m paribus data show mnist --json | head -c 10"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 0
