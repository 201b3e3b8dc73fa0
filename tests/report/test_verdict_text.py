"""A verdict on a terminal: what is said, in which order, and that it fits."""

import re
import statistics
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len

from paribus.report.verdict_text import judged_text, verdict_text
from paribus.spec import Study, locate
from paribus.standing import Layout, Runs, Standing, assess, lay_out
from paribus.verdict import Rule, judge

Show = Callable[..., str]
Stand = Callable[..., Standing]
Trained = Callable[..., Runs]


def flat(text: str) -> str:
    """The text as one line, so that a test does not depend on where it was wrapped."""
    return " ".join(text.split())


@pytest.mark.parametrize("width", [60, 100, 200])
@pytest.mark.parametrize("name", ["untouched", "early", "settled", "troubled"])
def test_no_line_is_wider_than_the_terminal(
    name: str, width: int, show: Show, request: pytest.FixtureRequest
) -> None:
    text = show(verdict_text(request.getfixturevalue(name)), width=width)
    assert max(map(cell_len, text.splitlines())) <= width


def test_answers_come_before_sentences_and_sentences_before_details(settled: Standing, show: Show) -> None:
    text = flat(show(verdict_text(settled)))
    order = [
        "decided after 5 rounds",
        "supported avg-same < max-same",
        "max-same is better than avg-same by 3.39 pp",
        "● mean",
        "hold together",
        "net.pool = avg (base: max)",
        "paribus verify mnist-pooling",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)


@pytest.mark.parametrize("width", [60, 100, 200])
def test_every_sentence_of_the_verdict_is_there_whatever_the_width(
    width: int, settled: Standing, show: Show
) -> None:
    text = flat(show(verdict_text(settled), width=width))
    for contrast in settled.verdict.contrasts:
        assert contrast.sentence in text
    for note in settled.verdict.notes:
        assert note in text


def test_variants_show_mean_and_sample_deviation_of_all_their_rounds(
    settled: Standing, show: Show, measured: dict[str, list[float]]
) -> None:
    text = show(verdict_text(settled))
    for name, values in measured.items():
        row = re.search(rf"^{name} +([\d.]+) +([\d.]+) +(\d+) +\S", text, re.MULTILINE)
        assert row is not None
        mean, deviation, rounds = row.groups()
        assert float(mean) == pytest.approx(statistics.mean(values), abs=0.00501)
        assert float(deviation) == pytest.approx(statistics.stdev(values), abs=0.00501)
        assert rounds == "5"


def test_a_variant_shows_what_it_changes_and_nothing_else(settled: Standing, show: Show) -> None:
    text = show(verdict_text(settled))
    assert re.search(r"^max-same .* nothing *$", text, re.MULTILINE)
    assert re.search(r"^avg-same .* net\.pool = avg \(base: max\) *$", text, re.MULTILINE)
    assert re.search(r"^max-valid .* net\.padding = valid \(base: same\) *$", text, re.MULTILINE)


def test_a_factor_at_the_level_of_the_base_is_no_difference(show: Show) -> None:
    layout = lay_out(Study.read(locate("mnist-pooling-factorial")))
    text = show(verdict_text(assess(layout, {}, numerics="", registration=None)), width=120)
    assert re.search(r"^max-valid .* 0 +net\.padding = valid \(base: same\) *$", text, re.MULTILINE)
    assert re.search(r"^max-same .* nothing *$", text, re.MULTILINE)


def test_trouble_is_named_with_its_run_and_reason(troubled: Standing, show: Show) -> None:
    text = flat(show(verdict_text(troubled)))
    assert "held up after 3 rounds by a run that failed" in text
    assert "11 recorded; 1 of them diverged: avg-same with seed 1; 1 failed" in text
    assert "to come" not in text
    assert "max-valid with seed 3: out of memory at [bold]step 7" in text
    assert "accuracy at chance: avg-same with seed 1" in text
    assert text.endswith("To train the failed runs again and go on: paribus run mnist-pooling")


def test_runs_of_the_next_round_are_counted_as_to_come(early: Standing, show: Show) -> None:
    text = flat(show(verdict_text(early)))
    assert "not decided yet: 2 rounds of 3 to 20" in text
    assert "7 recorded; 2 to come for round 3" in text
    assert text.endswith("To go on where it stopped: paribus run mnist-pooling")


