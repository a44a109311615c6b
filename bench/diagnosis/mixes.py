"""Which faults strike alone and in pairs; half of the mixes were not looked at while tuning."""

from dataclasses import dataclass
from itertools import combinations
from random import Random
from zlib import crc32

from annul.sim.scenes import faults  # noqa: F401 - enters them
from annul.sim.scenes.faults.fault import FAULTS, Fault, together


@dataclass(frozen=True, slots=True)
class Mix:
    """One or two faults, each with the code by which the issuer says it."""

    parts: tuple[tuple[Fault, str], ...]

    @property
    def name(self) -> str:
        """Give it a name of its own."""
        return " + ".join(f"{fault.name} {code}".rstrip() for fault, code in self.parts)

    @property
    def seen(self) -> bool:
        """Say whether it was looked at while the weights were set: decided by its name alone."""
        return crc32(self.name.encode()) % 2 == 0


def mixes(random: Random, pairs: int) -> list[Mix]:
    """Give every fault alone with each of its codes, and so many pairs, in random order."""
    alone = [Mix(((fault, code),)) for fault in FAULTS.values() for code in fault.habits]
    possible = [pair for pair in combinations(FAULTS.values(), 2) if together(*pair)]
    drawn = [
        Mix(tuple((fault, random.choice(fault.habits)) for fault in pair))
        for pair in random.sample(possible, pairs)
    ]
    found = alone + drawn
    random.shuffle(found)
    return found
