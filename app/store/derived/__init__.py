"""What is kept beside the records so that lists are quick, and documents comparable: which sources cover an event, who
stands behind its reports, how much hangs on it; what a document's text shows of where it comes from; and which voices
may have made a statement on which days.

All of it follows from the records alone and can be made anew at any time. Whoever writes rows in a session of
``revisions.write`` has it kept; whoever writes rows past it calls ``refresh``, ``provenances.add`` and
``statement_index.refresh_documents`` for documents, and ``refresh_names`` for sources.
"""

from app.store.derived.counts import refresh, refresh_all
from app.store.derived.dirty import flush_counts, refresh_names, track

__all__ = ["flush_counts", "refresh", "refresh_all", "refresh_names", "track"]
