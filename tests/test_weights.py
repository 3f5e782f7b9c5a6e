import pytest
import torch

from nst import weights
from nst.weights import load_vgg


def test_the_embedded_network_is_a_whole_vgg19():
    network = load_vgg("vgg19")
    shapes = {name: tuple(weight.shape) for name, (weight, _) in network.convolutions.items()}
    assert len(shapes) == 16
    assert shapes["conv1_1"] == (64, 3, 3, 3) and shapes["conv5_4"] == (512, 512, 3, 3)
    assert all(bias.shape == (weight.shape[0],) for weight, bias in network.convolutions.values())
    assert network.dtype is torch.float32
    assert network.checksum == weights.EMBEDDED_SHA256


def test_it_sees_colours_the_right_way_round():
    """The filters were trained on BGR. Among those that answer most to one colour, red is red."""
    weight, _ = load_vgg().convolutions["conv1_1"]
    stored = torch.load(weights.embedded_file(), weights_only=True)
    blue_first = stored["block1_conv1_W_table"][stored["block1_conv1_W_q"].long()]
    assert torch.equal(weight[:, 0], blue_first[:, 2]) and torch.equal(weight[:, 2], blue_first[:, 0])


def test_its_pixels_are_0_to_255_less_the_published_mean():
    network = load_vgg()
    pixel = torch.tensor([123.68, 116.779, 103.939]).view(1, 3, 1, 1) / 255
    assert ((pixel - network.mean) / network.std).abs().max() < 1e-4
    white, black = ((torch.full((1, 3, 1, 1), v) - network.mean) / network.std for v in (1.0, 0.0))
    torch.testing.assert_close(white - black, torch.full((1, 3, 1, 1), 255.0))


def test_it_is_loaded_once():
    assert load_vgg() is load_vgg("vgg19")


def test_an_unknown_network_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="backbone must be one of vgg19, not 'vgg7'"):
        load_vgg("vgg7")


def test_a_changed_file_is_refused(tmp_path, monkeypatch):
    forged = bytearray(weights.embedded_file().read_bytes())
    forged[-1] ^= 1
    (tmp_path / "forged.bin").write_bytes(forged)
    monkeypatch.setattr(weights, "embedded_file", lambda: tmp_path / "forged.bin")
    with pytest.raises(RuntimeError, match="not the published ones"):
        weights.embedded_vgg19.__wrapped__()
