"""Where a run happens: here, or on ZeroGPU in a forked process that has the GPU for as long as it asked for.

Out of that process comes only what can be pickled, and nothing that torch shares between processes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any

from nst import Commission, load_vgg
from nst.cost import step_cost
from nst.device import PLAIN_CPU, prepare_forked_process
from nst.plan import scales
from nst.resilient import RunFrame, resilient
from studio import limits
from studio.runs import backend
from studio.runs.throttle import paced

ZERO_GPU = os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "true")

BEGINNING = 6.0  # seconds: the fork, the network on its way to the GPU, the first step
MEGAPIXEL_STEP = 0.05  # seconds of a default step for each million pixels: for a GPU slower than any that is offered
SHORTEST, LONGEST = 10, 110  # seconds that a run asks for


def borrowed(seconds: int | Callable[..., int]) -> Callable[[Any], Any]:
    """A decorator for what needs the GPU. Where there is no ZeroGPU it changes nothing."""
    if not ZERO_GPU:
        return lambda function: function
    import spaces

    decorator: Callable[[Any], Any] = spaces.GPU(duration=seconds)
    return decorator


def seconds_for(commission: Commission) -> int:
    """How long the GPU is needed: the less is asked for, the sooner it is lent."""
    settings = commission.settings
    work = [
        one.steps * step_cost(one.of(settings), one.pixels) / 1e6 for one in scales(*commission.content.size, settings)
    ]
    needed = min(BEGINNING + MEGAPIXEL_STEP * sum(work), limits.LIMITS.seconds + BEGINNING)
    return round(min(max(needed, SHORTEST), LONGEST))


def painted(commission: Commission) -> Generator[RunFrame, None, None]:
    """The frames of a run.

    Raises:
        ValueError: if a picture is missing or a setting makes no sense, before the first step.
    """
    if not ZERO_GPU:
        return _resilient(commission, seconds=limits.LIMITS.seconds, engine=backend.engine())
    _resilient(commission, device=PLAIN_CPU).close()  # only to hear what is wrong
    frames: Generator[RunFrame, None, None] = _in_its_own_process(commission)
    return frames


def _resilient(commission: Commission, **how: Any) -> Generator[RunFrame, None, None]:
    return resilient(commission, load_vgg(commission.settings.backbone), **how)


@borrowed(seconds_for)
def _in_its_own_process(commission: Commission) -> Iterator[RunFrame]:
    prepare_forked_process()
    run = _resilient(commission, seconds=min(limits.LIMITS.seconds, seconds_for(commission) - 2))  # before it ends
    with closing(paced(run)) as shown:
        for frame in shown:
            yield frame.able_to_travel()
