"""The rules: kinds, states, void rules, money, fees. Pure: no I/O, no clock, no annul import."""
