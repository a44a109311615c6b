"""The statements of the alarms."""

from typing import Final

from annul.domain.response_codes import BOOKED
from annul.store.sql import listed, load

SQL: Final = load("annul.operate.alarms", "alarms.sql", booked=listed(BOOKED))
