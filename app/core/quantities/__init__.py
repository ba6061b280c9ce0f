"""Numbers as documents print them: ``notation`` is how the store writes a number, ``words`` parses prose, ``units``
names and converts units.
"""
