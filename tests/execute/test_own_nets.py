"""The example study of an own net, shortened: planned, trained, resumed, verified; and what goes wrong."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image
from safetensors import safe_open

from paribus import api, data
from paribus.cli import run_command
from paribus.data import Dataset
from paribus.spec import Study
from paribus.store import Store
from paribus.train.digests import weights_digest

EXAMPLES = Path(__file__).parents[2] / "examples"
SHORT = {
    "data.train_images": "600",
    "protocol.iterations": "8",
    "net.width": "2",
    "decision.max_rounds": "3",
    "decision.margin_pp": "5.0",
}
OPTIONS = [word for field, value in SHORT.items() for word in ("--set", f"{field}={value}")]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def cache(mnist: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with MNIST and without tables of nets."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / mnist.name).symlink_to(data.cache_folder() / mnist.name)
    return folder


@pytest.fixture
def example(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example in a folder of its own, so that the folder's place cannot matter."""
    monkeypatch.setenv("PARIBUS_DATA_DIR", str(cache))
    for name in ("own_net.py", "own-net.toml"):
        shutil.copy(EXAMPLES / name, tmp_path / name)
    return tmp_path / "own-net.toml"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command of paribus on a store of its own; gives exit code, output and messages."""

    def run(name: str, *arguments: str) -> tuple[int, str, str]:
        code = run_command([name, *OPTIONS, "--store", str(tmp_path / "store"), *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_example_trains_goes_on_and_can_be_verified(example: Path, command: Run, tmp_path: Path) -> None:
    code, planned, _ = command("plan", str(example))
    assert code == 0
    assert "blocks.0.conv1" in planned
    assert "net.width = 16 (base: 2)" in planned
    assert "memory format: channels last" in planned
    assert "head  Linear(in_features=4" in planned
    code, trained, _ = command("run", str(example), "--json", "--workers", "1")
    assert code == 0
    first = json.loads(trained)
    assert [run["state"] for run in first["runs"]] == ["done"] * 6
    assert first["runs"][0]["environment"]["memory format"] == "channels last"
    outcome = api.run(Study.read(example, SHORT), store=tmp_path / "store")
    assert outcome.trained == 0
    code, shown, _ = command("show", str(example), "--json")
    assert code == 0
    assert json.loads(shown)["contrasts"] == first["contrasts"]
    code, verified, _ = command("verify", str(example), "--runs", "2", "--json", "--workers", "1")
    assert code == 0
    assert [run["same_bits"] for run in json.loads(verified)["runs"]] == [True, True]
    narrow_run = next(run for run in first["runs"] if run["variant"] == "narrow")
    with Store.reader(tmp_path / "store") as store:
        (record,) = store.runs([narrow_run["run_key"]], outcome.standing.numerics).values()
        assert weights_digest(store.weights(record)) == record.weights_digest
    code, planned, _ = command("plan", str(example), "--json")
    narrow, wide = json.loads(planned)["variants"]
    assert narrow["parameters"]["blocks.0.conv1.weight"] == [2, 1, 3, 3]
    assert wide["parameters"]["blocks.0.conv1.weight"] == [16, 1, 3, 3]
    assert narrow["notes"] == {"memory format": "channels last"}
    assert narrow["weights_bytes"] > 4 * narrow["parameter_count"]


@pytest.mark.slow
def test_a_study_of_own_nets_that_was_stopped_goes_on_and_its_nets_are_used(
    example: Path, command: Run, mnist: Dataset, tmp_path: Path
) -> None:
    """Trained in two goes, each run equal to one trained in a single go; asked; exported in both forms."""
    more = [word for field in ("protocol.iterations=40", "net.width=6") for word in ("--set", field)]
    store = ["--store", str(tmp_path / "store")]
    program = [sys.executable, "-m", "paribus", "run", str(example), *OPTIONS, *more, *store]
    driver = subprocess.Popen(
        [*program, "--workers", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert driver.stderr is not None
    for line in driver.stderr:
        if "%" in line:  # the first run has its result
            break
    driver.send_signal(signal.SIGINT)
    driver.communicate(timeout=60)
    assert driver.returncode == 130
    with Store.reader(tmp_path / "store") as opened:
        kept = {record.run_key: record.finished_at for _, record in opened.finished_since(0)}
    assert 1 <= len(kept) < 6
    code, trained, _ = command("run", str(example), *more, "--json")
    assert code == 0
    runs = {run["run_key"]: run for run in json.loads(trained)["runs"]}
    assert len(runs) == 6
    assert {key: runs[key]["finished_at"] for key in kept} == kept, "what was recorded is not trained again"
    assert np.mean([run["train_loss"] for run in runs.values()]) < 2, "a net that knows nothing has 2.30"
    code, verified, _ = command("verify", str(example), *more, "--runs", "3", "--json")
    assert code == 0
    assert [run["same_bits"] for run in json.loads(verified)["runs"]] == [True] * 3

    Image.fromarray(255 - mnist.test.images[0, 0]).resize((112, 112)).save(tmp_path / "seven.png")
    what, picture = f"{example}:wide", str(tmp_path / "seven.png")
    code, predicted, _ = command("predict", what, picture, *more, "--json")
    assert code == 0
    vote = json.loads(predicted)
    assert (vote["seeds"], vote["classes"]) == ([0, 1, 2], list("0123456789"))
    assert sum(vote["predictions"][0]["probabilities"]) == pytest.approx(1)
    one = next(run for run in runs.values() if (run["variant"], run["seed"]) == ("wide", 1))
    for form in ("onnx", "safetensors"):
        file = str(tmp_path / f"net.{form}")
        code, exported, _ = command("export", f"{what}@1", "--format", form, "-o", file, *more, "--json")
        assert code == 0
        assert json.loads(exported)["metadata"]["run_key"] == one["run_key"]
    overrides = SHORT | dict(field.split("=") for field in more[1::2])
    nets = api.ensemble(f"{what}@1", store=tmp_path / "store", overrides=overrides)
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"])
    (found,) = session.run(["probabilities"], {"images": (mnist.test.images / 255).astype(np.float32)})
    assert np.abs(found - nets.probabilities(mnist.test.images)[0]).max() < 1e-4
    with Store.reader(tmp_path / "store") as opened:
        recorded = opened.run(one["run_key"], nets.voters.numerics)
    assert recorded is not None
    assert (found.argmax(axis=1) == recorded.predictions).mean() > 0.9999
    with safe_open(str(tmp_path / "net.safetensors"), "numpy") as weights:
        assert weights.get_tensor("blocks.0.bn1.num_batches_tracked") == 40


def test_the_example_as_it_stands_is_valid_and_asks_its_question() -> None:
    study = Study.read(EXAMPLES / "own-net.toml")
    assert study.claims == ("narrow < wide",)
    assert study.question.endswith("?")


def test_what_is_wrong_with_the_net_is_told_once_and_nothing_is_trained(example: Path, command: Run) -> None:
    code, out, said = command("run", str(example), "--set", "net.wdth=3")
    assert (code, out) == (2, "")
    assert said.count("net.wdth") == 1
    assert "did you mean `width`?" in said
    assert "Traceback" not in said


def test_a_run_that_ends_itself_fails_in_words_and_the_next_one_goes_on(
    example: Path, tmp_path: Path
) -> None:
    """The narrow net ends only after some steps; no trial goes so far."""
    module = example.parent / "own_net.py"
    text = module.read_text()
    ending = (
        "        if self.bn1.num_batches_tracked > 4 and maps.shape[1] == 2:\n"
        "            raise SystemExit(3)\n"
    )
    at = text.index("        inner = functional.relu")
    module.write_text(text[:at] + ending + text[at:])
    outcome = api.run(Study.read(example, SHORT), store=tmp_path / "store", workers=1)
    assert outcome.ending == "a run failed"
    (failure, *_) = outcome.standing.failures
    assert failure.variant == "narrow"
    assert "SystemExit: 3 (own_net.py:" in failure.reason
    module.write_text(text)
    assert api.run(Study.read(example, SHORT), store=tmp_path / "store", workers=1).trained == 6
