"""Everything that needs a GPU to be seen, each as one check that says what it found."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import torch
from PIL import Image
from torch import Tensor

from nst import Commission, Frame, Settings, load_vgg
from nst.device import PLAIN_CPU, Device
from nst.image import open_picture, to_pixels
from nst.plan import final_size, in_tiles, room, rounds
from nst.recipes import RECIPES
from nst.resilient import resilient
from nst.targets import objective_for
from nst.tiles import SHARE
from nst.transfer import paint
from nst.vgg import VGG
from nst.view import View
from tests.benchmarks.quality import EXAMPLES
from tests.gpu.machine import GB, Machine, seconds
from tests.serving import ROOT

STEPS_WATCHED = 3  # in a row, for waits
AGREES = 0.05  # relative difference of a gradient in bfloat16
SAME = 2 / 255  # mean difference of two pictures whose sums were only taken in another order


@dataclass(frozen=True)
class Found:
    """What a check found: whether it is as it should be, and in which words it is told."""

    good: bool
    words: str


@dataclass(frozen=True)
class Bench:
    """What all checks work with.

    Attributes:
        small, large: Long sides in pixels: quick, and large enough for tiles.
    """

    machine: Machine
    network: VGG
    photo: Image.Image
    painting: Image.Image
    small: int
    large: int

    @classmethod
    def of(cls, machine: Machine, small: int, large: int) -> Bench:
        photo = open_picture(EXAMPLES / "content/brandenburg-gate.jpg")
        painting = open_picture(EXAMPLES / "style/van-gogh-starry-night.jpg")
        return cls(machine, load_vgg(), photo, painting, small, large)

    def commission(self, **knobs: object) -> Commission:
        return Commission(self.photo, [self.painting], Settings(**{"size": self.small, "enlarge": "yes", **knobs}))

    def last(self, **knobs: object) -> Frame:
        (frame,) = deque(paint(self.commission(**knobs), self.network, self.machine.device), maxlen=1)
        return frame

    def gradient(self, device: Device, matches: bool = True) -> Callable[[], Tensor]:
        """That of the default objective at noise."""
        place, network = device.place, self.network.to(device.place, device.dtype)
        pixels = to_pixels(self.photo, (self.small, self.small * 3 // 4)).to(place)
        objective = objective_for(pixels, [self.painting], None, View(network, Settings(), self.small))
        noise = torch.rand(pixels.shape, generator=torch.Generator().manual_seed(0)).to(place)
        objective = objective.matched(noise) if matches else objective
        return lambda: objective(noise)[0]


def device(bench: Bench) -> Found:
    place, dtype = bench.machine.device.place, bench.machine.device.dtype
    able = place.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    expected = torch.bfloat16 if able else torch.float32
    name = torch.cuda.get_device_name(place) if place.type == "cuda" else "the CPU"
    return Found(dtype is expected, f"{name}, {dtype}")


def precision(bench: Bench) -> Found:
    """The device's own type against float32 on the CPU, which all other tests know."""
    own, known = (bench.gradient(one, matches=False)().cpu() for one in (bench.machine.device, PLAIN_CPU))
    differs = float((own - known).norm() / known.norm())
    return Found(differs < AGREES, f"gradient differs by {differs:.2%} from float32 on the CPU")


def no_waiting(bench: Bench) -> Found:
    """Of all recipes, in steps that seek no matches."""
    waiting = {}
    for recipe in RECIPES:
        settings = Settings(recipe=recipe, size=bench.small, start_size=8192, steps=40)
        frames = paint(bench.commission(recipe=recipe, start_size=8192, steps=40), bench.network, bench.machine.device)
        for frame in frames:
            ahead = set(range(frame.step, frame.step + STEPS_WATCHED))
            if frame.step >= STEPS_WATCHED and not ahead & set(rounds(settings.steps, settings)):
                break
        found = bench.machine.waits(lambda frames=frames: list(islice(frames, STEPS_WATCHED)))  # type: ignore[misc]
        frames.close()
        if found:
            waiting[recipe] = sorted(set(found))
    words = "; ".join(f"{recipe} at {', '.join(places)}" for recipe, places in waiting.items())
    return Found(not waiting, f"the host waits in {words}" if waiting else f"no step of {len(RECIPES)} recipes waits")


