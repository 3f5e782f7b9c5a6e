"""How the pictures of a run are looked at: through which network, and in tiles of which side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor

from nst.points import Map, Maps
from nst.settings import Settings, face_shares, match_shares, shares, style_shares
from nst.tiles import Tile, tiles
from nst.vgg import VGG, shrinkage
from nst.wrap import NOWHERE, WRAPS, Wrap

COLUMN_STEP = 4  # pixels of a position where hypercolumns are matched (Kolkin et al. 2022, section 3.1)


@dataclass(frozen=True)
class View:
    """One network, what the settings say of it, and the tiles.

    Attributes:
        side: Of a tile in pixels; a smaller picture is one tile.
    """

    network: VGG
    settings: Settings
    side: int

    @property
    def wrap(self) -> Wrap:
        """Along which sides the ends of the picture, and of its photo, meet."""
        return WRAPS[self.settings.tileable]

    def tiles(self, pixels: Tensor) -> list[Tile]:
        """Of the picture or its photo (1, 3, H, W)."""
        return self._tiles(pixels, self.wrap)

    def tiles_of_painting(self, pixels: Tensor) -> list[Tile]:
        """Of a painting (1, 3, H, W), whose ends never meet."""
        return self._tiles(pixels, NOWHERE)

    def _tiles(self, pixels: Tensor, wrap: Wrap) -> list[Tile]:
        height, width = pixels.shape[-2:]
        names = layers(self.settings)
        halo, grid = self.network.radius(names), shrinkage(names)
        if any("+" in name for name in match_shares(self.settings)):
            halo, grid = halo + grid, max(grid, COLUMN_STEP)  # between positions of the deepest layer
        return tiles(height, width, self.side, halo, grid, wrap)

    def maps(self, window: Tensor, tile: Tile, names: Iterable[str]) -> dict[str, Maps]:
        """Of a tile's window: one for a layer, several for a hypercolumn such as "relu1_1+relu2_1"."""
        named = {name: name.split("+") for name in names}
        wanted = {layer for parts in named.values() for layer in parts}
        settings = self.settings
        seen = self.network.features(window, wanted, settings.pooling, settings.padding, tile.wrap)
        return {name: [Map(seen[layer], shrinkage([layer]), tile) for layer in parts] for name, parts in named.items()}


def match_step(name: str) -> int:
    """Pixels of a position, along one side, where a layer or hypercolumn is matched."""
    return COLUMN_STEP if "+" in name else shrinkage([name])


def compared(settings: Settings) -> list[str]:
    """Every layer and hypercolumn that something is compared at."""
    of_photo = *shares(settings.content_layers), *face_shares(settings)
    return [*style_shares(settings), *of_photo, *match_shares(settings)]


def layers(settings: Settings) -> list[str]:
    """Every layer of the network that is looked at."""
    return [layer for name in compared(settings) for layer in name.split("+")]
