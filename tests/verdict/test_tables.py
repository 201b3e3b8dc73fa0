"""A verdict in a notebook: the same numbers and words as everywhere else."""

from collections.abc import Callable

from paribus.verdict import Rule, Verdict, judge
from paribus.verdict.words import pp

Tables = Callable[[str], dict[str, list[list[str]]]]

SETTLED = {
    "a": {0: 90.0, 1: 90.1, 2: 90.0},
    "b": {0: 92.0, 1: 92.2, 2: 92.1},
}


def test_claims_and_contrasts_stand_in_tables(html_tables: Tables) -> None:
    verdict = judge(SETTLED, claims=["a < b", "a ~ b"])
    tables = html_tables(verdict._repr_html_())
    claims, contrasts = tables.values()
    assert next(iter(tables)) == "Claims"
    assert claims[1:] == [["a < b", "supported"], ["a ~ b", "refuted"]]
    (contrast,) = verdict.contrasts
    assert contrast.low_pp is not None
    assert contrast.high_pp is not None
    assert contrasts[0] == ["contrast", "mean", "95 % interval", "rounds", "in words"]
    interval = f"{pp(contrast.low_pp)} to {pp(contrast.high_pp)}"
    assert contrasts[1:] == [["b - a", "2.07", interval, "3", contrast.sentence]]
    assert interval in contrast.sentence


def test_an_end_near_zero_has_as_many_digits_as_in_words(html_tables: Tables) -> None:
    verdict = judge({"a": dict.fromkeys(range(3), 90.0), "b": dict.fromkeys(range(3), 90.0455)})
    (rows,) = html_tables(verdict._repr_html_()).values()
    low = rows[1][2].split(" to ")[0]
    assert float(low) > 0
    assert f"interval {low} to" in verdict.contrasts[0].sentence


def test_before_the_first_look_there_is_no_interval(html_tables: Tables) -> None:
    verdict = judge({"a": {0: 90.0}, "b": {0: 91.0}})
    (rows,) = html_tables(verdict._repr_html_()).values()
    assert rows[1][:4] == ["b - a", "1.00", "–", "1"]
    (rows,) = html_tables(judge({"a": {}, "b": {}})._repr_html_()).values()
    assert rows[1][:4] == ["b - a", "–", "–", "0"]


def test_a_post_hoc_verdict_says_so_above_its_claims(html_tables: Tables) -> None:
    verdict = judge(SETTLED, claims=["a < b"], post_hoc="known before")
    assert "Claims, post hoc" in html_tables(verdict._repr_html_())
    assert "Post hoc: known before." in verdict._repr_html_()


def test_a_verdict_in_plain_text_is_its_sentences() -> None:
    verdict = judge(SETTLED, claims=["a < b"])
    assert str(verdict).splitlines() == list(verdict.sentences)
    assert repr(verdict) == "Verdict(decided after 3 rounds; a < b: supported)"


def test_progress_in_words() -> None:
    def progress(rounds: int, **rule: int) -> str:
        even = [90.0, 90.4, 90.1, 90.3][:rounds]
        odd = [90.3, 90.2, 90.4, 90.1][:rounds]
        return _judged(even, odd, **rule).progress

    assert progress(0) == "not decided yet: 0 rounds of 3 to 20"
    assert progress(1) == "not decided yet: 1 round of 3 to 20"
    assert progress(3, max_rounds=3) == "undecided after 3 rounds, the most that were planned"


def _judged(a: list[float], b: list[float], **rule: int) -> Verdict:
    return judge({"a": dict(enumerate(a)), "b": dict(enumerate(b))}, rule=Rule(**rule))
