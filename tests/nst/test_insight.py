"""What the network sees, with answers that are known."""

from __future__ import annotations

import numpy as np
from PIL import Image

from nst.insight import CONTENT_LAYERS, STYLE_LAYERS, colored_likes, gram_picture, kept_by, known_up_to
from nst.matching import Likes
from nst.settings import shares
from nst.transfer import stylize
from tests.painting import noise
from tests.tiny import CPU, tiny_vgg


def test_each_picture_is_of_what_it_says() -> None:
    for layer in CONTENT_LAYERS:
        asked = kept_by(layer, 64, 5)
        assert (list(shares(asked.content_layers)), asked.style_weight, asked.init) == ([layer], 0, "noise")
    for count, layer in enumerate(STYLE_LAYERS, 1):
        asked = known_up_to(layer, 64, 5)
        assert tuple(shares(asked.style_layers)) == STYLE_LAYERS[:count]
        assert (asked.content_weight, asked.init) == (0, "noise")


def test_one_layer_alone_brings_the_photo_back() -> None:
    photo, painting = noise(64, 48, 1), noise(64, 48, 2)
    *_, last = stylize(photo, painting, kept_by("relu1_1", 64, 60), tiny_vgg(width=12), CPU)
    assert np.abs(np.asarray(last.image, float) - np.asarray(photo, float)).mean() < 8


def test_the_painting_does_not_matter_to_what_is_kept() -> None:
    photo, network = noise(64, 48, 1), tiny_vgg()
    runs = [stylize(photo, noise(64, 48, seed), kept_by("relu2_1", 64, 3), network, CPU) for seed in (2, 3)]
    first, second = (list(run)[-1].image for run in runs)
    assert first.tobytes() == second.tobytes()


def test_a_gram_matrix_is_symmetric_with_a_white_diagonal() -> None:
    picture = gram_picture(noise(64, 48, 1), tiny_vgg(width=6), "relu2_1", 64, CPU)
    values = np.asarray(picture, int)
    assert picture.size == (6, 6)
    assert np.array_equal(values, values.transpose(1, 0, 2))
    diagonal = {tuple(values[i, i]) for i in range(6)}
    assert diagonal <= {(247, 245, 241), (19, 18, 16)}  # a feature goes with itself, or is nowhere


def test_a_part_has_the_colour_of_the_place_in_the_painting_where_its_like_is() -> None:
    """A picture that is its own painting, upside down, with one corner not painted."""
    rows, columns = np.meshgrid((np.arange(6) + 0.5) / 6, (np.arange(8) + 0.5) / 8, indexing="ij")
    numbers = np.zeros((6, 8), np.int64)
    numbers[0, 0] = -1
    black = Image.new("RGB", (800, 600))
    likes = Likes(numbers, rows[::-1].astype(np.float32), columns.astype(np.float32))
    (of_painting,), of_picture = colored_likes(likes, [black], 80)
    assert of_painting.size == of_picture.size == (80, 60)
    painting, picture = (np.asarray(one, int) for one in (of_painting, of_picture))
    assert (np.abs(painting[::-1][5::10, 5::10] - 0.75 * picture[5::10, 5::10])[1:].max()) < 12
    assert (
        picture[5, 5].tolist() == [128, 128, 128]
        and len({tuple(one) for one in picture[5::10, 5::10].reshape(-1, 3)}) == 48
    )


def test_two_paintings_have_colours_of_their_own() -> None:
    likes = Likes(np.array([[0, 1]]), np.full((1, 2), 0.5, np.float32), np.full((1, 2), 0.5, np.float32))
    _, picture = colored_likes(likes, [noise(32, 32, 1), noise(32, 32, 2)], 2)
    assert picture.getpixel((0, 0)) != picture.getpixel((1, 0))
