"""The page of a shop, for a phone: how a voucher stands."""
