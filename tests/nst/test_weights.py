import hashlib

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from nst import weights
from nst.settings import KNOBS
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
    with pytest.raises(ValueError, match="backbone must be one of vgg19, vgg16-tv, vgg19-tv, not 'vgg7'"):
        load_vgg("vgg7")


def test_a_changed_file_is_refused(tmp_path, monkeypatch):
    forged = bytearray(weights.embedded_file().read_bytes())
    forged[-1] ^= 1
    (tmp_path / "forged.bin").write_bytes(forged)
    monkeypatch.setattr(weights, "embedded_file", lambda: tmp_path / "forged.bin")
    with pytest.raises(RuntimeError, match="not the published ones"):
        weights.embedded_vgg19.__wrapped__()


def test_the_page_offers_the_networks_that_there_are():
    assert KNOBS["backbone"].choices == tuple(weights.BACKBONES)


def original_in_torchvisions_names(order):
    """As vgg19-d01eb7cb.pth, with the channels of its first layer in that order."""
    network, names = load_vgg(), weights.published_layers("vgg19")
    stored = {}
    for name, (weight, bias) in network.convolutions.items():
        layer, _ = names[name]
        is_first = name == "conv1_1"
        stored[f"{layer}.weight"] = (weight.flip(1) if is_first and order == "BGR" else weight).contiguous()
        stored[f"{layer}.bias"] = bias
    return stored


@pytest.mark.parametrize("order", ["BGR", "RGB"])
def test_the_original_training_is_known_by_its_first_layer(order, tmp_path):
    """However its file is called; and so is a fine-tuned one."""
    stored = original_in_torchvisions_names(order)
    stored["features.0.weight"] += 0.02 * torch.randn(64, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    torch.save(stored, tmp_path / "mine.pth")
    network, original = load_vgg(tmp_path / "mine.pth"), load_vgg()
    torch.testing.assert_close(network.mean, original.mean)
    torch.testing.assert_close(network.std, original.std)
    difference = network.convolutions["conv1_1"][0] - original.convolutions["conv1_1"][0]
    assert difference.std() < 0.03
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 20, 20)
    seen, expected = (one.features(red, ["relu1_1"])["relu1_1"] for one in (network, original))
    assert (seen - expected).norm() < 0.2 * expected.norm()


COLUMNS = {"vgg16": "D", "vgg19": "E"}  # of table 1 of the paper, as torchvision has them


def published(column: str) -> dict[str, torch.Tensor]:
    """A whole network as torchvision and timm name it, its classifier shortened."""
    torch.manual_seed(0)
    features = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs[column])
    stored = {f"features.{name}": tensor for name, tensor in features.state_dict().items()}
    return stored | {"classifier.0.weight": torch.zeros(10, 10)}


def save_safetensors(tensors, path):
    save_file(tensors, path)


def save_of_old(tensors, path):
    """As torchvision's files of 2017 are."""
    torch.save(tensors, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize(
    ("depth", "ending", "save"),
    [
        ("vgg16", "safetensors", save_safetensors),
        ("vgg19", "pth", torch.save),
        ("vgg16", "pth", save_of_old),
    ],
)
def test_a_local_file_sees_what_torchvisions_network_sees(depth, ending, save, tmp_path):
    file = tmp_path / f"mine.{ending}"
    stored = published(COLUMNS[depth])
    save(stored, file)
    network = load_vgg(file)
    theirs = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs[COLUMNS[depth]])
    theirs.load_state_dict({name.removeprefix("features."): stored[name] for name in stored if "features" in name})
    pixels = torch.rand(1, 3, 40, 36)
    normalise = torchvision.transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    found = network.features(pixels, network.layers, padding="zeros")
    x, seen = normalise(pixels), []
    with torch.no_grad():
        for layer in theirs:
            x = layer(x)
            if not isinstance(layer, torch.nn.MaxPool2d):
                seen.append(x.clone())
    assert len(seen) == len(network.layers) == {"vgg16": 26, "vgg19": 32}[depth]
    for name, expected in zip(network.layers, seen, strict=True):
        torch.testing.assert_close(found[name], expected, rtol=1e-3, atol=1e-5, msg=lambda text, n=name: f"{n}: {text}")
    assert network.name == file.name
    assert network.checksum == hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def fetched(tmp_path_factory):
    """As `fetch` leaves it: a file with its checksum beside it."""
    file = tmp_path_factory.mktemp("cache") / "convolutions.safetensors"
    save_file({name: tensor for name, tensor in published("D").items() if "features" in name}, file)
    checksum = hashlib.sha256(file.read_bytes()).hexdigest()
    file.with_name(f"{file.name}.sha256").write_text(f"{checksum}  {file.name}\n")
    return file


