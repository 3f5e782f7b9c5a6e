import pytest
import torch
import torch.nn.functional as F
import torchvision

from nst.image import open_picture, to_pixels
from nst.vgg import POOLS, VGG, shrinkage
from nst.weights import load_vgg
from tests.benchmarks.quality import EXAMPLES
from tests.tiny import tiny_vgg


def as_torchvision(model: torch.nn.Module) -> VGG:
    """The convolutions of a torchvision VGG under our names."""
    depths = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}["vgg19" if len(model.features) > 31 else "vgg16"]
    names = [f"conv{b}_{i}" for b, depth in enumerate(depths, 1) for i in range(1, depth + 1)]
    layers = [layer for layer in model.features if isinstance(layer, torch.nn.Conv2d)]
    weights = {name: (layer.weight.detach(), layer.bias.detach()) for name, layer in zip(names, layers, strict=True)}
    return VGG("theirs", weights, torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1))


@pytest.mark.slow
@pytest.mark.parametrize("build", [torchvision.models.vgg16, torchvision.models.vgg19])
def test_with_zero_padding_it_is_torchvisions_network(build):
    torch.manual_seed(0)
    theirs = build(weights=None).eval()
    ours = as_torchvision(theirs)
    pixels = torch.rand(1, 3, 48, 40)
    found = ours.features(pixels, ours.layers, padding="zeros")
    x, at = pixels, -1
    with torch.no_grad():
        for layer in theirs.features:
            x = layer(x)
            if not isinstance(layer, torch.nn.MaxPool2d):
                at += 1
                expected = x.clone()
                if isinstance(layer, torch.nn.ReLU):
                    torch.testing.assert_close(found[ours.layers[at]], expected, rtol=1e-4, atol=1e-5)
    assert at + 1 == len(ours.layers)


def test_convolutions_before_their_relu_can_be_asked_for():
    network = tiny_vgg()
    found = network.features(torch.rand(1, 3, 32, 32), ["conv2_1", "relu2_1"])
    assert (found["conv2_1"] < 0).any()
    torch.testing.assert_close(found["relu2_1"], F.relu(found["conv2_1"]))


def test_a_flat_picture_stays_flat_up_to_its_edges():
    """Replicated, the border of the first convolution looks like its middle; with zeros it does not."""
    network, flat = tiny_vgg(), torch.full((1, 3, 16, 16), 0.7)
    spread = {
        padding: network.features(flat, ["conv1_1"], padding=padding)["conv1_1"].std(dim=(2, 3)).max().item()
        for padding in ("replicate", "zeros")
    }
    assert spread["replicate"] < 1e-6 < 1e-3 < spread["zeros"]


def test_pixels_are_normalised_with_the_networks_own_statistics():
    network = tiny_vgg()
    pixels = torch.rand(1, 3, 16, 16)
    weight, bias = network.convolutions["conv1_1"]
    expected = F.conv2d((pixels - 0.5) / 0.25, weight, bias, padding=1)
    found = network.features(pixels, ["conv1_1"], padding="zeros")["conv1_1"]
    torch.testing.assert_close(found, expected)


def root_mean_square(x, size):
    return F.avg_pool2d(x.square(), size).sqrt()


@pytest.mark.parametrize(
    ("pooling", "expected"), [("max", F.max_pool2d), ("average", F.avg_pool2d), ("l2", root_mean_square)]
)
def test_pooling_between_blocks_up_to_a_factor(pooling, expected):
    network = tiny_vgg(blocks=(1, 1))
    found = network.features(torch.rand(1, 3, 20, 14), ["relu1_1", "conv2_1"], pooling=pooling)
    weight, bias = network.convolutions["conv2_1"]
    shrunk = POOLS[pooling](found["relu1_1"])
    torch.testing.assert_close(found["conv2_1"], F.conv2d(shrunk, weight, bias, padding=1))
    plain = expected(found["relu1_1"], 2)
    factor = (shrunk.norm() / plain.norm()).item()
    torch.testing.assert_close(shrunk, factor * plain, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("height", "width"), [(9, 7), (8, 7), (9, 6)])
@pytest.mark.parametrize("pooling", POOLS)
def test_gradients_are_laid_out_as_the_maps_are_whatever_their_size(pooling, height, width):
    maps = torch.rand(1, 5, height, width).to(memory_format=torch.channels_last).requires_grad_()
    pooled = POOLS[pooling](maps)
    (gradient,) = torch.autograd.grad(pooled.square().sum(), maps)
    assert pooled.is_contiguous(memory_format=torch.channels_last)
    assert gradient.is_contiguous(memory_format=torch.channels_last), "to lay it out anew costs a quarter of a step"


def test_every_pooling_keeps_the_scale_of_the_activations():
    photo = open_picture(EXAMPLES / "content/red-panda.jpg")
    pixels, network = to_pixels(photo, (192, 144)), load_vgg()
    layers = ["relu2_1", "relu3_1", "relu4_1"]
    norms = {pooling: network.features(pixels, layers, pooling=pooling) for pooling in POOLS}
    for pooling in ("average", "l2"):
        for layer in layers:
            ratio = (norms[pooling][layer].norm() / norms["max"][layer].norm()).item()
            assert 0.6 < ratio < 1.6, (pooling, layer, ratio)


def test_a_position_depends_on_its_square_and_the_radius_around_it_and_no_further():
    network = tiny_vgg()
    pixels = torch.rand(1, 3, 256, 256, requires_grad=True)
    for layer in ("relu1_1", "relu2_2", "relu3_1", "relu4_1"):
        step, radius = shrinkage([layer]), network.radius([layer])
        found = network.features(pixels, [layer], pooling="average")[layer]
        place = 128 // step
        (reach,) = torch.autograd.grad(found[0, :, place, place].sum(), pixels)
        touched = reach.abs().sum((0, 1, 2)).nonzero()
        assert touched.min() >= 128 - radius and touched.max() < 128 + step + radius
        assert touched.max() - touched.min() + 1 > 0.6 * (step + 2 * radius)


def test_nothing_deeper_than_asked_is_computed():
    network = tiny_vgg()
    del network.convolutions["conv5_1"]  # it would be missed
    assert set(network.features(torch.rand(1, 3, 16, 16), ["relu4_2"])) == {"relu4_2"}


def test_elsewhere_it_computes_in_the_type_asked_for_and_the_original_is_untouched():
    network = tiny_vgg()
    half = network.to(torch.device("cpu"), torch.bfloat16)
    found = half.features(torch.rand(1, 3, 32, 32), ["relu1_1"])["relu1_1"]
    assert found.dtype is torch.bfloat16
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert network.dtype is torch.float32


@pytest.mark.parametrize(("layers", "pixels"), [(["relu1_1"], 1), (["relu4_2"], 8), (["relu1_2", "relu5_1"], 16)])
def test_shrinkage_is_the_smallest_side_that_passes_all_pools(layers, pixels):
    network = tiny_vgg()
    assert shrinkage(layers) == pixels
    assert min(network.features(torch.rand(1, 3, pixels, pixels), layers)[layers[-1]].shape[-2:]) == 1


@pytest.mark.parametrize("names", [["relu6_1"], ["relu1_1", "pool1"], [], [""]])
def test_an_unknown_layer_is_answered_with_the_known_ones(names):
    with pytest.raises(ValueError, match=r"not a layer of tiny; there are conv1_1, relu1_1"):
        tiny_vgg().check_layers(names)
