"""This demo as a Space of Hugging Face: python -m nst.deploy OWNER/NAME"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import HfApi, SpaceHardware
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError
from huggingface_hub.utils._paths import filter_repo_objects

ROOT = Path(__file__).parents[1]
PUSHED = ["app.py", "README.md", "LICENSE", "requirements.txt", "nst/**", "studio/**", "examples/**", "docs/**"]
KEPT_BACK = ["**/__pycache__/**", "*.pyc", "*.pyi"]
# Of a new Space. Its owner may change them there.
LIMITS = {"NST_MAX_SIZE": "1024", "NST_MAX_STEPS": "500", "NST_DEADLINE": "100"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Push the app. Returns the exit code: 0 done, 2 refused."""
    options = _parser().parse_args(arguments)
    if options.dry_run:
        files = pushed_files()
        print("\n".join(files))
        megabytes = sum((ROOT / file).stat().st_size for file in files) / 1e6
        print(f"{len(files)} files, {megabytes:.1f} MB, would go to https://huggingface.co/spaces/{options.space}")
        return 0
    try:
        print(deploy(options.space, options.hardware, options.private))
    except (HfHubHTTPError, HFValidationError, LocalTokenNotFoundError) as error:
        print(f"nst.deploy: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nst.deploy", description=__doc__)
    parser.add_argument("space", metavar="OWNER/NAME")
    parser.add_argument(
        "--hardware", type=SpaceHardware, help="such as zero-a10g or cpu-basic; as the account has it if not said"
    )
    parser.add_argument("--private", action="store_true", help="only for you")
    parser.add_argument("--dry-run", action="store_true", help="only say which files would be pushed")
    return parser


def pushed_files() -> list[str]:
    """What belongs to the app, and nothing else that may lie around here."""
    everything = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.is_file())
    return list(filter_repo_objects(everything, allow_patterns=PUSHED, ignore_patterns=KEPT_BACK))


def deploy(space: str, hardware: SpaceHardware | None = None, private: bool = False) -> str:
    """Create the Space if there is none, and make its files these. Returns the address.

    Your token is the one of `hf auth login` or of the variable HF_TOKEN.
    """
    hub = HfApi()
    hub.create_repo(
        space,
        repo_type="space",
        space_sdk="gradio",
        space_hardware=hardware,
        space_variables=[{"key": name, "value": value} for name, value in LIMITS.items()],
        private=private,
        exist_ok=True,
    )
    hub.upload_folder(
        repo_id=space,
        repo_type="space",
        folder_path=ROOT,
        allow_patterns=PUSHED,
        ignore_patterns=KEPT_BACK,
        delete_patterns="*",
        commit_message="The demo as it is now",
    )
    return f"{hub.endpoint}/spaces/{space}"


if __name__ == "__main__":
    sys.exit(main())