@pytest.fixture
def hub(fetched, monkeypatch):
    """A Hub that has the file already; what it was asked for."""
    asked = []

    def fetch(repo, revision, sha256):
        asked.append((repo, revision, sha256))
        return fetched

    monkeypatch.setattr(weights, "fetch", fetch)
    weights._from_hub.cache_clear()
    yield asked
    weights._from_hub.cache_clear()


def test_torchvisions_network_comes_from_a_pinned_file_and_is_loaded_once(hub):
    network = load_vgg("vgg16-tv")
    assert load_vgg("vgg16-tv") is network
    ((repo, revision, sha256),) = hub
    assert repo == "timm/vgg16.tv_in1k" and len(revision) == 40 and len(sha256) == 64
    assert network.name == "vgg16-tv" and len(network.convolutions) == 13


def test_a_fetched_file_that_changed_is_refused(hub, fetched):
    content = fetched.read_bytes()
    try:
        fetched.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(ValueError, match=r"convolutions\.safetensors is damaged, fetch it anew: its SHA-256 is"):
            load_vgg("vgg16-tv")
    finally:
        fetched.write_bytes(content)


def test_a_file_must_have_the_checksum_in_its_name(tmp_path):
    plain = tmp_path / "mine.pth"
    torch.save(published("D"), plain)
    right = plain.rename(tmp_path / f"vgg16-{hashlib.sha256(plain.read_bytes()).hexdigest()[:8]}.pth")
    assert load_vgg(right).name == right.name
    wrong = right.rename(tmp_path / "vgg16-397923af.pth")
    with pytest.raises(ValueError, match=r"its SHA-256 is [0-9a-f]{64}, not 397923af"):
        load_vgg(wrong)


def test_a_stranger_cannot_name_a_file(fetched):
    """What the page and the program are given is a word, never a `Path`."""
    with pytest.raises(ValueError, match="backbone must be one of"):
        load_vgg(str(fetched))


def test_no_file_is_said():
    with pytest.raises(ValueError, match=r"There is no file of weights 'nowhere\.pth'"):
        load_vgg(weights.Path("nowhere.pth"))


@pytest.mark.parametrize("ending", ["safetensors", "pth"])
@pytest.mark.parametrize("content", [b"", b"not weights", b"\x80\x04garbage"])
def test_a_foreign_file_is_answered_with_what_is_expected(ending, content, tmp_path):
    file = tmp_path / f"foreign.{ending}"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=f"foreign.{ending} must be a .safetensors or .pth file of weights"):
        load_vgg(file)


@pytest.mark.parametrize(("ending", "save"), [("safetensors", save_safetensors), ("pth", torch.save)])
def test_a_truncated_file_is_refused(ending, save, tmp_path):
    file = tmp_path / f"short.{ending}"
    save({"features.0.weight": torch.zeros(64, 3, 3, 3)}, file)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ValueError, match=f"short.{ending} must be a .safetensors or .pth file of weights"):
        load_vgg(file)


def test_a_pickled_program_is_not_run(tmp_path):
    file = tmp_path / "model.pth"
    torch.save(torch.nn.Conv2d(3, 64, 3), file)
    with pytest.raises(ValueError, match=r"must be a \.safetensors or \.pth file of weights"):
        load_vgg(file)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"features.0.weight": torch.zeros(64, 1, 3, 3)},
            "features.0.weight must be 64 x 3 x 3 x 3, and is 64 x 1 x 3 x 3",
        ),
        ({"features.0.bias": None}, "features.0.bias must be 64, and is missing"),
        (
            {"features.2.weight": torch.zeros(64)},
            "features.2.weight must be 64 x 64 x 3 x 3, and is 64",
        ),  # a batch norm
    ],
)
def test_a_network_of_another_shape_is_answered_with_the_expected_one(changed, sentence, tmp_path):
    first = {
        "features.0.weight": torch.zeros(64, 3, 3, 3),
        "features.0.bias": torch.zeros(64),
        "features.2.weight": torch.zeros(64, 64, 3, 3),
    }
    file = tmp_path / "other.safetensors"
    save_file({name: tensor for name, tensor in (first | changed).items() if tensor is not None}, file)
    with pytest.raises(ValueError, match=f"other.safetensors must hold a VGG-16 or VGG-19 .*: {sentence}"):
        load_vgg(file)
