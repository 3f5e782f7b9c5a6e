"""Where a run happens: here, or on ZeroGPU in a forked process that has the GPU for as long as it asked for.

Out of that process comes only what can be pickled, and nothing that torch shares between processes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import Any, cast

from PIL import Image

from nst import load_vgg
from nst.device import PLAIN_CPU, in_a_forked_process
from nst.steady import Noted, steady
from nst.transfer import scales
from studio import limits
from studio.runs import backend
from studio.runs.job import Job
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

    decorator: Callable[[Any], Any] = spaces.GPU(duration=seconds)
    return decorator


def seconds_for(job: Job) -> int:
    """How long the GPU is needed: the less is asked for, the sooner it is lent."""
    if job.content is None:
        return SHORTEST
    work = sum(scale.work for scale in scales(*job.content.size, job.settings)) / 1e6
    needed = min(BEGINNING + MEGAPIXEL_STEP * work, limits.LIMITS.seconds + BEGINNING)
    return round(min(max(needed, SHORTEST), LONGEST))


def painted(job: Job) -> Generator[Noted, None, None]:
    """The frames of a run.

    Raises:
        ValueError: if a picture is missing or a setting makes no sense, before the first step.
    """
    if not ZERO_GPU:
        return _steady(job, seconds=limits.LIMITS.seconds, engine=backend.engine())
    _steady(job, device=PLAIN_CPU).close()  # only to hear what is wrong
    frames: Generator[Noted, None, None] = _in_its_own_process(job)
    return frames


def _steady(job: Job, **how: Any) -> Generator[Noted, None, None]:
    network = load_vgg(job.settings.backbone)
    content, styles = cast(Image.Image, job.content), cast(Sequence[Image.Image], job.styles)  # it says what is missing
    return steady(content, styles, job.settings, network, start=job.start, masks=job.masks, **how)


@borrowed(seconds_for)
def _in_its_own_process(job: Job) -> Iterator[Noted]:
    in_a_forked_process()
    run = _steady(job, seconds=min(limits.LIMITS.seconds, seconds_for(job) - 2))  # before it ends
    with closing(paced(run)) as shown:
        for frame in shown:
            yield frame.able_to_travel()
