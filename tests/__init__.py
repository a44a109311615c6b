"""Tests of annul; a package, since a library that they use ships another of this name."""
