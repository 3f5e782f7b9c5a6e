"""Imports point one way, and heavy or unwelcome packages stay out of the engine."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {  # module -> the modules of nst that it may import
    "openmp": set(),
    "mistakes": set(),
    "recipes": set(),
    "arrows": {"mistakes"},
    "settings": {"arrows", "mistakes", "recipes"},
    "gate": set(),
    "gate.bitmaps": set(),
    "gate.films": {"gate.light", "gate.wire"},
    "gate.light": {"gate.srgb"},
    "gate.limits": set(),
    "gate.pictures": {"gate", "gate.bitmaps", "gate.srgb", "gate.tiffs", "gate.wire"},
    "gate.pool": {"gate.wire"},
    "gate.srgb": set(),
    "gate.tiffs": {"gate.srgb", "gate.wire"},
    "gate.wire": set(),
    "gate.worker": {"gate.limits", "gate.wire"},
    "image": {"gate.srgb", "image.color", "image.decode", "image.pixels"},
    "image.color": set(),
    "image.decode": {"gate.pool", "gate.wire", "mistakes"},
    "image.pixels": {"gate.srgb"},
    "wrap": set(),
    "masks": {"mistakes"},
    "subject": {"mistakes"},
    "tables": set(),
    "blur": set(),
    "precision": set(),
    "losses": {"precision", "tables", "wrap"},
    "convolution": set(),
    "onednn": {"convolution"},
    "winograd": {"convolution", "wrap"},
    "probe": {"onednn", "winograd"},
    "vgg": {"mistakes", "onednn", "probe", "winograd", "wrap"},
    "device": {"probe"},
    "solvers": {"solvers.first_order", "solvers.lbfgs", "wrap"},
    "solvers.first_order": {"solvers.pyramid", "wrap"},
    "solvers.lbfgs": {"solvers.pyramid", "wrap"},
    "solvers.pyramid": {"wrap"},
    "hub": {"mistakes"},
    "faces": {"hub", "mistakes"},
    "weights": {"hub", "vgg"},
    "record": {"mistakes", "settings", "version", "vgg"},
    "tiles": {"mistakes", "wrap"},
    "version": set(),
    "points": {"precision", "tables", "tiles", "wrap"},
    "strokes": {"arrows", "blur", "image", "wrap"},
    "matching": {"blur", "strokes", "tables", "wrap"},
    "view": {"points", "settings", "tiles", "vgg", "wrap"},
    "terms": {"losses", "matching", "points", "precision", "tiles", "vgg"},
    "galleries": {"losses", "matching", "points", "precision", "strokes", "tables", "terms", "view"},
    "objective": {"galleries", "losses", "matching", "points", "settings", "terms", "tiles", "view"},
    "targets": {
        "arrows",
        "galleries",
        "image",
        "losses",
        "matching",
        "objective",
        "points",
        "precision",
        "settings",
        "strokes",
        "terms",
        "tiles",
        "vgg",
        "view",
        "wrap",
    },
    "knobs": {"losses", "settings"},
    "frame": {"image", "matching", "snapshot"},
    "plan": {
        "cost",
        "device",
        "image",
        "knobs",
        "matching",
        "settings",
        "solvers.lbfgs",
        "targets",
        "tiles",
        "vgg",
        "view",
        "wrap",
    },
    "canvas": {"device", "image", "settings", "snapshot", "solvers", "solvers.lbfgs", "solvers.pyramid", "wrap"},
    "colouring": {"image", "settings", "solvers.pyramid", "wrap"},
    "transfer": {
        "canvas",
        "colouring",
        "commission",
        "device",
        "frame",
        "image",
        "losses",
        "mistakes",
        "objective",
        "plan",
        "settings",
        "snapshot",
        "solvers",
        "targets",
        "vgg",
        "view",
    },
    "sketch": {
        "canvas",
        "colouring",
        "commission",
        "device",
        "image",
        "losses",
        "objective",
        "plan",
        "snapshot",
        "solvers",
        "targets",
        "transfer",
        "vgg",
        "view",
    },
    "insight": {"device", "image", "losses", "matching", "settings", "vgg"},
    "adjust": {"image", "mistakes", "settings"},
    "export": set(),
    "commission": {"faces", "mistakes", "settings"},
    "cost": {"matching", "settings", "targets", "vgg", "view"},
    "snapshot": {"commission", "vgg"},
    "checkpoint": {
        "files",
        "frame",
        "snapshot",
    },
    "resilient": {
        "commission",
        "device",
        "frame",
        "image",
        "plan",
        "settings",
        "transfer",
        "vgg",
    },
    "deploy": set(),
    "files": set(),
    "batch": {"files", "image"},
    "progress": set(),
    "film": {"commission", "device", "film.morph", "film.paint", "film.reading", "settings", "vgg"},
    "film.reading": {"gate.pool", "gate.wire", "image", "mistakes"},
    "film.flow": set(),
    "film.fill": {"blur"},
    "film.matches": {"film.flow", "galleries", "matching", "objective"},
    "film.paint": {
        "canvas",
        "colouring",
        "commission",
        "device",
        "faces",
        "film.fill",
        "film.flow",
        "film.matches",
        "frame",
        "image",
        "mistakes",
        "objective",
        "plan",
        "settings",
        "solvers",
        "solvers.pyramid",
        "targets",
        "transfer",
        "vgg",
        "view",
    },
    "film.morph": {
        "canvas",
        "colouring",
        "commission",
        "device",
        "film.paint",
        "frame",
        "image",
        "mistakes",
        "plan",
        "targets",
        "transfer",
        "vgg",
        "view",
    },
    "film.writing": {"batch", "files", "film.paint", "film.reading"},
    "film.command": {
        "commission",
        "device",
        "film.morph",
        "film.paint",
        "film.reading",
        "film.writing",
        "image",
        "plan",
        "progress",
        "record",
        "settings",
        "transfer",
        "vgg",
    },
    "cluster": {
        "commission",
        "device",
        "frame",
        "image",
        "matching",
        "solvers.pyramid",
        "transfer",
        "vgg",
    },
    "__init__": {
        "commission",
        "frame",
        "openmp",
        "settings",
        "transfer",
        "weights",
    },
    "__main__": {
        "batch",
        "checkpoint",
        "cluster",
        "commission",
        "export",
        "files",
        "film",
        "frame",
        "image",
        "masks",
        "plan",
        "progress",
        "record",
        "settings",
        "snapshot",
        "subject",
        "targets",
        "transfer",
        "vgg",
        "weights",
    },
}
FILES = {  # module -> its file; a package is the module of its __init__
    ".".join(path.relative_to(ROOT / "nst").with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "nst").rglob("*.py"))
}
MODULES = sorted(FILES)


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only"
            found |= {f"nst.{alias.name}" for alias in node.names} if node.module == "nst" else {str(node.module)}
    return found


@pytest.mark.parametrize("module", MODULES)
def test_a_module_of_the_engine_imports_only_what_lies_below_it(module):
    own = {name.removeprefix("nst.") for name in imported(FILES[module]) if name.startswith("nst")}
    assert own <= ALLOWED[module]


@pytest.mark.parametrize("module", MODULES)
def test_the_engine_knows_neither_gradio_nor_the_page(module):
    names = {name.partition(".")[0] for name in imported(FILES[module])}
    assert not names & {"gradio", "studio", "app", "tests"}


def test_the_engine_does_not_know_ray():
    knowing = [module for module in MODULES if "ray" in imported(FILES[module])]
    assert knowing == ["cluster"]


def test_only_the_gate_decodes_pictures_and_only_weights_reads_weights():
    for module in MODULES:
        source = FILES[module].read_text(encoding="utf-8")
        assert module in ("gate.films", "gate.pictures") or "Image.open(" not in source
        assert module == "weights" or "torch.load(" not in source
        assert module in ("weights", "checkpoint") or "safe_open(" not in source


def test_a_worker_of_the_gate_is_small_and_quick_to_start():
    for module in MODULES:
        assert not module.startswith("gate") or not any("torch" in name for name in imported(FILES[module]))


def test_the_page_uses_the_engine_and_not_the_other_way_round():
    for path in [ROOT / "app.py", *(ROOT / "studio").rglob("*.py")]:
        assert not any(name == "torch" or name.startswith("torch.") for name in imported(path)), path.name


def test_no_test_imports_from_another_or_from_conftest():
    for path in (ROOT / "tests").rglob("*.py"):
        for name in imported(path):
            last = name.rpartition(".")[2]
            assert not name.startswith("tests.") or not last.startswith(("test_", "conftest")), path.name
