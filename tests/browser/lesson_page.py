"""One notebook in JupyterLab, used as a learner does: by menu, by keyboard, and by looking."""

READY = """() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    return panel?.sessionContext?.session?.kernel?.status === "idle" && panel.content.widgets.length > 0;
}"""
CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets.map((cell) => ({
    type: cell.model.type, source: cell.model.sharedModel.source, count: cell.model.executionCount ?? null,
    tags: cell.model.getMetadata("tags") ?? [], outputs: cell.model.outputs?.toJSON() ?? []}))"""
# Every code cell has a number and the kernel rests; or a cell failed, and those behind it never get one.
ENDED = """() => {
    const panel = window.jupyterapp.shell.currentWidget, status = panel.sessionContext.session?.kernel?.status;
    const code = panel.content.widgets.filter(({ model }) => model.type === "code" && model.sharedModel.source.trim());
    const failed = code.some(({ model }) => model.outputs.toJSON().some((output) => output.output_type === "error"));
    return failed || status === "dead" || (status === "idle" && code.every(({ model }) => model.executionCount));
}"""
WEAR = """async (theme) => {
    await window.jupyterapp.commands.execute("apputils:change-theme", { theme });
    while (document.body.dataset.jpThemeName !== theme) await new Promise(requestAnimationFrame);
}"""
# Words of an element and its parts that don't fit into their places; a part may have a bar to move it sideways.
CUT = """(box) => [...box.querySelectorAll("button, .widget-label, .widget-readout, .widget-html-content"), box]
    .filter((part) => part.offsetParent && part.scrollWidth > part.clientWidth + 1)
    .filter((part) => part === box || getComputedStyle(part).overflowX !== "auto")
    .map((part) => `${part.className}: ${part.textContent.slice(0, 80)}`)"""
# Brings a cell's output into view until it stays there: JupyterLab lays out cells when they come into view, and those
# above then push it away.
SHOW = """async (output) => {
    const top = () => output.getBoundingClientRect().top;
    for (let frame = 0, still = 0, before = null; frame < 300 && still < 20; frame++) {
        still = top() === before ? still + 1 : 0;
        if (!still) output.scrollIntoView();
        before = top();
        await new Promise(requestAnimationFrame);
    }
}"""
SELECT = """(index) => {
    const { content } = window.jupyterapp.shell.currentWidget;
    [content.activeCellIndex, content.mode] = [index, "command"];
    content.activeCell.node.scrollIntoView();
    content.activeCell.node.focus();
}"""
STATE = """() => {
    const { content } = window.jupyterapp.shell.currentWidget;
    return [content.activeCellIndex, content.mode, content.widgets.length];
}"""
# What a learner would call the part that has the focus: its own name, or the words that stand before it.
FOCUSED = """() => {
    const part = document.activeElement, row = part.closest(".widget-inline-hbox") ?? part;
    return part.getAttribute("aria-label") ?? row.querySelector("label")?.textContent ?? part.textContent.slice(0, 80);
}"""
# From the key press until the new picture is loaded, in milliseconds.
STOPWATCH = """(cell) => {
    let began = null;
    window.answered = null;
    document.addEventListener("keydown", () => { began = performance.now(); }, { capture: true, once: true });
    const loaded = (event) => {
        if (!event.target.matches(".widget-html-content img")) return;
        window.answered = performance.now() - began;
        cell.removeEventListener("load", loaded, true);
    };
    cell.addEventListener("load", loaded, true);
}"""


class LessonPage:
    """The notebook `name` of `server`'s work folder in a Playwright `page`."""

    def __init__(self, page, server, name):
        self.page, self.url = page, f"{server.url}/lab/tree/{name}?reset&token={server.token}"
        self.open()

    def open(self):
        """Load JupyterLab with the notebook; returns when its kernel rests."""
        self.page.goto(self.url)
        self.page.wait_for_function(READY, timeout=60_000)

    def run_all(self, seconds=240):
        """Run > Run All Cells; returns when every cell has ended."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self.page.wait_for_function(ENDED, timeout=1000 * seconds, polling=200)

    def cells(self):
        """What each cell is and shows: type, source, count, tags, outputs."""
        return self.page.evaluate(CELLS)

    def troubles(self):
        """Tracebacks and red lines in the notebook, and cells that have not run, as text."""
        cells = self.cells()
        outputs = [output for cell in cells for output in cell["outputs"]]
        errors = ["\n".join(output["traceback"]) for output in outputs if output["output_type"] == "error"]
        red = ["".join(output["text"]) for output in outputs if output.get("name") == "stderr"]
        code = [cell for cell in cells if cell["type"] == "code" and cell["source"].strip()]
        return errors + red + [f"has not run: {cell['source']}" for cell in code if cell["count"] is None]

    def find(self, words):
        """The index of the only cell with `words` in its source."""
        (index,) = [number for number, cell in enumerate(self.cells()) if words in cell["source"]]
        return index

    def state(self):
        """The active cell's index, the mode (command or edit), and how many cells there are."""
        return self.page.evaluate(STATE)

    def cell(self, index):
        """The cell on the page, code and outputs, as a Playwright locator."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def picture(self, index):
        """The picture of the Explorer in a cell, as a locator."""
        return self.cell(index).locator(".widget-html-content img").first

    def caption(self, index):
        """The words above the Explorer's picture, which are shown where that doesn't fit, as a locator."""
        return self.cell(index).locator(".widget-html-content figcaption").first

    def wear(self, theme, width, files):
        """Give JupyterLab the theme "Light" or "Dark", the window a width in pixels, and show its files or not."""
        self.page.set_viewport_size({"width": width, "height": 1600})
        self.page.evaluate(WEAR, f"JupyterLab {theme}")
        self.page.evaluate("(files) => window.jupyterapp.shell[files ? 'expandLeft' : 'collapseLeft']()", files)
        self.page.wait_for_timeout(500)  # the widgets' rows find their places

    def cut(self, index):
        """Words in the cell's widget that aren't all to be seen, and a widget that is wider than its place."""
        return self.output(index).evaluate(CUT)

    def show(self, index):
        """Bring the cell's widget into view, at rest."""
        self.output(index).evaluate(SHOW)

    def output(self, index):
        """The cell's last output, a widget, as a locator."""
        return self.cell(index).locator(".jp-OutputArea-output").last

    def close(self):
        """End the notebook's kernel."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def wait_for_another(self, index, source):
        """Wait until the Explorer's picture has another `src` than `source`."""
        self.cell(index).locator(f'.widget-html-content img:not([src="{source}"])').first.wait_for(timeout=20_000)

    def tab_to(self, index, name, steps=60):
        """From the cell `index`, press Tab until the part whose name begins with `name` has the focus."""
        self.page.evaluate(SELECT, index)
        visited = []
        for _ in range(steps):
            self.page.keyboard.press("Tab")
            visited.append(self.page.evaluate(FOCUSED).strip())
            if visited[-1].startswith(name):
                return
        raise AssertionError(f"Tab never reached {name!r} in cell {index}; it visited {visited}")

    def answer(self, index, key):
        """Press `key` in the cell's widget and wait for another picture; returns the seconds that it took."""
        before = self.picture(index).get_attribute("src")
        self.cell(index).evaluate(STOPWATCH)
        self.page.keyboard.press(key)
        self.page.wait_for_function("() => window.answered !== null", timeout=20_000)
        assert self.picture(index).get_attribute("src") != before, f"{key} leaves the picture as it was"
        return self.page.evaluate("window.answered") / 1000
