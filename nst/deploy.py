"""This demo as a Space of Hugging Face: python -m nst.deploy OWNER/NAME"""

from __future__ import annotations

import argparse
import glob
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import HfApi, SpaceHardware
from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError
from huggingface_hub.utils import filter_repo_objects

ROOT = Path(__file__).parents[1]
PUSHED = [
    "app.py",
    "README.md",
    "LICENSE",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "requirements.txt",
    "nst/**",
    "studio/**",
    "examples/**",
    "docs/**",
]
OF_EVERY_SPACE = {".gitattributes", "README.md"}  # made with it
# Of a new Space. Its owner may change them there.
LIMITS = {
    "NST_MAX_SIZE": "1024",
    "NST_MAX_STEPS": "500",
    "NST_DEADLINE": "100",
    "NST_MAX_FILM_SIZE": "512",
    "NST_MAX_FILM_SECONDS": "10",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Push the app. Returns the exit code: 0 done, 2 refused."""
    options = _parser().parse_args(arguments)
    try:
        if options.dry_run:
            print(_plan(options.space))
        else:
            print(deploy(options.space, options.hardware, options.private, options.replace))
    except (HfHubHTTPError, LocalTokenNotFoundError, ValueError) as error:  # a bad name is a ValueError too
        print(f"nst.deploy: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2
    return 0


def _plan(space: str) -> str:
    files = pushed_files()
    megabytes = sum((ROOT / file).stat().st_size for file in files) / 1e6
    return "\n".join(
        [*files, f"{len(files)} files, {megabytes:.1f} MB, would go to https://huggingface.co/spaces/{space}"]
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nst.deploy", description=__doc__)
    parser.add_argument("space", metavar="OWNER/NAME")
    parser.add_argument(
        "--hardware", type=SpaceHardware, help="such as zero-a10g or cpu-basic; as the account has it if not said"
    )
    parser.add_argument("--private", action="store_true", help="only for you")
    parser.add_argument("--replace", action="store_true", help="delete what the Space has and this app has not")
    parser.add_argument("--dry-run", action="store_true", help="only say which files would be pushed")
    return parser


def pushed_files() -> list[str]:
    """What belongs to the app and is known to git: never what only lies around here, such as keys or private pictures.

    Raises:
        ValueError: if this is no checkout of git.
    """
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise ValueError(f"{ROOT} is no checkout of git, so nothing says which files belong to the app.") from None
    tracked = [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    return list(filter_repo_objects(tracked, allow_patterns=PUSHED))


def deploy(space: str, hardware: SpaceHardware | None = None, private: bool = False, replace: bool = False) -> str:
    """Create the Space if there is none, and make its files these. Returns the address.

    Your token is the one of `hf auth login` or of the variable HF_TOKEN.

    Args:
        replace: Whether files that a Space has already, and this app has not, may be deleted.

    Raises:
        ValueError: if there are such files and they may not; nothing was pushed then.
    """
    hub, files = HfApi(), pushed_files()
    others = sorted(set(_files_of(hub, space)) - {*files, *OF_EVERY_SPACE})
    if others and not replace:
        some = ", ".join(others[:3]) + (" ..." if len(others) > 3 else "")
        raise ValueError(f"{space} has files that this app has not ({some}). With --replace they are deleted.")
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
        allow_patterns=[glob.escape(name) for name in files],
        delete_patterns="*",
        commit_message="The demo as it is now",
    )
    return f"{hub.endpoint}/spaces/{space}"


def _files_of(hub: HfApi, space: str) -> list[str]:
    """Of a Space that exists; of any other none."""
    return hub.list_repo_files(space, repo_type="space") if hub.repo_exists(space, repo_type="space") else []


if __name__ == "__main__":
    sys.exit(main())
