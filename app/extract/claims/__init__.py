"""From an article to what it plainly claims of its event: how many, how much, how long, when before, where, what paper.

``reading.find`` is the way in; ``scene`` says which sentences are of the event at all; ``people``, ``papers``,
``times`` and ``things`` each read some properties. Patterns alone are asked, never the model: what takes a parse to see
is not plain. Offsets are Unicode code points of the text as it stands.
"""
