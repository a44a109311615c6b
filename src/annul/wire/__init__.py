"""Bytes to messages and back: framing, codec, TLV, dialects."""
