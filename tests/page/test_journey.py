"""The way of a person through the page, with the mouse and by keyboard alone, in a real browser."""

import math
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from .conftest import PATIENCE, Served, Watched, serving
from .test_uploads import encoded, seven

Open = Callable[..., Watched]

LIVE = """
name = "live"
question = "Does the page change while this is trained?"
claims = ["slow < fast"]
[data]
train_images = 2000
[net]
blocks = [{ channels = 4, kernel = 3 }]
[protocol]
batch_size = 50
iterations = 200
evaluate_every = 100
learning_rate = 0.1
[variants]
fast = {}
slow = { "protocol.learning_rate" = 0.002 }
[decision]
min_rounds = 3
max_rounds = 3
"""

NOTE_CHANGES = """() => {
  const seen = window.seen = { now: new Set(), news: new Set(), done: new Set() };
  const note = () => {
    seen.now.add(document.getElementById("now").textContent);
    seen.news.add(document.getElementById("news").textContent);
    seen.done.add(document.querySelectorAll("#runs td.run-done").length);
  };
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
  note();
}"""
"""Keeps what the page has shown, however shortly."""

SEVEN = [(70, 60), (210, 60), (130, 230)]


def test_from_the_list_to_the_inside_of_nets_that_are_trained_meanwhile(
    opened: Open,
    training: Callable[[Path, Path], "subprocess.Popen[bytes]"],
    trained: Path,
    tmp_path: Path,
) -> None:
    file = tmp_path / "live.toml"
    file.write_text(LIVE)
    assert trained.exists()  # MNIST is in the cache by then
    with serving(tmp_path / "store", str(file)) as served:
        watched = opened()
        page = watched.page
        page.goto(served.origin)
        page.get_by_role("link", name="live", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(
            "Does the page change while this is trained?"
        )
        expect(page.locator(".eyebrow .state")).to_have_text("no runs yet")
        page.evaluate(NOTE_CHANGES)
        process = training(file, tmp_path / "store")
        try:
            expect(page.locator(".eyebrow .state")).to_contain_text("decided", timeout=4 * PATIENCE)
            expect(page.locator("#runs td.run-done")).to_have_count(6)
            expect(page.locator("#answer .claim")).to_be_visible()
            expect(page.locator("#now")).to_be_empty()
        finally:
            process.kill()
            process.wait()
        seen = page.evaluate("Object.fromEntries(Object.entries(seen).map(([n, all]) => [n, [...all]]))")
        assert any(re.match(r"Running with \d workers?: ", words) for words in seen["now"])
        assert any(re.fullmatch(r"(fast|slow), seed \d: done, \d+\.\d\d %", words) for words in seen["news"])
        assert any(0 < done < 6 for done in seen["done"]), "some runs were shown before the last one"
        page.get_by_role("link", name="Inside the nets").click()
        ready(page)
        draw(page, SEVEN)
        answered(page, "Your drawing", variants=2, seeds=3)
        point_at(page, variant="slow", block=1, channel=2, row=5, column=7)
        recomputes(page, pool="max")
        watched.assert_quiet(served)


def test_drawing_a_seven_with_the_mouse(opened: Open, served: Served, slug: str) -> None:
    watched = opened()
    page = watched.page
    page.goto(f"{served.origin}/study/{slug}")
    page.get_by_role("link", name="Inside the nets").click()
    ready(page)
    draw(page, SEVEN)
    answered(page, "Your drawing", variants=3, seeds=3)
    assert page.locator(".says strong").all_inner_texts().count("7") >= 2
    expect(page.locator(".says").first).to_contain_text("of 3 nets agree")
    point_at(page, variant="max", block=1, channel=2, row=4, column=6)
    recomputes(page, pool="max")
    point_at(page, variant="avg", block=2, channel=5, row=3, column=2)
    recomputes(page, pool="avg")
    page.get_by_role("button", name="Clear").click()
    draw(page, [(140, 40), (140, 240)])  # the value that was pointed at stays the one that is shown
    answered(page, "Your drawing", variants=3, seeds=3)
    expect(page.locator("#pixel .pixel")).to_have_attribute("data-channel", "5")
    recomputes(page, pool="avg")
    watched.assert_quiet(served)


def test_the_whole_way_by_keyboard_alone(opened: Open, served: Served, slug: str) -> None:
    watched = opened()
    page = watched.page
    page.goto(served.origin)
    tab_to(page, "link", "page")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2, name="The answer")).to_be_visible()
    tab_to(page, "link", "Inside the nets")
    page.keyboard.press("Enter")
    ready(page)
    tab_to(page, "application", "Paper to draw a digit on")
    for key in (
        "ArrowUp " * 6 + "ArrowLeft " * 6 + "Space " + "ArrowRight " * 12 + "ArrowDown " * 14 + "Space"
    ).split():
        page.keyboard.press(key)
    answered(page, "Your drawing", variants=3, seeds=3)
    tab_to(page, "spinbutton", "Test image")
    page.keyboard.press("Control+A")
    page.keyboard.type("17")
    page.keyboard.press("Enter")
    answered(page, "Test image 17 of mnist, class 7", variants=3, seeds=3)
    tab_to(page, "application", re.compile("Feature maps of max after block 1"))
    shown = page.locator("#pixel .pixel")
    at = {name: int(shown.get_attribute(f"data-{name}") or "") for name in ("channel", "row", "column")}
    last = {"channel": 7, "row": 13, "column": 13}
    for key, name, step in (
        ("ArrowLeft", "column", -1),
        ("ArrowUp", "row", -1),
        ("PageDown", "channel", 1),
        ("ArrowRight", "column", 1),
        ("ArrowDown", "row", 1),
        ("PageUp", "channel", -1),
    ):
        at[name] = min(max(at[name] + step, 0), last[name])
        page.keyboard.press(key)
        expect(shown).to_have_attribute(f"data-{name}", str(at[name]))
        settle(page)
    recomputes(page, pool="max")
    expect(page.locator("#heard")).to_contain_text(f"row {at['row']}, column {at['column']}")
    tab_to(page, "application", re.compile("Feature maps of avg after block 2"))
    expect(shown).to_have_attribute("data-block", "2")
    expect(shown).to_have_attribute("data-variant", "avg")
    page.keyboard.press("ArrowDown")
    recomputes(page, pool="avg")
    tab_to(page, "application", re.compile("Feature maps of valid after block 2"))
    expect(shown).to_have_attribute("data-variant", "valid")
    settle(page)
    tab_to(page, "link", re.compile("next input channel"))
    source = shown.get_attribute("data-source")
    page.keyboard.press("Enter")
    expect(shown).not_to_have_attribute("data-source", source or "")
    settle(page)
    recomputes(page, pool="max")
    expect(page.get_by_role("link", name=re.compile("next input channel"))).to_be_focused()
    watched.assert_quiet(served)


