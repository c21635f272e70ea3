"""axe-core on the running widgets."""

# Ours, and not the bars of training cells, which are tqdm's.
WIDGETS = ".jp-OutputArea-output > .fcn-explorer"


def grave(page):
    """Serious and critical violations in the widgets of a page (not in JupyterLab around them): rule, where, what."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context={"include": [[WIDGETS]]}).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:300]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
