"""What `plan` says: the notebook's shapes, the arithmetic, the work that is left."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len

from paribus.report.forecast import Forecast, remaining_work, weights_bytes
from paribus.report.plan_text import epochs_arithmetic, plan_text
from paribus.spec import Study
from paribus.standing import Layout, Runs, Standing, assess, lay_out
from paribus.verdict import Expectation, Plan, Rule

Show = Callable[..., str]
SECONDS = {"max-same": 60.0, "avg-same": 60.0, "max-valid": 30.0}
FORECAST = Forecast(SECONDS, workers=2)


@pytest.fixture
def text(untouched: Standing, show: Show) -> str:
    return show(plan_text(untouched, FORECAST))


def section(text: str, name: str) -> str:
    """The part of the text about one variant."""
    found = re.search(rf"^{name} .*?(?=\n *\n|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[0]


def rows(part: str) -> dict[str, str]:
    """Layer to its line."""
    return {line.split()[0]: line for line in part.splitlines() if line.startswith("  ") and line.strip()}


@pytest.mark.parametrize("width", [60, 100, 200])
def test_no_line_is_wider_than_the_terminal(width: int, untouched: Standing, show: Show) -> None:
    text = show(plan_text(untouched, FORECAST), width=width)
    assert max(map(cell_len, text.splitlines())) <= width


def test_parameter_shapes_are_those_of_the_notebook(text: str) -> None:
    for name, linear in (
        ("max-same", "(10, 1568) (10)"),
        ("avg-same", "(10, 1568) (10)"),
        ("max-valid", "(10, 512) (10)"),
    ):
        layers = rows(section(text, name))
        assert "(16, 1, 5, 5) (16)" in layers["conv1"]
        assert "(32, 16, 5, 5) (32)" in layers["conv2"]
        assert linear in layers["fc1"]


def test_output_shapes_stand_above_the_arithmetic_that_gives_them(text: str) -> None:
    lines = section(text, "max-valid").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  conv1"))
    assert "16 × 24 × 24" in lines[at]
    assert lines[at + 1].strip() == "⌊(28 + 2·0 − 5) / 1⌋ + 1 = 24"


def test_cells_that_differ_from_the_first_variant_are_marked_and_no_others(text: str) -> None:
    assert "*" not in section(text, "max-same")
    average = rows(section(text, "avg-same"))
    assert [layer for layer, line in average.items() if "*" in line and layer != "*"] == ["pool1", "pool2"]
    valid = rows(section(text, "max-valid"))
    assert "conv1  5×5, stride 1, padding 0 *" in valid["conv1"]
    assert "(16, 1, 5, 5) (16)  " in valid["conv1"]  # the same shape, not marked
    assert "* 460,800" in valid["conv1"]
    assert "max 2×2  " in valid["pool1"]
    assert "(10, 512) (10) *" in valid["fc1"]


def test_layers_that_another_variant_has_too_are_not_repeated(show: Show) -> None:
    study = Study(
        name="rates",
        protocol={"iterations": 100},
        variants={"slow": {}, "fast": {"protocol.learning_rate": 0.1}, "bare": {"net.pool": "none"}},
    )
    text = show(plan_text(assess(lay_out(study), {}, numerics="", registration=None), Forecast({}, 1)))
    assert "the layers of slow" in section(text, "fast")
    assert "conv1" not in section(text, "fast")
    assert "differs from slow; without pool1, pool2" in section(text, "bare")
    assert "not known before a first run" in text


@pytest.mark.parametrize(
    ("protocol", "arithmetic"),
    [
        ({"iterations": 3000}, "3,000 iterations ÷ (60,000 images ÷ 100 a batch) = 5 epochs"),
        ({"iterations": 600}, "600 iterations ÷ (60,000 images ÷ 100 a batch) = 1 epoch"),
        ({"iterations": 300}, "300 iterations ÷ (60,000 images ÷ 100 a batch) = 0.5 epochs"),
        ({"epochs": 5}, "5 epochs × (60,000 images ÷ 100 a batch) = 3,000 iterations"),
        ({"epochs": 2, "batch_size": 128}, "2 epochs × ⌈60,000 images ÷ 128 a batch⌉ = 938 iterations"),
    ],
)
def test_iterations_and_epochs_follow_from_each_other(protocol: dict[str, int], arithmetic: str) -> None:
    study = Study(name="s", protocol=protocol, variants={"a": {}, "b": {"net.pool": "avg"}})
    assert epochs_arithmetic(lay_out(study).variants[0]) == arithmetic


def test_flops_of_a_run_are_those_counted_by_hand(text: str) -> None:
    # 3000 steps of 1.640 and 0.587 GFLOPs and six evaluations of 10,000 images
    assert "5.26 TFLOPs a run with its evaluations; about 60 s on one worker" in section(text, "max-same")
    assert "1.89 TFLOPs a run with its evaluations; about 30 s on one worker" in section(text, "max-valid")


def test_a_fresh_study_trains_between_its_least_and_most_rounds(text: str) -> None:
    assert "at least 9, at most 60 runs" in text
    assert "about 4 min at least, 25 min at most, with 2 workers" in text  # 3 and 20 times 150 s, halved


def test_recorded_runs_are_not_planned_again(early: Standing, settled: Standing, show: Show) -> None:
    # two whole rounds and one run of the third are there: two runs to the first look, 60 - 7 to the cap
    work = remaining_work(early, SECONDS, 1)
    assert (work.runs_least, work.runs_most) == (2, 53)
    assert work.seconds_least == 60 + 30
    assert work.seconds_most == 17 * 150 + 60 + 30
    assert "at least 2, at most 53 runs; 7 recorded already" in show(plan_text(early, FORECAST))
    assert remaining_work(settled, SECONDS, 1).runs_most == 0


def test_after_the_first_look_at_least_one_more_round_is_wanted(
    stand: Callable[..., Standing], trained: Callable[..., Runs]
) -> None:
    study = Study(
        name="s", claims=["b < a"], protocol={"iterations": 10}, variants={"a": {}, "b": {"net.pool": "avg"}}
    )
    layout = lay_out(study)
    runs = trained(layout, {"a": [96.7, 96.5, 96.9, 96.6], "b": [96.75, 96.45, 96.95, 96.55]})
    work = remaining_work(stand(layout, runs), {"a": 10.0, "b": 10.0}, 1)
    assert (work.runs_least, work.runs_most) == (2, 2 * 16)


def test_time_is_never_less_than_the_longest_run(early: Standing) -> None:
    assert remaining_work(early, SECONDS, 64).seconds_least == 60


def test_a_failed_run_is_still_to_be_trained(troubled: Standing) -> None:
    runs: Runs = {
        **troubled.runs,
        "max-valid": {**troubled.runs["max-valid"], 3: replace(troubled.runs["max-same"][3], state="failed")},
    }
    assert remaining_work(replace(troubled, runs=runs), SECONDS, 1) == remaining_work(troubled, SECONDS, 1)


def test_disk_is_that_of_all_weights_unless_they_are_not_kept(pooling: Layout, text: str, show: Show) -> None:
    # 16·25 + 16 + 32·16·25 + 32 + 15680 + 10 values of 4 bytes
    assert weights_bytes(pooling.variants[0]) == 4 * 28_938
    assert "about 6.95 MB of disk at most (116 kB a run)" in text
    study = Study(**{**pooling.study.model_dump(mode="json", exclude_defaults=True), "keep_weights": False})
    standing = assess(lay_out(study), {}, numerics="", registration=None)
    assert re.search("weights +not kept", show(plan_text(standing, FORECAST)))


def test_what_can_be_found_is_told_in_units_of_spread_and_in_points_where_it_is_known(
    early: Standing, show: Show
) -> None:
    chances = Plan(Rule(), 3, 0.89, (Expectation(0.5, 0.26, 18.6), Expectation(1.0, 0.9, 13.3)), 20_000)
    text = " ".join(show(plan_text(early, Forecast(SECONDS, 2, chances))).split())
    assert "A true difference of 0.89 s_d is found with 80 % power within 20 rounds" in text
    assert "0.5 s_d 26 % 18.6 1 s_d 90 % 13.3" in text
    # the first two rounds differ by 96.77 - 96.42 and 96.50 - 96.20: standard deviation 0.05 / sqrt 2
    assert "max-same - max-valid: 0.03 pp, with s_d = 0.04 pp from 2 rounds" in text
