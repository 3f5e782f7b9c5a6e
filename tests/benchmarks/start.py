"""Around the loop: import, weights, first picture after the click, peak memory.

    python -m tests.benchmarks.start

Each row is measured in a process of its own. The first preview is timed at a program's side of
`/stylize` on a warm server, uploads included.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

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
MEMORY = f"""
import resource, sys
from nst import Settings, load_vgg, stylize
from nst.image import open_picture
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
libraries = peak()
for frame in stylize(open_picture("{PHOTO}"), open_picture("{PAINTING}"), Settings(size=int(sys.argv[1])), load_vgg()):
    pass
print(libraries, peak())
"""


def alone(program: str, *arguments: str) -> list[float]:
    quiet = os.environ | {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    run = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True, env=quiet
    )
    return [float(word) for word in run.stdout.split()]


def first_previews(sizes: list[int], rounds: int) -> dict[int, float]:
    os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "GRADIO_TEMP_DIR": tempfile.mkdtemp()}
    from gradio_client import Client, handle_file

    import app
    from studio.sitting import warm_up

    warm_up()
    _, address, _ = app.demo.launch(**app.LAUNCH, prevent_thread_lock=True, quiet=True)
    client = Client(address, verbose=False, download_files=False)
    waits: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size in sizes:
            began = time.perf_counter()
            job = client.submit(handle_file(PHOTO), handle_file(PAINTING), size=size, api_name="/stylize")
            next(iter(job))
            waits[size].append(time.perf_counter() - began)
            job.cancel()
    app.demo.close()
    return {size: statistics.median(times) for size, times in waits.items()}


def main() -> None:
    print(f"import app             {statistics.median(alone(IMPORT)[0] for _ in range(3)):6.2f} s")
    print(f"load_vgg               {statistics.median(alone(WEIGHTS)[0] for _ in range(3)):6.2f} s")
    for size in (256, 512):
        libraries, peak = alone(MEMORY, str(size))
        print(f"peak memory at {size:4} px {peak:6.2f} GiB, {peak - libraries:.2f} of it above the imported libraries")
    for size, seconds in first_previews([256, 512, 2048], rounds=5).items():
        print(f"first preview, {size:4} px {seconds:6.2f} s")


if __name__ == "__main__":
    main()