def tiles(bench: Bench) -> Found:
    shallow = "relu1_1 relu2_1 relu3_1 relu4_1"  # deeper ones look so far that a small picture is one tile
    knobs = {"size": bench.large, "start_size": 8192, "steps": 3, "match_weight": 0.0, "style_layers": shallow}
    whole, settings = bench.last(**knobs), bench.commission(**knobs).settings
    in_halves, size = replace(settings, tile=bench.large // 2), final_size(*bench.photo.size, settings)
    enough = int(1.01 / SHARE * room(*size, in_halves, bench.network, bench.machine.device).memory)
    with bench.machine.leaving(enough):
        fit = in_tiles(*bench.photo.size, settings, bench.network, bench.machine.device)
        tiled = bench.last(**knobs)
    differs = abs(whole.pixels - tiled.pixels).mean()
    how = f"tiles of {fit.side} px" if fit else "no tiles"
    words = f"{how} with {enough / GB:.1f} GB free; the picture differs by {255 * differs:.2f} of 255"
    return Found(fit is not None and differs < SAME, words)


def out_of_memory(bench: Bench) -> Found:
    knobs = {"size": bench.large, "start_size": 8192, "steps": 4}
    peak = bench.machine.peak(lambda: bench.last(**knobs))
    with bench.machine.refusing(int(0.6 * peak * GB)) as engine:
        run = resilient(bench.commission(**knobs), bench.network, bench.machine.device, engine=engine)
        (last,) = deque(run, maxlen=1)
    words = f"{peak:.1f} GB at most, then with 0.6 times that: {last.note or 'nothing noticed'}, {max(last.size)} px"
    return Found(last.note == "smaller" and last.step == last.steps, words)


def two_at_once(bench: Bench) -> Found:
    """In turn and from two threads: both give the picture of a run alone, but for the order in which a GPU adds."""
    alone = bench.last(steps=8).pixels
    pairs = zip(*(paint(bench.commission(steps=8), bench.network, bench.machine.device) for _ in range(2)), strict=True)
    *_, turns = pairs
    there: list[Frame] = []
    threads = [threading.Thread(target=lambda: there.append(bench.last(steps=8))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    differs = max(float(abs(frame.pixels - alone).mean()) for frame in (*turns, *there))
    words = f"{2 + len(there)} of 4 ended; the pictures differ by {255 * differs:.2f} of 255 from one painted alone"
    return Found(len(there) == 2 and differs < SAME, words)


FORKED = """
from PIL import Image
from nst import Commission, Settings
from studio.runs.run import frames_of
photo = Image.linear_gradient("L").convert("RGB").resize((120, 80))
*_, last = frames_of(Commission(photo, [photo], Settings(size=96, steps=6, start_size=32)))
print(last.step, last.image.size)
"""


def fork(bench: Bench) -> Found:
    """As on ZeroGPU, by a stand-in for its package: a fresh process forks one that paints."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests/fakes")])
    said = os.environ | {"SPACES_ZERO_GPU": "true", "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", FORKED], env=said, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    painted = done.stdout.strip().endswith("6 (96, 64)")
    return Found(painted, "painted in a forked process" if painted else done.stderr.strip().splitlines()[-1][:200])


def graph(bench: Bench) -> Found:
    """Whether a gradient can be captured as a CUDA graph, and what that would save. The engine uses none."""
    machine = bench.machine
    gradient = bench.gradient(machine.device)
    into = gradient().clone()
    expected = into.clone()
    replay = machine.captured(lambda: into.copy_(gradient()))
    into.zero_()
    replay()
    machine.wait()
    plain, captured = (min(seconds(machine, work) for _ in range(5)) for work in (gradient, replay))
    same = torch.allclose(into, expected, rtol=1e-2, atol=1e-8)
    return Found(same, f"{1e3 * plain:.2f} ms plain, {1e3 * captured:.2f} ms as one graph, at {bench.small} px")


CHECKS: Sequence[Callable[[Bench], Found]] = (
    device,
    precision,
    no_waiting,
    tiles,
    out_of_memory,
    two_at_once,
    fork,
)
AT_THE_END = (graph,)  # a capture that fails may take the CUDA context with it
