"""compare_scores.py A B: largest difference of the scores of two files, and whether the other columns agree. Prints JSON."""
import json
import sys

import numpy as np
import pyarrow.parquet as pq

a, b = (pq.read_table(path) for path in sys.argv[1:3])
difference = float(np.abs(a.column("score").to_numpy() - b.column("score").to_numpy()).max())
same = all(a.column(n).cast(t).equals(b.column(n).cast(t)) for n, t in (("date", "timestamp[us]"), ("origin", "string"), ("destination", "string")))
print(json.dumps({"rows": a.num_rows, "sameRows": a.num_rows == b.num_rows and same, "maxDifference": difference}))