def test_what_a_reader_has_opened_stays_open_when_the_image_changes(
    opened: Open, served: Served, slug: str
) -> None:
    watched = opened()
    page = watched.page
    page.goto(f"{served.origin}/study/{slug}/look")
    ready(page)
    page.locator("#shown summary").nth(1).click()
    page.fill("#image", "5")
    answered(page, "Test image 5 of mnist", variants=3, seeds=3)
    opened_now = page.locator("#shown details").evaluate_all("all => all.map(one => one.open)")
    assert opened_now == [False, True, False]
    page.select_option("#seed", "2")
    expect(page.locator(".look-layer .whose").first).to_contain_text("seed 2")
    settle(page)
    watched.assert_quiet(served)


def test_a_look_can_be_saved(opened: Open, served: Served, slug: str, tmp_path: Path) -> None:
    watched = opened()
    page = watched.page
    page.goto(f"{served.origin}/study/{slug}/look?image=3")
    ready(page)
    draw(page, SEVEN)
    answered(page, "Your drawing", variants=3, seeds=3)
    for words, name, begins in (
        ("SVG", "look.svg", b"<svg"),
        ("PNG", "look.png", b"\x89PNG"),
        ("CSV of the probabilities", "probabilities.csv", b"variant,seed,class,probability"),
        ("CSV of the feature maps", "maps.csv", b"variant,seed,layer,channel,row,column,value"),
    ):
        with page.expect_download() as waiting:
            page.get_by_role("link", name=words, exact=True).click()
        waiting.value.save_as(tmp_path / name)
        assert waiting.value.suggested_filename == f"page-your-drawing-{name}"
        assert (tmp_path / name).read_bytes().startswith(begins)
    lines = (tmp_path / "probabilities.csv").read_text().splitlines()
    assert len(lines) == 1 + 3 * 3 * 10
    values = len((tmp_path / "maps.csv").read_text().splitlines()) - 1
    assert values == 2 * (8 * 14 * 14 + 12 * 7 * 7) + 8 * 12 * 12 + 12 * 4 * 4
    watched.assert_quiet(served)


