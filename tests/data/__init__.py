"""Tables that tests are parametrized with."""
