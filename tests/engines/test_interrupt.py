"""F01: Ctrl-C during a real run, compiling or running, ends it at once and leaves nothing half-written."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.slow
@pytest.mark.parametrize(("fresh", "seconds"), [(True, 4.0), (False, 6.0)], ids=["while compiling", "while running"])
def test_f01_an_interrupted_run_leaves_nothing(tmp_path: Path, fresh: bool, seconds: float) -> None:
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")} if fresh else {}
    run = subprocess.Popen(
        [sys.executable, "-m", "experiments.cli", "run", "sandwell", "--draws", "512", "--quiet", "--out", "out"],
        cwd=tmp_path,
        env={**os.environ, **cache, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(seconds)
    assert run.poll() is None
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert out == ""
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == (["cache"] if fresh else [])
