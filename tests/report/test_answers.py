"""What the answers to claims are called."""

import pytest

from paribus.report.answers import answer, answers
from paribus.verdict import ClaimVerdict, judge


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (ClaimVerdict("a < b", "supported", (), final=True), "supported"),
        (ClaimVerdict("a < b", "supported", (), final=False), "supported so far"),
        (ClaimVerdict("a < b", "refuted", (), final=True), "refuted"),
        (ClaimVerdict("a < b", "not supported", (), final=True), "not supported (equivalent)"),
        (ClaimVerdict("a < b", "undecided", (), final=True), "undecided"),
        (ClaimVerdict("a < b", "undecided", (), final=False), "not decided yet"),
    ],
)
def test_an_answer_says_whether_it_may_still_change(claim: ClaimVerdict, words: str) -> None:
    assert answer(claim) == words


def test_without_claims_the_settled_contrasts_are_counted() -> None:
    accuracy = {
        "a": {0: 90.0, 1: 90.1, 2: 90.0},
        "b": {0: 92.0, 1: 92.2, 2: 92.1},
        "c": {0: 90.1, 1: 90.0, 2: 90.3},
    }
    assert answers(judge(accuracy)) == "1 of 3 contrasts settled"