def test_a_picture_of_ones_own(opened: Open, served: Served, slug: str, tmp_path: Path) -> None:
    path = tmp_path / "<b>seven.png"
    path.write_bytes(encoded(seven(), "PNG"))
    watched = opened()
    page = watched.page
    page.goto(f"{served.origin}/study/{slug}/look")
    ready(page)
    page.set_input_files("#file", path)
    answered(page, "<b>seven.png", variants=3, seeds=3)
    assert page.locator(".says strong").all_inner_texts().count("7") >= 2
    bad = tmp_path / "notes.png"
    bad.write_text("no picture")
    page.set_input_files("#file", bad)
    expect(page.locator("#trouble")).to_contain_text("This is no picture that can be read here.")
    expect(page.locator(".seen figcaption")).to_contain_text("<b>seven.png")
    page.set_input_files("#file", path)
    expect(page.locator("#trouble")).to_be_empty()
    assert [one for one in watched.complaints if "415" not in one] == []


def test_pages_work_without_scripts(opened: Open, served: Served, slug: str) -> None:
    watched = opened(scripts=False)
    page = watched.page
    page.goto(f"{served.origin}/study/{slug}/look")
    page.fill("#image", "3")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".seen figcaption")).to_contain_text("Test image 3 of mnist")
    first = page.locator("#pixel .pixel").get_attribute("data-place")
    page.locator("#pixel .choices a[href*='place']").nth(0 if first != "0,0" else 1).click()
    expect(page.locator("#pixel .pixel")).not_to_have_attribute("data-place", first or "")
    recomputes(page, pool="max")
    for path in ("", "/lesson"):
        page.goto(f"{served.origin}/study/{slug}{path}")
        assert page.locator("main section").count() >= 8
        assert page.locator("main svg").count() >= 8
    watched.assert_quiet(served)


def test_what_users_write_is_shown_as_it_is_written(opened: Open, served: Served, slug: str) -> None:
    watched = opened()
    page = watched.page
    page.goto(f"{served.origin}/study/{slug}")
    question = 'Is <b>max</b> & "average" pooling <script>alert(1)</script> shown as it is written?'
    expect(page.get_by_role("heading", level=1)).to_have_text(question)
    page.goto(served.origin)
    expect(page.get_by_text(question)).to_be_visible()
    watched.assert_quiet(served)


def test_a_script_that_got_into_a_page_would_not_run(opened: Open, served: Served, slug: str) -> None:
    watched = opened()
    page = watched.page
    for path in ("/", f"/study/{slug}", f"/study/{slug}/look", f"/study/{slug}/lesson", "/nowhere"):
        page.goto(served.origin + path)
        page.evaluate(
            """() => {
              const script = document.createElement("script");
              script.textContent = "window.ran = true";
              const image = document.createElement("img");
              image.src = "data:,";
              document.body.insertAdjacentHTML("beforeend", "<a id=bad onclick='window.ran = true'>x</a>");
              document.body.append(script, image);
              document.getElementById("bad").click();
            }"""
        )
        assert page.evaluate("window.ran") is None, path
        blocked = [one for one in watched.complaints if "Content Security Policy" in one]
        assert len(blocked) >= 2, path
        watched.complaints.clear()


def ready(page: Page) -> None:
    """Wait until the script of the look inside works: it is what shows the paper."""
    expect(page.locator("#draw")).to_be_visible()
    settle(page)


def settle(page: Page) -> None:
    """Wait until nothing is being asked of the server any more."""
    expect(page.locator("[aria-busy]")).to_have_count(0)


