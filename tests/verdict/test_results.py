"""Reading other tools' results: the values, or one clear error."""

import math
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from paribus.errors import ParibusError, ResultsError
from paribus.verdict import judge, parse_results, read_results

EXAMPLES = int(os.environ.get("PARIBUS_CSV_EXAMPLES", "300"))

PLAIN = "variant,seed,accuracy\na,0,97.1\nb,0,98\na,1,97.3\nb,1,98.5\n"
VALUES = {"a": {0: 97.1, 1: 97.3}, "b": {0: 98.0, 1: 98.5}}


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "results.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        "\ufeff" + PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", " , "),
        PLAIN.replace(",", ";").replace(".", ","),
        PLAIN.replace("variant", '"Variant"').replace("a,0", '"a","0"'),
        "\n\n" + PLAIN.replace("\n", "\n\n") + "\n,,\n",
        "variant,seed,accuracy\nb,1,98.5\na,1,97.3\nb,0,98\na,0,97.1",
        "note,Accuracy,SEED,x,variant\nhé,97.1,0,,a\n,98,0,,b\n,97.3,1,,a\n,9.85e1,1.0,,b\n",
        PLAIN.replace("97.1\n", "97.1,,\n"),
    ],
)
def test_the_same_values_are_read_from_any_dialect(text: str, tmp_path: Path) -> None:
    assert read_results(written(tmp_path, text)) == VALUES


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_the_same_values_are_read_from_any_encoding(encoding: str, tmp_path: Path) -> None:
    text = PLAIN.replace("variant", "durée,variant", 1).replace("a,", "é,a,").replace("b,", "ü,b,")
    assert read_results(written(tmp_path, text.encode(encoding))) == VALUES


def test_variants_and_seeds_are_sorted_so_that_the_order_of_rows_does_not_matter() -> None:
    read = parse_results("variant,seed,accuracy\nb,10,1\nb,9,2\na,10,3\na,9,4\n")
    assert list(read) == ["a", "b"]
    assert list(read["b"]) == [9, 10]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty file"),
        ("\n \n", "an empty file"),
        ("variant,seed,accuracy\n", "nothing to compare"),
        ("variant,seed,accuracy\na,1,90\na,2,90\n", "nothing to compare"),
        ("variant,seed,acc\na,1,90\n", "rename 'acc' to 'accuracy'"),
        ("model;seed;accuracy\na;1;90\n", "rename 'model' to 'variant'"),
        ("variant,seed,accuracy,seed\na,1,90,1\n", "seed more than once"),
        ("a,1,90\nb,1,91\n", "without the column variant, seed, accuracy"),
        (PLAIN + "a,2,nan\n", "line 6: accuracy is 'nan', not a number"),
        (PLAIN + "a,2,inf\n", "line 6: accuracy is 'inf', not a number"),
        (PLAIN + "a,2,\n", "line 6: accuracy is '', not a number"),
        (PLAIN + "a,2,100.1\n", "line 6: accuracy is '100.1', not within 0 to 100"),
        (PLAIN + "a,2,-3\n", "line 6: accuracy is '-3', not within"),
        (PLAIN + "a,2,1e999\n", "line 6: accuracy is '1e999', not within"),
        (PLAIN + "a,2,1_0\n", "line 6: accuracy is '1_0', not a number"),
        (PLAIN + "a,2,٣\n", "line 6: accuracy is '٣', not a number"),
        (PLAIN + "a,two,90\n", "line 6: seed is 'two', not a whole number"),
        (PLAIN + "a,2.5,90\n", "line 6: seed is '2.5', not a whole number"),
        (PLAIN + f"a,{'9' * 5000},90\n", "not a whole number"),
        (PLAIN + ",2,90\n", "line 6: variant is ''"),
        (PLAIN + "a b,2,90\n", "line 6: variant is 'a b'"),
        (PLAIN + "a,0,97.1\n", "line 6: a with seed 0 stands already in line 2"),
        (PLAIN + "a,2,97,3\n", "line 6: more cells than the header has (is a comma used"),
        (PLAIN + "a,2\n", "line 6: fewer cells than the header has"),
        (PLAIN + '"a,2,90\n' + "x" * 200_000, "field larger than"),
        ("variant,seed,accuracy\na,1,0.97\nb,1,0.98\n", "look like fractions"),
        (PLAIN + "\0", "NUL bytes"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ResultsError) as error:
        parse_results(text)
    assert message in str(error.value)
    assert len(str(error.value)) < 2500


