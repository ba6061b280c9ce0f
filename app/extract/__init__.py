"""From an article's text to what it attributes to whom: pure functions, text in, findings out.

``pipeline.extract`` is the way in. It goes through these steps, each of them a few modules:

- the page: ``layout`` and ``furniture`` tell the article's paragraphs from what surrounds them; ``excerpts`` are block
  quotations; ``marks`` pairs quotation marks;
- attributions: ``quotations`` joins what stands in marks; on a model's parse (``language_model``, ``tree``, ``syntax``)
  ``candidates`` are named, with their ``contents``, ``sources`` and ``cues``, and judged by ``rules`` and ``attitudes``
  with the words of ``lexicon`` and their ``grades``, or by a trained ``tagger`` (``sequence``, ``proposals``,
  ``features``, ``shares``, ``trees``; ``train``, ``standoff``); ``patterns`` does without a model;
- voices: ``register`` and ``names`` gather who is named, ``papers`` which documents speak, ``nouns`` and ``places``
  are their vocabularies; ``pronouns``, ``issuers`` and ``voices`` say whom a mention means;
- the rest of a statement: ``chain`` the voices that relayed it, ``days`` and ``saying`` when it was said, ``assembly``
  puts it together; ``lede`` proposes the event.

Offsets are Unicode code points of the text as it stands.
"""
