"""Paint the finished pictures of the page anew, each with its film: python examples/paint.py

Which photo, which painting, how large and with which settings is said in results.json; unsaid settings are defaults.
With `--cards` only the picture that is shown of a link to the page, and its icon, are made again from what is there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageOps

HERE = Path(__file__).parent
FILMS = HERE / "films.json"  # which steps each film shows
sys.path.insert(0, str(HERE.parent))

from nst import Settings, load_vgg, stylize  # noqa: E402
from nst.export import FRAMES_PER_SECOND, time_lapse  # noqa: E402
from nst.image import open_picture  # noqa: E402

FILM_SIDE, FILM_SECONDS, FILM_HOLD = 384, 4, 1.0  # pixels of the long side; the last picture is held longer
QUALITY = 84  # of a picture: the page opens with one
CARD, ICON = (1200, 630), 64  # pixels


def main() -> None:
    results = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    if "--cards" not in sys.argv:
        for result in results:
            paint(result)
    cards(results[0])


def paint(result: dict[str, Any]) -> None:
    """One picture and its film."""
    photo, painting = _photo(result), open_picture(HERE / "style" / f"{result['painting']}.jpg")
    settings = Settings(size=result["size"], **result["settings"])
    shots = [_small(photo)]
    for frame in stylize(photo, painting, settings, load_vgg(settings.backbone)):
        print(f"\r{result['photo']}, {result['painting']}: {frame.progress:.0%} ", end="", flush=True)
        shots.append(_small(frame.image))
    frame.image.save(_file(result, "jpg"), quality=QUALITY, optimize=True)
    count = min(len(shots), FILM_SECONDS * FRAMES_PER_SECOND)
    places = [round(shot * (len(shots) - 1) / (count - 1)) for shot in range(count)]
    shots = [shots[place].resize(shots[-1].size) for place in places]
    time_lapse(shots, _file(result, "mp4"), hold=FILM_HOLD)
    steps = json.loads(FILMS.read_text(encoding="utf-8")) if FILMS.exists() else {}
    steps[_file(result, "mp4").stem] = places
    FILMS.write_text(json.dumps(steps) + "\n", encoding="utf-8")
    print(f"in {frame.seconds:.0f} s")


def cards(result: dict[str, Any]) -> None:
    """For a link: the photo on the left becomes the picture on the right. For a tab: a small piece of the picture."""
    with Image.open(_file(result, "jpg")) as picture:
        after = ImageOps.fit(picture.convert("RGB"), CARD, Image.Resampling.LANCZOS)
        icon = ImageOps.fit(picture.convert("RGB"), (ICON, ICON), Image.Resampling.LANCZOS, centering=(0.62, 0.3))
    card = ImageOps.fit(_photo(result), CARD, Image.Resampling.LANCZOS)
    middle = CARD[0] // 2
    card.paste(after.crop((middle, 0, *CARD)), (middle, 0))
    ImageDraw.Draw(card).rectangle((middle - 2, 0, middle + 1, CARD[1]), fill="white")
    card.save(HERE / "link-preview.jpg", quality=85, optimize=True)
    corners = Image.new("L", (4 * ICON, 4 * ICON))
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, 4 * ICON - 1, 4 * ICON - 1), ICON, fill=255)
    icon.putalpha(corners.resize((ICON, ICON), Image.Resampling.LANCZOS))
    icon.save(HERE / "icon.png", optimize=True)


def _photo(result: dict[str, Any]) -> Image.Image:
    return open_picture(HERE / "content" / f"{result['photo']}.jpg")


def _file(result: dict[str, Any], kind: str) -> Path:
    return HERE / "results" / f"{result['photo']}--{result['painting']}.{kind}"


def _small(picture: Image.Image) -> Image.Image:
    return ImageOps.contain(picture.convert("RGB"), (FILM_SIDE, FILM_SIDE))


if __name__ == "__main__":
    main()
