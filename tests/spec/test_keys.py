"""Run keys of studies without later fields: the very digests of the version before those fields."""

from typing import Any

import pytest

from paribus.spec import Study, declaration, locate, run_key
from paribus.spec.identity import digest

POOLING = {
    "max-same": "af66e16d008c240390bfcb317746ac46d2e9da3d4b0ea9164119f5117483b41c",
    "avg-same": "3d5b2f066faca42452082d8f0164ac82ead893ea5d20d08c366c67e9d55de5f9",
    "max-valid": "5c92709f4e64ef950c50f75e9a81a6d698a6935110ad1667b58c7b0b3e70bbf1",
}
POOLING_NETS = {
    "max-same": "8ecc6e71e5f0727255ff59191b1a143070e64069f12e81f6ab75db622cb1ee24",
    "avg-same": "b3be6057130b599a93a4f7c27a02da10346c94d61ffd8ac3387665d43c3f6edd",
    "max-valid": "30bb69830147121da43ea473908633020f551591b8c6598a07c56be56e3c7cf8",
}

EVERY_OLDER_FIELD: dict[str, Any] = {
    "name": "older",
    "net": {
        "blocks": [
            {
                "channels": 6, "kernel": 5, "stride": 2, "padding": "same", "activation": "tanh",
                "pool": "avg", "pool_size": 3, "batch_norm": True, "dropout": 0.25,
            },
            {"channels": 7, "kernel": 2, "padding": 1, "pool": "none"},
        ],
        "padding": "valid", "activation": "gelu", "pool": "max", "pool_size": 2, "batch_norm": False,
        "dropout": 0.1, "hidden": [12, 8],
    },
    "data": {"dataset": "mnist", "train_images": 500},
    "protocol": {
        "epochs": 3, "batch_size": 32, "evaluate_every": 9, "optimizer": "adamw", "learning_rate": 0.003,
        "weight_decay": 0.01, "betas": [0.8, 0.99], "epsilon": 1e-7, "schedule": "step", "step_every": 10,
        "step_factor": 0.5, "label_smoothing": 0.1, "augmentation": {"shift": 2}, "precision": "bfloat16",
    },
    "variants": {"a": {}, "b": {"net.blocks.1.batch_norm": True}},
}  # fmt: skip


def test_keys_of_the_builtin_study_are_those_of_its_first_runs() -> None:
    configurations = Study.read(locate("mnist-pooling")).configurations
    keys = {
        name: run_key(configuration, 0, fingerprint="f", train_images=60_000)
        for name, configuration in configurations.items()
    }
    assert keys == POOLING


def test_keys_of_a_study_with_every_older_field_are_what_they_were() -> None:
    study = Study(**EVERY_OLDER_FIELD)
    keys = [
        run_key(configuration, 7, fingerprint="f", train_images=500)
        for configuration in study.configurations.values()
    ]
    assert keys == [
        "8d55e8e5714fb0302148001476aafed0de66db01ca36a89f447083497721d20b",
        "2259b51e28636cbf498d912f8b63b7ebcc94f2d5f99070c7f028865bb462df32",
    ]


def test_nets_without_later_fields_are_declared_as_before() -> None:
    declared = declaration(Study.read(locate("mnist-pooling")))
    assert {name: digest(parts["net"]) for name, parts in declared["configurations"].items()} == POOLING_NETS
    assert "sources" not in declared


@pytest.mark.parametrize(
    "change",
    [
        {"net.residual": True},
        {"net.depthwise": True},
        {"net.global_pool": "avg"},
        {"net.global_pool": "max"},
        {"net.blocks.1.residual": True},
        {"net.blocks.0.depthwise": True},
    ],
)
def test_every_later_field_changes_the_key_and_the_declaration_once_it_is_used(
    change: dict[str, object],
) -> None:
    study = Study(name="s", protocol={"iterations": 10}, variants={"without": {}, "with": change})
    one, other = (
        run_key(configuration, 0, fingerprint="f", train_images=60_000)
        for configuration in study.configurations.values()
    )
    assert one != other
    declared = declaration(study)["configurations"]
    assert declared["without"]["net"] != declared["with"]["net"]


def test_later_fields_written_out_at_their_default_change_nothing() -> None:
    fields = {
        "blocks": [{"channels": 4, "residual": False, "depthwise": False}],
        "residual": False,
        "depthwise": False,
        "global_pool": "none",
    }
    base = {"name": "s", "protocol": {"iterations": 10}, "variants": {"a": {}, "b": {"net.pool": "avg"}}}
    short = Study(**base, net={"blocks": [{"channels": 4}]}).configurations["a"]
    long = Study(**base, net=fields).configurations["a"]
    assert run_key(short, 0, fingerprint="f", train_images=9) == run_key(
        long, 0, fingerprint="f", train_images=9
    )
