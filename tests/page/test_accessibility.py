"""axe-core finds nothing on any page, in two themes and three widths; no page is wider than the screen."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from .conftest import Served, Watched

PAGES = ["/", "/study/{slug}", "/study/{slug}/look", "/study/{slug}/lesson", "/study/none"]


@pytest.mark.parametrize("width", [360, 800, 1400])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(
    opened: Callable[..., Watched], served: Served, slug: str, theme: str, width: int
) -> None:
    watched = opened(width=width, theme=theme)
    page = watched.page
    for path in PAGES:
        page.goto(served.origin + path.format(slug=slug))
        page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, path
    assert [one for one in watched.complaints if "404" not in one] == []
