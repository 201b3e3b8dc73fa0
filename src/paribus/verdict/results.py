"""Results of other tools: a CSV file with columns variant, seed, accuracy becomes values or one error."""

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from paribus.errors import ResultsError
from paribus.spec.claim import NAME
from paribus.spec.faults import nearest

COLUMNS = ("variant", "seed", "accuracy")

NOT_NEEDED = "not needed"
"""In a column `state`: this run was left out on purpose, as no open contrast needed it any more."""

MOST_BYTES = 256 * 2**20
_MOST_SHOWN = 10
_DELIMITERS = (",", ";", "\t", "|")
_SEED = re.compile(r"[+-]?\d{1,18}(\.0+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_OTHER_NAMES = {
    "variant": {"model", "net", "name", "method", "algorithm", "run"},
    "seed": {"random_seed", "round", "replicate", "repeat"},
    "accuracy": {"acc", "test_acc", "test_accuracy", "score", "value"},
}

Results = dict[str, dict[int, float]]


def read_results(path: Path) -> Results:
    """Read a CSV file of results and require whole rounds.

    Args:
        path: A file with a header line that names the columns variant, seed and accuracy (in percent), in any
            order and among others. Columns are separated by commas, semicolons, tabs or bars; beside the
            latter three a decimal comma is understood.

    Returns:
        Variant to seed to accuracy in percent, both ascending, whatever the order of the file. Runs whose
        line says that they were not needed are left out.

    Raises:
        ResultsError: If the file cannot be read or compared; lists what is wrong, with line numbers.
    """
    reading = _parsed(_text(path), str(path))
    results = reading.sorted()
    require_whole_rounds(results, source=str(path), not_needed=reading.not_needed)
    return results


def parse_results(text: str, *, source: str = "the results") -> Results:
    """Read the text of a CSV file; rounds may be incomplete.

    Args:
        text: What the file holds.
        source: What to call it in messages.

    Raises:
        ResultsError: As for `read_results`.
    """
    return _parsed(text, source).sorted()


def require_whole_rounds(
    results: Mapping[str, Mapping[int, float]],
    *,
    source: str = "the results",
    not_needed: Collection[tuple[str, int]] = (),
) -> None:
    """Refuse results in which some variant lacks a seed that another has.

    Args:
        results: Variant to seed to accuracy.
        source: What to call them in messages.
        not_needed: (variant, seed) of runs that may lack.

    Raises:
        ResultsError: Lists the seeds and who lacks them.
    """
    seeds = sorted({seed for runs in results.values() for seed in runs})
    lacking = {
        seed: [name for name, runs in results.items() if seed not in runs and (name, seed) not in not_needed]
        for seed in seeds
    }
    unmatched = [f"seed {seed} is missing for {_listed(names)}" for seed, names in lacking.items() if names]
    if unmatched:
        more = max(0, len(unmatched) - _MOST_SHOWN)
        raise ResultsError(
            f"{source}: rounds are not complete\n" + _bulleted(unmatched[:_MOST_SHOWN], more),
            expected="every seed once for every variant, since variants are compared seed by seed",
            means="a missing run may be missing because it went badly; leaving it out could turn the verdict",
            mend="add the missing runs, or remove these seeds for all variants and say so",
        )


@dataclass
class _Reading:
    """Rows taken so far, and what was wrong with others."""

    values: Results = field(default_factory=dict)
    lines: dict[tuple[str, int], int] = field(default_factory=dict)
    not_needed: set[tuple[str, int]] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    fault_count: int = 0
    rows: int = 0

    def fault(self, line: int, text: str) -> None:
        self.fault_count += 1
        if len(self.faults) < _MOST_SHOWN:
            self.faults.append(f"line {line}: {text}")

    def take(self, line: int, variant: str, seed: int, accuracy: float | None) -> None:
        first = self.lines.setdefault((variant, seed), line)
        if first != line:
            self.fault(line, f"{variant} with seed {seed} stands already in line {first}")
        elif accuracy is None:
            self.not_needed.add((variant, seed))
        else:
            self.values.setdefault(variant, {})[seed] = accuracy

    def sorted(self) -> Results:
        return {name: dict(sorted(self.values[name].items())) for name in sorted(self.values)}


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be read",
            expected="a CSV file",
            found=error.strerror or type(error).__name__,
            means="nothing was judged",
            mend="check the path",
        ) from None
    except ValueError as error:  # a NUL in the name
        raise ResultsError(f"{str(path)!r} is not a file name", found=str(error)) from None
    if len(content) > MOST_BYTES:
        raise _not_a_table(str(path), f"more than {MOST_BYTES // 2**20} MiB")
    return _decoded(content, str(path))


def _decoded(content: bytes, source: str) -> str:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "latin-1"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _not_a_table(source, "bytes that are no text")


def _parsed(text: str, source: str) -> _Reading:
    """What the text holds, without faults."""
    try:
        reading = _read(text.removeprefix("\ufeff"), source)
    except csv.Error as error:
        raise _not_a_table(source, f"a line that is not CSV ({error})") from None
    if reading.faults:
        raise _faulty(source, reading)
    results = reading.sorted()
    _require_variants(results, source)
    _require_percent(results, source)
    return reading


def _read(text: str, source: str) -> _Reading:
    if "\0" in text:
        raise _not_a_table(source, "NUL bytes, as in a binary file")
    delimiter = _delimiter(text, source)
    rows = _rows(text, delimiter)
    _, names = next(rows)
    header = _Header.of(names, delimiter)
    reading = _Reading()
    for line, row in rows:
        reading.rows += 1
        header.take(row, line, reading)
    return reading


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, with the number of their last line."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    return ((rows.line_num, row) for row in rows if any(cell.strip() for cell in row))


