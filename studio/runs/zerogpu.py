"""Where a run happens: here, or on ZeroGPU in a forked process that has the GPU for as long as it asked for.

Out of that process comes only what can be pickled, and nothing that torch shares between processes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any

from PIL import Image

from nst import Commission, Settings, load_vgg
from nst.device import PLAIN_CPU, prepare_forked_process
from nst.resilient import RunFrame, resilient
from nst.transfer import scales
from studio import limits
from studio.runs import backend
from studio.runs.throttle import paced

ZERO_GPU = os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "true")

BEGINNING = 6.0  # seconds: the fork, the network on its way to the GPU, the first step
MEGAPIXEL_STEP = 0.05  # seconds of a step for each million pixels: for a GPU slower than any that is offered
SHORTEST, LONGEST = 10, 110  # seconds that a run asks for


def borrowed(seconds: int | Callable[..., int]) -> Callable[[Any], Any]:
    """A decorator for what needs the GPU. Where there is no ZeroGPU it changes nothing."""
    if not ZERO_GPU:
        return lambda function: function
    import spaces

    return spaces.GPU(duration=seconds)


Masks = list[Image.Image] | None


def seconds_for(
    photo: Image.Image, paintings: list[Image.Image], settings: Settings, start: Image.Image | None, masks: Masks
) -> int:
    """How long the GPU is needed: the less is asked for, the sooner it is lent."""
    work = sum(scale.work for scale in scales(*photo.size, settings)) / 1e6
    asked = min(BEGINNING + MEGAPIXEL_STEP * work, limits.LIMITS.seconds + BEGINNING)
    return round(min(max(asked, SHORTEST), LONGEST))


def painted(
    photo: Image.Image,
    paintings: list[Image.Image],
    settings: Settings,
    start: Image.Image | None,
    masks: Masks,
) -> Generator[RunFrame, None, None]:
    """The frames of a run.

    Raises:
        ValueError: if a picture is missing or a setting makes no sense, before the first step.
    """
    network = load_vgg(settings.backbone)
    if not ZERO_GPU:
        seconds, engine = limits.LIMITS.seconds, backend.engine()
        return resilient(Commission(photo, paintings, settings, start, masks), network, None, seconds, engine)
    resilient(Commission(photo, paintings, settings, start, masks), network, PLAIN_CPU).close()  # to hear what is wrong
    return _in_its_own_process(photo, paintings, settings, start, masks)


@borrowed(seconds_for)
def _in_its_own_process(
    photo: Image.Image, paintings: list[Image.Image], settings: Settings, start: Image.Image | None, masks: Masks
) -> Iterator[RunFrame]:
    prepare_forked_process()
    seconds = min(limits.LIMITS.seconds, seconds_for(photo, paintings, settings, start, masks) - 2)  # before it ends
    commission = Commission(photo, paintings, settings, start, masks)
    run = resilient(commission, load_vgg(settings.backbone), seconds=seconds)
    with closing(paced(run)) as shown:
        for frame in shown:
            yield frame.able_to_travel()
