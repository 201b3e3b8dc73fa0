"""Small HTML for notebooks: tables and paragraphs in which every text is escaped.

No colours, scripts or style sheets, so that a page keeps its own look, light or dark; and nothing is loaded.
Every piece is well-formed XML too.
"""

from collections.abc import Sequence
from html import escape

_LEFT = ' style="text-align:left"'
_RIGHT = ' style="text-align:right"'


def table(
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numeric: Sequence[int] = (),
    foot: Sequence[str] = (),
) -> str:
    """A table whose first cell in each row is the row's heading.

    Args:
        caption: What it holds; read out before the table.
        head: Heading of each column.
        rows: Cells as plain text, as many in each row as there are columns; a newline begins a new line.
        numeric: Indices of the columns set to the right.
        foot: A last row of totals, if there is one.

    Returns:
        One ``<table>`` element.
    """
    sides = [_RIGHT if column in numeric else _LEFT for column in range(len(head))]
    headings = "".join(
        _cell("th", text, f' scope="col"{side}') for text, side in zip(head, sides, strict=True)
    )
    body = "".join(_row(cells, sides) for cells in rows)
    last = f"<tfoot>{_row(foot, sides)}</tfoot>" if foot else ""
    return (
        f'<table style="font-variant-numeric:tabular-nums"><caption{_LEFT}>{plain(caption)}</caption>'
        f"<thead><tr>{headings}</tr></thead><tbody>{body}</tbody>{last}</table>"
    )


def block(*parts: str) -> str:
    """Pieces of HTML as one element."""
    return f"<div>{''.join(parts)}</div>"


def paragraph(text: str, *, strong: str = "") -> str:
    """A paragraph of plain text, with a beginning that stands out."""
    head = f"<strong>{plain(strong)}</strong> " if strong else ""
    return f"<p>{head}{plain(text)}</p>"


def bullets(items: Sequence[str]) -> str:
    """An unordered list of plain texts; nothing for none."""
    return f"<ul>{''.join(f'<li>{plain(item)}</li>' for item in items)}</ul>" if items else ""


def plain(text: str) -> str:
    """Text as it is to appear in HTML: escaped, without control characters and changes of direction."""
    lines = ("".join(sign if sign.isprintable() else " " for sign in line) for line in text.split("\n"))
    return "<br/>".join(escape(line) for line in lines)


def _row(cells: Sequence[str], sides: Sequence[str]) -> str:
    first, *rest = zip(cells, sides, strict=True)
    heading = _cell("th", first[0], f' scope="row"{first[1]}')
    return f"<tr>{heading}{''.join(_cell('td', text, side) for text, side in rest)}</tr>"


def _cell(tag: str, text: str, attributes: str) -> str:
    return f"<{tag}{attributes}>{plain(text)}</{tag}>"
