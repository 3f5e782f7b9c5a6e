"""Which of Gradio's files every browser will need as the page opens.

Left alone, it learns of them in four rounds: a script names the next ones, and the line rests meanwhile. Gradio's
scripts are bundled by Vite, which writes down what each part needs. Where that is not found, a browser asks as it
always did.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

import gradio as gr

ASSETS = Path(gr.__file__).parent / "templates" / "frontend" / "assets"
ENTRY = re.compile(rb'src="\./assets/(index-[\w-]+\.js)"')
CONFIG = re.compile(rb"(window\.gradio_config = )(\{.*?\})(;\s*</script>)", re.DOTALL)
NAMES = re.compile(r"m\.f=(\[[^\]]*\])")  # all files that a script may ask for later
IMPORT = r"import\(`\./([^`]+)`\)[^_]*?__vite__mapDeps\(\[([\d,]*)\]"  # a file, and which of those names come along
PAGE = re.compile(IMPORT.replace(r"([^`]+)", r"(Blocks-[^`]+)"))
PARTS = re.compile(r"(\w+):\{(?:(?:base|example):[^{}]*)?component:[^{}]*?" + IMPORT)  # of a kind of component


@lru_cache(maxsize=8)
def first_files(body: bytes) -> tuple[str, ...]:
    """Names in `assets/`, those first that are needed first.

    Args:
        body: The page's HTML as Gradio made it.
    """
    entry, config = ENTRY.search(body), CONFIG.search(body)
    if not entry or not config:
        return ()
    first = entry[1].decode()
    at_once = _names(first)
    needed, shown = [first, *at_once], _shown(config[2])
    for name in (one for one in at_once if one.endswith(".js")):
        script, names = _script(name), _names(name)
        needed += [one for found in PAGE.finditer(script) for one in _parts(found[1], found[2], names)]
        kinds = {found[1]: _parts(found[2], found[3], names) for found in PARTS.finditer(script)}
        needed += [one for kind in shown for one in kinds.get(kind, ())]
    return tuple(dict.fromkeys(needed))


def _parts(name: str, numbers: str, names: list[str]) -> list[str]:
    return [name, *(names[int(number)] for number in numbers.split(",") if number)]


@lru_cache(maxsize=32)
def _script(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _names(name: str) -> list[str]:
    found = NAMES.search(_script(name))
    return [one.removeprefix("./") for one in json.loads(found[1])] if found else []


def _shown(config: bytes) -> list[str]:
    """The kinds of components that a visitor sees; those of the API alone are none."""
    components = json.loads(config)["components"]
    return list(dict.fromkeys(one["type"] for one in components if one["props"].get("visible") is not False))
