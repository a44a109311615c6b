"""Alarms: counts of all traffic are judged against what is usual, with a stated error rate."""
