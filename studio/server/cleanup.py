"""How long strangers' pictures stay here: a visitor's until the visit is over, any other for an hour."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import gradio as gr

from studio import gradio_internals
from studio.components.images import folder_of
from studio.components.visit_memory import previous_session
from studio.gradio_internals import queue_of
from studio.limits import LONGEST_VISIT
from studio.runs import film, sketch
from studio.server.budgets import Budgets
from studio.server.connections import hang_up_on_the_absent
from studio.server.messages import paths_in
from studio.server.temp_dir import FOLDER, LOCK

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=10)  # a visitor may be away, as a phone is that shows something else meanwhile
ALONE = timedelta(hours=1)  # for a file that is no visitor's: programs fetch their pictures at once
BETWEEN_CALLS = timedelta(minutes=2)  # of a program
BROKEN_OFF = timedelta(minutes=5)  # without another byte: an upload that will not end
ROUND = 30  # seconds


@dataclass
class Visit:
    """What is known of somebody who has the page open. `uploads` says when each file arrived."""

    seen: datetime
    left: datetime | None = None
    uploads: dict[str, int] = field(default_factory=dict)

    def is_over(self, now: datetime) -> bool:
        if self.left and self.seen <= self.left:
            return self.left < now - GRACE
        return self.seen < now - LONGEST_VISIT


class VisitCleaner:
    """Knows whose the files in our folder are, and removes those that are nobody's.

    Gradio's own `delete_cache` knows no visits, leaves broken-off uploads and empty folders behind, and ends for
    good when somebody uploads while it looks.
    """

    def __init__(self, page: gr.Blocks, budgets: Budgets) -> None:
        self.page, self.budgets = page, budgets
        self.visits: dict[str, Visit] = {}
        with page:
            page.unload(self.leave)

    def hear(self, session: Any, said: Any) -> None:
        """Something was done on the page. The uploads that it names belong to that visit."""
        if not isinstance(session, str):
            return
        visit = self.visits.setdefault(session, Visit(datetime.now()))
        visit.seen = datetime.now()
        for one in said if isinstance(said, list) else ():
            if previous := self.visits.get(previous_session(one)):
                visit.uploads |= previous.uploads  # a page that was reloaded has its pictures still
        for path in paths_in(said):
            if path in gradio_internals.uploads_of(self.page):
                with suppress(FileNotFoundError):
                    visit.uploads[path] = _arrival(path)

    def leave(self, request: gr.Request) -> None:
        """The page was closed, or fell asleep."""
        if visit := self.visits.get(str(request.session_hash)):
            visit.left = datetime.now()

    def sweep(self, now: datetime) -> None:
        """Forget whoever is gone, and remove what is nobody's."""
        busy = {event.session_hash for event in queue_of(self.page).paintings() if event.alive}
        for session in [session for session, visit in list(self.visits.items()) if visit.is_over(now)]:
            if session not in busy:  # who watches a painting is here, even if the line for signs of life has broken
                self.forget(session)
        self._forget_programs(now, busy)
        self._remove_what_is_nobodys(now)
        self.budgets.tidy()
        gradio_internals.forget_missing_files(self.page)

    def forget(self, session: str) -> None:
        """Nothing stays of a visit, but for a photo that somebody else has handed in as well."""
        sketch.forget()
        visit = self.visits.pop(session)
        self._forget_state(session)
        shutil.rmtree(folder_of(session), ignore_errors=True)
        wanted = self._wanted()
        for path, arrival in visit.uploads.items():
            with suppress(FileNotFoundError):
                if path not in wanted and _arrival(path) == arrival:
                    os.remove(path)

    def _forget_state(self, session: str) -> None:
        gradio_internals.forget_state(self.page, session)
        self.budgets.forget([session])

    def _forget_programs(self, now: datetime, busy: set[str]) -> None:
        """Whoever calls without the page has no state to come back to."""
        for session, used in gradio_internals.last_uses(self.page).items():
            if session not in self.visits and session not in busy and used < now - BETWEEN_CALLS:
                self._forget_state(session)
        self.budgets.forget(self.budgets.sessions() - self.visits.keys() - gradio_internals.last_uses(self.page).keys())

    def _wanted(self) -> set[str]:
        """Files of visitors, and of those who wait for their turn."""
        named = {path for event in queue_of(self.page).paintings() for path in paths_in(event.data and event.data.data)}
        return named.union(*(visit.uploads for visit in list(self.visits.values())))

    def _remove_what_is_nobodys(self, now: datetime) -> None:
        wanted = self._wanted()
        rooms = {folder_of(session) for session in list(self.visits)} | film.under_way()
        for path in sorted(FOLDER.rglob("*"), reverse=True):  # what is in a folder, then the folder
            if str(path) in wanted or not rooms.isdisjoint((path, *path.parents)):
                continue
            if path == LOCK:
                continue
            with suppress(OSError):  # it went by itself; or there is something in that folder
                under_way = path.parent == FOLDER and path.is_file()
                if _last_change(path) < now - (BROKEN_OFF if under_way else ALONE):
                    path.rmdir() if path.is_dir() else path.unlink()

    @asynccontextmanager
    async def lifespan(self, _: Any) -> AsyncIterator[None]:
        """While the page is served."""
        over = threading.Event()
        threading.Thread(target=self._go_round, args=[over], name="cleanup", daemon=True).start()
        absent = asyncio.create_task(hang_up_on_the_absent(self.page))
        yield
        absent.cancel()
        over.set()

    def _go_round(self, over: threading.Event) -> None:
        """On a thread of its own: those of the event loop take nothing more once the interpreter is about to end."""
        while not over.wait(ROUND):
            try:
                self.sweep(datetime.now())
            except Exception:  # the next round comes all the same
                log.exception("Visitors' files could not be looked through.")


def _arrival(path: str) -> int:
    """Changes when the same file is handed in once more: it then takes the old one's place."""
    return os.stat(path).st_ctime_ns


def _last_change(path: Path) -> datetime:
    return datetime.fromtimestamp(max(path.lstat().st_ctime, path.lstat().st_mtime))
