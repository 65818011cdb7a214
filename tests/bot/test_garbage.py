"""The collector leaves what was loaded alone, and still finds what goes round in circles after it."""

import gc
import weakref

from bot.garbage import sparing_what_is_loaded


class Knot:
    def __init__(self) -> None:
        self.self = self


def test_what_is_loaded_is_spared_and_what_comes_is_not() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    with sparing_what_is_loaded():
        assert gc.get_freeze_count() > 10_000
        later = weakref.ref(Knot())
        gc.collect()
        assert later() is None
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
