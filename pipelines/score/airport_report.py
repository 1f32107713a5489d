"""Expected delays by airport, as lines of text. A command task: HEDDLE_INPUT and HEDDLE_OUTPUT name JSON files.

Standard library only. Input: {"day": str, "airports": [{"airport", "flights", "expectedLate"}]}.
Output: {"worst": [str], "lines": [str]}.
"""
import json
import os
import statistics

MIN_FLIGHTS = 50
SHOWN = 10


def main() -> None:
    with open(os.environ["HEDDLE_INPUT"], encoding="utf-8") as file:
        given = json.load(file)
    airports = [a for a in given["airports"] if a["flights"] >= MIN_FLIGHTS]
    for airport in airports:
        airport["share"] = airport["expectedLate"] / airport["flights"]
    worst = sorted(airports, key=lambda a: (-a["share"], a["airport"]))[:SHOWN]
    print(f"::progress {len(airports)}/{len(airports)} airports with {MIN_FLIGHTS} flights or more")
    lines = [f"{a['airport']}  {a['flights']:5d} flights  {100 * a['share']:5.1f} % expected late" for a in worst]
    if airports:
        mean = statistics.fmean(a["share"] for a in airports)
        lines.append(f"mean of {len(airports)} airports on {given['day']}: {100 * mean:.1f} %")
    with open(os.environ["HEDDLE_OUTPUT"], "w", encoding="utf-8") as file:
        json.dump({"worst": [a["airport"] for a in worst], "lines": lines}, file)


if __name__ == "__main__":
    main()
