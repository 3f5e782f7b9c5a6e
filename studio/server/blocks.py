"""A page that answers a bad message in one sentence, and writes one line about it."""

from __future__ import annotations

import logging
from typing import Any

import gradio as gr

from studio.errors import in_language
from studio.gradio_internals import without_its_mark
from studio.i18n import language_of, words

log = logging.getLogger(__name__)


class Blocks(gr.Blocks):
    """Gradio's own, which prints a whole trace for each message that no client of ours would send."""

    async def postprocess_data(self, *arguments: Any, **named: Any) -> list[Any]:
        return [without_its_mark(one) for one in await super().postprocess_data(*arguments, **named)]

    async def process_api(self, *arguments: Any, **named: Any) -> Any:
        language = language_of(named.get("request"))
        try:
            return await super().process_api(*arguments, **named)
        except gr.Error as error:
            raise in_language(error, language) from None
        except Exception as error:  # a value of the wrong kind, or a mistake of ours
            log.warning("An event failed: %s: %.200r", type(error).__name__, str(error))
            log.debug("", exc_info=True)
            raise gr.Error(words(language)["not_understood"], print_exception=False) from None
