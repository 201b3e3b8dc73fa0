"""Rounds are equal where they must be: also between own nets, but for what a net sets itself."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from paribus.errors import UnequalRoundError
from paribus.nets.shapes import OWN_START
from paribus.records import Evaluation, RunRecord, Timing
from paribus.spec import Study, locate
from paribus.standing import Layout, assess, lay_out

PARAMETERS = ("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc1.weight", "fc1.bias")
SAME = dict.fromkeys(PARAMETERS, "same bits")
OTHER = SAME | {"conv1.weight": "other bits"}


def record(digests: Mapping[str, str]) -> RunRecord:
    return RunRecord(
        run_key="k",
        numerics="n",
        seed=0,
        state="done",
        iterations=3000,
        evaluations=(Evaluation(3000, 0.1, 0.1, 96.0),),
        order_digest="o",
        initial_digests=digests,
        weights_digest="w",
        weights_moved=1.0,
        correct_per_class=(960,) * 10,
        images_per_class=(1000,) * 10,
        predictions=np.zeros(10_000, dtype=np.uint8),
        timing=Timing(3.0, 2.0, 1.0),
        finished_at="2026-07-01T12:00:00+00:00",
        environment={},
    )


@pytest.fixture
def layout() -> Layout:
    return lay_out(Study.read(locate("mnist-pooling")))


def told(layout: Layout, variant: str, starts: Mapping[str, str]) -> Layout:
    """The layout with a variant whose table says what sets some initial values."""
    variants = tuple(
        replace(one, table=replace(one.table, starts=starts)) if one.name == variant else one
        for one in layout.variants
    )
    return replace(layout, variants=variants)


def judge(layout: Layout, one: Mapping[str, str], other: Mapping[str, str]) -> None:
    runs = {"max-same": {0: record(one)}, "avg-same": {0: record(other)}}
    assess(layout, runs, numerics="n", registration=None)


def test_layers_of_one_name_and_shape_must_start_with_the_same_bits(layout: Layout) -> None:
    judge(layout, SAME, SAME)
    with pytest.raises(
        UnequalRoundError, match=r"avg-same do not share the initial conv1\.weight with seed 0"
    ):
        judge(layout, SAME, OTHER)


def test_what_an_own_net_sets_itself_may_differ_and_nothing_else(layout: Layout) -> None:
    own = told(layout, "avg-same", {"conv1.weight": OWN_START})
    judge(own, SAME, OTHER)
    with pytest.raises(UnequalRoundError, match=r"initial conv2\.bias"):
        judge(own, SAME, OTHER | {"conv2.bias": "other bits"})


def test_modules_of_different_kinds_need_not_start_alike(layout: Layout) -> None:
    one = told(layout, "max-same", {"conv1.weight": "Embedding(16, 25)"})
    judge(told(one, "avg-same", {"conv1.weight": "Embedding(16, 25, padding_idx=0)"}), SAME, OTHER)
    with pytest.raises(UnequalRoundError, match=r"initial conv1\.weight"):
        judge(told(one, "avg-same", {"conv1.weight": "Embedding(16, 25)"}), SAME, OTHER)


def test_a_parameter_that_one_run_lacks_is_no_start_in_common(layout: Layout) -> None:
    lacking = {name: digest for name, digest in SAME.items() if name != "fc1.bias"}
    with pytest.raises(UnequalRoundError, match=r"initial fc1\.bias"):
        judge(layout, SAME, lacking)
