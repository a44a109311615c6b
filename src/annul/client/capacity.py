"""What can be asked of annul about what it carries."""

from collections.abc import Iterator

from .models.capacity import CellCapacity, PlannedLoad
from .transport import Transport


class Capacity:
    """What each cell carries, what volume comes, and what is to be added when."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[CellCapacity]:
        """Give what each cell has worked out last."""
        return self._transport.pages(CellCapacity, "capacity")

    def planned(self, tps: float) -> Iterator[PlannedLoad]:
        """Say how long terminals of each cell would wait at so many transactions a second."""
        return self._transport.pages(PlannedLoad, "capacity", "planned", tps=tps)
