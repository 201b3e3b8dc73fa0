"""Foreign text is made harmless; every sign has an ASCII stand-in of the same width."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from paribus.report.terminal import Legible, clean

Show = Callable[..., str]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain text, 96 % − ×", "plain text, 96 % − ×"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\r\nb\tc", "a b c"),
        ("\x1b(0lines\x1bc", "0lines"),
        ("a\u202eb\u2066c\x00", "a b c"),
        ("unfinished \x1b[", "unfinished"),
        ("[red]markup[/red]", "[red]markup[/red]"),
    ],
)
def test_foreign_text_keeps_its_words_and_loses_its_powers(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text())
def test_cleaned_text_holds_only_signs_that_can_be_printed(text: str) -> None:
    assert clean(text).isprintable()


def test_ascii_text_is_as_wide_as_the_original(show: Show) -> None:
    signs = "×÷−–…·•→⌊⌋⌈⌉│─├┤┼●○░"
    assert show(Legible(Text(signs)), encoding="utf-8").strip() == signs
    plain = show(Legible(Text(signs)), encoding="ascii").strip()
    assert len(plain) == len(signs)
    assert "?" not in plain
    assert show(Legible(Text("é")), encoding="ascii").strip() == "?"
