"""Around the loop: imports, the first picture, what it costs to be watched, two at once, a queue.

    python -m tests.benchmarks.start [--rounds 3] [--size 512] [--visitors 8]

Imports and memory are measured in processes of their own; waiting at a program's side of `/stylize`
on a real server, started as a user starts it, uploads included.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress

from tests.benchmarks.report import Table

QUICK = ["--rounds", "1", "--size", "64", "--visitors", "5", "--steps", "2"]
PHOTO, PAINTING = "examples/content/suspension-bridge.jpg", "examples/style/van-gogh-starry-night.jpg"

IMPORT = """
import time; began = time.perf_counter()
import app
print(time.perf_counter() - began)
"""
WEIGHTS = """
import time; import nst; began = time.perf_counter()
nst.load_vgg()
print(time.perf_counter() - began)
"""
FIRST = f"""
from nst import Settings, load_vgg, stylize
from nst.image import open_picture
next(stylize(open_picture("{PHOTO}"), open_picture("{PAINTING}"), Settings(), load_vgg())).image
"""
TOGETHER = f"""
import sys, threading, time
from nst import Settings, load_vgg, stylize
from nst.image import open_picture
from tests.benchmarks.report import peak_memory
size, steps, runs = map(int, sys.argv[1:])
def paint():
    for frame in stylize(open_picture("{PHOTO}"), open_picture("{PAINTING}"), Settings(size=size, steps=steps), load_vgg()):
        pass
libraries, began = peak_memory(), time.perf_counter()
threads = [threading.Thread(target=paint) for _ in range(runs)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(libraries, peak_memory(), time.perf_counter() - began)
"""  # noqa: E501


def alone(program: str, *arguments: object) -> list[float]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=quiet())
    return [float(word) for word in run.stdout.split()]


def quiet(**more: str) -> dict[str, str]:
    return os.environ | {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"} | more


def seconds_alone(program: str) -> float:
    """From the start of the process to its end."""
    began = time.perf_counter()
    alone(program)
    return time.perf_counter() - began


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(**more: str) -> Iterator[str]:
    """The address of the app, started by `python app.py`, as soon as it answers."""
    port = free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        more |= {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": folder}
        process = subprocess.Popen([sys.executable, "app.py"], env=quiet(**more), stdout=subprocess.DEVNULL)
        try:
            while process.poll() is None:
                with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), 1)):
                    break
                time.sleep(0.05)
            if process.poll() is not None:
                raise RuntimeError(f"python app.py ended with {process.returncode}.")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def client_of(address: str):
    from gradio_client import Client

    return Client(address, verbose=False, download_files=False, analytics_enabled=False)


def submitted(client, **knobs: float):
    from gradio_client import handle_file

    return client.submit(handle_file(PHOTO), handle_file(PAINTING), **knobs, api_name="/stylize")


def first_preview(client, size: int) -> float:
    began = time.perf_counter()
    job = submitted(client, size=size)
    next(iter(job))
    waited = time.perf_counter() - began
    job.cancel()
    with suppress(Exception):
        job.result(timeout=60)
    return waited


def queue(address: str, visitors: int, size: int, steps: int) -> tuple[float, float]:
    """(seconds until the last of so many simultaneous visitors has a picture, until the first has)."""
    clients = [client_of(address) for _ in range(visitors)]
    with ThreadPoolExecutor(visitors) as pool:
        began = time.perf_counter()

        def visit(client) -> float:
            submitted(client, size=size, steps=steps).result()
            return time.perf_counter() - began

        ends = sorted(pool.map(visit, clients))
    return ends[-1], ends[0]


def watched(size: int, rounds: int) -> str:
    """The last line of the neighbouring benchmark."""
    command = [sys.executable, "-m", "tests.benchmarks.watching", "--size", str(size), "--rounds", str(rounds)]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=quiet()).stdout.strip()


def measure(arguments: list[str]) -> Iterator[Table]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--visitors", type=int, default=8)
    options = parser.parse_args(arguments)
    size, rounds = options.size, options.rounds
    rows: list[list[str | float]] = [
        ["import of the app, s", statistics.median(alone(IMPORT)[0] for _ in range(rounds))],
        ["load_vgg, s", statistics.median(alone(WEIGHTS)[0] for _ in range(rounds))],
        ["engine, process start to first frame, s", statistics.median(seconds_alone(FIRST) for _ in range(rounds))],
    ]
    for runs in (1, 2):
        libraries, peak, seconds = alone(TOGETHER, size, options.steps, runs)
        what = "one run" if runs == 1 else "two runs at once"
        rows.append(
            [f"{what}, {size} px: peak memory above the {libraries:.2f} of the libraries, GiB", peak - libraries]
        )
        rows.append([f"{what}, {size} px, s", seconds])
    import gradio_client  # noqa: F401  before the clock runs: it is the visitor's

    began = time.perf_counter()
    with server(NST_QUEUE=str(options.visitors), NST_QUEUE_EACH=str(options.visitors)) as address:
        rows.append(["python app.py until it answers, s", time.perf_counter() - began])
        client = client_of(address)
        first_preview(client, size)
        rows.append(["python app.py until the first preview, s", time.perf_counter() - began])
        for side in dict.fromkeys([min(256, size), size, min(2048, 4 * size)]):
            waits = [first_preview(client, side) for _ in range(rounds)]
            rows.append([f"first preview after the click, {side} px, s", statistics.median(waits)])
        began = time.perf_counter()
        submitted(client, size=min(256, size), steps=options.steps).result()
        one = time.perf_counter() - began
        last, first = queue(address, options.visitors, min(256, size), options.steps)
        rows.append([f"one visitor, {min(256, size)} px, s", one])
        rows.append([f"{options.visitors} visitors at once: the first has a picture after, s", first])
        rows.append([f"{options.visitors} visitors at once: the last has a picture after, s", last])
        rows.append(["pictures a minute in that queue", 60 * options.visitors / last])
        rows.append(["cost of the queue: last visitor against so many single ones", last / (options.visitors * one)])
    yield Table("Around the loop", ["what", "figure"], rows, [f"Watching: {watched(min(384, size), rounds)}"])


if __name__ == "__main__":
    from tests.benchmarks.report import publish

    publish(measure(sys.argv[1:]))
