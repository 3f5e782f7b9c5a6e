"""A running page for the tests that need one, and pictures small enough to be quick."""

from __future__ import annotations

import gc
import os
import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # tests in the background; programs that they start obey Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"
if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1:  # the cores are shared already
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Iterator
from pathlib import Path

import pytest

import studio.server.temp_dir  # noqa: F401  (before Gradio)


def pytest_configure(config: pytest.Config) -> None:
    """Gradio's own: event loops and sockets left to the garbage collector, an outdated option of pandas."""
    for warning in (
        "unclosed event loop:ResourceWarning",
        "unclosed <socket.socket:ResourceWarning",
        "'future.no_silent_downcasting' is deprecated:DeprecationWarning",
        "The copy keyword is deprecated:DeprecationWarning",
    ):
        config.addinivalue_line("filterwarnings", f"ignore:{warning}")
    gc.disable()  # until all tests are imported, which leaves nothing to collect


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a worker that waits for the browser or a server leaves its core to another."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who asks for a browser or a server is marked so; long tests come first, so that none ends alone."""
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        if "browser" in asked:
            item.add_marker(pytest.mark.browser)
        if asked & {"server", "machines", "target"}:
            item.add_marker(pytest.mark.server)
    long = {item.path for item in items if any(map(item.get_closest_marker, ("browser", "server", "slow")))}
    items.sort(key=lambda item: (item.path not in long, item.get_closest_marker("slow") is None))


def pytest_collection_finish() -> None:
    gc.freeze()  # nobody looks through a million objects that stay
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _tidy() -> Iterator[None]:
    yield
    gc.collect()  # what Gradio left behind goes now, while its warnings are still being ignored


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The page as visitors get it, on a free port; its address."""
    import app

    _, address, _ = app.demo.launch(**app.LAUNCH, prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    yield address
    app.demo.close()


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step is shown, however fast the machine."""
    monkeypatch.setattr("studio.runs.throttle.QUICKEST", 0.0)
    monkeypatch.setattr("studio.runs.throttle.SLOWEST", 0.0)


@pytest.fixture
def small_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A VGG-19 of few channels, and weights by chance, for tests that ask how runs go and not how pictures look."""
    from nst import weights
    from tests.tiny import SMALL_VGG19

    monkeypatch.setattr(weights, "BACKBONES", {**weights.BACKBONES, "vgg19": lambda: SMALL_VGG19})


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.painting import noise  # not above: who only hands out the tests needs no torch

    path = tmp_path_factory.mktemp("pictures") / "photo.png"
    noise(160, 120, 1).save(path)
    return path


@pytest.fixture(scope="session")
def painting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.painting import noise

    path = tmp_path_factory.mktemp("pictures") / "painting.jpg"
    noise(140, 140, 2).save(path, quality=95)
    return path
