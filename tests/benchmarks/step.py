"""One step against its limit: the bare convolutions, same precision, same layout, same run.

    python -m tests.benchmarks.step [--sizes 256 512 ...] [--rounds 7]

The bare convolutions are the forward and the input-gradient pass of each convolution that the
default layers need, on ready maps. Steps and convolutions are timed in turn; medians are printed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F

from nst import Settings, load_vgg
from nst.device import best_device
from nst.image import open_picture, to_pixels
from nst.objective import objective_for
from nst.solver import make_solver
from tests.benchmarks.quality import EXAMPLES


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def bare_convolutions(network, height: int, width: int) -> Callable[[], None]:
    calls, block = [], "1"
    for name, (weight, bias) in network.convolutions.items():
        if name[4] != block:
            block, height, width = name[4], height // 2, width // 2
        maps = [
            torch.randn(1, channels, height, width).to(network.dtype, memory_format=torch.channels_last)
            for channels in (weight.shape[1], weight.shape[0])
        ]
        calls.append((maps[0].requires_grad_(), weight, bias, maps[1]))
        if name == "conv5_1":
            break

    def run() -> None:
        for into, weight, bias, gradient in calls:
            torch.autograd.grad(F.conv2d(into, weight, bias, padding=1), into, gradient)

    return run


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 768])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    device, settings = best_device(), Settings()
    network = load_vgg().to(device.place, device.dtype)
    painting = open_picture(EXAMPLES / "style/van-gogh-starry-night.jpg")
    print(
        f"{device.place}, {device.dtype}, {torch.get_num_threads()} threads, median of {options.rounds} rounds in turn"
    )
    print(f"{'pixels':>10} {'step':>9} {'bare convolutions':>18} {'ratio':>6} {'solver':>7}")
    for size in options.sizes:
        width, height = size, size * 3 // 4
        photo = to_pixels(open_picture(EXAMPLES / "content/brandenburg-gate.jpg"), (width, height))
        objective = objective_for(photo, [painting], None, settings, network)
        solver, state = make_solver(settings.optimizer, settings.learning_rate), {"pixels": photo, "solver": []}

        def step(objective=objective, solver=solver, state=state) -> None:
            gradient, _ = objective(state["pixels"])
            state["solver"].append(
                seconds(lambda: state.update(pixels=solver.step(state["pixels"], gradient).clamp(0, 1)))
            )

        bare = bare_convolutions(network, height, width)
        for _ in range(11):  # the solver's memory is full, and all is warm
            step() if size <= 512 or len(state["solver"]) < 3 else None
        bare()
        rows = [(seconds(step), seconds(bare)) for _ in range(options.rounds)]
        steps, bares = (statistics.median(column) for column in zip(*rows, strict=True))
        ratio = statistics.median(a / b for a, b in rows)
        solving = statistics.median(state["solver"][-options.rounds :]) / steps
        print(f"{width:>5}x{height:<4} {steps:8.3f}s {bares:17.3f}s {ratio:6.2f} {solving:6.1%}", flush=True)


if __name__ == "__main__":
    main()
