"""The data section of a study: its forms, its faults, and what of it decides digests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paribus.errors import StudyError
from paribus.spec import Data, Study, data_with, declaration, study_digest
from paribus.spec.data import anchored

STUDY = """
name = "s"
[data]
dataset = "{dataset}"
{more}
[protocol]
iterations = 10
[variants]
max = {{}}
avg = {{ "net.pool" = "avg" }}
"""


def study(data: Mapping[str, Any], **variants: Mapping[str, Any]) -> Study:
    given = variants or {"max": {}, "avg": {"net.pool": "avg"}}
    return Study(name="s", data=data, protocol={"iterations": 10}, variants=given)


def faults(data: Mapping[str, Any], **variants: Mapping[str, Any]) -> dict[str, str]:
    with pytest.raises(StudyError) as refused:
        study(data, **variants)
    return {fault.field: fault.expected for fault in refused.value.faults}


def read(folder: Path, dataset: str, more: str = "", overrides: Mapping[str, str] | None = None) -> Study:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(STUDY.format(dataset=dataset, more=more))
    return Study.read(folder / "study.toml", overrides)


@pytest.mark.parametrize("dataset", ["mnist", "cifar10", "folder:images", "npz:a b/ü.npz", "folder:C:/x"])
def test_datasets_are_names_or_own_data_by_form_and_path(dataset: str) -> None:
    assert Data(dataset=dataset).dataset == dataset


@pytest.mark.parametrize(
    "dataset", ["", "folder:", "npz: ", "zip:images", "./images", "folder:a\0b", "a b", 3, None]
)
def test_what_is_neither_is_a_fault_of_the_field(dataset: object) -> None:
    assert list(faults({"dataset": dataset})) == ["data.dataset"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("test_share", 0),
        ("test_share", 1.0),
        ("validation", 1),
        ("validation", -0.1),
        ("split_seed", -1),
        ("image_size", 0),
        ("image_size", 1025),
        ("image_size", [28]),
        ("image_size", [28, 28, 3]),
        ("image_size", "28"),
        ("channels", 2),
        ("resize", "pad"),
        ("broken", "ignore"),
    ],
)
def test_values_out_of_range_are_faults_of_their_field(field: str, value: object) -> None:
    found = faults({"dataset": "folder:x", "image_size": 28, field: value})
    assert {".".join(name.split(".")[:2]) for name in found} == {f"data.{field}"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"dataset": "mnist", "image_size": 32}, "image_size only with dataset = 'folder:PATH'"),
        ({"dataset": "mnist", "broken": "skip"}, "broken only with dataset = 'folder:PATH'"),
        ({"test_share": 0.5}, "test_share only with dataset = 'folder:PATH' or 'npz:PATH'"),
        ({"split_seed": 1}, "split_seed of a named dataset only with validation above 0"),
        ({"dataset": "npz:x", "channels": 1}, "channels only with dataset = 'folder:PATH'"),
        ({"dataset": "folder:x", "resize": "crop"}, "resize only with image_size"),
    ],
)
def test_fields_that_have_no_meaning_for_the_dataset_are_refused_in_words(
    data: Mapping[str, Any], words: str
) -> None:
    assert faults(data) == {"data": words}


@pytest.mark.parametrize("dataset", ["images", "./images", "images.npz"])
def test_own_data_named_by_their_path_alone_are_told_how_they_are_named(tmp_path: Path, dataset: str) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images.npz").touch()
    with pytest.raises(StudyError) as refused:
        read(tmp_path, dataset, "image_size = 28")
    form = "npz" if dataset.endswith(".npz") else "folder"
    assert [fault.nearest for fault in refused.value.faults] == [f"{form}:{dataset}"]


def test_a_mistaken_dataset_is_the_only_fault_even_with_fields_that_depend_on_it() -> None:
    assert list(faults({"dataset": "folder:", "image_size": 28})) == ["data.dataset"]


@pytest.mark.parametrize(
    "difference",
    [
        {"data.dataset": "fashion-mnist"},
        {"data.validation": 0.1},
        {"data.test_share": 0.5},
        {"data.split_seed": 3},
        {"data.image_size": 32},
        {"data.image_size.0": 32},
        {"data.channels": 3},
        {"data.resize": "crop"},
        {"data.broken": "skip"},
    ],
)
def test_variants_may_not_change_what_is_evaluated(difference: dict[str, Any]) -> None:
    base = {"dataset": "folder:x", "image_size": [28, 28]}
    (path,) = difference
    assert faults(base, a={}, b=difference) == {
        f'variants.b."{path}"': "the same test images for every variant"
    }


def test_variants_may_train_on_fewer_images() -> None:
    found = study({"dataset": "folder:x"}, all={}, few={"data.train_images": 100})
    assert found.configurations["few"].data.train_images == 100


def test_a_relative_path_starts_at_the_study_file_and_an_override_where_the_command_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert read(tmp_path / "there", "folder:images").data.path == tmp_path / "there" / "images"
    overridden = read(tmp_path / "there", "mnist", overrides={"data.dataset": "folder:images"})
    assert overridden.data.path == tmp_path / "here" / "images"
    in_python = study({"dataset": "npz:sub/x.npz"})
    monkeypatch.chdir(tmp_path)
    assert in_python.data.path == tmp_path / "here" / "sub" / "x.npz"
    assert in_python.configurations["avg"].data.path == in_python.data.path
    monkeypatch.setenv("HOME", str(tmp_path))
    assert study({"dataset": "folder:~/images"}).data.path == tmp_path / "images"
    assert anchored("folder:/abs", tmp_path) == "folder:/abs"
    assert [anchored(other, tmp_path) for other in ("mnist", 3, "folder:")] == ["mnist", 3, "folder:"]


def test_the_digest_of_a_study_does_not_depend_on_where_its_data_lie(tmp_path: Path) -> None:
    digests = {
        study_digest(each)
        for each in (
            read(tmp_path / "one", "folder:images"),
            read(tmp_path / "two", "folder:images"),
            read(tmp_path / "two", f"folder:{tmp_path}/elsewhere/named-otherwise"),
            study({"dataset": "folder:images"}),
        )
    }
    assert len(digests) == 1
    assert str(tmp_path) not in str(declaration(read(tmp_path / "one", "folder:images")))
    others = {
        study_digest(read(tmp_path / "one", "folder:images", more))
        for more in ("image_size = 8", "split_seed = 1", "validation = 0.1", 'broken = "skip"')
    }
    assert len(others | digests | {study_digest(read(tmp_path, "npz:images"))}) == 6


def test_fields_at_their_default_leave_the_declaration_as_it_was() -> None:
    assert Data().declared() == {"dataset": "mnist", "train_images": None}
    assert Data(validation=0.0, test_share=0.2, train_images=5).declared() == {
        "dataset": "mnist",
        "train_images": 5,
    }


def test_fields_of_the_command_line_are_put_into_data() -> None:
    changed = data_with(Data(dataset="folder:x"), {"image_size": "[3, 4]", "resize": "crop", "channels": "1"})
    assert (changed.size, changed.resize, changed.channels) == ((3, 4), "crop", 1)
    assert data_with(Data(dataset="folder:x", image_size=7), {}).size == (7, 7)
    with pytest.raises(StudyError, match=r"data\.image_sise.*did you mean `image_size`"):
        data_with(Data(), {"image_sise": "3"})


@given(st.text(max_size=12))
def test_any_text_is_a_dataset_or_refused(text: str) -> None:
    try:
        found = Data(dataset=text)
    except ValueError:
        return
    assert found.own is None or str(found.path)
