"""Pages of studies in every state: never run, known from the store alone, of own images, damaged."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from paribus import api, data
from paribus.spec import Study, study_digest
from paribus.store.progress import ProgressLog

from .conftest import Served, serving
from .test_uploads import encoded, seven

Shelve = Callable[..., None]


def slug_of(study: Study) -> str:
    return f"{study.name}-{study_digest(study)[:10]}"


@pytest.fixture(scope="module")
def overridden() -> Study:
    """The built-in study with other iterations: a study of its own, which only its store knows."""
    return api.read("mnist-pooling", {"protocol.iterations": "7", "protocol.evaluate_every": "7"})


@pytest.fixture(scope="module")
def several(
    tmp_path_factory: pytest.TempPathFactory, shelve: Shelve, overridden: Study, mnist: data.Dataset
) -> Iterator[Served]:
    """The page of a store with nets of two of the three variants of a study that no file has."""
    assert len(mnist.test) == 10_000
    folder = tmp_path_factory.mktemp("several") / "a store"
    shelve(folder, overridden, [("max-same", 0), ("max-same", 1), ("avg-same", 0)])
    with serving(folder) as served:
        yield served


def test_a_study_known_from_the_store_alone_is_named_by_the_file_that_its_page_saves(
    several: Served, overridden: Study
) -> None:
    index = several.ask("/")[2]
    assert "1 study run against this store." in index
    assert f'href="/study/{slug_of(overridden)}"' in index
    page = several.ask(f"/study/{slug_of(overridden)}")[2]
    assert f"paribus run mnist-pooling.toml --store &#39;{several.folder}&#39;" in page
    assert 'download="mnist-pooling.toml"' in page


def test_variants_without_nets_are_left_out_with_the_reason(several: Served, overridden: Study) -> None:
    status, _, page = several.ask(f"/study/{slug_of(overridden)}/look?image=2&seed=1")
    assert status == 200
    assert page.count('class="says"') == 2
    assert re.search(r"max-valid</bdi> is left out: <bdi>no run of it is finished yet", page)
    assert "16 maps of 14 × 14, seed 0" in page, "avg-same has no net of seed 1"
    assert "16 maps of 14 × 14, seed 1" in page


def test_a_study_never_run_says_how_and_teaches_with_an_untrained_net(several: Served) -> None:
    address = f"/study/{slug_of(api.read('mnist-pooling'))}"
    page = several.ask(address)[2]
    assert "Nothing has been trained yet" in page
    status, _, look = several.ask(f"{address}/look")
    assert status == 200
    assert "no net of this study can be looked into" in look
    assert several.ask(f"{address}/look/pixel?image=0")[0] == 409
    assert several.ask(f"{address}/look/file/look.svg?image=0")[0] == 409
    status, _, lesson = several.ask(f"{address}/lesson")
    assert status == 200
    assert "which is not trained yet: its kernels are random" in lesson
    status, headers, _ = several.ask("/lesson")
    assert status == 303
    assert headers["location"].startswith("/study/mnist-pooling-")


def test_a_page_shows_what_is_running_at_this_moment(
    tmp_path: Path, shelve: Shelve, study: Study, study_file: Path, slug: str
) -> None:
    folder = tmp_path / "store"
    shelve(folder, study, [("max", 0)], keep_weights=False)
    with (
        serving(folder, str(study_file)) as served,
        ProgressLog(folder / "progress" / f"{study.name}.jsonl") as log,
    ):
        assert "no runs yet" not in served.ask(f"/study/{slug}")[2]
        run = {"at": time.time(), "variant": "avg", "seed": 0}
        log.write({"event": "StudyStarted", "at": time.time(), "workers": 2})
        log.write({"event": "RoundJudged", "at": time.time(), "seconds_left": 90.0})
        log.write({"event": "RunStarted", **run})
        for iteration, share in ((40, "25 %"), (120, "75 %")):
            log.write({"event": "RunStepped", **run, "iteration": iteration, "loss": 0.5})
            page = served.ask(f"/study/{slug}")[2]
            assert f"Running with 2 workers: avg with seed 0 ({share}); at most 90 s left." in page
            assert f"running, {share}, loss 0.5000" in page
            assert "running, 0 rounds complete" in page
            assert f"avg with seed 0 ({share})" in served.ask("/")[2]
        log.write({"event": "StudyStopped", "at": time.time()})
        assert "Running with" not in served.ask(f"/study/{slug}")[2]


def test_files_of_a_look_are_only_those_there_are(served: Served, slug: str) -> None:
    for name in ("look.gif", "..%2fapp.py", "maps", "LOOK.SVG"):
        assert served.ask(f"/study/{slug}/look/file/{name}?image=0")[0] == 404
    status, headers, text = served.ask(f"/study/{slug}/look/file/look.svg?image=3")
    assert status == 200
    assert headers["content-type"].startswith("image/svg+xml")
    assert headers["content-disposition"] == 'attachment; filename="page-test-image-3-of-mnist-look.svg"'
    assert "Test image 3 of mnist" in text


def test_own_images_are_looked_at_as_the_nets_were_trained(tmp_path: Path, shelve: Shelve) -> None:
    for name, level in (("<i>dark onload=", 60), ("light", 190)):
        (tmp_path / "shades" / name).mkdir(parents=True)
        for index in range(20):
            pixels = np.random.default_rng(index + level).integers(level - 50, level + 50, (40, 60, 3))
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "shades" / name / f"{index}.png")
    file = tmp_path / "shades.toml"
    file.write_text(
        f"""
name = "shades"
[data]
dataset = "folder:{tmp_path / "shades"}"
image_size = 12
resize = "stretch"
[net]
blocks = [{{ channels = 4, kernel = 3 }}]
[protocol]
iterations = 5
[variants]
max = {{}}
avg = {{ "net.pool" = "avg" }}
"""
    )
    study = Study.read(file)
    shelve(tmp_path / "store", study, [("max", 0), ("avg", 0)])
    with serving(tmp_path / "store", str(file)) as served:
        address = f"/study/{slug_of(study)}/look"
        status, _, page = served.ask(f"{address}?image=3")
        assert status == 200
        assert page.count('class="says"') == 2
        assert "<i>" not in page
        assert "&lt;i&gt;dark onload=" in page
        assert "class &lt;i&gt;dark" in page or "class light" in page
        assert "12 × 12 pixels, 3 channels" in page
        status, _, page = served.ask(f"{address}/image?name=x", method="POST", body=encoded(seven(), "PNG"))
        assert status == 200
        assert "12 × 12 pixels, 3 channels" in page
        for path in (f"/study/{slug_of(study)}", f"/study/{slug_of(study)}/lesson"):
            assert "<i>" not in served.ask(path)[2]
        assert served.ask(f"{address}?image=8")[0] == 404, "a fifth of forty images is for testing"
        assert served.ask(f"/study/{slug_of(study)}/lesson")[0] == 200


def test_a_store_that_is_damaged_while_it_is_served_is_told_in_words(
    tmp_path: Path, shelve: Shelve, overridden: Study
) -> None:
    folder = tmp_path / "store"
    shelve(folder, overridden, [("max-same", 0)])
    with serving(folder) as served:
        assert served.ask("/")[0] == 200
        database = folder / "runs.sqlite"
        database.write_bytes(b"no database" * 1000)
        status, headers, text = served.ask(f"/study/{slug_of(overridden)}")
        assert status == 500
        assert "Traceback" not in text
        assert "paribus doctor" in text or "damaged" in text
        assert "default-src 'none'" in headers["content-security-policy"]
