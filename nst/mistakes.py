"""What somebody has got wrong, in one English sentence that a page can say in its visitor's language."""

from __future__ import annotations

from functools import partial
from typing import Any


class Mistake(ValueError):
    """A mistake of whoever asked. Its text is the whole sentence.

    Attributes:
        sentence: The same in English, with places such as {size} for `str.format`. Translations are found by it.
        values: What belongs in the places. `name` is what a picture is, such as "photo", and `knob` the name of a knob:
            both are words that have translations of their own.
    """

    def __init__(self, sentence: str, **values: Any) -> None:
        super().__init__(sentence.format(**values))
        self.sentence, self.values = sentence, values

    def __reduce__(self) -> tuple[Any, ...]:  # it travels between processes
        return partial(type(self), self.sentence, **self.values), ()
