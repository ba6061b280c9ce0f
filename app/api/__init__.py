"""HTTP: the shell around every request, and the routers."""
