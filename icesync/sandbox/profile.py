"""`/{id}/messenger_profile`: the ice breakers of every account, and reads that lag behind writes."""

from collections.abc import Mapping

from icesync.sandbox import rules
from icesync.sandbox.call import Call
from icesync.sandbox.memory import Memory
from icesync.sandbox.rules import Locales
from icesync.sandbox.shapes import done, shown
from icesync.sandbox.world import World


class Profiles:
    """What is set in `memory`, as readers and writers of this endpoint meet it."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._lagging: dict[str, tuple[Locales, int]] = {}

    def seed(self, account: str, locales: Locales) -> None:
        """Set past all rules, and seen at once."""
        self._lagging.pop(account, None)
        self._memory.put(self._memory.profiles, account, locales)

    def serve(self, call: Call, account: str, world: World) -> Mapping[str, object]:
        match call.method:
            case "GET":
                return self._read(call, account, world)
            case "POST":
                return self._write(account, rules.posted(call.body), world)
            case "DELETE":
                rules.deleted(call.body)
                return self._change(account, {}, world)
            case _:
                raise rules.no_method(call.method)

    def _read(self, call: Call, account: str, world: World) -> Mapping[str, object]:
        rules.readable_fields(call.query.get("fields"))
        visible = self._visible(account, world)
        if account in self._lagging:
            old, reads = self._lagging.pop(account)
            if reads > 1:
                self._lagging[account] = (old, reads - 1)
        return shown(visible, world.shape)

    def _write(self, account: str, wanted: Locales, world: World) -> Mapping[str, object]:
        if world.trim:
            wanted = rules.trimmed(wanted)
        if world.post == "merge":
            wanted = {**self._memory.profiles.get(account, {}), **wanted}
        return self._change(account, wanted, world)

    def _change(self, account: str, after: Locales, world: World) -> Mapping[str, object]:
        before = self._visible(account, world)
        self._memory.put(self._memory.profiles, account, after)
        if world.lag:
            self._lagging[account] = (before, world.lag)
        return done(world.success)

    def _visible(self, account: str, world: World) -> Locales:
        """What a read sees now. A world that is mended has no lag left."""
        if world.lag and account in self._lagging:
            return self._lagging[account][0]
        return self._memory.profiles.get(account, {})
