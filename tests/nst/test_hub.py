"""The part of a file that is needed, from a server that speaks as the Hub does."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save

from nst import hub
from nst.hub import fetch, fetch_whole
from tests.fakes.hub import COMMIT, Hub, reached

REPO, REVISION = "timm/tiny.tv_in1k", COMMIT
KEPT = {  # what is asked for; in the file, other tensors lie before and behind
    "features.0.weight": torch.randn(64, 3, 3, 3),
    "features.0.bias": torch.randn(64),
    "features.2.weight": torch.randn(64, 64, 3, 3),
    "features.2.bias": torch.randn(64),
}
OTHERS = {"classifier.weight": torch.randn(1000, 512), "features_mean": torch.randn(3), "head": torch.randn(500, 500)}
MODEL = save(KEPT | OTHERS, metadata={"format": "pt"})
SHA256 = hashlib.sha256(MODEL).hexdigest()
HEADER = 8 + int.from_bytes(MODEL[:8], "little")
NEEDED = sum(tensor.nbytes for tensor in KEPT.values())
SMALL = torch.randn(5000).numpy().tobytes()
ASKED = "someone/small", "small.onnx", "main", hashlib.sha256(SMALL).hexdigest()
FILES = {
    f"{REPO}/resolve/{REVISION}/model.safetensors": MODEL,
    "someone/small/resolve/main/small.onnx": SMALL,
}


@pytest.fixture
def server(tmp_path, monkeypatch) -> Iterator[Hub]:
    with reached(FILES, tmp_path, monkeypatch) as running:
        yield running


def assert_whole(file) -> None:
    found = load_file(file)
    assert found.keys() == KEPT.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in KEPT.items())
    checksum = hashlib.sha256(file.read_bytes()).hexdigest()
    assert file.with_name(f"{file.name}.sha256").read_text() == f"{checksum}  {file.name}\n"
    assert {one.name for one in file.parent.iterdir()} <= {file.name, f"{file.name}.sha256", "convolutions.lock"}


def test_the_header_and_the_convolutions_are_all_that_is_fetched(server):
    assert_whole(fetch(REPO, REVISION, SHA256))
    assert server.sent == HEADER + NEEDED < len(MODEL) / 10


def test_neighbouring_tensors_come_in_one_piece(server):
    fetch(REPO, REVISION, SHA256)
    first, second, third = server.asked
    assert (first, second, len(third)) == (range(8), range(8, HEADER), NEEDED)


def test_tensors_apart_come_in_pieces_and_stand_in_one_file(server, monkeypatch):
    monkeypatch.setattr(hub, "PREFIX", ("classifier", "head"))  # the convolutions lie between these two
    found = load_file(fetch(REPO, REVISION, SHA256))
    assert [len(piece) for piece in server.asked[2:]] == [4 * 1000 * 512, 4 * 500 * 500]
    assert found.keys() == {"classifier.weight", "head"}
    assert all(torch.equal(tensor, OTHERS[name]) for name, tensor in found.items())


def test_what_was_fetched_is_there_without_the_hub(server, monkeypatch):
    file = fetch(REPO, REVISION, SHA256)
    sent = server.sent
    assert fetch(REPO, REVISION, SHA256) == file and server.sent == sent
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert fetch(REPO, REVISION, SHA256) == file


def test_a_broken_connection_is_taken_up_at_the_next_byte(server):
    server.cuts = [8, HEADER, 1000, 1, 50_000]
    assert_whole(fetch(REPO, REVISION, SHA256))
    assert server.sent == HEADER + NEEDED


def test_the_next_run_goes_on_where_the_last_one_gave_up(server):
    server.cuts = [8, HEADER, 70_000, *[0] * hub.TRIES]
    with pytest.raises(ValueError, match="could not be fetched"):
        fetch(REPO, REVISION, SHA256)
    server.cuts, server.sent = [], 0
    assert_whole(fetch(REPO, REVISION, SHA256))
    assert server.sent == HEADER + NEEDED - 70_000


def test_another_file_under_the_same_name_is_refused(server):
    server.etag = "f" * 64
    with pytest.raises(ValueError, match=f"not the published file: its SHA-256 is {'f' * 64}, not {SHA256}"):
        fetch(REPO, REVISION, SHA256)
    assert server.sent == 0


def test_a_server_that_sends_only_whole_files_is_refused_before_it_does(server):
    server.ranges = False
    with pytest.raises(ValueError, match="does not send parts of files"):
        fetch(REPO, REVISION, SHA256)


def test_a_file_that_is_not_there_is_said_in_one_sentence(server):
    with pytest.raises(ValueError, match=f"{REPO}x could not be fetched from {server.address} \\(.*404.*\\)") as caught:
        fetch(f"{REPO}x", REVISION, SHA256)
    assert "\n" not in str(caught.value)


def test_a_hub_that_cannot_be_reached_is_said_in_one_sentence(server, monkeypatch):
    nobody = "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", nobody)
    with pytest.raises(ValueError, match=r"could not be fetched .* the network vgg19 needs no download\.") as caught:
        fetch(REPO, REVISION, SHA256)
    assert "\n" not in str(caught.value)


def test_a_hub_that_falls_silent_is_not_waited_for(server, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.05)
    server.silent = True
    with pytest.raises(ValueError, match=r"could not be fetched .*timed out"):
        fetch(REPO, REVISION, SHA256)


def test_offline_nobody_is_asked(server, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ValueError, match=r"offline mode is enabled\); the network vgg19 needs no download\.$"):
        fetch(REPO, REVISION, SHA256)
    assert not server.asked


def test_visitors_at_once_fetch_it_once(server):
    with ThreadPoolExecutor(4) as visitors:
        files = set(visitors.map(lambda _: fetch(REPO, REVISION, SHA256), range(4)))
    assert len(files) == 1 and server.sent == HEADER + NEEDED
    assert_whole(files.pop())


def test_two_programs_at_once_fetch_it_once(server, tmp_path):
    """As a user sets it up: the Hub's address and the cache are named by the environment."""
    code = f"import runpy; print(runpy.run_path({hub.__file__!r})['fetch']({REPO!r}, {REVISION!r}, {SHA256!r}))"
    said = os.environ | {"HF_ENDPOINT": server.address, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"}
    programs = [subprocess.Popen([sys.executable, "-c", code], env=said, stdout=subprocess.PIPE) for _ in range(2)]
    files = {program.communicate(timeout=240)[0].decode().strip() for program in programs}
    assert [program.returncode for program in programs] == [0, 0]
    (file,) = files
    assert file.startswith(str(tmp_path / "home"))
    assert server.sent == HEADER + NEEDED


def cached(tmp_path):
    (file,) = tmp_path.rglob(ASKED[1])
    return file


def test_a_small_file_comes_whole_and_stays(server, monkeypatch, tmp_path):
    server.cuts = [8000, 0, 1]
    assert fetch_whole(*ASKED) == SMALL
    assert server.sent == len(SMALL)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert fetch_whole(*ASKED) == SMALL == cached(tmp_path).read_bytes()
    assert server.sent == len(SMALL)


def test_a_small_file_that_was_damaged_is_fetched_anew(server, tmp_path):
    fetch_whole(*ASKED)
    cached(tmp_path).write_bytes(SMALL[:-1])
    assert fetch_whole(*ASKED) == SMALL == cached(tmp_path).read_bytes()
    assert server.sent == 2 * len(SMALL)


def test_other_bytes_under_the_name_of_a_small_file_are_refused_and_not_kept(server, tmp_path):
    """Whatever checksum the Hub itself believes in."""
    (path,) = (path for path in server.files if path.endswith(ASKED[1]))
    server.files[path], server.etag = SMALL[::-1], ASKED[3]
    with pytest.raises(OSError, match=rf"^it is not the published file: its SHA-256 is \w+, not {ASKED[3]}$"):
        fetch_whole(*ASKED)
    assert not list(tmp_path.rglob(ASKED[1]))
    server.files[path] = b"x" * (hub.LARGEST + 1)
    with pytest.raises(OSError, match="far larger than the published file"):
        fetch_whole(*ASKED)
    assert server.sent == len(SMALL)


def test_the_reason_why_a_small_file_is_not_to_be_had_fits_into_a_sentence(server, monkeypatch):
    del server.files["/someone/small/resolve/main/small.onnx"]
    with pytest.raises(OSError, match=r"^404[^\n]*[^.\n]$"):
        fetch_whole(*ASKED)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(OSError, match=r"offline mode is enabled$"):
        fetch_whole(*ASKED)


def test_visitors_at_once_fetch_a_small_file_once(server):
    with ThreadPoolExecutor(4) as visitors:
        assert set(visitors.map(lambda _: fetch_whole(*ASKED), range(4))) == {SMALL}
    assert server.sent == len(SMALL)
