"""The report in a real browser: from the disk, without network and scripts, complete and accessible."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import html5lib
import pytest
from playwright.sync_api import Browser, Page, expect

from paribus.cli import run_command

from .conftest import PATIENCE, WHOLE, assert_accessible

SECTIONS = {
    "answer": "The answer",
    "intervals": "Intervals",
    "curves": "Over training",
    "seeds": "Seed by seed",
    "images": "Classes and images",
    "layers": "Layers",
    "inside": "Inside the nets",
    "runs": "Runs",
    "method": "How it was done",
}


@pytest.fixture(scope="module")
def report(trained: Path, study_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the study whose nets are looked into, alone in a folder."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    assert run_command(["report", str(study_file), "--store", str(trained), "-o", str(path)]) == 0
    return path


@pytest.fixture
def opened_file(browser: Browser, report: Path) -> Iterator["OpenFile"]:
    """Opens the report with the network off."""
    opener = OpenFile(browser, report)
    yield opener
    opener.close()


class OpenFile:
    """Opens the report, and keeps what it asks for and complains about."""

    def __init__(self, browser: Browser, report: Path) -> None:
        self._browser = browser
        self._report = report
        self._contexts: list[Page] = []
        self.asked: list[str] = []
        self.complaints: list[str] = []

    def __call__(self, width: int, theme: Literal["light", "dark"], *, scripts: bool = False) -> Page:
        context = self._browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            java_script_enabled=scripts,
            offline=True,
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.goto(self._report.as_uri())
        self._contexts.append(page)
        return page

    def close(self) -> None:
        for page in self._contexts:
            page.context.close()


def test_all_of_it_is_there_without_network_and_scripts(opened_file: OpenFile, report: Path) -> None:
    page = opened_file(1400, "light")
    for identity, title in SECTIONS.items():
        section = page.locator(f"section#{identity}")
        expect(section.get_by_role("heading", level=2)).to_have_text(title)
        expect(section).to_be_visible()
    assert page.locator("main > section").count() == len(SECTIONS)
    for image in page.locator("main img, main svg image").all():
        address = image.get_attribute("src") or image.get_attribute("href") or ""
        assert address.startswith("data:image/png;base64,")
    loaded = page.locator("main img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert loaded
    assert all(width > 0 for width in loaded)
    inside = page.locator("section#inside")
    assert 2 <= inside.locator("> h3").count() <= 3
    inside.locator("details.inside > summary").first.click()
    expect(inside.locator(".pixel").first).to_be_visible()
    foreign = [one for one in opened_file.asked if not one.startswith((report.as_uri(), "data:"))]
    assert foreign == []
    assert opened_file.complaints == []


def test_it_is_valid_html_and_small(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(text)
    assert len(text.encode()) < 2_000_000
    assert "<script" not in text


@pytest.mark.parametrize("width", [360, 800, 1400])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(opened_file: OpenFile, theme: Literal["light", "dark"], width: int) -> None:
    page = opened_file(width, theme, scripts=True)
    assert_accessible(page, whole=(theme, width) in WHOLE)
    assert opened_file.complaints == []
