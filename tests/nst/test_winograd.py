from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from nst import vgg, winograd
from nst.probe import Fastest
from nst.weights import load_vgg
from tests.tiny import tiny_vgg

CPU = torch.device("cpu")


def layer(height: int, width: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    """Maps of 5 channels, and the weights and bias of a convolution to 6."""
    torch.manual_seed(0)
    maps = torch.randn(1, 5, height, width, dtype=dtype).contiguous(memory_format=torch.channels_last)
    return maps.requires_grad_(), torch.randn(6, 5, 3, 3, dtype=dtype), torch.randn(6, dtype=dtype)


@pytest.mark.parametrize("size", [(8, 10), (7, 9), (2, 3), (1, 1), (12, 1)])
@pytest.mark.parametrize("strip", [winograd.STRIP, 300, 1])
def test_it_is_the_convolution_and_its_gradient(monkeypatch, size, strip):
    monkeypatch.setattr(winograd, "STRIP", strip)
    maps, weight, bias = layer(*size)
    expected = F.conv2d(maps, weight, bias, padding=1)
    found = winograd.conv2d(maps, winograd.kernels(weight), bias)
    torch.testing.assert_close(found, expected)
    assert found.is_contiguous(memory_format=torch.channels_last)
    wish = torch.randn_like(expected)
    (theirs,), (ours,) = (torch.autograd.grad(result, maps, wish) for result in (expected, found))
    torch.testing.assert_close(ours, theirs)


def test_what_follows_may_work_in_place():
    maps, weight, bias = layer(6, 8)
    expected = F.relu(F.conv2d(maps, weight, bias, padding=1))
    found = F.relu_(winograd.conv2d(maps, winograd.kernels(weight), bias))
    theirs, ours = (torch.autograd.grad(result.square().sum(), maps)[0] for result in (expected, found))
    torch.testing.assert_close(ours, theirs)


def test_in_bfloat16_it_is_off_by_little_more_than_that_rounds():
    torch.manual_seed(0)
    maps = torch.randn(1, 256, 12, 16).relu().contiguous(memory_format=torch.channels_last)
    weight, bias = torch.randn(256, 256, 3, 3) / 48, torch.zeros(256)
    expected = F.conv2d(maps, weight, bias, padding=1)
    found = winograd.conv2d(maps.bfloat16(), winograd.kernels(weight).bfloat16(), bias.bfloat16())
    assert (found.float() - expected).norm() / expected.norm() < 0.01  # bfloat16 itself rounds by up to 0.004


@pytest.mark.parametrize(
    ("device", "dtype", "channels", "may_pay"),
    [
        ("cpu", torch.bfloat16, (256, 512), True),
        ("cpu", torch.bfloat16, (256, 128), False),
        ("cpu", torch.float32, (512, 512), False),
        ("cuda", torch.bfloat16, (512, 512), False),
        ("mps", torch.float32, (512, 512), False),
    ],
)
def test_it_is_tried_where_it_may_be_faster(device, dtype, channels, may_pay):
    assert winograd.may_pay(torch.device(device), dtype, torch.empty(*channels, 3, 3)) is may_pay


def winograd_is_faster(monkeypatch, faster: bool) -> None:
    monkeypatch.setattr(vgg, "fastest", lambda: Fastest(bfloat16=True, winograd=faster))


def test_where_it_is_not_faster_no_layer_has_it(monkeypatch):
    winograd_is_faster(monkeypatch, False)
    assert not replace(load_vgg()).to(CPU, torch.bfloat16).kernels


def test_a_network_takes_it_for_its_wide_layers(monkeypatch):
    monkeypatch.setattr(winograd, "FEWEST_CHANNELS", 4)
    winograd_is_faster(monkeypatch, True)
    network, pixels = tiny_vgg(), torch.rand(1, 3, 32, 48)
    plain, other = network.to(CPU, torch.float32), network.to(CPU, torch.bfloat16)
    assert not plain.kernels and list(other.kernels) == list(network.convolutions)[1:]
    expected = plain.features(pixels, ["relu5_1"])["relu5_1"]
    found = other.features(pixels, ["relu5_1"])["relu5_1"]
    assert 0 < (found.float() - expected).norm() / expected.norm() < 0.05


def test_the_original_network_has_it_from_conv3_2_on(monkeypatch):
    winograd_is_faster(monkeypatch, True)
    network = replace(load_vgg()).to(CPU, torch.bfloat16)  # another, for which nothing is remembered
    names = list(network.convolutions)
    assert [*network.kernels] == names[names.index("conv3_2") :]
