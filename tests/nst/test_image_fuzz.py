"""The gate against pictures that nobody thought of: whatever comes, a clean picture or one sentence."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from nst.image import FORMATS, WORKING_SIDE, open_picture, read_text
from tests.pictures import encoded, quarters

pytestmark = pytest.mark.slow

WHOLE = [encoded(quarters(), format) for format in FORMATS]
SENTENCE = re.compile(r"The photo [^./\\\n<>\[\]_]+; please [^./\\\n<>\[\]_]+\.")
FEW = settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def comes_to_a_good_end(file: bytes) -> None:
    read_text(io.BytesIO(file))
    try:
        picture = open_picture(io.BytesIO(file), "photo")
    except ValueError as error:
        assert SENTENCE.fullmatch(str(error)), str(error)
    else:
        assert type(picture) is Image.Image
        assert (picture.mode, picture.info) == ("RGB", {})
        assert min(picture.size) >= 1 and max(picture.size) <= WORKING_SIDE


@FEW
@given(st.sampled_from([b"", *(file[:16] for file in WHOLE)]), st.binary(max_size=400))
def test_anything_behind_a_believable_beginning(head: bytes, rest: bytes) -> None:
    comes_to_a_good_end(head + rest)


@FEW
@given(st.sampled_from(WHOLE), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_bytes_changed_anywhere(file: bytes, changes: list[tuple[float, int]]) -> None:
    changed = bytearray(file)
    for share, byte in changes:
        changed[int(share * (len(file) - 1))] = byte
    comes_to_a_good_end(bytes(changed))


@FEW
@given(st.sampled_from(WHOLE), st.sampled_from(WHOLE), st.floats(0, 1), st.floats(0, 1))
def test_the_beginning_of_one_and_the_end_of_another(one: bytes, other: bytes, share: float, rest: float) -> None:
    comes_to_a_good_end(one[: int(share * len(one))] + other[int(rest * len(other)) :])
