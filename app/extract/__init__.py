"""Extract the attributed statements of an article's text: pure functions, text in, findings out.

``pipeline.extract`` is the entry point. These are its steps, each a few modules:

- ``page``: ``layout`` and ``furniture`` separate the paragraphs of the article from what surrounds them on the page,
  ``marks`` pairs quotation marks, ``sentences`` finds sentences, ``excerpts`` finds block quotations.
- ``attribution``: ``quotations`` joins the parts of quotations in marks. On a model's parse (``language_model``,
  ``tree``), ``candidates`` are built from ``contents`` and ``sources``, and judged by ``rules`` and ``attitudes`` with
  the words of ``lexicon``, or by a trained tagger of ``learning``. Without a model, ``patterns`` does what it can.
- ``mentions``: the voices, that is the persons, organizations and documents that mentions of sources mean.
- ``circumstances``: the chain of relaying voices, the date of saying, and the proposed event.
- ``claims``: the claims of the text about its event. ``assembly`` puts the statements together.

Offsets are Unicode code points of the given text.
"""
