"""The fixture's own ear: what it must hear, and what it must not."""

from __future__ import annotations

from typing import Any

from tests.browser.driving import Troubles


def test_errors_count_except_those_of_a_document_being_left(browser: Any, server: str) -> None:
    page = browser.new_page()
    troubles = Troubles(page)
    page.goto(server, wait_until="domcontentloaded")
    page.evaluate("console.error('before')")
    page.evaluate("addEventListener('pagehide', () => console.error('while it leaves'))")
    page.reload(wait_until="domcontentloaded")
    page.evaluate("console.error('after')")
    page.wait_for_function("true")
    assert troubles.seen == ["before", "after"]
    page.close()
