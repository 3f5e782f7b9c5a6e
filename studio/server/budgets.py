"""What one visitor may take up: bytes on disk and in memory, files, and turns. A visitor is an address."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio import limits
from studio.server.messages import Refusal

MEGABYTE = 10**6
MOST_FILES = 300  # of one visitor, at the same time
MOST_STATE = 8 * MEGABYTE  # of one page's values, as its messages said them
MOST_STATE_EACH = 64 * MEGABYTE  # of one visitor, in all pages
MOST_STATE_TOTAL = 512 * MEGABYTE  # of everybody
SMALL = 2000  # bytes; a message below is not worth counting
TURNS = 8  # requests of one visitor that are worked on at once
MOST_WAITING = 64  # requests of one visitor that wait for a turn
FREE = 256 * MEGABYTE  # of the disk, for the pictures that are being made


def visitor(request: Any) -> str:
    """Whose request it is: an address, or the network of 2^64 addresses that one IPv6 customer has.

    Behind proxies that we trust, the address that the outermost of them names. What stands before it in the header
    may be anybody's invention.
    """
    address = request.client.host if request.client else ""
    named = [one.strip() for one in request.headers.get("x-forwarded-for", "").split(",") if one.strip()]
    if limits.LIMITS.proxies and named:
        address = named[-min(int(limits.LIMITS.proxies), len(named))]
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if known.version == 4:
        return str(known)
    return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False))


@dataclass
class Account:
    """What one visitor takes up now."""

    files: dict[str, int] = field(default_factory=dict)  # path -> bytes
    arriving: list[int] = field(default_factory=list)  # bytes of uploads under way
    state: dict[tuple[str, Any], int] = field(default_factory=dict)  # (session, event) -> bytes
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(TURNS))
    waiting: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.files or self.arriving or self.state or self.waiting or self.turns._value < TURNS)


class Budgets:
    """An account for each visitor that takes up anything."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}

    def of(self, who: str) -> Account:
        return self.accounts.setdefault(who, Account())

    @asynccontextmanager
    async def turn(self, who: str) -> AsyncIterator[None]:
        """One of the visitor's turns; waits for it if all are taken.

        Raises:
            Refusal: if too many wait already.
        """
        account = self.of(who)
        if account.waiting >= MOST_WAITING:
            raise Refusal(429, "too_busy")
        account.waiting += 1
        try:
            await account.turns.acquire()
        finally:
            account.waiting -= 1
        try:
            yield
        finally:
            account.turns.release()

    @contextmanager
    def upload(self, who: str, size: int, folder: Path) -> Iterator[None]:
        """Room for an upload while it arrives.

        Raises:
            Refusal: if there is none.
        """
        account = self.of(who)
        account.files = _still_there(account.files)
        taken = sum(account.files.values()) + sum(account.arriving)
        if (
            taken + size > limits.LIMITS.disk_each * MEGABYTE
            or len(account.files) + len(account.arriving) >= MOST_FILES
        ):
            raise Refusal(429, "too_much")
        total = sum(sum(one.files.values()) + sum(one.arriving) for one in self.accounts.values())
        if total + size > limits.LIMITS.disk * MEGABYTE or shutil.disk_usage(folder).free < size + FREE:
            raise Refusal(507, "disk_full")
        account.arriving.append(size)
        try:
            yield
        finally:
            account.arriving.remove(size)

    def uploaded(self, who: str, paths: Iterable[str]) -> None:
        with suppress(OSError):
            self.of(who).files.update({path: os.path.getsize(path) for path in paths})

    def keep(self, who: str, session: str, event: Any, size: int) -> None:
        """Gradio keeps the last values of each event's controls for as long as the page is open.

        Raises:
            Refusal: if that is too much.
        """
        if size < SMALL:
            return
        account = self.of(who)
        state = account.state | {(session, event): size}
        of_page = sum(bytes for (whose, _), bytes in state.items() if whose == session)
        total = sum(sum(one.state.values()) for one in self.accounts.values())
        if of_page > MOST_STATE or sum(state.values()) > MOST_STATE_EACH or total + size > MOST_STATE_TOTAL:
            raise Refusal(429, "too_much")
        account.state = state

    def sessions(self) -> set[str]:
        """All whose values are kept."""
        return {session for account in self.accounts.values() for session, _ in account.state}

    def forget(self, sessions: Iterable[str]) -> None:
        """Their values are gone."""
        gone = set(sessions)
        for account in self.accounts.values():
            account.state = {key: size for key, size in account.state.items() if key[0] not in gone}

    def tidy(self) -> None:
        """Accounts of files that went, and empty ones, go too."""
        for who, account in list(self.accounts.items()):
            account.files = _still_there(account.files)
            if account.is_empty:
                del self.accounts[who]


def _still_there(files: dict[str, int]) -> dict[str, int]:
    return {path: size for path, size in files.items() if os.path.exists(path)}
