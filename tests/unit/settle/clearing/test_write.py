"""What cannot be written in a layout is refused, and names the field."""

import pytest

from annul.settle.clearing.layouts import LAYOUTS
from annul.settle.clearing.write import RowUnfit, line
from tests.support.clearing_rows import SALE


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "refund", "effect": "returned"}, "COM has no word for returned refund"),
        ({"amount": 10**12}, "amount"),
        ({"amount": 0}, "amount"),
        ({"trace": "12"}, "trace"),
        ({"merchant_id": ""}, "merchant_id"),
        ({"merchant_id": "茶馆"}, "merchant_id"),
        ({"card": "12"}, "card"),
        ({"fee": 10**11}, "fee_paid"),
    ],
)
def test_what_would_be_read_otherwise_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(RowUnfit, match=said):
        line(LAYOUTS["COM"], SALE._replace(**change))  # type: ignore[arg-type]
