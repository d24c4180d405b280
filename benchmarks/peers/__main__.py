"""`python -m benchmarks.peers [names]`: installs peers where that can be done and takes what a user costs at each."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import numbers, report
from benchmarks.peers import codeserver, installing, jupyterhub, opencode, roost, taking
from benchmarks.peers.place import Missing, Peer

PEERS = [roost.PEER, jupyterhub.PEER, codeserver.PEER, opencode.PEER]


def main() -> int:
    """Take them, print them, and with `--keep` write docs/numbers.md; 1 where one broke as it was measured."""
    chosen = arguments()
    run = report.begun()
    with tempfile.TemporaryDirectory(prefix="roost-peers-") as fresh:
        for peer in PEERS:
            if not chosen.names or peer.name.lower() in chosen.names:
                run["benchmarks"][peer.name] = measured(peer, chosen.folder or Path(fresh))
    broke = any("error" in one for one in run["benchmarks"].values())
    print(numbers.peers(run))
    if chosen.keep:
        every = report.load(numbers.PEERS)["benchmarks"] | run["benchmarks"]
        run["benchmarks"] = {peer.name: every[peer.name] for peer in PEERS if peer.name in every}
        report.keep(run, numbers.PEERS)
        numbers.write()
    return int(broke)


def measured(peer: Peer, folder: Path) -> report.Measured:
    """A peer's rows, or why there are none: nothing is passed over."""
    own, load = folder / peer.name.lower(), os.getloadavg()[0]
    own.mkdir(parents=True, exist_ok=True)
    own.chmod(0o755)
    found: dict[str, Any] = {"install": peer.install, "how": peer.how, "rows": []}
    try:
        found["version"] = peer.bring(own)
        found["rows"] = asyncio.run(taking.take(peer, own))
    except Missing as missing:
        found["missing"] = str(missing)
    except Exception as error:  # the others are measured all the same
        found["missing"] = found["error"] = installing.plain(f"it broke: {error!r}")[:300]
    print(f"{peer.name}: {found.get('missing', 'taken')}", file=sys.stderr, flush=True)
    return report.stamp(load) | found


def arguments() -> argparse.Namespace:
    """What was asked for on the command line; names that there are not end it with 2."""
    names = [peer.name.lower() for peer in PEERS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"which ones: {', '.join(names)} (default: all)")
    parser.add_argument("--folder", type=Path, help="install them there and leave them for the next time")
    parser.add_argument("--keep", action="store_true", help="keep the figures, and write docs/numbers.md")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(names):
        parser.error(f"no peer is called {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
