# %% [markdown]
# # How often is somebody quoted, where, and when?
#
# What outlets let one speaker say, read from Dateline into a pandas DataFrame: needs `pip install pandas`. The lines
# `# %%` make cells of this file in Jupyter, VS Code, PyCharm and Spyder; as a program it prints what it finds:
#
#     python speakers.py putin http://localhost:8000

# %%
import sys
from urllib.parse import urlencode

import pandas as pd

given = [each for each in sys.argv[1:] if not each.startswith("-")]
SPEAKER, API = (*given, *("putin", "http://localhost:8000")[len(given) :])

# %% [markdown]
# `format=csv` gives the whole list as one flat table. With `format=parquet` and `pd.read_parquet` the columns come
# with their types, where the server has pyarrow.

# %%
query = urlencode({"speaker": SPEAKER, "format": "csv"})
statements = pd.read_csv(f"{API}/statements?{query}", parse_dates=["said_earliest", "document_published_earliest"])

# %% [markdown]
# One speech is printed many times: an utterance is the one thing said, a statement each printing. The week is that in
# which it was said, where that is known, or else that of the document.

# %%
said = statements["said_earliest"].fillna(statements["document_published_earliest"])
statements["week"] = said.dt.to_period("W-SUN").dt.start_time.dt.date

by_outlet = statements["source_slug"].value_counts()
by_week = statements.pivot_table(index="week", columns="source_slug", values="id", aggfunc="count", fill_value=0)

# %%
if __name__ == "__main__":
    print(
        f"{len(statements)} statements by {SPEAKER}, {statements['utterance_id'].nunique()} utterances known as such\n"
    )
    print(by_outlet.to_string(header=False), "\n")
    print(by_week.to_string())

# %% [markdown]
# In a notebook, `by_week.plot.bar(stacked=True)` draws it.
