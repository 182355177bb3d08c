"""Memory of pages that visitors have left."""

import asyncio
import gc
import weakref

from galmass_app import memory


class Part:
    """A part of a page: it holds itself, as those of a page hold each other."""

    def __init__(self):
        self.other = self


def test_memory_is_freed_once_for_all_who_leave_together(monkeypatch):
    monkeypatch.setattr(memory, "AFTER", 0.01)
    freed = []
    monkeypatch.setattr(gc, "collect", lambda collect=gc.collect: freed.append(collect()))
    left = weakref.ref(Part())

    async def leave():
        release = memory.Release()
        for _ in range(3):
            release.request("a session's context")
        await asyncio.sleep(0.2)
        assert len(freed) == 1
        release.request()  # somebody leaves later
        await asyncio.sleep(0.2)

    asyncio.run(leave())
    assert len(freed) == 2
    assert left() is None
