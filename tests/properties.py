"""The decorator of property tests: one name for Hypothesis' entry point in all test files."""

import hypothesis

for_all = hypothesis.given
"""Run a test on generated arguments, as ``@for_all(value=strategies.integers())``."""
