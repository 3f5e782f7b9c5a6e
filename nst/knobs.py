"""Which knobs have a say, as the others stand."""

from __future__ import annotations

from nst.losses import POINT_LOSSES
from nst.settings import Settings, match_shares, shares

OF_MATCHES = ("match_layers", "match_loss", "match_photo", "match_rounds", "match_weight", "last_pass")
OF_SCALES = ("scale_factor", "step_ratio", "content_fade")


def compares_points(settings: Settings) -> bool:
    """Whether a loss compares sets of points, of which some are drawn at each step."""
    losses = shares(settings.style_loss).keys() | shares(settings.content_loss).keys()
    return bool(settings.palette_weight or losses & {*POINT_LOSSES, "self_similarity"})


def without_effect(settings: Settings) -> frozenset[str]:
    """Names of the knobs that turn nothing: what they would change weighs nothing, or is not done."""
    idle = {
        OF_MATCHES: not match_shares(settings),
        OF_SCALES: settings.start_size * settings.scale_factor > settings.size,
        ("palette_weight",): not settings.palette_weight,
        ("tv_loss",): not settings.tv_weight,
        ("pyramid",): settings.optimizer == "lbfgs",
        ("averaging",): not settings.averaging,
        ("samples",): not compares_points(settings),
        ("style_turns",): not (match_shares(settings) or compares_points(settings)),
    }
    return frozenset(name for names, resting in idle.items() if resting for name in names)
