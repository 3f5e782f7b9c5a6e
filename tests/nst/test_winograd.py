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


SQUARE = pytest.mark.parametrize("square", [2, 4])


def layer(height: int, width: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    """Maps of 5 channels, and the weights and bias of a convolution to 6."""
    torch.manual_seed(0)
    maps = torch.randn(1, 5, height, width, dtype=dtype).contiguous(memory_format=torch.channels_last)
    return maps.requires_grad_(), torch.randn(6, 5, 3, 3, dtype=dtype), torch.randn(6, dtype=dtype)


@SQUARE
@pytest.mark.parametrize("size", [(8, 10), (7, 9), (2, 3), (1, 1), (12, 1), (16, 24)])
@pytest.mark.parametrize("strip", [winograd.STRIP, 300, 1])
def test_it_is_the_convolution_and_its_gradient(monkeypatch, square, size, strip):
    monkeypatch.setattr(winograd, "STRIP", strip)
    monkeypatch.setitem(winograd.SQUARES, torch.float64, square)
    maps, weight, bias = layer(*size)
    expected = F.conv2d(maps, weight, bias, padding=1)
    found, seen = winograd.conv2d(maps, winograd.Kernels(weight, bias, torch.float64), False)
    torch.testing.assert_close(found, expected)
    assert found.is_contiguous(memory_format=torch.channels_last) and torch.equal(seen, maps)
    wish = torch.randn_like(expected)
    (theirs,), (ours,) = (torch.autograd.grad(result, maps, wish) for result in (expected, found))
    torch.testing.assert_close(ours, theirs)


@SQUARE
def test_its_relu_and_what_others_ask_of_the_maps_have_their_gradients(monkeypatch, square):
    monkeypatch.setitem(winograd.SQUARES, torch.float64, square)
    maps, weight, bias = layer(7, 9)
    expected = F.relu(F.conv2d(maps, weight, bias, padding=1))
    found, seen = winograd.conv2d(maps, winograd.Kernels(weight, bias, torch.float64), True)
    torch.testing.assert_close(found, expected)
    for of_maps in (0.0, 1.0):
        for of_found in (0.0, 1.0):
            theirs = torch.autograd.grad(
                of_found * expected.square().sum() + of_maps * maps.pow(3).sum(), maps, retain_graph=True
            )
            ours = torch.autograd.grad(
                of_found * found.square().sum() + of_maps * seen.pow(3).sum(), maps, retain_graph=True
            )
            torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(torch.autograd.grad(seen.pow(3).sum(), maps)[0], 3 * maps.detach().square())


@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 1e-5), (torch.bfloat16, 0.008)])
def test_it_is_off_by_little_more_than_its_type_rounds(dtype, most):
    torch.manual_seed(0)
    maps = torch.randn(1, 256, 12, 16).relu().contiguous(memory_format=torch.channels_last)
    weight, bias = torch.randn(256, 256, 3, 3) / 48, torch.zeros(256)
    expected = F.conv2d(maps.double(), weight.double(), padding=1)
    found, _ = winograd.conv2d(maps.to(dtype), winograd.Kernels(weight, bias.to(dtype), dtype), False)
    assert (found - expected).norm() / expected.norm() < most  # bfloat16 itself rounds by up to 0.004


@pytest.mark.parametrize(
    ("device", "dtype", "channels", "may_pay"),
    [
        ("cpu", torch.bfloat16, (256, 512), True),
        ("cpu", torch.bfloat16, (256, 128), False),
        ("cpu", torch.float32, (256, 128), True),
        ("cpu", torch.float32, (128, 64), False),
        ("cpu", torch.float16, (512, 512), False),
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


@pytest.mark.parametrize(("dtype", "most"), [(torch.bfloat16, 0.05), (torch.float32, 1e-5)])
def test_a_network_takes_it_for_its_wide_layers(monkeypatch, dtype, most):
    network, pixels = tiny_vgg(), torch.rand(1, 3, 32, 48)
    plain = replace(network).features(pixels, ["relu5_1"])["relu5_1"]
    monkeypatch.setitem(winograd.FEWEST_CHANNELS, dtype, 4)
    winograd_is_faster(monkeypatch, True)
    other = replace(network).to(CPU, dtype)  # another, for which nothing is remembered
    assert list(other.kernels) == list(network.convolutions)[1:]
    found = other.features(pixels, ["relu5_1"])["relu5_1"]
    assert 0 < (found - plain).norm() / plain.norm() < most


@pytest.mark.parametrize(("dtype", "first"), [(torch.bfloat16, "conv3_2"), (torch.float32, "conv2_2")])
def test_the_original_network_has_it_from_here_on(monkeypatch, dtype, first):
    winograd_is_faster(monkeypatch, True)
    network = replace(load_vgg()).to(CPU, dtype)
    names = list(network.convolutions)
    assert [*network.kernels] == names[names.index(first) :]


def test_layers_that_nobody_looks_at_take_no_memory(monkeypatch):
    winograd_is_faster(monkeypatch, True)
    network = replace(load_vgg()).to(CPU, torch.float32)
    network.features(torch.rand(1, 3, 32, 32), ["relu3_1"])
    assert [name for name, one in network.kernels.items() if "planes" in vars(one)] == ["conv2_2", "conv3_1"]
