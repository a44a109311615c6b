"""The whole cell on a virtual clock: the same seed gives the same events, to the byte."""