def test_all_faults_are_counted_and_ten_are_shown() -> None:
    with pytest.raises(ResultsError) as error:
        parse_results("variant,seed,accuracy\n" + "a,x,nan\n" * 40)
    assert "80 faults in 40 rows" in str(error.value)
    assert "and 70 more" in str(error.value)
    assert str(error.value).count("  - ") == 11


def test_a_seed_that_some_variant_lacks_is_refused_with_the_list(tmp_path: Path) -> None:
    text = PLAIN + "a,2,97\nc,0,90\n"
    with pytest.raises(ResultsError, match="rounds are not complete") as error:
        read_results(written(tmp_path, text))
    assert "seed 1 is missing for c" in str(error.value)
    assert "seed 2 is missing for b, c" in str(error.value)


def test_a_file_that_cannot_be_read_is_an_error_without_traceback(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, tmp_path / ("x" * 300), Path("nul\0.csv")):
        with pytest.raises(ResultsError):
            read_results(path)


def test_accuracies_of_zero_or_one_percent_throughout_are_taken_as_percent() -> None:
    assert parse_results("variant,seed,accuracy\na,1,1\nb,1,0\n") == {"a": {1: 1.0}, "b": {1: 0.0}}


CELLS = st.one_of(
    st.sampled_from(["a", "b", "max-same", "nan", "inf", "", " ", '"', '""', "97,3", "1e400", "-0", "0.97"]),
    st.integers().map(str),
    st.floats().map(str),
    st.floats(0, 100).map(lambda value: f"{value:.2f}"),
    st.text(max_size=8),
)  # fmt: skip
GOOD_ROWS = st.tuples(
    st.sampled_from("ab"), st.integers(0, 4).map(str), st.floats(80, 99).map("{:.2f}".format)
)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """Tables from nearly right to hopeless."""
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    extra = draw(st.integers(0, 2))
    header = [*draw(st.permutations(["variant", "seed", "accuracy"])), *["x", "y"][:extra]]
    keyed = [dict(zip(("variant", "seed", "accuracy"), row, strict=True)) for row in _rows(draw)]
    lines = [[row.get(name, "z") for name in header] for row in keyed]
    if draw(st.booleans()):
        lines += draw(st.lists(st.lists(CELLS, max_size=5), max_size=2))
    if draw(st.booleans()):
        lines = draw(st.permutations(lines))
    if draw(st.integers(0, 9)):
        lines = [header, *lines]
    text = end.join(delimiter.join(cells) for cells in lines)
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    return text.encode(encoding, errors="replace")


def _rows(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    seeds = range(draw(st.integers(0, 6)))
    whole = [(name, str(seed), draw(GOOD_ROWS)[2]) for name in "ab" for seed in seeds]
    return whole + draw(st.one_of(st.just([]), st.lists(GOOD_ROWS, max_size=2)))


def test_a_run_that_was_not_needed_is_no_hole(tmp_path: Path) -> None:
    text = "variant,seed,accuracy,state\na,0,90,done\nb,0,91,done\na,1,90,done\nb,1,,not needed\n"
    assert read_results(written(tmp_path, text.encode())) == {"a": {0: 90.0, 1: 90.0}, "b": {0: 91.0}}


@pytest.mark.parametrize("state", ["failed", "", "done", "Not Needed?"])
def test_any_other_run_without_an_accuracy_is_a_fault(state: str, tmp_path: Path) -> None:
    text = f"variant,seed,accuracy,state\na,0,90,done\nb,0,,{state}\n"
    with pytest.raises(ResultsError, match="line 3: accuracy is ''"):
        read_results(written(tmp_path, text.encode()))


@given(
    st.one_of(tables(), tables(), tables(), st.binary(max_size=200), st.text(max_size=200).map(str.encode))
)
@example(PLAIN.encode())
@example(b"variant,seed,accuracy\n" + b"".join(b"a,%d,90\nb,%d,91\n" % (i, i) for i in range(50_000)))
@example(b'variant,seed,"accuracy\na,1,2\n')
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_gives_a_verdict_or_one_clear_error(tmp_path: Path, content: bytes) -> None:
    try:
        results = read_results(written(tmp_path, content))
        verdict = judge(results)
    except ParibusError as error:
        message = str(error)
        event("error")
    else:
        event("verdict")
        message = verdict.contrasts[0].sentence
        assert all(math.isfinite(value) for runs in results.values() for value in runs.values())
        assert len({frozenset(runs) for runs in results.values()}) == 1
    assert 0 < len(message) < 3000