def test_a_post_hoc_verdict_says_so_in_its_first_line_and_at_every_claim(
    troubled: Standing, settled: Standing, show: Show
) -> None:
    text = show(verdict_text(troubled))
    assert text.splitlines()[0].endswith("(post hoc)")
    assert text.count("max-same, post hoc") == len(troubled.verdict.claims)
    assert "post hoc" not in show(verdict_text(settled)).lower()


def test_nothing_in_a_question_or_reason_is_obeyed_by_the_terminal(
    pooling: Layout, troubled: Standing, show: Show
) -> None:
    question = "Is [red]max[/red] better?\x1b[31m\x1b]0;title\x07 \x9b1m\r\n\u202eyes"
    study = Study(**{**pooling.study.model_dump(mode="json", exclude_defaults=True), "question": question})
    standing = replace(troubled, layout=replace(troubled.layout, study=study))
    for color in (False, True):
        text = show(verdict_text(standing), color=color)
        assert "Is [red]max[/red] better? 1m yes" in text
        assert "title" not in text
        assert not set(text) & {"\x07", "\x9b", "\r", "\u202e"}
        colors = set(re.findall(r"\x1b\[[^m]*m", text))
        assert "\x1b[31mred" not in text
        assert text.count("\x1b") == len(re.findall(r"\x1b\[[\d;]*m", text))
        assert bool(colors) == color


def test_an_ascii_terminal_gets_the_same_text_in_ascii(troubled: Standing, show: Show) -> None:
    wide, narrow = (show(verdict_text(troubled), encoding=code).splitlines() for code in ("utf-8", "ascii"))
    assert all(line.isascii() for line in narrow)
    assert not any("?" in line for line in narrow[2:])
    assert [len(line) for line in narrow] == [len(line) for line in wide]


def test_a_study_never_run_says_how_to_run_it(untouched: Standing, show: Show) -> None:
    text = flat(show(verdict_text(untouched, asked=["my studies/it's.toml"])))
    assert "no runs yet" in text
    assert "never run" in text
    assert text.endswith("To train it: paribus run 'my studies/it'\"'\"'s.toml'")


@pytest.mark.parametrize(
    ("other", "can_be_settled"),
    [([96.7, 96.5, 96.9, 96.61], True), ([96.75, 96.45, 96.95, 96.55], False)],
)
def test_a_study_undecided_at_its_cap_says_whether_a_higher_cap_would_settle_it(
    other: list[float], can_be_settled: bool, stand: Stand, trained: Trained, show: Show
) -> None:
    study = Study(
        name="close-call",
        claims=["b < a"],
        protocol={"iterations": 3000},
        variants={"a": {}, "b": {"net.pool": "avg"}},
        decision={"max_rounds": 4, "margin_pp": 0.0},
    )
    layout = lay_out(study)
    standing = stand(layout, trained(layout, {"a": [96.7, 96.5, 96.9, 96.6], "b": other}))
    text = flat(show(verdict_text(standing)))
    needed = standing.verdict.contrasts[0].rounds_needed
    assert "undecided after 4 rounds, the most that were planned" in text
    assert text.endswith(f"paribus run close-call --max-rounds {needed}") == can_be_settled
    assert ("No number of rounds up to 200 is likely to settle it." in text) != can_be_settled


def test_results_from_elsewhere_are_judged_in_the_same_words(
    settled: Standing, measured: dict[str, list[float]], show: Show
) -> None:
    accuracy = {name: dict(enumerate(values)) for name, values in measured.items()}
    verdict = judge(accuracy, claims=settled.layout.study.claims, rule=Rule())
    assert show(judged_text(verdict)) in show(verdict_text(settled))


def test_many_contrasts_are_cut_short_and_counted(show: Show) -> None:
    accuracy = {f"v{i}": {seed: 90.0 + i + 0.1 * seed for seed in range(3)} for i in range(9)}
    text = show(judged_text(judge(accuracy)))
    assert len(re.findall(r"^• ", text, re.MULTILINE)) == 24
    assert "and 12 further contrasts, which --json lists" in text
