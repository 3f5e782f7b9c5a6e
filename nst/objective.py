"""What is minimised at one scale: where weights meet losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import torch
from torch import Tensor

from nst.galleries import Gallery, find
from nst.losses import TV_LOSSES
from nst.matching import Found
from nst.points import Points, colors_at
from nst.settings import clearest_match
from nst.terms import Collected, PaletteTerm, Term, added
from nst.tiles import Tile
from nst.view import View


@dataclass(frozen=True)
class Anchor:
    """Pixels that the picture is to keep to: error = mean of hold * (pixels - target)^2 (Ruder et al. 2016, eq. 7).

    Attributes:
        target: (1, 3, H, W).
        hold: (1, 1, H, W), how much each pixel is held; 0 is free.
    """

    target: Tensor
    hold: Tensor

    def error(self, pixels: Tensor) -> Tensor:
        return (self.hold * (pixels - self.target).square()).mean()


@dataclass(frozen=True)
class Objective:
    """content_weight * content + style_weight * (style + match_weight * match) + tv_weight * tv + palette + anchor.

    After Gatys et al. 2016, eq. 7. Without matches there is no such term: `matched` finds them.

    A picture in several tiles has the very same gradient as in one: what they contribute is gathered
    first, tile by tile; then each tile is told what the whole asks of it.

    Attributes:
        weights: What each loss is multiplied with, by its name.
        terms: Those that the run begins with.
        on_matches: Those that come with matches.
        matches: Of each gallery, the candidates (1, 1, h, w) that were found, by number.
        found: The matches of all regions, at the layer whose matches ask most.
    """

    view: View
    weights: Mapping[str, float]
    terms: Sequence[Term]
    palette: Sequence[PaletteTerm]
    galleries: Sequence[Gallery]
    tiles: Sequence[Tile]
    points: Points
    on_matches: Sequence[Term] = ()
    matches: Sequence[Tensor] = ()
    found: Sequence[Found] = ()
    anchor: Anchor | None = None

    def __call__(self, pixels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Gradient of the total loss (1, 3, H, W), and the unweighted losses, at some pixels."""
        with torch.enable_grad():  # a generator may be resumed on any thread, in any mode
            pixels = pixels.detach().requires_grad_()
            losses = self._on_pixels(pixels)
            terms = [term.drawn(self.points, *pixels.shape[-2:]) for term in (*self.terms, *self.on_matches)]
            if len(self.tiles) == 1:
                losses = _judged(terms, self._collected(terms, pixels, self.tiles[0])) | losses
                (gradient,) = torch.autograd.grad(self._total(losses), pixels)
            else:
                gradient = torch.zeros_like(pixels)
                if losses:
                    (gradient,) = torch.autograd.grad(self._total(losses), pixels)
                losses = self._tile_by_tile(terms, pixels.detach(), gradient) | losses
        return gradient, {name: loss.detach() for name, loss in losses.items()}

    def matched(self, pixels: Tensor) -> Objective:
        """The same, where each position of `pixels` (1, 3, H, W) is drawn to its like in the paintings.

        Who its like is stays as it is, whatever the pixels become, so that the loss is a sum of squares.
        """
        if not self.galleries:
            return self
        with torch.no_grad():
            return self.with_matches(find(self.galleries, pixels, self.view, self.points))

    def with_matches(self, matches: Sequence[Tensor]) -> Objective:
        """The same, where it is known what each gallery's positions are like."""
        with torch.no_grad():
            pairs = list(zip(self.galleries, matches, strict=True))
            clearest = clearest_match(self.view.settings)
            return replace(
                self,
                matches=matches,
                on_matches=[term for gallery, matches in pairs for term in gallery.terms(matches)],
                found=[gallery.found(matches) for gallery, matches in pairs if gallery.layer == clearest],
            )

    def state_dict(self) -> dict[str, Tensor]:
        """What steps change: the points drawn next, and the matches."""
        matches = {f"matches.{number}": one for number, one in enumerate(self.matches)}
        return {"points": self.points.generator.get_state(), **matches}

    def with_state(self, state: Mapping[str, Tensor]) -> Objective:
        """The same as it was then."""
        self.points.generator.set_state(state["points"])
        places = enumerate(gallery.bound.device for gallery in self.galleries)
        matches = [state[f"matches.{number}"].to(place) for number, place in places]
        return self.with_matches(matches) if matches else self

    def anchored(self, target: Tensor, hold: Tensor, weight: float) -> Objective:
        """The same, with a loss on what differs from `target` (1, 3, H, W) where `hold` (1, 1, H, W) is not 0."""
        return replace(self, anchor=Anchor(target, hold), weights={**self.weights, "anchor": weight})

    def _total(self, losses: Mapping[str, Tensor]) -> Tensor:
        return torch.stack([self.weights[name] * loss for name, loss in losses.items()]).sum()

    def _on_pixels(self, pixels: Tensor) -> dict[str, Tensor]:
        """The losses that need no network."""
        losses = {}
        if self.weights["tv"]:
            losses["tv"] = TV_LOSSES[self.view.settings.tv_loss](pixels, self.view.wrap)
        if self.anchor is not None:
            losses["anchor"] = self.anchor.error(pixels)
        if self.palette:
            height, width = pixels.shape[-2:]
            drawn = [self.points.spots(height, width, mask=term.mask) for term in self.palette]
            colours = [colors_at(pixels, spots) for spots in drawn]
            errors = [term.weight * term.error(seen) for term, seen in zip(self.palette, colours, strict=True)]
            losses["palette"] = torch.stack(errors).sum()
        return losses

    def _tile_by_tile(self, terms: Sequence[Term], pixels: Tensor, gradient: Tensor) -> dict[str, Tensor]:
        """The losses of the terms, and their gradient added to `gradient`, with the memory of one tile."""
        with torch.no_grad():
            collected = reduce(added, (self._collected(terms, tile.window(pixels), tile) for tile in self.tiles))
        leaves = [tensor.requires_grad_() for one in collected for tensor in one]
        losses = _judged(terms, collected)
        asked = torch.autograd.grad(self._total(losses), leaves, materialize_grads=True)
        for tile in self.tiles:
            window = tile.window(pixels).clone().requires_grad_()
            parts = [tensor for one in self._collected(terms, window, tile) for tensor in one]
            told = [(part, of_part) for part, of_part in zip(parts, asked, strict=True) if part.requires_grad]
            (of_window,) = torch.autograd.grad([part for part, _ in told], window, [of_part for _, of_part in told])
            tile.add(of_window, gradient)
        return losses

    def _collected(self, terms: Sequence[Term], window: Tensor, tile: Tile) -> list[Collected]:
        maps = self.view.maps(window, tile, {layer for term in terms for layer in term.layers})
        return [term.collect(maps) for term in terms]


def _judged(terms: Sequence[Term], collected: Sequence[Collected]) -> dict[str, Tensor]:
    """Content, style and match of the whole picture."""
    errors: dict[str, list[Tensor]] = {"content": [], "style": []}
    for term, one in zip(terms, collected, strict=True):
        errors.setdefault(term.loss, []).append(term.error(one))
    none = torch.zeros((), device=collected[0][0].device)  # where all style layers are deep and without motifs
    return {name: torch.stack(parts or [none]).sum() for name, parts in errors.items()}
