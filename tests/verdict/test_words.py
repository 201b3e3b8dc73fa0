"""The sentences, word for word where it matters."""

import numpy as np
import pytest

from paribus.verdict import Combination, Rule, judge, noises_sentence, tell_noises_apart


def constant(**means: float) -> dict[str, dict[int, float]]:
    return {name: dict.fromkeys(range(3), mean) for name, mean in means.items()}


def sentence(**means: float) -> str:
    return judge(constant(**means)).contrasts[0].sentence


def test_a_clear_difference() -> None:
    found = "3.41 pp (95 % interval 3.37 to 3.45; 3 rounds), by more than the margin of 0.1 pp."
    expected = f"b is better than a by {found}"
    assert sentence(a=93.3, b=96.71) == expected
    assert sentence(b=93.3, a=96.71) == expected.replace("b is better than a", "a is better than b")


def test_a_difference_below_the_margin() -> None:
    assert sentence(a=93.3, b=93.35) == (
        "b is better than a by 0.05 pp (95 % interval 0.01 to 0.09; 3 rounds), "
        "by less than the margin of 0.1 pp: equivalent for the purpose declared."
    )


def test_equivalence() -> None:
    assert sentence(a=93.3, b=93.28) == (
        "a and b are equivalent within the margin of 0.1 pp: "
        "the difference (b - a) is −0.02 pp (95 % interval −0.06 to 0.02; 3 rounds)."
    )


def test_too_early() -> None:
    verdict = judge({"a": {0: 90.0, 1: 90.0}, "b": {0: 91.0, 1: 91.0}})
    assert verdict.contrasts[0].sentence == "a and b: too early to say, 2 of at least 3 rounds."
    assert not any("intervals" in note for note in verdict.notes)


def test_an_end_that_rounds_to_zero_is_printed_with_more_digits() -> None:
    text = sentence(a=90.0, b=90.0455)
    assert "interval 0.001 to" in text
    assert "is better than" in text


def test_undecided_at_the_cap_tells_what_would_be_needed() -> None:
    runs = {"a": {0: 90.0, 1: 90.4, 2: 90.1}, "b": {0: 90.3, 1: 90.2, 2: 90.4}}
    verdict = judge(runs, rule=Rule(max_rounds=3), claims=["a < b"])
    contrast = verdict.contrasts[0]
    assert "undecided after 3 rounds, the most that were planned" in contrast.sentence
    assert f"about {contrast.rounds_needed} rounds would settle it" in contrast.sentence
    assert verdict.claims[0].sentence.startswith(
        "Claim `a < b`: undecided at the end of the study. a and b: undecided"
    )


def test_without_a_margin_nothing_is_said_about_it() -> None:
    verdict = judge(constant(a=90, b=92), rule=Rule(margin_pp=0))
    assert "margin" not in verdict.contrasts[0].sentence


def test_a_combination_is_said_by_its_name() -> None:
    effect = Combination("avg - max (mean over the rest)", (("a", 0.5), ("b", 0.5), ("c", -1.0)))
    verdict = judge(constant(a=90, b=92, c=95), combinations=[effect])
    assert verdict.contrasts[0].sentence.startswith(
        "avg - max (mean over the rest) is below zero: −4.00 pp (95 %"
    )


@pytest.mark.parametrize(
    ("means", "words"),
    [
        ({"a": 90, "b": 91, "c": 92}, "supported in all its links."),
        ({"a": 91, "b": 90, "c": 92}, "refuted. a is better than b"),
        ({"a": 90, "b": 91, "c": 91}, "not supported, as equivalence was found where a difference was"),
    ],
)
def test_claims_give_the_links_that_decide_them(means: dict[str, float], words: str) -> None:
    text = judge(constant(**means), claims=["a < b < c"]).claims[0].sentence
    assert text.startswith(f"Claim `a < b < c`: {words}")


def test_a_question_asked_after_the_runs_is_called_post_hoc() -> None:
    verdict = judge(constant(a=90, b=91), claims=["a < b"], post_hoc="the claims changed after 3 rounds")
    assert verdict.claims[0].sentence.startswith("Claim `a < b`, post hoc: supported.")
    assert verdict.notes[-1].startswith(
        "Post hoc: the claims changed after 3 rounds. The confidence does not cover"
    )


def test_the_notes_say_that_all_intervals_hold_together() -> None:
    assert judge(constant(a=90, b=91, c=92), rule=Rule(alpha=0.1)).notes[0] == (
        "The intervals hold together, at every look and for all 3 contrasts, with 90 % confidence."
    )


def test_no_sentence_speaks_of_significance_or_p() -> None:
    verdict = judge(constant(a=90, b=91, c=91), claims=["a < b < c"])
    text = " ".join(verdict.sentences).lower()
    assert "significan" not in text
    assert "p-value" not in text


def test_the_two_noises_are_told_apart_in_words() -> None:
    rng = np.random.default_rng(5)
    easy = rng.random(500) < 0.95
    a, b = (easy ^ (rng.random((6, 500)) < 0.02) for _ in range(2))
    text = noises_sentence(tell_noises_apart(a, b), "max", "avg")
    assert text.startswith("Described after stopping, avg − max is ")
    assert "for other seeds on these 500 images" in text
    assert "That interval includes zero: about " in text
