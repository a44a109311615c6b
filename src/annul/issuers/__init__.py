"""The issuers' side: multiplexed links, routing, health, store-and-forward."""
