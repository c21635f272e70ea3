// What ipywidgets' controls lack: keys that stay with the control that has the focus (JupyterLab takes them for its own
// shortcuts, see ipywidgets' issue 3912: an arrow leaves the cell, "dd" deletes it), and names of slider handles.
const jupyters = (event) => event.ctrlKey || event.metaKey || event.altKey || event.key === "Escape"
  || (event.shiftKey && event.key === "Enter");

function nameHandles(box) {
  for (const handle of box.querySelectorAll(".noUi-handle")) {
    const name = handle.closest(".widget-inline-hbox")?.querySelector("label")?.textContent;
    if (name && handle.getAttribute("aria-label") !== name) handle.setAttribute("aria-label", name);
  }
}

function render({ el }) {
  let box = null;
  const look = () => { // this is rendered before its box is on the page, and controls can come later
    box ??= el.closest(".fcn-explorer");
    if (!box) return;
    if (!box.dataset.manners) {
      box.dataset.manners = "true";
      box.addEventListener("keydown", (event) => { if (!jupyters(event)) event.stopPropagation(); });
      watch.disconnect();
      watch.observe(box, { childList: true, subtree: true });
    }
    nameHandles(box);
  };
  const watch = new MutationObserver(look);
  watch.observe(document.body, { childList: true, subtree: true });
  el.style.display = "none";
  look();
  return () => watch.disconnect();
}
export default { render };
