"""Numbers as documents give them: ``notation`` is how the store writes them, ``words`` how prose does, ``units`` of
what.

Together they are to numbers what ``dates`` is to days: ground, on which both who reads texts and who compares claims
stand.
"""
