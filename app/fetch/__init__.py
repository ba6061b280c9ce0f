"""The one place that reaches out to other hosts, and never to those inside one's own network."""
