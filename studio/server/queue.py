"""Who is painted for next, and for whom not: a queue with a bound, and the device for those who watch.

Gradio's own queue refuses with a number that tells a visitor nothing, counts light events as if they
were paintings, and paints for visitors who never open the stream. This one does none of these.
Whoever asks gets an answer first and opens the stream then, on a busy machine some seconds later.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
from gradio.queueing import Event, Queue
from gradio.route_utils import get_fn
from gradio.server_messages import ProcessCompletedMessage
from gradio.utils import error_payload, run_coro_in_background

from studio import limits
from studio.i18n import language_of, words
from studio.runs.backend import ONE_AT_A_TIME
from studio.server.cleanup import Keeper
from studio.server.middleware import has_address, with_own_files

PATIENCE = 30.0  # seconds that a place is kept for someone who does not watch yet
PAINTING = ONE_AT_A_TIME["concurrency_id"]


class Letterbox(asyncio.Queue[Any]):
    """Messages for a visitor; it knows when somebody last looked into it."""

    looking = 0
    looked = 0.0

    async def get(self) -> Any:
        self.looking += 1
        try:
            return await super().get()
        finally:
            self.looking -= 1
            self.looked = time.monotonic()

    def watched_since(self, moment: float) -> bool:
        return self.looking > 0 or self.looked > moment


class FairQueue(Queue):
    """Gradio's queue, with our manners."""

    keeper: Keeper

    async def push(self, body: Any, request: Any, username: str | None) -> Any:
        body.session_hash = body.session_hash or os.urandom(8).hex()
        if body.session_hash not in self.pending_messages_per_session:
            self.pending_messages_per_session[body.session_hash] = Letterbox()
        body.data = with_own_files(body.data)
        fn = get_fn(self.blocks, None, body) if body.fn_index is not None else None
        refusal = fn and self._refusal(fn.concurrency_id == PAINTING, body, request)
        if not refusal:
            if fn and fn.api_visibility == "private":  # of the page
                self.keeper.hear(body.session_hash, body.data)
            return await super().push(body, request, username)
        return True, self._refused(Event(body.session_hash, fn, request, username), refusal), "success"

    def _refusal(self, paints: bool, body: Any, request: Any) -> str:
        """One sentence in the visitor's language; none if there is room."""
        said = words(language_of(request))
        if has_address(body.data):
            return said["no_address"]
        if not paints:
            return ""
        theirs = sum(visitor(event.request) == visitor(request) for event in self.paintings())
        if theirs >= limits.LIMITS.each:
            return said["too_many"].format(count=theirs)
        waiting = self.event_queue_per_concurrency_id.get(PAINTING)
        if waiting and len(waiting.queue) >= limits.LIMITS.waiting:
            return said["queue_full"].format(count=len(waiting.queue))
        return ""

    def _refused(self, event: Event, sentence: str) -> str:
        """Ends an event before it begins. The answer comes the way of all answers, so that every client can read it."""
        self.pending_event_ids_session.setdefault(event.session_hash, set()).add(event._id)
        self.event_ids_to_events[event._id] = event
        self._tell_end(event, sentence)
        self.event_ids_to_events.pop(event._id)
        return event._id

    def _tell_end(self, event: Event, sentence: str) -> None:
        output = error_payload(gr.Error(sentence, print_exception=False), show_error=True)
        self.send_message(event, ProcessCompletedMessage(output=output, success=False))

    def _painted(self) -> Iterator[Event]:
        for job in self.active_jobs:
            yield from (event for event in job or () if event.concurrency_id == PAINTING)

    def paintings(self) -> list[Event]:
        """Those that are being painted, and those that wait."""
        waiting = self.event_queue_per_concurrency_id.get(PAINTING)
        return [*self._painted(), *(waiting.queue if waiting else ())]

    def get_events(self) -> Any:
        """Whose turn it is. Whoever does not watch yet keeps the place, and the device goes to the next who does."""
        line = self.event_queue_per_concurrency_id.get(PAINTING)
        if line is None:
            return super().get_events()
        everybody, line.queue = line.queue, [event for event in line.queue if self._is_watched(event)]
        turn = super().get_events()
        begun = turn[0] if turn else []
        line.queue = [event for event in everybody if event not in begun]
        return turn

    def start(self) -> None:
        super().start()
        run_coro_in_background(self._look_for_the_absent)

    async def _look_for_the_absent(self) -> None:
        """Whoever asked for a painting and never came to watch leaves the place to others."""
        while not self.stopped:
            await asyncio.sleep(PATIENCE / 30)
            too_long_ago = time.monotonic() - PATIENCE
            for event in self.paintings():
                if event.enqueue_time < too_long_ago and not self._is_watched(event):
                    self._tell_end(event, words(language_of(event.request))["unwatched"])
                    await self.remove_from_queue(event._id)

    def _is_watched(self, event: Event) -> bool:
        box = self.pending_messages_per_session.get(event.session_hash)
        return isinstance(box, Letterbox) and box.watched_since(event.enqueue_time)


def visitor(request: Any) -> str:
    """Whose request it is: an address. Behind the proxy of Spaces, the one that it names."""
    named = request.headers.get("x-forwarded-for", "") if "SPACE_ID" in os.environ else ""
    return named.split(",")[0].strip() or (request.client.host if request.client else "")


def share_fairly(page: gr.Blocks, keeper: Keeper) -> None:
    """Gives the page a queue with manners. Call it in place of `page.queue`."""
    page.queue(max_size=None, default_concurrency_limit=1, api_open=False)
    page._queue = FairQueue(
        live_updates=page._queue.live_updates,
        concurrency_count=page._queue.max_thread_count,
        update_intervals=page._queue.update_intervals,
        max_size=None,
        blocks=page,
        default_concurrency_limit=page._queue.default_concurrency_limit,
    )
    page._queue.keeper = keeper
