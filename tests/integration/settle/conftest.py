"""Merchants that can be paid."""

import asyncpg
import pytest

from annul.security.vault import Vault
from tests.support.paying import SHOPS, take_account
from tests.support.rows import put


@pytest.fixture
def vault() -> Vault:
    return Vault(bytes(32))


@pytest.fixture
async def shops(pool: asyncpg.Pool, vault: Vault) -> None:
    for shop in SHOPS:
        row = {"merchant_id": shop, "name_zh": "示例茶馆", "name_en": "Tea", "category": "5812"}
        await put(pool, "merchants", row)
        await put(pool, "merchant_balances", {"merchant_id": shop, "currency": "156"})
        await take_account(pool, vault, shop)
