"""Morphs: a photo goes from painting to painting, and the loop closes."""

import av
import pytest
import torch

from nst import Settings, stylize
from nst.commission import Commission
from nst.film.morph import morph
from nst.losses import Sums, between
from tests.painting import PAINTING, PHOTO, QUICK, difference, noise
from tests.tiny import CPU, tiny_vgg

OTHER = noise(80, 80, 7)
SETTINGS = Settings(**QUICK)


def sums(mean, covariance):
    mean, covariance = torch.tensor(mean), torch.tensor(covariance)
    return Sums(torch.tensor(1.0), mean, covariance + torch.outer(mean, mean))


def random_sums(seed):
    points = torch.randn(50, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    points = points @ torch.randn(5, 5, generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64)
    return Sums(torch.tensor(50.0), points.sum(0), points.T @ points)


def test_half_way_between_two_normal_distributions_has_the_mean_of_their_deviations():
    half = between(sums([0.0, 2.0], [[1.0, 0.0], [0.0, 4.0]]), sums([4.0, 2.0], [[9.0, 0.0], [0.0, 16.0]]), 0.5)
    torch.testing.assert_close(half.mean, torch.tensor([2.0, 2.0]))
    torch.testing.assert_close(half.covariance, torch.tensor([[4.0, 0.0], [0.0, 9.0]]), atol=1e-4, rtol=0)


def test_a_way_between_paintings_begins_at_the_one_and_ends_at_the_other():
    first, second = random_sums(1), random_sums(3)
    for share, end in ((0.0, first), (1.0, second)):
        there = between(first, second, share)
        torch.testing.assert_close(there.mean, end.mean)
        torch.testing.assert_close(there.covariance, end.covariance, atol=1e-5, rtol=1e-5)


def test_the_way_is_straight():
    """Of a geodesic, half of the first half is a quarter."""
    first, second = random_sums(1), random_sums(3)
    quarter = between(first, between(first, second, 0.5), 0.5)
    torch.testing.assert_close(quarter.covariance, between(first, second, 0.25).covariance, atol=1e-5, rtol=1e-5)


def test_a_flat_painting_has_a_way_too():
    flat = sums([0.5, 0.5], [[0.0, 0.0], [0.0, 0.0]])
    half = between(flat, sums([1.0, 0.0], [[1.0, 0.0], [0.0, 1.0]]), 0.5)
    assert torch.isfinite(half.product).all()


def loop(frames=4, begun=None):
    commission = Commission(PHOTO, [PAINTING, OTHER], SETTINGS)
    return list(morph(commission, frames, tiny_vgg(), CPU, begun))


@pytest.mark.slow
def test_a_loop_begins_with_the_first_painting_alone_and_comes_back():
    film = loop(6)
    *_, alone = stylize(PHOTO, PAINTING, SETTINGS, tiny_vgg(), CPU)
    assert [frame.number for frame in film] == list(range(1, 13))
    assert difference(film[0].image, alone.image) == 0
    steps = [difference(one.image, other.image) for one, other in zip(film, [*film[1:], film[0]], strict=True)]
    assert steps[-1] <= max(steps[:-1])  # where the loop closes is no jump
    assert difference(film[0].image, film[6].image) > difference(film[0].image, film[11].image)


def test_a_loop_goes_on_where_it_was():
    film = loop()
    rest = loop(begun=(5, film[4].state))
    assert [frame.number for frame in rest] == [6, 7, 8]
    assert difference(rest[-1].image, film[-1].image) < 0.03


def test_one_painting_is_no_morph():
    with pytest.raises(ValueError, match="two paintings"):
        morph(Commission(PHOTO, [PAINTING], SETTINGS), 4, tiny_vgg(), CPU)


def test_a_loop_from_the_shell(tmp_path, monkeypatch, capsys):
    import nst.__main__ as main

    monkeypatch.setattr(main, "load_vgg", lambda _: tiny_vgg())
    names = {"photo": PHOTO, "a": PAINTING, "b": OTHER}
    for name, picture in names.items():
        picture.save(tmp_path / f"{name}.png")
    photo, *paintings = (str(tmp_path / f"{name}.png") for name in names)
    knobs = ["--size", "64", "--steps", "6", "--start-size", "32"]
    out = ["-o", str(tmp_path / "loop.mp4"), "--morph", "0.25", *knobs]
    assert main.main([photo, *paintings, *out]) == 0
    with av.open(str(tmp_path / "loop.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 6
    capsys.readouterr()
    assert main.main([photo, paintings[0], *out]) == 2
    assert "two paintings" in capsys.readouterr().err
    assert main.main([photo, *paintings, "-o", str(tmp_path / "a.mp4"), "--morph", "0"]) == 2
    assert "morph must be" in capsys.readouterr().err
