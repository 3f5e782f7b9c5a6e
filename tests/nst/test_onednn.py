from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from nst import onednn
from nst.probe import Fastest
from nst.wrap import WRAPS
from tests.tiny import CPU, tiny_vgg

NARROW, WIDE = torch.zeros(64, 128, 3, 3), torch.zeros(256, 256, 3, 3)  # weights


def layer(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    """Maps of 16 channels, and the weights and bias of a convolution to 32."""
    torch.manual_seed(0)
    maps = torch.randn(1, 16, 9, 14, dtype=dtype).contiguous(memory_format=torch.channels_last)
    return maps.requires_grad_(), torch.randn(32, 16, 3, 3, dtype=dtype), torch.randn(32, dtype=dtype)


@pytest.mark.parametrize("padding", [(1, 1), (0, 0), (0, 1), (1, 0)])
@pytest.mark.parametrize("with_relu", [False, True])
def test_it_is_the_convolution_and_its_gradient(padding, with_relu):
    maps, weight, bias = layer()
    expected = F.conv2d(maps, weight, bias, padding=padding)
    expected = F.relu(expected) if with_relu else expected
    found, _ = onednn.conv2d(maps, onednn.kernels(weight, bias), padding, with_relu)
    torch.testing.assert_close(found, expected)
    assert found.is_contiguous(memory_format=torch.channels_last)
    wish = torch.randn_like(expected)
    (theirs,), (ours,) = (torch.autograd.grad(result, maps, wish) for result in (expected, found))
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_who_looks_at_the_maps_sends_a_gradient_back_as_well():
    maps, weight, bias = layer()
    found, seen = onednn.conv2d(maps, onednn.kernels(weight, bias), (1, 1), True)
    assert torch.equal(seen, maps) and seen.stride() == maps.stride()
    of_found, of_seen = torch.randn_like(found), torch.randn(*maps.shape)  # not channels_last
    both = torch.autograd.grad([found, seen], maps, [of_found, of_seen], retain_graph=True)[0]
    alone, other = (
        torch.autograd.grad(out, maps, wish, retain_graph=True)[0] for out, wish in ((found, of_found), (seen, of_seen))
    )
    torch.testing.assert_close(both, alone + other, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(other, of_seen)


@pytest.mark.skipif(
    not onednn.pays(CPU.place, torch.bfloat16, NARROW), reason="torch has none in bfloat16 for this processor"
)
def test_in_bfloat16_it_rounds_once():
    maps, weight, bias = layer()
    expected = F.relu(F.conv2d(maps, weight, bias, padding=1))
    found, _ = onednn.conv2d(maps.bfloat16(), onednn.kernels(weight.bfloat16(), bias.bfloat16()), (1, 1), True)
    assert (found.float() - expected).norm() / expected.norm() < 0.005


@pytest.mark.parametrize("with_bfloat16", [True, False])
def test_it_is_used_in_bfloat16_where_torch_can(with_bfloat16, monkeypatch):
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: with_bfloat16)
    assert onednn.pays(CPU.place, torch.bfloat16, WIDE) is with_bfloat16


@pytest.mark.parametrize(
    ("device", "dtype", "pays"),
    [
        ("cpu", torch.float32, True),
        ("cpu", torch.float64, False),
        ("cuda", torch.bfloat16, False),
        ("mps", torch.float32, False),
    ],
)
def test_it_is_used_on_processors(device, dtype, pays):
    assert onednn.pays(torch.device(device), dtype, NARROW) is pays


def test_wide_weights_in_float32_may_be_laid_out_anew_at_each_call(monkeypatch):
    monkeypatch.setattr("nst.vgg.fastest", lambda: Fastest(bfloat16=False, winograd=False))
    assert not onednn.pays(CPU.place, torch.float32, WIDE)
    network = tiny_vgg(width=onednn.WIDE).to(CPU.place, torch.float32)
    assert list(network.packed) == ["conv1_1"]


def test_it_is_not_used_where_torch_does_not_have_it(monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not onednn.pays(CPU.place, torch.float32, NARROW)
    assert not tiny_vgg().to(CPU.place, torch.float32).packed


@pytest.mark.parametrize("tileable", ["no", "x", "both"])
@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize(
    "layers", [["relu1_1", "relu2_1", "relu4_2"], ["conv1_1", "relu1_2", "conv3_1", "relu3_1"], ["relu1_1", "relu1_2"]]
)
def test_a_network_and_its_gradients_are_the_same_with_it(tileable, pooling, layers):
    with_it = tiny_vgg(width=16).to(CPU.place, torch.float32)
    without = replace(with_it, packed={})
    assert list(with_it.packed) == list(with_it.convolutions)
    torch.manual_seed(1)
    pixels = torch.rand(1, 3, 32, 48, requires_grad=True)
    found, expected = (
        network.features(pixels, layers, pooling, wrap=WRAPS[tileable]) for network in (with_it, without)
    )
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    ours, theirs = (
        torch.autograd.grad(sum(maps.square().mean() for maps in seen.values()), pixels)[0]
        for seen in (found, expected)
    )
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-3)
