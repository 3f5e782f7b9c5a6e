"""Colours, type and spacing. The page's own CSS lies in files beside this one."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.themes import Color, sizes

HERE = Path(__file__).parent
STYLES = ("look.css", "result.css")
TYPEFACE = "Easel Sans"
FONTS = {400: HERE / "fonts" / "easel-sans-regular.woff2", 700: HERE / "fonts" / "easel-sans-bold.woff2"}  # by weight
gr.set_static_paths([HERE / "fonts"])


def _shades(light_to_dark: str) -> Color:
    return Color(*light_to_dark.split())


PAPER = _shades("#f7f5f1 #efece6 #e3dfd6 #cfc9bd #a69f92 #736d62 #5d584e #46423a #2b2925 #1b1a17 #131210")
ULTRAMARINE = _shades("#eef2fb #dbe4f7 #bccdf0 #92ade5 #6486d4 #4566bd #334f9e #2a4082 #253768 #212f57 #161f3a")


def both(**one_look: str) -> dict[str, str]:
    """The same in the light and in the dark."""
    return one_look | {f"{name}_dark": value for name, value in one_look.items()}


THEME = gr.themes.Base(
    primary_hue=ULTRAMARINE,
    secondary_hue=ULTRAMARINE,
    neutral_hue=PAPER,
    radius_size=sizes.radius_sm,
    spacing_size=sizes.spacing_md,
    text_size=sizes.text_md,
    font=[TYPEFACE, "system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
).set(
    **both(
        block_background_fill="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_label_border_width="0px",
        button_primary_text_color="white",
    ),
    button_secondary_text_color="*neutral_900",
    button_secondary_text_color_dark="*neutral_100",
    block_padding="0px",
    layout_gap="18px",
    form_gap_width="0px",
    body_background_fill="*neutral_50",
    body_background_fill_dark="*neutral_950",
    background_fill_primary="*neutral_50",
    background_fill_primary_dark="*neutral_950",
    body_text_color="*neutral_900",
    body_text_color_dark="*neutral_100",
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_400",
    block_title_text_weight="700",
    block_title_text_size="13px",
    block_title_text_color="*neutral_900",
    block_title_text_color_dark="*neutral_100",
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_400",
    block_label_background_fill="*neutral_50",
    block_label_background_fill_dark="*neutral_900",
    block_label_text_color="*neutral_900",
    block_label_text_color_dark="*neutral_100",
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_600",
    button_primary_background_fill_dark="*primary_500",
    button_primary_background_fill_hover_dark="*primary_600",
    button_secondary_background_fill="*neutral_200",
    button_secondary_background_fill_hover="*neutral_300",
    button_secondary_background_fill_dark="*neutral_800",
    button_secondary_background_fill_hover_dark="*neutral_700",
    button_large_padding="12px 20px",
    button_large_text_weight="700",
    button_medium_text_weight="700",
    input_background_fill="*neutral_100",
    input_background_fill_dark="*neutral_900",
    slider_color="*primary_600",
    slider_color_dark="*primary_400",
)


def head() -> str:
    """Everything of ours in the page's <head>: there, unlike in `css=`, rules inside @media stay as they are."""
    css = "".join((HERE / name).read_text(encoding="utf-8") for name in STYLES)
    return f"<style>{_faces()}{css}</style>"


def font_url(weight: int) -> str:
    """Relative, so that it also works behind a proxy's path."""
    return f"gradio_api/file={FONTS[weight]}"


def _faces() -> str:
    rule = '@font-face {{ font-family: "{}"; src: url("{}") format("woff2"); font-weight: {}; }}\n'
    return "".join(rule.format(TYPEFACE, font_url(weight), weight) for weight in FONTS)
