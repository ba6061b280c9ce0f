"""Numbers as documents print them: their notation in the store, their parsing from prose, and their units."""
