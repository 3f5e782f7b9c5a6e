"""Who is served next, and who is not: a queue with a bound, and the device for those who watch.

Gradio's own queue refuses with a number that tells a visitor nothing, counts light events as if they
were paintings, and works for visitors who never open the stream. This one does none of these.
Whoever asks gets an answer first and opens the stream then, on a busy machine some seconds later.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import gradio as gr
from gradio.queueing import Event, EventQueue, Queue
from gradio.route_utils import get_fn
from gradio.server_messages import ProcessCompletedMessage
from gradio.utils import LRUCache, error_payload, run_coro_in_background

from studio import limits
from studio.gradio_internals import queue_of, set_queue
from studio.i18n import language_of, words
from studio.runs import album
from studio.runs.backend import ONE_AT_A_TIME
from studio.server.budgets import visitor
from studio.server.cleanup import VisitCleaner
from studio.server.middleware import REFUSED

PATIENCE = 30.0  # seconds that a place is kept for someone who does not watch, or reads no further
LIGHT_PATIENCE = 10.0  # the same for what takes a moment
UNREAD = 120.0  # seconds that answers are kept for someone who does not fetch them
LIGHT_AT_ONCE = 1  # of one visitor; decoding a large picture keeps a core busy for seconds
MOST_LIGHT = 32  # of one visitor, that wait or are worked on
MOST_STREAMS = 300  # sessions of one visitor whose answers are kept
LIGHT_PLACES = 6  # of everybody, for each event of the page
PAINTING = ONE_AT_A_TIME["concurrency_id"]


class WatchedQueue(asyncio.Queue[Any]):
    """Messages for a visitor; it knows when somebody last looked into it."""

    def __init__(self, owner: str) -> None:
        super().__init__()
        self.owner = owner
        self.looking = 0
        self.looked = 0.0
        self.opened = time.monotonic()

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

    def __init__(self, *arguments: Any, visits: VisitCleaner, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.visits = visits
        self.pending_messages_per_session = LRUCache(10**6)  # Gradio's 2000 let one visitor push out all others
        self._opened: Counter[str] = Counter()  # streams of each visitor

    async def push(self, body: Any, request: Any, username: str | None) -> Any:
        body.session_hash = body.session_hash or os.urandom(8).hex()
        if body.session_hash not in self.pending_messages_per_session:
            who = visitor(request)
            if self._opened[who] >= MOST_STREAMS:
                return False, words(language_of(request))["too_busy"], "queue_full"
            self._opened[who] += 1
            self.pending_messages_per_session[body.session_hash] = WatchedQueue(who)
        fn = get_fn(self.blocks, None, body) if body.fn_index is not None else None
        refusal = self._refusal(fn.concurrency_id == PAINTING, body.session_hash, request) if fn else ""
        if fn is None or not refusal:
            if fn and fn.api_visibility == "private":  # of the page
                self.visits.hear(body.session_hash, body.data)
            return await super().push(body, request, username)
        return True, self._refused(Event(body.session_hash, fn, request, username), refusal), "success"

    def _refusal(self, paints: bool, session: str, request: Any) -> str:
        """One sentence in the visitor's language; none if there is room."""
        text, who = words(language_of(request)), visitor(request)
        if key := request.scope.get(REFUSED):
            return text[key]
        if not paints:
            theirs = sum(visitor(event.request) == who for event in self._events() if not _paints(event))
            return text["too_busy"] if theirs >= MOST_LIGHT else ""
        theirs = sum(visitor(event.request) == who for event in self.paintings())
        if theirs >= limits.LIMITS.each:
            return text["too_many"].format(count=theirs)
        waiting = self.event_queue_per_concurrency_id.get(PAINTING)
        if waiting and len(waiting.queue) >= limits.LIMITS.waiting and not album.keeps_its_place(session):
            return text["queue_full"].format(count=len(waiting.queue))
        return ""

    def _refused(self, event: Event, sentence: str) -> str:
        """Ends an event before it begins. The answer comes the way of all answers, so that every client can read it."""
        self.pending_event_ids_session.setdefault(event.session_hash, set()).add(event._id)
        self.event_ids_to_events[event._id] = event
        self._tell_end(event, sentence)
        self.event_ids_to_events.pop(event._id)
        return event._id

    def _tell_end(self, event: Event, sentence: str) -> None:
        if event.session_hash not in self.pending_messages_per_session:
            return
        output = error_payload(gr.Error(sentence, print_exception=False), show_error=True)
        self.send_message(event, ProcessCompletedMessage(output=output, success=False))

    def _running(self) -> Iterator[Event]:
        for job in self.active_jobs:
            yield from job or ()

    def _events(self) -> Iterator[Event]:
        """Those that are worked on, and those that wait."""
        yield from self._running()
        for line in self.event_queue_per_concurrency_id.values():
            yield from line.queue

    def paintings(self) -> list[Event]:
        """Those that are being painted, and those that wait."""
        return [event for event in self._events() if _paints(event)]

    def get_events(self) -> Any:
        """Whose turn it is. Whoever does not watch yet keeps the place, and the turn goes to the next who does."""
        busy = Counter(visitor(event.request) for event in self._running() if not _paints(event))
        going_on = {(event.session_hash, event.fn) for event in self._running()}
        lines = list(self.event_queue_per_concurrency_id.items())
        for name, line in sorted(lines, key=lambda pair: pair[0] == PAINTING):  # a moment's work goes first
            if line.concurrency_limit is not None and line.current_concurrency >= line.concurrency_limit:
                continue
            if event := self._next(line, busy, going_on):
                line.queue.remove(event)
                return [event], False, name
        return None

    def _next(self, line: EventQueue, busy: Counter[str], going_on: set[Any]) -> Event | None:
        """The first who watches; of light events, the first of the visitor who has the fewest under way."""
        watched = [event for event in line.queue if self._is_watched(event)]
        if line.concurrency_id == PAINTING:
            return watched[0] if watched else None
        free = [event for event in watched if (event.session_hash, event.fn) not in going_on]
        best = min(free, key=lambda event: busy[visitor(event.request)], default=None)
        return best if best and busy[visitor(best.request)] < LIGHT_AT_ONCE else None

    def start(self) -> None:
        super().start()  # type: ignore[no-untyped-call]
        run_coro_in_background(self._look_for_the_absent)

    async def _look_for_the_absent(self) -> None:
        """Whoever asked and never came to watch, or reads no further, leaves the place to others."""
        while not self.stopped:
            await asyncio.sleep(PATIENCE / 30)
            now = time.monotonic()
            for event in list(self._events()):
                await self._end_if_absent(event, now - (PATIENCE if _paints(event) else LIGHT_PATIENCE))
            self._drop_unread(now - UNREAD)

    async def _end_if_absent(self, event: Event, too_long_ago: float) -> None:
        if event.enqueue_time > too_long_ago or self._is_watched(event, max(event.enqueue_time, too_long_ago)):
            return
        self._tell_end(event, words(language_of(event.request))["unwatched"])
        await self.remove_from_queue(event._id)
        await self.clean_events(event_id=event._id)

    def _drop_unread(self, too_long_ago: float) -> None:
        """Answers that nobody fetches."""
        wanted = {event.session_hash for event in self._events()}
        for session, box in list(self.pending_messages_per_session.items()):
            if session not in wanted and box.opened < too_long_ago and not box.watched_since(too_long_ago):
                del self.pending_messages_per_session[session]
                self._opened -= Counter([box.owner])
                self.pending_event_ids_session.pop(session, None)

    def _is_watched(self, event: Event, since: float | None = None) -> bool:
        box = self.pending_messages_per_session.get(event.session_hash)
        return isinstance(box, WatchedQueue) and box.watched_since(event.enqueue_time if since is None else since)


def _paints(event: Event) -> bool:
    return bool(event.concurrency_id == PAINTING)


def share_fairly(page: gr.Blocks, visits: VisitCleaner) -> None:
    """Gives the page a queue with manners. Call it in place of `page.queue`."""
    page.queue(max_size=None, default_concurrency_limit=LIGHT_PLACES, api_open=False)
    usual = queue_of(page)
    queue = FairQueue(
        live_updates=usual.live_updates,
        concurrency_count=usual.max_thread_count,
        update_intervals=usual.update_intervals,
        max_size=None,
        blocks=page,
        default_concurrency_limit=usual.default_concurrency_limit,
        visits=visits,
    )
    set_queue(page, queue)
