"""Paint the finished pictures of the page anew: python examples/paint.py

Which photo, which painting and which settings is said in results.json; unsaid settings are defaults.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from nst import Settings, load_vgg, stylize  # noqa: E402
from nst.image import open_picture  # noqa: E402


def main() -> None:
    for result in json.loads((HERE / "results.json").read_text(encoding="utf-8")):
        photo = open_picture(HERE / "content" / f"{result['photo']}.jpg")
        painting = open_picture(HERE / "style" / f"{result['painting']}.jpg")
        settings = Settings(**result["settings"])
        for frame in stylize(photo, painting, settings, load_vgg(settings.backbone)):
            print(f"\r{result['photo']}, {result['painting']}: {frame.progress:.0%} ", end="", flush=True)
        frame.image.save(HERE / "results" / f"{result['photo']}--{result['painting']}.jpg", quality=90, optimize=True)
        print(f"in {frame.seconds:.0f} s")


if __name__ == "__main__":
    main()
