"""axe-core finds nothing on any page, in two themes and three widths; no page is wider than the screen."""

from collections.abc import Callable

import pytest

from .conftest import WHOLE, Served, Watched, assert_accessible

PAGES = ["/", "/study/{slug}", "/study/{slug}/look", "/study/{slug}/lesson", "/study/none"]


@pytest.mark.parametrize("width", [360, 800, 1400])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(
    opened: Callable[..., Watched], served: Served, slug: str, theme: str, width: int
) -> None:
    watched = opened(width=width, theme=theme)
    for path in PAGES:
        watched.page.goto(served.origin + path.format(slug=slug))
        assert_accessible(watched.page, whole=(theme, width) in WHOLE)
    assert [one for one in watched.complaints if "404" not in one] == []
