"""Networks on the Hugging Face Hub: the convolutions of a large file without its classifier, or a small file whole."""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from huggingface_hub import cached_assets_path, constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError, HTTPError  # the latter is httpx's or httpx2's
from huggingface_hub.utils import WeakFileLock, build_hf_headers, hf_raise_for_status, http_stream_backoff, tqdm

from nst.mistakes import Mistake

LIBRARY = "neural-style-transfer"  # our folder among the assets in the hub's cache
FAULTS = (HTTPError, OSError, json.JSONDecodeError)  # of a Hub, and of the way there
PREFIX = "features."  # what torchvision and timm call the convolutions of a VGG
LONGEST_HEADER = 1_000_000  # bytes; a VGG has 3 kB
LARGEST = 10_000_000  # bytes of a file that is held whole
TRIES = 5  # in a row that bring no byte


def fetch(repo: str, revision: str, sha256: str) -> Path:
    """A small safetensors file of the convolutions: from the cache, or else from the Hub.

    Of a part of a file, this much can be checked: the commit is asked for by its hash, and the Hub must know its file
    by the published checksum. The bytes themselves are trusted when they first come, over TLS. Their own checksum is
    kept beside them, as `sha256sum` writes it, and whoever loads the file compares.

    Args:
        repo: Such as "timm/vgg16.tv_in1k", with a `model.safetensors`.
        revision: The commit, 40 hexadecimal digits.
        sha256: Of the whole `model.safetensors`; the Hub calls it the ETag.

    Raises:
        ValueError: if it is neither here nor to be had; one sentence that says why.
    """
    try:
        file = cached_assets_path(LIBRARY, repo, revision) / "convolutions.safetensors"
        if not file.exists():
            with WeakFileLock(file.with_suffix(".lock")):
                if not file.exists():  # nobody else has fetched it while we waited
                    _download(hf_hub_url(repo, "model.safetensors", revision=revision), sha256, file)
    except FAULTS as error:
        raise Mistake(
            "{repo} could not be fetched from {hub} ({reason}); the network vgg19 needs no download.",
            repo=repo,
            hub=constants.ENDPOINT,
            reason=_reason(error),
        ) from error
    return file


def fetch_whole(repo: str, name: str, revision: str, sha256: str) -> bytes:
    """A small file: from the cache, or else from the Hub. Its own checksum is compared each time.

    Args:
        name: Of the file in the repository.
        revision: A commit, or a branch where its hash is not known: the checksum says which bytes are meant.
        sha256: Of the file.

    Raises:
        OSError: if it is neither here nor to be had; its text is the reason, as a part of a sentence.
    """
    try:
        file = cached_assets_path(LIBRARY, repo, revision) / name
        if not _is_there(file, sha256):
            with WeakFileLock(file.with_suffix(".lock")):
                if not _is_there(file, sha256):
                    _write(file, _downloaded(hf_hub_url(repo, name, revision=revision), sha256))
        return file.read_bytes()
    except FAULTS as error:
        raise OSError(_reason(error)) from error


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0].partition(". ")[0].rstrip(".") or type(error).__name__


def _is_there(file: Path, sha256: str) -> bool:
    return file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() == sha256


def _downloaded(url: str, sha256: str) -> bytes:
    size = get_hf_file_metadata(url).size or 0
    if size > LARGEST:
        raise OSError("it is far larger than the published file")
    whole = io.BytesIO()
    _complete(whole, url, [range(size)])
    found = hashlib.sha256(whole.getvalue()).hexdigest()
    if found != sha256:
        raise OSError(f"it is not the published file: its SHA-256 is {found}, not {sha256}")
    return whole.getvalue()


def _download(url: str, sha256: str, file: Path) -> None:
    known_as = get_hf_file_metadata(url).etag
    if known_as != sha256:
        raise Mistake(
            "{url} is not the published file: its SHA-256 is {known_as}, not {sha256}.",
            url=url,
            known_as=known_as,
            sha256=sha256,
        )
    header, pieces = _plan(url)
    partial = file.with_suffix(".incomplete")
    with partial.open("ab") as rest:
        _complete(rest, url, pieces)
    content = header + partial.read_bytes()
    _write(file.with_name(f"{file.name}.sha256"), f"{hashlib.sha256(content).hexdigest()}  {file.name}\n".encode())
    _write(file, content)
    partial.unlink()


def _plan(url: str) -> tuple[bytes, list[range]]:
    """The header of the small file, and where in the large one its bytes are; neighbours are one piece."""
    start = 8 + int.from_bytes(b"".join(_read(url, range(8))), "little")
    if start > LONGEST_HEADER:
        raise OSError("its header is too long")
    stored: dict[str, Any] = json.loads(b"".join(_read(url, range(8, start))))
    tensors = [(name, tensor) for name, tensor in stored.items() if name.startswith(PREFIX)]
    small: dict[str, Any] = {}
    pieces: list[range] = []
    size = 0
    for name, tensor in sorted(tensors, key=lambda item: item[1]["data_offsets"]):
        begin, end = tensor["data_offsets"]
        small[name] = tensor | {"data_offsets": [size, size + end - begin]}
        size += end - begin
        joined = pieces.pop().start if pieces and pieces[-1].stop == start + begin else start + begin
        pieces.append(range(joined, start + end))
    text = json.dumps(small).encode()
    text += b" " * (-len(text) % 8)  # the tensors begin where their numbers are aligned
    return len(text).to_bytes(8, "little") + text, pieces


def _complete(rest: BinaryIO, url: str, pieces: list[range]) -> None:
    """Append what is missing; a bar shows how far it is."""
    with tqdm(  # type: ignore[no-untyped-call]
        total=sum(map(len, pieces)), initial=rest.tell(), desc=url.split("/resolve/")[0], unit="B", unit_scale=True
    ) as bar:
        _append(rest, url, pieces, bar)


def _append(rest: BinaryIO, url: str, pieces: list[range], bar: Any) -> None:
    """Where the connection breaks, it is taken up at the next byte."""
    idle = 0
    while missing := _missing(pieces, rest.tell()):
        before = rest.tell()
        try:
            for chunk in _read(url, missing):
                rest.write(chunk)
                bar.update(len(chunk))
            if rest.tell() == before:
                raise OSError("no bytes came")
        except HfHubHTTPError:
            raise
        except HTTPError:
            idle = 0 if rest.tell() > before else idle + 1
            if idle == TRIES:
                raise
            time.sleep(1)


def _missing(pieces: list[range], have: int) -> range | None:
    """What to read next, if the first `have` bytes of all pieces together are there."""
    for piece in pieces:
        if have < len(piece):
            return piece[have:]
        have -= len(piece)
    return None


def _read(url: str, part: range) -> Iterator[bytes]:
    """Some bytes of a file on the Hub, as they come. Whoever does not send parts is refused before the whole comes."""
    headers = build_hf_headers() | {"Range": f"bytes={part.start}-{part.stop - 1}", "Accept-Encoding": "identity"}
    with http_stream_backoff(
        "GET", url, headers=headers, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT, retry_on_exceptions=()
    ) as answer:
        hf_raise_for_status(answer)
        if not answer.headers.get("Content-Range", "").startswith(f"bytes {part.start}-{part.stop - 1}/"):
            raise OSError("it does not send parts of files")
        yield from answer.iter_bytes()


def _write(file: Path, content: bytes) -> None:
    """Write beside the goal, then rename: a file is there whole or not at all."""
    partial = file.with_name(f"{file.name}.new")
    partial.write_bytes(content)
    partial.replace(file)
