"""A day's features as one would write them with Polars. The baseline of bench/features.ts.

features.py FOLDER DAYS OUTPUT: reads the flights and the counts that bench/features-process.ts landed below FOLDER, computes what
flights.build_features does, and writes one zstd file a day. Prints one JSON line.
"""
import datetime
import json
import math
import os
import resource
import sys
import time

import polars as pl

AIRPORT, ROUTE, NO_HISTORY = 50, 30, 0.2


def smooth(late, flights, prior, weight):
    return (pl.col(late).fill_null(0) + weight * prior) / (pl.col(flights).fill_null(0) + weight)


def tally(counts, keys, name, recent):
    return counts.group_by(keys).agg(
        pl.col("flights").sum().alias(f"{name}_f28"),
        pl.col("late").sum().alias(f"{name}_l28"),
        pl.col("flights").filter(recent).sum().alias(f"{name}_f7"),
        pl.col("late").filter(recent).sum().alias(f"{name}_l7"),
    )


def files(folder, dataset, days):
    return [f"{folder}/flights/{dataset}/day={day}/*.parquet" for day in days]


def one_day(folder, day, output):
    start = int(datetime.datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp())
    before = [str(day - datetime.timedelta(days=back)) for back in range(28, 0, -1)]
    counts = pl.read_parquet(files(folder, "counts", before), hive_partitioning=False)
    recent = pl.col("day") >= start - 7 * 86400
    flights28, late28 = counts["flights"].sum(), counts["late"].sum()
    everywhere = late28 / flights28 if flights28 else NO_HISTORY
    day_flights = pl.read_parquet(files(folder, "raw", [day]), hive_partitioning=False).with_row_index("flight")
    joined = (
        day_flights.join(tally(counts, ["origin"], "o", recent), on="origin", how="left", maintain_order="left")
        .join(tally(counts, ["destination"], "d", recent), on="destination", how="left", maintain_order="left")
        .join(tally(counts, ["origin", "destination"], "r", recent), on=["origin", "destination"], how="left", maintain_order="left")
    )
    hour = (pl.col("at") // 3600 % 24) * (2 * math.pi / 24)
    weekday = ((pl.col("at") // 86400 + 3) % 7) * (2 * math.pi / 7)
    features = (
        joined.with_columns(
            smooth("o_l28", "o_f28", everywhere, AIRPORT).alias("origin28"),
            smooth("d_l28", "d_f28", everywhere, AIRPORT).alias("destination28"),
        )
        .with_columns(smooth("r_l28", "r_f28", (pl.col("origin28") + pl.col("destination28")) / 2, ROUTE).alias("route28"))
        .with_columns(
            smooth("o_l7", "o_f7", pl.col("origin28"), AIRPORT).alias("origin7"),
            smooth("d_l7", "d_f7", pl.col("destination28"), AIRPORT).alias("destination7"),
            smooth("r_l7", "r_f7", pl.col("route28"), ROUTE).alias("route7"),
            hour.sin().alias("hourSin"),
            hour.cos().alias("hourCos"),
            weekday.sin().alias("weekdaySin"),
            weekday.cos().alias("weekdayCos"),
            pl.col("distance").clip(1).log().alias("logDistance"),
            (pl.col("delay") > 15).cast(pl.Int64).alias("late"),
        )
        .select(
            "flight", "at", "origin", "destination", "late", "hourSin", "hourCos", "weekdaySin", "weekdayCos", "logDistance",
            "origin7", "origin28", "destination7", "destination28", "route7", "route28",
        )
    )
    features.write_parquet(f"{output}/{day}.parquet", compression="zstd")
    return features.height


def main():
    folder, count, output = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    first = datetime.date(2001, 1, 29)
    days = [first + datetime.timedelta(days=i) for i in range(count)]
    os.makedirs(output, exist_ok=True)

    def one_pass():
        return sum(one_day(folder, day, output) for day in days)

    one_pass()  # warm, as the other side
    started = time.perf_counter()
    rows = one_pass()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "peakMiB": peak, "polars": pl.__version__}))


if __name__ == "__main__":
    main()
