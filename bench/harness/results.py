# SPDX-License-Identifier: Apache-2.0
"""Results of benchmarks that are scripts: the same words and the same JSON as strata-bench has."""
import argparse
import json
import os
import pathlib
import statistics
import sys


def arguments(claim, rounds, seconds):
    """The command line of every script."""
    parser = argparse.ArgumentParser(description=claim)
    parser.add_argument("name", nargs="?", default="", help="part of the names to run")
    parser.add_argument("--list", action="store_true", help="name them")
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--seconds", type=float, default=seconds,
                        help="for each contestant, in all rounds together")
    parser.add_argument("--smoke", action="store_true", help="one round of a second")
    parser.add_argument("--full", action="store_true", help="for strata-bench; nothing here")
    parser.add_argument("--json", default="", help="write the results there ('-': print them)")
    return parser


def chosen(options, names, area, needs_root=True):
    """The names that shall run; ends the program where it only lists, or can run nothing."""
    selected = [name for name in names if options.name in name]
    if options.list:
        print("\n".join(selected))
    if options.list or not selected:
        sys.exit(0 if selected else 3)
    if needs_root and os.geteuid() != 0:
        print(f"{area}: not available: network namespaces need root", file=sys.stderr)
        sys.exit(1 if options.json else 0)
    return selected


def contestant(name, samples, unavailable=""):
    if not samples:
        return {"name": name, "unavailable": unavailable or "it did not finish"}
    return {"name": name, "median": statistics.median(samples), "min": min(samples),
            "max": max(samples), "samples": samples, "details": {}}


def result(name, unit, better, claim, load, contestants, ratio_goal=None, peer=None):
    """`peer` names the contestant that the first is compared with; the second otherwise."""
    made = {"name": name, "unit": unit, "better": better, "load": load, "claim": claim,
            "contestants": contestants}
    ours = contestants[0]
    against = next((one for one in contestants[1:] if one["name"] == peer), None)
    against = against or (contestants[1] if len(contestants) > 1 else {})
    if ratio_goal is not None:
        made["ratio_goal"] = ratio_goal
    if ours.get("median") and against.get("median"):
        made["peer"], made["ratio"] = against["name"], ours["median"] / against["median"]
        if ratio_goal is not None:
            made["reaches_goal"] = (made["ratio"] >= ratio_goal if better == "higher"
                                    else made["ratio"] <= ratio_goal)
    return made


def tell(made):
    print(f"{made['name']}  ({made['unit']}, "
          f"{'more' if made['better'] == 'higher' else 'less'} is better, "
          f"load {made['load']:.1f})\n  {made['claim']}")
    for one in made["contestants"]:
        print(f"    {one['name']:<34} " +
              (f"not available: {one['unavailable']}" if "unavailable" in one else
               f"{one['median']:.4g} [{one['min']:.4g} - {one['max']:.4g}]") +
              "".join(f", {value:.3g} {what}"
                      for what, value in one.get("details", {}).items()))
    if "ratio" in made:
        print(f"    ratio to {made['peer']}: {made['ratio']:.2f}")
    if "reaches_goal" in made:
        relation = ">=" if made["better"] == "higher" else "<="
        print(f"    goal {relation} {made['ratio_goal']}x peer: "
              f"{'reached' if made['reaches_goal'] else 'missed'}")
    sys.stdout.flush()


def write(path, results):
    if not path:
        return
    machine = {"cpu": os.uname().machine, "kernel": os.uname().release, "cores": os.cpu_count()}
    text = json.dumps({"machine": machine, "results": results}, indent=1) + "\n"
    if path == "-":
        sys.stdout.write(text)
    else:
        pathlib.Path(path).write_text(text, encoding="utf-8")