def _delimiter(text: str, source: str) -> str:
    """The one by which the header holds the columns; refuses a file where none does."""
    names: Sequence[str] = ()
    for delimiter in _DELIMITERS:
        _, header = next(_rows(text, delimiter), (0, []))
        found = _names(header)
        if all(found.count(column) == 1 for column in COLUMNS):
            return delimiter
        names = max(names, found, key=len)
    raise _without_columns(source, names) if names else _not_a_table(source, "an empty file")


def _names(header: Sequence[str]) -> list[str]:
    return [cell.strip().casefold() for cell in header]


@dataclass(frozen=True)
class _Header:
    """Where the columns are, and how their cells are to be read."""

    places: tuple[int, int, int]
    state: int | None
    width: int
    decimal_comma: bool

    @classmethod
    def of(cls, header: Sequence[str], delimiter: str) -> "_Header":
        names = _names(header)
        variant, seed, accuracy = (names.index(column) for column in COLUMNS)
        state = names.index("state") if names.count("state") == 1 else None
        return cls((variant, seed, accuracy), state, len(header), decimal_comma=delimiter != ",")

    def take(self, row: Sequence[str], line: int, reading: _Reading) -> None:
        """Read one row into `reading`, as values or as faults."""
        if any(cell.strip() for cell in row[self.width :]):
            reading.fault(line, "more cells than the header has (is a comma used as the decimal sign?)")
            return
        if len(row) <= max(self.places):
            reading.fault(line, "fewer cells than the header has")
            return
        name, seed_text, accuracy_text = (row[place].strip() for place in self.places)
        needless = not accuracy_text and self._state(row) == NOT_NEEDED
        problems = list(self._problems(name, seed_text, "0" if needless else accuracy_text))
        for problem in problems:
            reading.fault(line, problem)
        if not problems:
            accuracy = None if needless else float(self._plain(accuracy_text))
            reading.take(line, name, int(seed_text.split(".")[0]), accuracy)

    def _state(self, row: Sequence[str]) -> str:
        return "" if self.state is None or len(row) <= self.state else row[self.state].strip()

    def _problems(self, name: str, seed: str, accuracy: str) -> Iterator[str]:
        if not NAME.fullmatch(name):
            yield f"variant is {_shown(name)}; a name has up to 64 of the signs A-Z a-z 0-9 _ . + -"
        if not _SEED.fullmatch(seed):
            yield f"seed is {_shown(seed)}, not a whole number"
        if not _NUMBER.fullmatch(self._plain(accuracy)):
            yield f"accuracy is {_shown(accuracy)}, not a number"
        elif not 0 <= float(self._plain(accuracy)) <= 100:
            yield f"accuracy is {_shown(accuracy)}, not within 0 to 100 percent"

    def _plain(self, accuracy: str) -> str:
        return accuracy.replace(",", ".") if self.decimal_comma else accuracy


def _require_variants(results: Results, source: str) -> None:
    if len(results) < 2:
        raise ResultsError(
            f"{source}: there is nothing to compare",
            expected="results of at least 2 variants",
            found=_listed(list(results)) if results else "no rows",
            means="nothing was judged",
            mend="put the results of all variants into one file",
        )


def _require_percent(results: Results, source: str) -> None:
    values = [value for runs in results.values() for value in runs.values()]
    if max(values) <= 1 and any(not value.is_integer() for value in values):
        raise ResultsError(
            f"{source}: the accuracies look like fractions",
            expected="percent, from 0 to 100",
            found=f"no value above {max(values):g}",
            means="the margin is in percentage points and would be a hundred times too wide",
            mend="multiply the accuracies by 100",
        )


def _faulty(source: str, reading: _Reading) -> ResultsError:
    more = reading.fault_count - len(reading.faults)
    count = "1 fault" if reading.fault_count == 1 else f"{reading.fault_count} faults"
    return ResultsError(
        f"{source}: {count} in {reading.rows} rows\n" + _bulleted(reading.faults, more),
        means="nothing was judged; no row is ever left out silently",
        mend="correct these lines and run the command again",
    )


def _without_columns(source: str, names: Sequence[str]) -> ResultsError:
    missing = [column for column in COLUMNS if column not in names]
    twice = [column for column in COLUMNS if names.count(column) > 1]
    problem = f"without the column {_listed(missing)}" if missing else f"with {_listed(twice)} more than once"
    hints = [
        f"rename {_shown(name)} to {column!r}"
        for column in missing
        for name in names
        if name in _OTHER_NAMES[column] or nearest(name, [column])
    ]
    return ResultsError(
        f"{source}: a header {problem}",
        expected="a first line that names the columns variant, seed and accuracy, each once",
        found=_shown(", ".join(names)),
        means="nothing was judged",
        mend="; ".join(hints[:3]) or "add the header line, or rename the columns",
    )


def _not_a_table(source: str, found: str) -> ResultsError:
    return ResultsError(
        f"{source} is not a table of results",
        expected="a CSV file with the columns variant, seed and accuracy",
        found=found,
        means="nothing was judged",
        mend="save the table as CSV, UTF-8",
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_SHOWN
    return ", ".join(names[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _bulleted(items: Sequence[str], more: int) -> str:
    shown = [*items, f"and {more} more"] if more else items
    return "\n".join(f"  - {item}" for item in shown)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
