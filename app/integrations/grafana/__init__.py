"""``/integrations/grafana``: annotations, variables, and what the JSON data source asks for.

Lists and counts need nothing of this: Grafana's Infinity data source reads them as they are.
"""
