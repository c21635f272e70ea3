"""JupyterLab and Chromium for the tests in a real browser.

Without Chromium they are skipped, and say so; with FCN_TUTORIAL_BROWSER=required they fail.
"""

import os
import shutil
import sys
from pathlib import Path

import lab_server
import pytest

from fcn_tutorial.course import address

# The only addresses outside that a lesson names; it can do without.
BADGES = (address.COLAB_IMAGE, address.BINDER_IMAGE)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def missing(words):
    """Skip with `words`, or fail where a browser is required."""
    if os.environ.get("FCN_TUTORIAL_BROWSER") == "required":
        pytest.fail(f"{words} FCN_TUTORIAL_BROWSER=required says that it must be here.", pytrace=False)
    pytest.skip(words)


@pytest.fixture(scope="session")
def chromium():
    """The path of Chromium or Chrome."""
    if sys.platform == "win32":
        missing("The tests in a browser run on Linux and macOS.")
    path = next(filter(None, map(shutil.which, BROWSERS)), MAC)
    if not Path(path).exists():
        missing("No Chromium was found: apt install chromium, or install Google Chrome.")
    return path


@pytest.fixture(scope="module")
def browser(chromium):
    """A running Chromium; for each module anew, because Playwright's event loop must not outlive it."""
    try:
        import axe_playwright_python  # noqa: F401
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError as error:
        missing(f'{error.name} is not installed: pip install -e ".[test]"')
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        running = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield running
        running.close()


@pytest.fixture(scope="session")
def server(chromium, tmp_path_factory):
    """JupyterLab on a temporary course, whose notebooks are copies of this one's."""
    running = lab_server.LabServer(tmp_path_factory.mktemp("course"))
    running.wait()
    yield running
    running.close()


@pytest.fixture(scope="module")
def page(browser, server):
    """A page without a network; errors of scripts, and addresses that it wanted, fail the module's last test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    opened, noise = context.new_page(), []

    def refuse(route):
        if route.request.url not in BADGES:
            noise.append(route.request.url)
        route.abort()

    context.route(lambda url: not url.startswith((server.url, "data:", "blob:")), refuse)
    opened.on("pageerror", lambda error: noise.append(str(error)))
    # While somebody listens, choosers stay in the page; `expect_file_chooser` alone would listen a moment too late.
    opened.on("filechooser", lambda chooser: None)
    yield opened
    context.close()
    assert noise == []
