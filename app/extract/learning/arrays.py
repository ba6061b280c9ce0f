"""Array types."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]
Codes = NDArray[np.uint64]  # numbers that stand for strings
Flags = NDArray[np.bool_]
