"""Alarms on simulated traffic: false ones, and how soon trouble is found."""
