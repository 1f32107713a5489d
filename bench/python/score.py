"""Batch scoring as one would write it in Python: pyarrow + numpy + onnxruntime. The baseline of bench/scoring.ts.

score.py INPUT MODEL OUTPUT THREADS BATCH: reads flights, computes the features of activities/flights/flight-formulas.ts, scores, writes
date, origin, destination and score (zstd). One session a thread; with more threads than one, each takes whole row groups.
Texts stay dictionaries (read_dictionary), hours and weekdays are looked up in tables. Prints one JSON line.
"""
import json
import math
import resource
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime as ort
import pyarrow as pa
import pyarrow.parquet as pq

HOUR_SIN = np.array([math.sin(2 * math.pi * h / 24) for h in range(24)], dtype=np.float32)
HOUR_COS = np.array([math.cos(2 * math.pi * h / 24) for h in range(24)], dtype=np.float32)
DAY_SIN = np.array([math.sin(2 * math.pi * d / 7) for d in range(7)], dtype=np.float32)
DAY_COS = np.array([math.cos(2 * math.pi * d / 7) for d in range(7)], dtype=np.float32)
COLUMNS = ["date", "distance", "origin", "destination"]


def code(text):
    """FNV-1a of the text's bytes, into 0..1."""
    h = 2166136261
    for byte in text.encode():
        h = ((h ^ byte) * 16777619) & 0xFFFFFFFF
    return (h % 1024) / 1024


def coded(column):
    table = np.array([code(text) for text in column.dictionary.to_pylist()], dtype=np.float32)
    return table[column.indices.to_numpy(zero_copy_only=False)]


def features(batch):
    seconds = batch.column("date").cast(pa.int64()).to_numpy() // 1_000_000
    hour = (seconds // 3600) % 24
    day = (seconds // 86400 + 3) % 7
    x = np.empty((batch.num_rows, 7), dtype=np.float32)
    x[:, 0] = HOUR_SIN[hour]
    x[:, 1] = HOUR_COS[hour]
    x[:, 2] = DAY_SIN[day]
    x[:, 3] = DAY_COS[day]
    x[:, 4] = np.log(np.maximum(batch.column("distance").to_numpy(), 1))
    x[:, 5] = coded(batch.column("origin"))
    x[:, 6] = coded(batch.column("destination"))
    return x


def main():
    source, model, target, threads, size = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    pa.set_cpu_count(1)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    sessions = [ort.InferenceSession(model, options, providers=["CPUExecutionProvider"]) for _ in range(threads)]
    groups = pq.ParquetFile(source).num_row_groups

    def open_file():
        return pq.ParquetFile(source, read_dictionary=["origin", "destination"])

    def score(session, file, group):
        for batch in file.iter_batches(batch_size=size, row_groups=[group], columns=COLUMNS, use_threads=False):
            (scores,) = session.run(["probability"], {"features": features(batch)})
            kept = [batch.column(name) for name in ("date", "origin", "destination")]
            yield pa.record_batch([*kept, pa.array(scores[:, 0])], names=["date", "origin", "destination", "score"])

    def one_pass():
        local = threading.local()
        free = list(sessions)

        def whole_group(group):
            if not hasattr(local, "session"):
                local.session, local.file = free.pop(), open_file()
            return list(score(local.session, local.file, group))

        rows, writer = 0, None
        with ThreadPoolExecutor(threads) as pool:
            if threads == 1:
                file = open_file()
                results = (score(sessions[0], file, group) for group in range(groups))
            else:
                results = pool.map(whole_group, range(groups))  # in order, while others go on
            for batches in results:
                for batch in batches:
                    if writer is None:
                        writer = pq.ParquetWriter(target, batch.schema, compression="zstd", compression_level=1)
                    writer.write_batch(batch)
                    rows += batch.num_rows
            writer.close()
        return rows

    one_pass()  # warm, as the other side
    started, cpu = time.perf_counter(), time.process_time()
    rows = one_pass()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    versions = {"pyarrow": pa.__version__, "onnxruntime": ort.__version__, "numpy": np.__version__}
    print(json.dumps({"rows": rows, "seconds": seconds, "cpuSeconds": cpu, "peakMiB": peak, "versions": versions}))


if __name__ == "__main__":
    main()
