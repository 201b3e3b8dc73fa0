"""The way of a person through the page, with the mouse and by keyboard alone, in a real browser."""

import math
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import Served, Watched, serving
from .test_uploads import encoded, seven

Open = Callable[..., Watched]

expect.set_options(timeout=20_000)

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
iterations = 60
evaluate_every = 30
learning_rate = 0.1
[variants]
fast = {}
slow = { "protocol.learning_rate" = 0.005 }
[decision]
min_rounds = 3
max_rounds = 3
"""


def test_from_the_list_to_a_study_that_changes_while_it_is_trained(
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
        process = training(file, tmp_path / "store")
        try:
            expect(page.locator("#now")).to_contain_text("running", timeout=60_000)
            expect(page.locator("#runs td.run-done").first).to_be_visible(timeout=60_000)
            expect(page.locator("#news")).to_contain_text(re.compile(r"(fast|slow), seed \d: done, \d"))
            expect(page.locator(".eyebrow .state")).to_contain_text("decided", timeout=60_000)
            expect(page.locator("#runs td.run-done")).to_have_count(6)
            expect(page.locator("#answer .claim")).to_be_visible()
        finally:
            process.kill()
            process.wait()
        page.wait_for_timeout(300)
        watched.assert_quiet(served)


def test_drawing_a_seven_with_the_mouse(opened: Open, served: Served, slug: str) -> None:
    watched = opened()
    page = watched.page
    page.goto(f"{served.origin}/study/{slug}")
    page.get_by_role("link", name="Inside the nets").click()
    expect(page.locator(".says")).to_have_count(3)
    draw(page, [(70, 60), (210, 60), (130, 230)])
    expect(page.locator(".seen figcaption")).to_contain_text("Your drawing")
    said = page.locator(".says strong")
    expect(said).to_have_count(3)
    assert said.all_inner_texts().count("7") >= 2
    for _ in range(3):  # all three answer, each with its probabilities over three seeds
        assert page.locator(".variant details table").count() >= 3
    expect(page.locator(".says").first).to_contain_text("of 3 nets agree")
    point_at(page, variant="max", block=1, channel=2, row=4, column=6)
    recomputes(page, pool="max")
    point_at(page, variant="avg", block=2, channel=5, row=3, column=2)
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
    expect(page.locator(".says")).to_have_count(3)
    tab_to(page, "application", "Paper to draw a digit on")
    for key in (
        "ArrowUp " * 6 + "ArrowLeft " * 6 + "Space " + "ArrowRight " * 12 + "ArrowDown " * 14 + "Space"
    ).split():
        page.keyboard.press(key)
    expect(page.locator(".seen figcaption")).to_contain_text("Your drawing")
    tab_to(page, "spinbutton", "Test image")
    page.keyboard.press("Control+A")
    page.keyboard.type("17")
    page.keyboard.press("Enter")
    expect(page.locator(".seen figcaption")).to_contain_text("Test image 17 of mnist, class 7")
    tab_to(page, "application", re.compile("Feature maps of max after block 1"))
    shown = page.locator("#pixel .pixel")
    for key, name, step in (
        ("ArrowLeft", "data-column", -1),
        ("ArrowUp", "data-row", -1),
        ("PageDown", "data-channel", 1),
        ("ArrowRight", "data-column", 1),
        ("ArrowDown", "data-row", 1),
        ("PageUp", "data-channel", -1),
    ):
        before = int(shown.get_attribute(name) or "")
        page.keyboard.press(key)
        expect(shown).to_have_attribute(name, str(before + step))
    recomputes(page, pool="max")
    expect(page.locator("#heard")).to_contain_text(f"row {shown.get_attribute('data-row')}")
    tab_to(page, "application", re.compile("Feature maps of avg after block 2"))
    expect(shown).to_have_attribute("data-variant", "avg")
    page.keyboard.press("ArrowDown")
    recomputes(page, pool="avg")
    tab_to(page, "link", re.compile("next input channel"))
    source = shown.get_attribute("data-source")
    page.keyboard.press("Enter")
    expect(shown).not_to_have_attribute("data-source", source or "")
    settle(page)  # the way there may lead over maps of another variant
    recomputes(page, pool="avg" if shown.get_attribute("data-variant") == "avg" else "max")
    watched.assert_quiet(served)


def test_a_picture_of_ones_own(opened: Open, served: Served, slug: str, tmp_path: Path) -> None:
    path = tmp_path / "<b>seven.png"
    path.write_bytes(encoded(seven(), "PNG"))
    watched = opened()
    page = watched.page
    page.goto(f"{served.origin}/study/{slug}/look")
    page.set_input_files("#file", path)
    expect(page.locator(".seen figcaption")).to_contain_text("<b>seven.png")
    assert page.locator(".says strong").all_inner_texts().count("7") >= 2
    bad = tmp_path / "notes.png"
    bad.write_text("no picture")
    page.set_input_files("#file", bad)
    expect(page.locator("#trouble")).to_contain_text("This is no picture that can be read here.")
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
    for name, value in (("variant", variant), ("channel", channel), ("row", row), ("column", column)):
        expect(shown).to_have_attribute(f"data-{name}", str(value))


def settle(page: Page) -> None:
    """Wait until the pixel that is shown has stayed the same for half a second: it arrives after the key."""
    before = ""
    while (now := page.locator("#pixel").inner_html()) != before:
        before = now
        page.wait_for_timeout(500)


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
    bias = float(re.search(r"bias (\S+)", steps[convolution])[1].replace("−", "-"))  # type: ignore[index]
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


def tab_to(page: Page, role: str, name: "str | re.Pattern[str]") -> None:
    """Press Tab until an element has the focus."""
    wanted = page.get_by_role(role, name=name, exact=isinstance(name, str)).first  # type: ignore[arg-type]
    for _ in range(150):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"no {role} {name} within 150 tabs")
