"""Neural style transfer by optimisation: a photo becomes a painting, step by step."""

import nst.openmp  # noqa: F401  (before torch)
from nst.commission import Commission
from nst.settings import Settings
from nst.transfer import Frame, stylize
from nst.weights import load_vgg

__all__ = ["Commission", "Frame", "Settings", "load_vgg", "stylize"]
