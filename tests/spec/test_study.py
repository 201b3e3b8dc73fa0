"""Study files: what they resolve to, and that their digest depends on what they say, not on how."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paribus.errors import StudyError, UsageError
from paribus.spec import (
    Block,
    Data,
    Decision,
    Net,
    Protocol,
    Study,
    builtin_names,
    effects,
    locate,
    study_digest,
)
from paribus.spec.identity import run_key
from paribus.spec.reading import parse_override

TWO_VARIANTS = {"max": {}, "avg": {"net.pool": "avg"}}


def study(**fields: object) -> Study:
    return Study(**({"name": "s", "protocol": {"iterations": 10}, "variants": TWO_VARIANTS} | fields))


def key(study: Study, variant: str, seed: int = 0) -> str:
    return run_key(study.configurations[variant], seed, fingerprint="f", train_images=60_000)


def test_builtin_pooling_study_holds_the_notebooks_three_models_and_two_conclusions() -> None:
    found = Study.read(locate("mnist-pooling"))
    assert list(found.differences) == ["max-same", "avg-same", "max-valid"]
    assert found.claims == ("avg-same < max-same", "avg-same < max-valid < max-same")
    base = found.configurations["max-same"]
    assert (base.protocol.batch_size, base.protocol.iterations, base.protocol.learning_rate) == (
        100,
        3000,
        0.01,
    )
    assert [
        (block.channels, block.kernel, block.padding) for block in base.declared_net.resolved_blocks()
    ] == [
        (16, 5, (2, 2)),
        (32, 5, (2, 2)),
    ]
    assert [block.pool for block in found.configurations["avg-same"].declared_net.resolved_blocks()] == [
        "avg",
        "avg",
    ]
    assert found.configurations["max-valid"].declared_net.resolved_blocks()[0].padding == (0, 0)


def test_builtin_factorial_study_crosses_pooling_and_padding() -> None:
    found = Study.read(locate("mnist-pooling-factorial"))
    assert list(found.differences) == ["max-same", "max-valid", "avg-same", "avg-valid"]
    assert found.differences["avg-valid"] == {"net.pool": "avg", "net.padding": "valid"}


def test_both_builtin_studies_share_the_runs_of_their_common_variants() -> None:
    one, other = (Study.read(locate(name)) for name in builtin_names())
    for variant in ("max-same", "avg-same", "max-valid"):
        assert key(one, variant) == key(other, variant)


def test_effects_of_a_two_by_two_study_are_the_textbook_contrasts() -> None:
    factors = {"net.pool": ("max", "avg"), "net.padding": ("same", "valid")}
    accuracy = {"max-same": 10.0, "max-valid": 20.0, "avg-same": 40.0, "avg-valid": 80.0}
    values = [
        sum(weight * accuracy[name] for name, weight in weights.items()) for _, weights in effects(factors)
    ]
    assert values == [(40 + 80) / 2 - (10 + 20) / 2, (20 + 80) / 2 - (10 + 40) / 2, (80 - 20) - (40 - 10)]


def test_effects_of_three_levels_compare_each_level_with_the_first() -> None:
    factors = {"net.pool": ("max", "avg", "none"), "net.padding": ("same", "valid")}
    found = dict(effects(factors))
    assert len(found) == 2 + 1 + 2
    for weights in found.values():
        assert sum(weights.values()) == pytest.approx(0)


def test_digest_does_not_depend_on_key_order_or_on_defaults_written_out(tmp_path: Path) -> None:
    short = tmp_path / "short.toml"
    short.write_text(
        'name = "s"\n[protocol]\niterations = 10\n[variants]\nmax = {}\navg = { "net.pool" = "avg" }\n'
    )
    long = tmp_path / "long.toml"
    long.write_text(
        '[variants.max]\n[variants.avg.net]\npool = "avg"\n[net]\npool_size = 2\npadding = "same"\n'
        "blocks = [{ kernel = 5, channels = 16 }, { kernel = 5, stride = 1, channels = 32 }]\n"
        "[protocol]\nmomentum = 0.0\niterations = 10\nbatch_size = 100\n[decision]\nalpha = 0.05\n"
    )
    long.write_text('name = "s"\nquestion = "worded otherwise"\n' + long.read_text())
    one, other = Study.read(short), Study.read(long)
    assert study_digest(one) == study_digest(other)
    assert key(one, "avg") == key(other, "avg")


@pytest.mark.parametrize(
    "change",
    [
        {"claims": ["avg < max"]},
        {"decision": {"max_rounds": 21}},
        {"variants": TWO_VARIANTS | {"none": {"net.pool": "none"}}},
        {"protocol": {"iterations": 11}},
    ],
)
def test_digest_of_a_study_changes_with_what_it_declares(change: dict[str, Any]) -> None:
    assert study_digest(study(**change)) != study_digest(study())


def test_run_key_is_the_same_for_epochs_and_as_many_iterations() -> None:
    epochs = study(protocol={"epochs": 5, "evaluate_every": 500})
    iterations = study(protocol={"iterations": 3000, "evaluate_every": 500})
    assert key(epochs, "max") == key(iterations, "max")


def test_run_key_does_not_depend_on_whether_a_block_or_the_net_sets_a_field() -> None:
    by_net = study(
        net={"blocks": [{"channels": 4}], "pool": "avg"}, variants={"a": {}, "b": {"net.pool": "max"}}
    )
    by_block = study(
        net={"blocks": [{"channels": 4, "pool": "avg"}]},
        variants={"a": {}, "b": {"net.blocks.0.pool": "max"}},
    )
    assert key(by_net, "a") == key(by_block, "a")
    assert key(by_net, "b") == key(by_block, "b")


def test_run_key_changes_with_seed_data_and_every_field_that_decides_the_result() -> None:
    base = study()
    keys = {
        key(base, "max"),
        key(base, "avg"),
        key(base, "max", seed=1),
        run_key(base.configurations["max"], 0, fingerprint="g", train_images=60_000),
        run_key(base.configurations["max"], 0, fingerprint="f", train_images=59_999),
        *(
            key(study(protocol={"iterations": 10, **change}), "max")
            for change in (
                {"learning_rate": 0.02},
                {"batch_size": 50},
                {"momentum": 0.5},
                {"weight_decay": 0.1},
                {"optimizer": "adam"},
                {"precision": "bfloat16"},
                {"evaluate_every": 5},
            )
        ),
    }
    assert len(keys) == 12


def test_models_in_python_and_tables_in_a_file_make_the_same_study() -> None:
    models = Study(
        name="s",
        data=Data(dataset="mnist"),
        net=Net(blocks=(Block(channels=16, kernel=5), Block(channels=32, kernel=5))),
        protocol=Protocol(iterations=10),
        variants=TWO_VARIANTS,
        decision=Decision(),
    )
    assert study_digest(models) == study_digest(study())


def test_studies_cannot_be_changed() -> None:
    with pytest.raises(Exception, match="frozen"):
        setattr(study(), "name", "other")  # noqa: B010 - the type checker knows better too


def test_setting_epochs_in_a_variant_replaces_the_bases_iterations() -> None:
    found = study(variants={"short": {}, "long": {"protocol.epochs": 2}})
    assert found.configurations["long"].protocol.epochs == 2
    assert found.configurations["long"].protocol.iterations is None


def test_override_from_the_command_line_takes_toml_values_and_bare_words() -> None:
    path = locate("mnist-pooling")
    overrides = dict(
        map(parse_override, ["net.activation=tanh", "protocol.epochs=2", "net.blocks.1.channels=8"])
    )
    found = Study.read(path, overrides).configurations["max-same"]
    assert found.declared_net.activation == "tanh"
    assert (found.protocol.epochs, found.protocol.iterations) == (2, None)
    assert found.declared_net.blocks[1].channels == 8


def test_override_that_leads_nowhere_is_refused_with_its_name() -> None:
    with pytest.raises(StudyError, match=r"--set net\.blocks\.7\.channels"):
        Study.read(locate("mnist-pooling"), {"net.blocks.7.channels": "8"})
    with pytest.raises(UsageError, match="FIELD=VALUE"):
        parse_override("net.pool")


def test_field_that_is_named_like_an_argument_is_refused_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text('name = "s"\nsource = "x"\nself = 1\n[protocol]\niterations = 1\n')
    with pytest.raises(StudyError) as caught:
        Study.read(path)
    assert {"source", "self", "variants"} <= {fault.field for fault in caught.value.faults}
    assert str(caught.value).startswith(str(path))


def test_unknown_study_names_the_nearest_builtin_one() -> None:
    with pytest.raises(UsageError, match="did you mean mnist-pooling"):
        locate("mnist-poling")


def test_evaluations_happen_at_the_declared_iterations_and_at_the_end() -> None:
    assert Protocol(iterations=3000, evaluate_every=500).evaluation_points(60_000) == (
        500, 1000, 1500, 2000, 2500, 3000,
    )  # fmt: skip
    assert Protocol(iterations=7, evaluate_every=3).evaluation_points(60_000) == (3, 6, 7)
    assert Protocol(epochs=5).evaluation_points(60_000) == (3000,)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
sections = st.sampled_from(
    [
        "name",
        "question",
        "claims",
        "data",
        "net",
        "protocol",
        "variants",
        "factors",
        "decision",
        "keep_weights",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(sections | st.text(max_size=6), json_values, max_size=5))
def test_whatever_a_study_holds_it_is_made_or_refused_in_words(fields: dict[str, Any]) -> None:
    base = {"name": "s", "protocol": {"iterations": 10}, "variants": TWO_VARIANTS}
    given = {str(key): value for key, value in (base | fields).items()}
    try:
        made = Study(**given)
    except StudyError as error:
        faults = error.faults
    else:
        faults = ()
        assert len(made.configurations) >= 2
    assert all(fault.field and fault.expected and fault.found for fault in faults)
