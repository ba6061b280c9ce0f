"""``/integrations/grafana``: annotations, variables, and the endpoints of the JSON data source.

Lists and counts need none of these: Grafana's Infinity data source reads them as they are.
"""
