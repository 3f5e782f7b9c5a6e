"""Attacks from outside hold off, and an honest visitor is served meanwhile; `tests.load.attack` says what each is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from studio.server import connections
from studio.server.budgets import MOST_STATE, Budgets
from studio.server.messages import MOST_PARTS, Refusal, read
from tests.load import attack
from tests.load.attack import ATTACKS, Attack, Honest, Someone
from tests.serving import PATIENCE, folders, page, until

SLOW = (attack.half_a_header, attack.a_reader_who_stops)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own. It ends politely in the middle of a painting, leaves no folder and has written no trace."""
    folder = tmp_path_factory.mktemp("target")
    with page(folder) as (address, process):
        yield address
        someone = Someone(address, "127.0.0.4")  # who has used up no budget
        assert someone.join(*attack.endless(someone)).status_code == 200
        with someone.watching() as said:
            next(line for line in said if "process_generating" in line)
            process.terminate()
            assert process.wait(timeout=PATIENCE) == 0
    assert not folders(folder)
    assert "Traceback" not in (folder / "page.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("one", [one for one in ATTACKS if one not in SLOW], ids=lambda one: one.__name__)
def test_it_holds(target: str, one: Attack) -> None:
    with Honest(target).at_work() as honest:
        assert one(Someone(target)) == ""
        until(lambda: bool(honest.waits))
    assert honest.waits and not honest.failures


def test_half_a_header_is_not_waited_for(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SILENT", 0.5)
    assert attack.half_a_header(Someone(server)) == ""


@pytest.mark.usefixtures("small_network")
def test_whoever_reads_no_further_gives_the_device_back(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "STALLED", 0.5)
    assert attack.a_reader_who_stops(Someone(server)) == ""


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"7",
        b"{",
        b'{"session_hash": 7}',
        b'{"session_hash": "../../x"}',
        b'{"session_hash": "' + b"s" * 65 + b'"}',
        b'{"data": ' + b"[" * 41 + b"]" * 41 + b"}",
        b'{"data": ' + b"[" * 100_000,
        b'{"data": [' + b"0," * MOST_PARTS + b"0]}",
    ],
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal):
        read(body)


@pytest.mark.parametrize("deep", [0, 3])
def test_a_file_that_is_not_ours_is_taken_out_wherever_it_stands(deep: int) -> None:
    said = b'{"a": ' * deep + b'[{"path": "/etc/passwd"}, {"x": {"url": "file:///etc/passwd"}}, 1]' + b"}" * deep
    message = read(b'{"data": ' + said + b"}")
    assert message.refused
    assert b"passwd" not in message.body


def test_a_picture_of_the_gallery_may_be_named() -> None:
    from studio.catalogue import PHOTOS

    path = next(iter(PHOTOS.values())).path
    message = read(b'{"data": [{"path": "%s", "size": 7, "is_stream": true}]}' % str(path).encode())
    assert not message.refused
    assert message.values["data"][0] == {
        "path": str(path), "orig_name": None, "meta": {"_type": "gradio.FileData"}
    }  # fmt: skip


def test_what_a_page_keeps_is_counted_by_its_last_message() -> None:
    budgets = Budgets()
    for _ in range(100):
        budgets.keep("somebody", "page", 1, MOST_STATE)  # the same controls again
    with pytest.raises(Refusal):
        budgets.keep("somebody", "page", 2, MOST_STATE)
    budgets.forget(["page"])
    budgets.keep("somebody", "page", 2, MOST_STATE)
