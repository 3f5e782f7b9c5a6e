"""Films for programs: `/stylize_video`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from nst.film.reading import RATE, look
from nst.mistakes import Mistake
from studio.api.stylize import settings_for, signature_of
from studio.components.clip_file import clip_file
from studio.components.controls import hidden_control
from studio.components.images import PictureBox, name_of, preview
from studio.errors import in_the_users_words, without_a_trace
from studio.gradio_internals import no_tool
from studio.i18n import words
from studio.limits import PAGE_KNOBS
from studio.runs.choices import EXTRA_STYLES
from studio.runs.film import FilmState, finished, of_clip, part_for, shoot
from studio.runs.result import name_after
from studio.runs.takes import Shooting, Take

ABOUT = f"""Paint a clip in the manner of one or more paintings, so that nothing flickers.

Yields (film, picture, progress) as the film grows: `picture` is the newest frame, `film` is there at the end, an MP4
with the clip's sound.
`clip` is a film, an animated GIF or WebP; `style` the painting; `style_2`, `style_3` and `style_4` are further ones.
`begin` and `end` choose a part, in seconds; `end` 0 is the end of the clip. `fps` are frames a second, 0 means
{RATE:g}, or the clip's own where it has fewer. Every knob works as in /stylize; `size` is the long side of a frame.
`progress` holds frame, frames, seconds and, once it can be said, seconds_left; frame is 0 while the first one is
painted. A `note` says so where the film was cut short because its time was up."""
TIMES = {"begin": 0.0, "end": 0.0, "fps": 0.0}


def offer(concurrency: dict[str, Any]) -> gr.events.Dependency:
    """Adds the endpoint to the page that is being built. Nothing of it can be seen there."""
    no_tool(stylize_video)  # an agent would wait for minutes, and get a text
    clip = clip_file("clip")
    style = PictureBox(label="style", elem_id="api-film-painting", visible=False)
    knobs = [hidden_control(name) for name in PAGE_KNOBS]
    more = [PictureBox(label=name, elem_id=f"api-film-painting-{name}", visible=False) for name in EXTRA_STYLES]
    times = [gr.Number(value, label=name, visible=False) for name, value in TIMES.items()]
    film = gr.File(label="film", visible=False)
    picture = gr.Image(label="picture", format="jpeg", visible=False)
    progress = gr.JSON(label="progress", visible=False)
    return gr.Button(visible=False).click(
        stylize_video,
        [clip, style, *knobs, *more, *times],
        [film, picture, progress],
        api_name="stylize_video",
        api_description=ABOUT,
        **concurrency,
    )


def stylize_video(
    clip: tuple[Path, str] | None, style: Image.Image | None, *values: Any
) -> Iterator[tuple[str | None, Image.Image, dict[str, Any]]]:
    shooting = _shooting(clip, style, *values)
    name = name_after((clip[1] if clip else "", *map(name_of, shooting.commission.styles)))
    with without_a_trace(), in_the_users_words(), closing(shoot(shooting, name)) as states:
        for state in states:
            take = state.take
            assert take is not None
            if take.is_cut or take.number == shooting.count:
                yield str(finished(state)["film"]), preview(take.picture), _report(state, take)
                return
            yield None, preview(take.picture), _report(state, take)
        raise Mistake("The film broke off before its first frame; please export it again as an MP4.")


def _shooting(clip: tuple[Path, str] | None, style: Image.Image | None, *values: Any) -> Shooting:
    knobs, rest = values[: len(PAGE_KNOBS)], values[len(PAGE_KNOBS) :]
    more, (begin, end, fps) = rest[: len(EXTRA_STYLES)], rest[len(EXTRA_STYLES) :]
    settings = settings_for(dict(zip(PAGE_KNOBS, knobs, strict=True)))
    with in_the_users_words():
        if clip is None:
            raise Mistake("Please choose a clip.")
        film = look(clip[0])
        part = part_for(film, settings.size, fps or None, begin or 0.0, end or None)
        return of_clip(film, part, [style, *filter(None, more)], settings)


def _report(state: FilmState, take: Take) -> dict[str, Any]:
    known = {"frame": take.number, "frames": state.shooting.count, "seconds": take.seconds}
    left = {} if take.seconds_left is None else {"seconds_left": take.seconds_left}
    return {**known, **left} | ({"note": words("en")["deadline"]} if take.is_cut else {})


MORE = {**dict.fromkeys(EXTRA_STYLES), **TIMES}
stylize_video.__signature__ = signature_of(("clip", "style"), MORE)  # type: ignore[attr-defined]
