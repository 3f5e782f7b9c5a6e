"""The folders of the page import downwards only, and nothing imports in a circle."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATHS = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in (ROOT / "studio").rglob("*.py")
    if path.name != "__init__.py"
}
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
ALLOWED = {  # folder -> the folders that it may import from, besides itself; "" are the modules for everybody
    "": set(),
    "components": {""},
    "runs": {"", "components"},
    "panels": {"", "components", "runs"},
    "api": {"", "components", "runs"},
    "server": {"", "components", "runs"},
    "page": {"", "components", "runs", "panels", "api", "server"},
}


def folder(module: str) -> str:
    _, *folders, name = module.split(".")
    return folders[0] if folders else "page" if name == "page" else ""


def imports(module: str) -> set[str]:
    """The modules of the page that it imports anywhere: for types only, or late, too."""
    found = set()
    for node in ast.walk(ast.parse(PATHS[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found & set(PATHS)


@pytest.mark.parametrize("module", sorted(PATHS))
def test_a_module_imports_only_from_below(module: str) -> None:
    above = {other for other in imports(module) if folder(other) not in ALLOWED[folder(module)] | {folder(module)}}
    assert above == set()


def test_there_is_no_circle() -> None:
    left = {module: imports(module) for module in PATHS}
    while free := {module for module, others in left.items() if not others}:
        left = {module: others - free for module, others in left.items() if module not in free}
    assert left == {}, "these modules import each other in a circle, or import some that do"


def test_what_every_panel_is_given_knows_none_of_them() -> None:
    assert imports("studio.components.page_components") == set()


@pytest.mark.parametrize("module", sorted(PATHS))
def test_no_function_takes_more_than_six_parameters(module: str) -> None:
    functions = [node for node in ast.walk(ast.parse(PATHS[module].read_text("utf-8"))) if isinstance(node, FUNCTION)]
    long = [one.name for one in functions if len(one.args.posonlyargs + one.args.args + one.args.kwonlyargs) > 6]
    assert long == []
