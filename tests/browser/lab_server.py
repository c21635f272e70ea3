"""JupyterLab on a temporary copy of the course, started as `make lab` starts it, without the user's settings."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START = """import sys
from pathlib import Path
from fcn_tutorial.course import lab
lab.copy(Path(sys.argv[1]))
sys.exit(lab.start(Path(sys.argv[1]), sys.argv[2:]))"""


class LabServer:
    """A JupyterLab on copies of the course's notebooks in work/ of `folder`; it answers at `url` until close()."""

    def __init__(self, folder):
        self.folder, self.token = Path(folder), secrets.token_hex(16)
        (self.folder / "notebooks").symlink_to(ROOT / "notebooks")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.set("apputils-extension/notification", fetchNews="false", checkForUpdates=False)
        self.log = (self.folder / "lab.log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, str(self.folder), *self._arguments()],
            env=os.environ | self._places(),
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    def _arguments(self):
        port = self.url.rsplit(":", 1)[1]
        options = ["--no-browser", "--expose-app-in-browser", "--ip=127.0.0.1", f"--port={port}"]
        root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        return [*options, "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}", *root]

    def _places(self):
        names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR")
        names += ("JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
        return {name: str(self.folder / "jupyter" / name.lower()) for name in names}

    def set(self, plugin, **values):
        """Write settings of JupyterLab's own `plugin`, as its settings editor would."""
        file = Path(self._places()["JUPYTERLAB_SETTINGS_DIR"]) / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))

    def wait(self, seconds=60):
        """Return when the server answers; raises RuntimeError with what it wrote when it ended or is too late."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                return urllib.request.urlopen(f"{self.url}/api/status?token={self.token}", timeout=5)
            except OSError:
                time.sleep(0.2)
        raise RuntimeError("JupyterLab did not start:\n" + (self.folder / "lab.log").read_text())

    def close(self):
        """End JupyterLab and its kernels."""
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(30)
        self.log.close()
