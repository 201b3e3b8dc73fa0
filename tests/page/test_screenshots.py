"""The pictures of README and docs: every one is there in both themes and small, and the script takes them."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from docs.screenshots import PICTURES, SHOTS, take  # noqa: E402 - it is no part of the package


def named() -> dict[Path, list[str]]:
    """The pictures that each document shows."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    shown = {
        path: re.findall(r'(?:src|srcset)="([^"]+)"', path.read_text(encoding="utf-8")) for path in documents
    }
    return {path: names for path, names in shown.items() if names}


def test_every_picture_is_shown_in_both_themes_and_all_are_small() -> None:
    documents = named()
    assert {path.name for path in documents} == {"README.md", "page.md"}
    shown = {(path.parent / name).resolve() for path, names in documents.items() for name in names}
    assert shown == set(PICTURES.glob("*.png"))
    assert shown == {PICTURES / f"{shot.name}-{theme}.png" for shot in SHOTS for theme in ("light", "dark")}
    assert sum(path.stat().st_size for path in shown) < 600_000
    for path in documents:
        images = re.findall(r"<img [^>]*>", path.read_text(encoding="utf-8"))
        assert all(re.search(r'alt="[^"]{20,}"', image) for image in images)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_kept_pictures_have_the_size_of_their_window_and_the_colours_of_their_theme(theme: str) -> None:
    for shot in SHOTS:
        with Image.open(PICTURES / f"{shot.name}-{theme}.png") as picture:
            assert picture.size == shot.size
            pixels = np.asarray(picture.convert("L"))
        assert (np.median(pixels) > 128) == (theme == "light")
        assert pixels.std() > 10, "it is not blank"


def test_the_script_takes_them_from_a_trained_study(
    browser: Browser, trained: Path, study_file: Path, tmp_path: Path
) -> None:
    shots = [shot for shot in SHOTS if shot.name in ("look", "report-phone")]
    written = take(browser, trained, tmp_path, study=str(study_file), themes=["dark"], shots=shots)
    assert [path.name for path in written] == [f"{shot.name}-dark.png" for shot in shots]
    for path, shot in zip(written, shots, strict=True):
        with Image.open(path) as picture:
            assert picture.size == shot.size
            assert np.asarray(picture.convert("L")).std() > 10
