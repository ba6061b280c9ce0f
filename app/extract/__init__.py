"""From an article's text to what it attributes to whom: pure functions, text in, findings out.

``reading.read`` is the way in. A text is cut into blocks (``layout``), its quotation marks are paired (``marks``),
attributions are found by rules on a model's parse (``rules``) or, without a model, by patterns (``plain``); then the
voices that mentions stand for are told apart (``voices``), chains of relaying voices are built (``chain``), and dates
of saying are read (``saying``). Offsets are Unicode code points of the text as it stands.
"""