def answered(page: Page, name: str, *, variants: int, seeds: int) -> None:
    """All variants have answered for an image: a class, all probabilities, and what each seed says."""
    expect(page.locator(".seen figcaption")).to_contain_text(name)
    settle(page)
    expect(page.locator(".says strong")).to_have_count(variants)
    tables = page.locator("#shown .variant details").evaluate_all(
        "all => all.map(one => [...one.querySelectorAll('tbody')].map(table => table.rows.length))"
    )
    assert tables == [[10, seeds]] * variants


def draw(page: Page, points: list[tuple[int, int]]) -> None:
    """Draw a line through points of the paper with the mouse."""
    box = page.locator("#paper").bounding_box()
    assert box
    (x, y), *rest = points
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=12)
    page.mouse.up()


def point_at(page: Page, *, variant: str, block: int, channel: int, row: int, column: int) -> None:
    """Move the mouse to a value of a feature map, and wait until it is taken apart."""
    maps = page.locator(f'.pickable[data-variant="{variant}"][data-block="{block}"]')
    maps.scroll_into_view_if_needed()
    drawing = maps.locator("svg")
    box = drawing.bounding_box()
    assert box
    number = {
        name: float(maps.get_attribute(f"data-{name}") or "nan")
        for name in ("across", "pixel", "pitch-x", "pitch-y")
    }
    width = float((drawing.get_attribute("viewBox") or "").split()[2])
    unit = box["width"] / width
    x = (channel % number["across"]) * number["pitch-x"] + (column + 0.5) * number["pixel"]
    y = (channel // number["across"]) * number["pitch-y"] + (row + 0.5) * number["pixel"]
    page.mouse.move(box["x"] + x * unit, box["y"] + y * unit)
    shown = page.locator("#pixel .pixel")
    place = {"variant": variant, "block": block, "channel": channel, "row": row, "column": column}
    for name, value in place.items():
        expect(shown).to_have_attribute(f"data-{name}", str(value))
    settle(page)


def recomputes(page: Page, *, pool: str) -> None:
    """The numbers that are shown add up to the activation that is shown."""
    shown = page.locator("#pixel .pixel")
    settle(page)
    numbers = shown.locator("details table tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.querySelectorAll('data')].map(cell => Number(cell.value)))"
    )
    patch = [row for row in numbers if len(row) == 3]
    sums = [row[0] for row in numbers if len(row) == 1]
    for given, weight, product in patch:
        assert product == pytest.approx(given * weight, abs=1e-9)
    steps = shown.locator(".steps li").all_inner_texts()
    values = [
        float(value)
        for value in shown.locator(".steps data").evaluate_all("all => all.map(one => one.value)")
    ]
    convolution = next(index for index, step in enumerate(steps) if re.match(r"conv\d+\b", step))
    found = re.search(r"bias (\S+)", steps[convolution])
    assert found, steps
    bias = float(found[1].replace("−", "-"))
    total = math.fsum(sums) if sums else math.fsum(product for *_, product in patch)
    if sums:
        source = int(shown.get_attribute("data-source") or "-1")
        assert sums[source] == pytest.approx(math.fsum(product for *_, product in patch), abs=1e-6)
    assert total + bias == pytest.approx(values[convolution], abs=1e-4)
    assert values[convolution + 1] == pytest.approx(max(0.0, values[convolution]), abs=1e-5)
    window = [float(text.replace("−", "-")) for text in re.findall(r"−?\d+\.\d{4}", steps[-1])]
    assert len(window) == 5, steps
    *inputs, written = window
    pooled = max(inputs) if pool == "max" else sum(inputs) / 4
    assert written == pytest.approx(pooled, abs=2e-4), steps
    value = float(shown.locator(".value data").get_attribute("value") or "nan")
    assert value == pytest.approx(pooled, abs=2e-4)
    assert value == pytest.approx(values[-1], abs=1e-5)
    if pool == "max":
        assert any(values[convolution + 1] == pytest.approx(one, abs=1e-4) for one in inputs)


def tab_to(
    page: Page, role: Literal["application", "link", "spinbutton"], name: "str | re.Pattern[str]"
) -> None:
    """Press Tab until an element has the focus."""
    wanted = page.get_by_role(role, name=name, exact=isinstance(name, str)).first
    for _ in range(150):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"no {role} {name} within 150 tabs")
