"""Extract the plain claims of an article about its event: casualties, amounts, durations, places, documents.

``claims.find_claims`` is the entry point; ``context`` tells which sentences are about the event at all; ``casualties``,
``documents`` and ``durations`` each extract some properties. They use patterns alone, never the model: a claim that
takes a parse to see is not plain. Offsets are Unicode code points of the text as it stands.
"""
